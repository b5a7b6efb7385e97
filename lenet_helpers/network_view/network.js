// A network forwards: what PyTorch does with one picture, written out.
//
// A stage is what one sees as one picture of numbers: the input, or a layer with weights or a
// pooling together with the activation right after it. Its numbers lie channel after channel, row
// after row; weights lie as PyTorch keeps them: out, in, row, column.

// description: see describe.py. bytes: the weights and biases of all layers, float32.
export function readNetwork(description, bytes) {
  const numbers = new Float32Array(copyOfBytes(bytes));
  let start = 0;
  const take = (size) => numbers.subarray(start, (start += size));
  const layers = description.layers.map((layer) => {
    const sizes = parameterSizes(layer);
    return sizes ? { ...layer, weight: take(sizes.weight), bias: take(sizes.bias) } : { ...layer };
  });
  if (start !== numbers.length) {
    throw new Error(`${start} weights are described, but ${numbers.length} are here`);
  }
  const { input, mean, std, classes } = description;
  return { layers, input, mean, std, classes, stages: stagesOf(layers, input) };
}

// The same network for pictures of another size; all its layers must slide.
export function resized(network, input) {
  return { ...network, input, stages: stagesOf(network.layers, input) };
}

// An ArrayBuffer of its own: a view on a message may start anywhere in it.
function copyOfBytes(bytes) {
  if (!ArrayBuffer.isView(bytes)) return bytes.slice(0);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

// How many numbers a layer's weight and bias hold, or null if it has none.
function parameterSizes(layer) {
  if (layer.kind === "linear") return { weight: layer.out * layer.in, bias: layer.out };
  if (layer.kind !== "conv") return null;
  return { weight: layer.out * layer.in * layer.kernel[0] * layer.kernel[1], bias: layer.out };
}

const SHORT_NAMES = { conv: "conv", avgpool: "pool", maxpool: "pool", linear: "fc" };

function stagesOf(layers, [height, width]) {
  const counts = { conv: 0, pool: 0, fc: 0 };
  const first = { kind: "input", name: "input", activation: null, channels: 1, height, width };
  const stages = [first];
  layers.forEach((layer, index) => {
    const before = stages[stages.length - 1];
    const short = SHORT_NAMES[layer.kind];
    if (short) {
      const name = `${short}${(counts[short] += 1)}`;
      const { kind } = layer;
      stages.push({ name, kind, layer: index, activation: null, ...shapeAfter(layer, before) });
    } else if (layer.kind in ACTIVATIONS) {
      before.activation = layer.kind;
    } else if (layer.kind !== "flatten") { // which is free: the numbers lie in a row already
      throw new Error(`unknown layer ${layer.kind}`);
    }
  });
  return stages;
}

function shapeAfter(layer, { channels, height, width }) {
  if (layer.kind === "linear") return { channels: 1, height: 1, width: layer.out };
  const steps = (size, axis) =>
    Math.floor((size + 2 * layer.padding[axis] - layer.kernel[axis]) / layer.stride[axis]) + 1;
  return { channels: layer.out ?? channels, height: steps(height, 0), width: steps(width, 1) };
}

// h·w inks from 0 (paper) to 255 → the numbers of every stage before and after its activation.
export function forward(network, inks) {
  const stages = [];
  network.stages.forEach((stage, index) => {
    const sums = index === 0
      ? Float64Array.from(inks, (ink) => (ink / 255 - network.mean) / network.std)
      : layerSums(network.layers[stage.layer], stages[index - 1].values,
                  network.stages[index - 1], stage);
    const values = stage.activation ? sums.map(ACTIVATIONS[stage.activation]) : sums;
    stages.push({ sums, values });
  });
  const scores = stages[stages.length - 1].values;
  return { stages, scores, probabilities: softmax(scores) };
}

export function predict(network, inks) {
  const { scores, probabilities } = forward(network, inks);
  return { scores, probabilities };
}

export const ACTIVATIONS = {
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  relu: (x) => (x < 0 ? 0 : x),
};

// The largest score is subtracted first, so that no exponential overflows.
export function softmax(scores) {
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

function layerSums(layer, values, before, after) {
  if (layer.kind === "conv") return convolve(layer, values, before, after);
  if (layer.kind === "avgpool") return averagePool(layer, values, before, after);
  if (layer.kind === "maxpool") return maxPool(layer, values, before, after);
  return fullyConnect(layer, values);
}

// Cross-correlation: each weight times the input shifted to its place, added onto the output.
function convolve({ weight, bias, kernel: [high, wide], stride, padding }, values, before, after) {
  const size = after.height * after.width;
  const sums = new Float64Array(after.channels * size);
  let next = 0; // weight
  for (let out = 0; out < after.channels; out++) {
    const map = sums.subarray(out * size, (out + 1) * size).fill(bias[out]);
    for (let c = 0; c < before.channels; c++) {
      for (let i = 0; i < high; i++) {
        const rows = insideSteps(i, before.height, after.height, stride[0], padding[0]);
        for (let j = 0; j < wide; j++) {
          const columns = insideSteps(j, before.width, after.width, stride[1], padding[1]);
          const w = weight[next++];
          for (let row = rows.first; row <= rows.last; row++) {
            const y = row * stride[0] - padding[0] + i;
            let from = (c * before.height + y) * before.width - padding[1] + j;
            from += columns.first * stride[1];
            const end = row * after.width + columns.last;
            for (let to = row * after.width + columns.first; to <= end; to++) {
              map[to] += w * values[from];
              from += stride[1];
            }
          }
        }
      }
    }
  }
  return sums;
}

// The steps of a window at which its number `offset` lies on the map, not in the padding.
function insideSteps(offset, size, steps, stride, padding) {
  const first = Math.max(0, Math.ceil((padding - offset) / stride));
  const last = Math.min(steps - 1, Math.floor((size - 1 + padding - offset) / stride));
  return { first, last };
}

// The mean of each window; the padding counts as zeros.
function averagePool(layer, values, before, after) {
  const size = layer.kernel[0] * layer.kernel[1];
  return pool(layer, values, before, after, 0, (sum, value) => sum + value).map((s) => s / size);
}

function maxPool(layer, values, before, after) {
  return pool(layer, values, before, after, -Infinity, Math.max);
}

function pool({ kernel, stride, padding }, values, before, after, start, join) {
  const results = new Float64Array(after.channels * after.height * after.width);
  let next = 0;
  for (let c = 0; c < after.channels; c++) {
    for (let row = 0; row < after.height; row++) {
      const top = row * stride[0] - padding[0];
      const bottom = Math.min(top + kernel[0], before.height);
      for (let column = 0; column < after.width; column++) {
        const left = column * stride[1] - padding[1];
        const right = Math.min(left + kernel[1], before.width);
        let result = start;
        for (let y = Math.max(top, 0); y < bottom; y++) {
          for (let x = Math.max(left, 0); x < right; x++) {
            result = join(result, values[(c * before.height + y) * before.width + x]);
          }
        }
        results[next++] = result;
      }
    }
  }
  return results;
}

// Every output is connected to every input.
function fullyConnect({ weight, bias }, values) {
  const sums = Float64Array.from(bias);
  for (let out = 0; out < sums.length; out++) {
    const row = out * values.length;
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += weight[row + i] * values[i];
    sums[out] += sum;
  }
  return sums;
}

// Weights of 8 bits each, as numbers: `least + step * level`. levels: Uint8Array; scales: of each
// weight and bias the least number, the size of a step, and how many numbers.
export function unpacked({ scales, levels }) {
  const numbers = new Float32Array(levels.length);
  let next = 0;
  for (const [least, step, count] of scales) {
    for (const end = next + count; next < end; next++) numbers[next] = least + step * levels[next];
  }
  return numbers.buffer;
}
