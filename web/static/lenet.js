// The lesson's LeNet, forwards only: what PyTorch does in lesson 03, written out.
//
// A stack of feature maps is {channels, height, width, values}; `values` holds all numbers, channel
// after channel, row after row. A weight tensor lies in the same order: out, in, row, column.
"use strict";

function readNetwork(description) {
  const bytes = Uint8Array.from(atob(description.float32), (c) => c.charCodeAt(0));
  const numbers = new DataView(bytes.buffer); // little-endian on every machine
  const parameters = {};
  let start = 0;
  for (const [name, shape] of Object.entries(description.parameters)) {
    const size = shape.reduce((a, b) => a * b);
    parameters[name] = Float32Array.from({ length: size }, (_, i) =>
      numbers.getFloat32(4 * (start + i), true));
    start += size;
  }
  return { mean: description.mean, std: description.std, parameters };
}

// 28×28 inks from 0 (paper) to 255 → every intermediate result, by its name in lesson 03.
function forward(network, inks) {
  const p = network.parameters;
  const input = {
    channels: 1, height: 28, width: 28,
    values: Array.from(inks, (ink) => (ink / 255 - network.mean) / network.std),
  };
  const conv1 = sigmoid(convolve(input, p["0.weight"], p["0.bias"], 5, 2)); // 6 × 28 × 28
  const pool1 = averagePool(conv1);                                         // 6 × 14 × 14
  const conv2 = sigmoid(convolve(pool1, p["3.weight"], p["3.bias"], 5, 0)); // 16 × 10 × 10
  const pool2 = averagePool(conv2);                                         // 16 × 5 × 5
  const fc1 = sigmoid(linear(pool2, p["7.weight"], p["7.bias"]));           // 120
  const fc2 = sigmoid(linear(fc1, p["9.weight"], p["9.bias"]));             // 84
  const scores = linear(fc2, p["11.weight"], p["11.bias"]);                 // 10
  return { input, conv1, pool1, conv2, pool2, fc1, fc2, scores,
           probabilities: softmax(scores.values) };
}

// Cross-correlation with kernels of k × k, the image padded with `padding` rings of zeros.
function convolve(maps, weight, bias, k, padding) {
  const { channels, height, width, values } = maps;
  const h = height - k + 1 + 2 * padding;
  const w = width - k + 1 + 2 * padding;
  const output = new Float64Array(bias.length * h * w);
  for (let out = 0; out < bias.length; out++) {
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        let sum = bias[out];
        for (let c = 0; c < channels; c++) {
          for (let i = 0; i < k; i++) {
            const y = row + i - padding;
            if (y < 0 || y >= height) continue; // padding: zeros add nothing
            for (let j = 0; j < k; j++) {
              const x = column + j - padding;
              if (x < 0 || x >= width) continue;
              sum += values[(c * height + y) * width + x]
                * weight[((out * channels + c) * k + i) * k + j];
            }
          }
        }
        output[(out * h + row) * w + column] = sum;
      }
    }
  }
  return { channels: bias.length, height: h, width: w, values: output };
}

// The mean of each 2 × 2 window; the windows do not overlap.
function averagePool({ channels, height, width, values }) {
  const h = height / 2;
  const w = width / 2;
  const output = new Float64Array(channels * h * w);
  for (let c = 0; c < channels; c++) {
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        const corner = (c * height + 2 * row) * width + 2 * column;
        const sum = values[corner] + values[corner + 1]
          + values[corner + width] + values[corner + width + 1];
        output[(c * h + row) * w + column] = sum / 4;
      }
    }
  }
  return { channels, height: h, width: w, values: output };
}

// Every output is connected to every input. Flattening is free: the values lie in a row already.
function linear({ values }, weight, bias) {
  const output = Float64Array.from(bias, (b, out) => {
    let sum = b;
    for (let i = 0; i < values.length; i++) sum += weight[out * values.length + i] * values[i];
    return sum;
  });
  return { channels: 1, height: 1, width: output.length, values: output };
}

function sigmoid(maps) {
  return { ...maps, values: maps.values.map((x) => 1 / (1 + Math.exp(-x))) };
}

// The largest score is subtracted first, so that no exponential overflows.
function softmax(scores) {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
