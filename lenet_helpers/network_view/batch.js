// A whole batch of images forwards, for training: the same layers as in network.js, faster.
//
// The numbers of a stage lie image after image, otherwise as in network.js.
import { ACTIVATIONS } from "./network.js";

// Inks of `count` images → one record for each stage; its `values` are used again by the next call.
export function runBatch(network, inks, count) {
  const stages = memoryFor(network, count);
  const { mean, std } = network;
  const pixels = stages[0].values;
  for (let i = 0; i < count * stages[0].size; i++) pixels[i] = (inks[i] / 255 - mean) / std;
  for (let s = 1; s < stages.length; s++) {
    const { kind, activation, values, size } = stages[s];
    FORWARD[kind](stages[s], stages[s - 1], count);
    if (!activation) continue;
    const squash = ACTIVATIONS[activation];
    for (let i = 0; i < count * size; i++) values[i] = squash(values[i]);
  }
  return stages;
}

// Memory: one record for each stage, kept from one batch to the next

const MEMORIES = new WeakMap();

function memoryFor(network, count) {
  const kept = MEMORIES.get(network);
  if (kept && kept.capacity >= count) return kept.stages;
  const stages = network.stages.map((stage, s) =>
    recordOf(stage, network.layers[stage.layer], network.stages[s - 1], count));
  MEMORIES.set(network, { capacity: count, stages });
  return stages;
}

function recordOf(stage, layer, before, count) {
  const { kind, activation, channels, height, width } = stage;
  const size = channels * height * width;
  const record = { kind, activation, layer, index: stage.layer, channels, size,
                   values: new Float32Array(count * size) };
  if (kind === "input") return record; // pixels can't be learned: no slopes
  record.slopes = new Float32Array(count * size);
  if (layer.weight) {
    record.gradient = { weight: new Float32Array(layer.weight.length),
                        bias: new Float32Array(layer.bias.length) };
  }
  if (kind === "linear") return record;
  record.steps = height * width;
  record.windows = windowTable(layer, before, stage, kind === "conv" ? before.channels : 1);
  record.columns = new Float32Array(record.windows.length);
  record.columnSlopes = new Float32Array(record.windows.length);
  record.winners = new Int32Array(kind === "maxpool" ? count * size : 0);
  return record;
}

// Which number of the input lies at each place of the window (one row of the table) at each of its
// steps over the map (one column); -1 for padding.
function windowTable({ kernel, stride, padding }, before, after, channels) {
  const table = new Int32Array(channels * kernel[0] * kernel[1] * after.height * after.width);
  let next = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        for (let row = 0; row < after.height; row++) {
          const y = row * stride[0] - padding[0] + i;
          for (let column = 0; column < after.width; column++) {
            const x = column * stride[1] - padding[1] + j;
            const inside = y >= 0 && y < before.height && x >= 0 && x < before.width;
            table[next++] = inside ? (c * before.height + y) * before.width + x : -1;
          }
        }
      }
    }
  }
  return table;
}

// The layers

const FORWARD = { conv: convolveBatch, avgpool: averageBatch, maxpool: maxBatch,
                  linear: connectBatch };

// A convolution is a product of matrices: kernels (out × places) · columns (places × steps).
function convolveBatch(stage, before, count) {
  const { layer, size, steps, values, columns, windows } = stage;
  const places = windows.length / steps;
  const kernels = matrix(layer.weight, places);
  for (let image = 0; image < count; image++) {
    const sums = matrix(values, steps, image * size);
    layer.bias.forEach((b, out) =>
      values.fill(b, sums.start + out * steps, sums.start + (out + 1) * steps));
    unfold(columns, windows, before.values, image * before.size);
    addProduct(sums, kernels, matrix(columns, steps), layer.out, steps, places);
  }
}

// What the window sees at each step: one column for each.
export function unfold(columns, windows, values, start) {
  for (let i = 0; i < windows.length; i++) {
    columns[i] = windows[i] < 0 ? 0 : values[start + windows[i]];
  }
}

function averageBatch(stage, before, count) {
  const { values, steps, windows, size } = stage;
  const places = windows.length / steps;
  values.fill(0, 0, count * size);
  forEachPlace(stage, before, count, (step, from) => { values[step] += before.values[from] / places; });
}

// The first of several largest numbers wins, as with PyTorch.
function maxBatch(stage, before, count) {
  const { values, winners, size } = stage;
  values.fill(-Infinity, 0, count * size);
  forEachPlace(stage, before, count, (step, from) => {
    const value = before.values[from];
    if (!(value > values[step] || Number.isNaN(value))) return;
    values[step] = value;
    winners[step] = from;
  });
}

// Each number of the pooled maps with each number of its window, padding left out.
export function forEachPlace({ channels, size, steps, windows }, before, count, visit) {
  for (let map = 0; map < count * channels; map++) {
    const to = map * steps, from = map * (before.size / channels);
    for (let i = 0, step = 0; i < windows.length; i++, step++) {
      if (step === steps) step = 0;
      if (windows[i] >= 0) visit(to + step, from + windows[i]);
    }
  }
}

// Of a whole batch: inputs (images × in) · weights turned round (in × out).
function connectBatch({ layer, values }, before, count) {
  for (let image = 0; image < count; image++) values.set(layer.bias, image * layer.out);
  addProduct(matrix(values, layer.out), matrix(before.values, layer.in),
             transposed(matrix(layer.weight, layer.in)), count, layer.out, layer.in);
}

// Products of matrices, to which the work of convolutions and linear layers comes down.
//
// A matrix is a view on a list of numbers: element (i, j) is values[start + i·down + j·right].
export function matrix(values, width, start = 0) {
  return { values, start, down: width, right: 1 };
}

export function transposed({ values, start, down, right }) {
  return { values, start, down: right, right: down };
}

// result (rows × columns) += a (rows × length) · b (length × columns), in blocks of 2 × 4: each
// number that is read is used several times, and eight sums grow side by side.
export function addProduct(result, a, b, rows, columns, length) {
  const wholeRows = rows - (rows % 2), wholeColumns = columns - (columns % 4);
  for (let i = 0; i < wholeRows; i += 2) {
    for (let j = 0; j < wholeColumns; j += 4) addBlock(result, a, b, i, j, length);
    for (let j = wholeColumns; j < columns; j++) {
      addElement(result, a, b, i, j, length);
      addElement(result, a, b, i + 1, j, length);
    }
  }
  if (wholeRows === rows) return;
  for (let j = 0; j < columns; j++) addElement(result, a, b, wholeRows, j, length);
}

function addElement(result, a, b, i, j, length) {
  let sum = 0;
  let p = a.start + i * a.down, q = b.start + j * b.right;
  for (let k = 0; k < length; k++, p += a.right, q += b.down) sum += a.values[p] * b.values[q];
  result.values[result.start + i * result.down + j * result.right] += sum;
}

function addBlock(result, a, b, i, j, length) {
  const { values: x, down: nextRow, right: alongA } = a;
  const { values: y, down: alongB, right: nextColumn } = b;
  let p = a.start + i * nextRow, q = b.start + j * nextColumn;
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  for (let k = 0; k < length; k++, p += alongA, q += alongB) {
    const x0 = x[p], x1 = x[p + nextRow];
    const y0 = y[q], y1 = y[q + nextColumn];
    const y2 = y[q + 2 * nextColumn], y3 = y[q + 3 * nextColumn];
    s00 += x0 * y0; s01 += x0 * y1; s02 += x0 * y2; s03 += x0 * y3;
    s10 += x1 * y0; s11 += x1 * y1; s12 += x1 * y2; s13 += x1 * y3;
  }
  const { values, down, right } = result;
  const r = result.start + i * down + j * right;
  values[r] += s00; values[r + right] += s01;
  values[r + 2 * right] += s02; values[r + 3 * right] += s03;
  values[r + down] += s10; values[r + down + right] += s11;
  values[r + down + 2 * right] += s12; values[r + down + 3 * right] += s13;
}
