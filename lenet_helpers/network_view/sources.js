// Where one number of a stage comes from, and what it feeds.
//
// A place is {stage, channel, row, column}, all counted from 0. A box is a rectangle on some maps of
// a stage: {channels: "all" | [c, ...], top, left, height, width}.

// The number, its arithmetic, its receptive field in each stage before, what it feeds after.
export function sourcesOf(network, run, place) {
  const stage = network.stages[place.stage];
  const index = numberIndex(stage, place);
  const { values, sums } = run.stages[place.stage];
  return {
    value: values[index], sum: sums[index], activation: stage.activation, kind: stage.kind,
    boxes: receptiveFields(network, place), feeds: fedBoxes(network, place),
    ...arithmetic(network, run, place),
  };
}

export function numberIndex({ height, width }, { channel, row, column }) {
  return (channel * height + row) * width + column;
}

export function placeOfNumber({ height, width }, index) {
  const size = height * width;
  return { channel: Math.floor(index / size), row: Math.floor((index % size) / width),
           column: index % width };
}

// One box for each stage up to the number's own. It may reach over the edge into the padding; null
// where nothing is seen, because only padding is.
export function receptiveFields(network, place) {
  const { stages, layers } = network;
  const boxes = new Array(place.stage + 1).fill(null);
  boxes[place.stage] = numberBox(place);
  for (let s = place.stage; s > 0; s--) {
    const seen = onTheMap(boxes[s], stages[s]); // padding comes from nowhere
    if (!seen) break;
    boxes[s - 1] = boxBefore(layers[stages[s].layer], seen, stages[s - 1]);
  }
  return boxes;
}

// One box for each stage after the number's own; null for those before, and where nothing is fed,
// because the windows of a later layer leave out the last rows or columns.
export function fedBoxes(network, place) {
  const { stages, layers } = network;
  const boxes = new Array(stages.length).fill(null);
  let box = numberBox(place);
  for (let s = place.stage + 1; box && s < stages.length; s++) {
    box = boxAfter(layers[stages[s].layer], box, stages[s]);
    boxes[s] = box;
  }
  return boxes;
}

function numberBox({ channel, row, column }) {
  return { channels: [channel], top: row, left: column, height: 1, width: 1 };
}

function wholeStage({ height, width }) {
  return { channels: "all", top: 0, left: 0, height, width };
}

// The part of a box that is not padding, or null.
export function onTheMap(box, stage) {
  const top = Math.max(box.top, 0);
  const left = Math.max(box.left, 0);
  const height = Math.min(box.top + box.height, stage.height) - top;
  const width = Math.min(box.left + box.width, stage.width) - left;
  return height > 0 && width > 0 ? { channels: box.channels, top, left, height, width } : null;
}

function boxBefore(layer, box, before) {
  if (layer.kind === "linear") return wholeStage(before);
  const { kernel, stride, padding } = layer;
  return {
    channels: layer.kind === "conv" ? "all" : box.channels,
    top: box.top * stride[0] - padding[0],
    left: box.left * stride[1] - padding[1],
    height: (box.height - 1) * stride[0] + kernel[0],
    width: (box.width - 1) * stride[1] + kernel[1],
  };
}

function boxAfter(layer, box, after) {
  if (layer.kind === "linear") return wholeStage(after);
  const rows = stepsThatSee(layer, 0, box.top, box.height, after.height);
  const columns = stepsThatSee(layer, 1, box.left, box.width, after.width);
  if (!rows || !columns) return null;
  return { channels: layer.kind === "conv" ? "all" : box.channels,
           top: rows.first, left: columns.first,
           height: rows.last - rows.first + 1, width: columns.last - columns.first + 1 };
}

// The first and last step at which a window meets `length` numbers from `start` on.
function stepsThatSee({ kernel, stride, padding }, axis, start, length, steps) {
  const k = kernel[axis], s = stride[axis], p = padding[axis];
  const first = Math.max(0, Math.ceil((start + p - k + 1) / s));
  const last = Math.min(steps - 1, Math.floor((start + length - 1 + p) / s));
  return first <= last ? { first, last } : null;
}

// The sum, term by term: `terms` and `bias`.
function arithmetic(network, run, place) {
  if (place.stage === 0) return { terms: [], bias: 0 };
  const layer = network.layers[network.stages[place.stage].layer];
  const before = network.stages[place.stage - 1];
  const { values } = run.stages[place.stage - 1];
  if (layer.kind === "linear") return linearTerms(layer, values, before, place.column);
  const { channels: _, ...window } = boxBefore(layer, numberBox(place), before);
  if (layer.kind === "conv") return convolutionTerms(layer, values, before, window, place.channel);
  return poolingTerms(layer, values, before, window, place.channel);
}

// One term for each map of the stage before: patch × kernel, number by number, added up to `sum`.
function convolutionTerms(layer, values, before, window, out) {
  const size = layer.kernel[0] * layer.kernel[1];
  const terms = [];
  for (let channel = 0; channel < before.channels; channel++) {
    const start = (out * before.channels + channel) * size;
    const kernel = layer.weight.subarray(start, start + size);
    const patch = patchOf(values, before, channel, window, 0);
    const sum = patch.reduce((total, value, i) => total + value * kernel[i], 0);
    terms.push({ ...window, channel, patch, kernel, sum });
  }
  return { terms, bias: layer.bias[out] };
}

// One term: the window. `winner` is the place in it of the largest number, null for an average.
function poolingTerms(layer, values, before, window, channel) {
  const largest = layer.kind === "maxpool";
  const patch = patchOf(values, before, channel, window, largest ? -Infinity : 0);
  const winner = largest ? patch.indexOf(patch.reduce((a, b) => Math.max(a, b))) : null;
  return { terms: [{ ...window, channel, patch, winner }], bias: 0 };
}

// The numbers that a window shows of one map, row after row, with `beyond` for the padding.
function patchOf(values, stage, channel, { top, left, height, width }, beyond) {
  const patch = new Float64Array(height * width).fill(beyond);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const row = top + i, column = left + j;
      if (row < 0 || row >= stage.height || column < 0 || column >= stage.width) continue;
      patch[i * width + j] = values[numberIndex(stage, { channel, row, column })];
    }
  }
  return patch;
}

// One term for each number of the stage before, the largest contributions first.
function linearTerms({ weight, bias }, values, before, out) {
  const terms = Array.from(values, (input, index) => {
    const w = weight[out * values.length + index];
    return { index, ...placeOfNumber(before, index), input, weight: w, product: input * w };
  });
  terms.sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  return { terms, bias: bias[out] };
}

// Places of numbers: {stage, channel, row, column}; the stage after the last one is the probabilities.
// A place as it is asked for from outside, its stage by number or name, moved onto its map if it lies
// beside it; null if there is no such stage.
export function placeOn(network, { stage, channel = 0, row = 0, column = 0 }) {
  const { stages, classes } = network;
  const names = [...stages.map(({ name }) => name), "probabilities"];
  const index = typeof stage === "string" ? names.indexOf(stage) : stage;
  if (!(index >= 0 && index <= stages.length)) return null;
  const size = stages[index] ?? { channels: 1, height: 1, width: classes.length };
  const within = (value, count) => Math.min(Math.max(Math.round(value) || 0, 0), count - 1);
  return { stage: index, channel: within(channel, size.channels), row: within(row, size.height),
           column: within(column, size.width) };
}

// The number after this one on its map, row after row; null after the last.
export function nextPlace(network, place) {
  const { height, width } = network.stages[place.stage] ?? { height: 1, width: network.classes.length };
  if (place.column + 1 < width) return { ...place, column: place.column + 1 };
  return place.row + 1 < height ? { ...place, row: place.row + 1, column: 0 } : null;
}

export function isSamePlace(one, other) {
  if (!one || !other) return !one && !other;
  return ["network", "stage", "channel", "row", "column"].every((key) => one[key] === other[key]);
}
