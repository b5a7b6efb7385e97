// Learning: the loss of a batch of images, its gradient by backpropagation, a step downhill.
//
// A batch is {inks, labels}: h·w inks from 0 to 255 for each image, and its class. The numbers of a
// stage lie image after image, otherwise as in network.js. The slope of a number says how fast the
// loss grows with it.
import { addProduct, forEachPlace, matrix, runBatch, transposed, unfold } from "./batch.js";

// The mean cross-entropy, how many images are read correctly, and for each layer the gradients
// {weight, bias}, null where it has none. The gradients' memory is used again by the next call.
export function lossAndGradients(network, { inks, labels }) {
  const stages = runBatch(network, inks, labels.length);
  const result = crossEntropy(stages[stages.length - 1], labels);
  for (let s = stages.length - 1; s > 0; s--) {
    const stage = stages[s], before = stages[s - 1];
    throughActivation(stage, labels.length);
    before.slopes?.fill(0);
    stage.gradient?.weight.fill(0);
    stage.gradient?.bias.fill(0);
    BACKWARD[stage.kind](stage, before, labels.length);
  }
  const gradients = network.layers.map(() => null);
  for (const { gradient, index } of stages) if (gradient) gradients[index] = gradient;
  return { ...result, gradients };
}

// The mean cross-entropy and the share of images that are read correctly.
export function evaluateBatch(network, { inks, labels }) {
  const stages = runBatch(network, inks, labels.length);
  const { loss, correct } = crossEntropy(stages[stages.length - 1], labels);
  return { loss, accuracy: correct / labels.length };
}

// The layers backwards

const BACKWARD = { conv: convolveBack, avgpool: averageBack, maxpool: maxBack,
                   linear: connectBack };

function convolveBack(stage, before, count) {
  const { layer, size, steps, slopes, columns, columnSlopes, windows, gradient } = stage;
  const places = windows.length / steps;
  const kernels = matrix(layer.weight, places);
  for (let image = 0; image < count; image++) {
    const slope = matrix(slopes, steps, image * size);
    unfold(columns, windows, before.values, image * before.size);
    addProduct(matrix(gradient.weight, places), slope, transposed(matrix(columns, steps)),
               layer.out, places, steps);
    for (let i = 0; i < size; i++) gradient.bias[Math.floor(i / steps)] += slopes[image * size + i];
    if (!before.slopes) continue;
    columnSlopes.fill(0);
    addProduct(matrix(columnSlopes, steps), transposed(kernels), slope, places, steps, layer.out);
    foldOnto(before.slopes, image * before.size, windows, columnSlopes);
  }
}

// The reverse: a number that several windows saw gets the slopes from all of them.
function foldOnto(slopes, start, windows, columnSlopes) {
  for (let i = 0; i < windows.length; i++) {
    if (windows[i] >= 0) slopes[start + windows[i]] += columnSlopes[i];
  }
}

function averageBack(stage, before, count) {
  const places = stage.windows.length / stage.steps;
  if (!before.slopes) return;
  forEachPlace(stage, before, count, (step, from) => {
    before.slopes[from] += stage.slopes[step] / places;
  });
}

function maxBack({ slopes, winners, size }, before, count) {
  if (!before.slopes) return;
  for (let i = 0; i < count * size; i++) before.slopes[winners[i]] += slopes[i];
}

function connectBack({ layer, slopes, gradient }, before, count) {
  const slope = matrix(slopes, layer.out);
  addProduct(matrix(gradient.weight, layer.in), transposed(slope),
             matrix(before.values, layer.in), layer.out, layer.in, count);
  for (let i = 0; i < count * layer.out; i++) gradient.bias[i % layer.out] += slopes[i];
  if (!before.slopes) return;
  addProduct(matrix(before.slopes, layer.in), slope, matrix(layer.weight, layer.in),
             count, layer.in, layer.out);
}

// How fast an activation grows, told from its value.
const SLOPES = {
  sigmoid: (value) => value * (1 - value),
  tanh: (value) => 1 - value * value,
  relu: (value) => (value > 0 ? 1 : 0),
};

function throughActivation({ activation, values, slopes, size }, count) {
  if (!activation) return;
  const growth = SLOPES[activation];
  for (let i = 0; i < count * size; i++) slopes[i] *= growth(values[i]);
}

// Sets the slopes of the scores: softmax, less 1 at the label, divided by the number of images.
function crossEntropy({ values, slopes, size }, labels) {
  let loss = 0, correct = 0;
  for (let image = 0; image < labels.length; image++) {
    const start = image * size, label = start + labels[image];
    let largest = start, sum = 0;
    for (let k = start; k < start + size; k++) if (values[k] > values[largest]) largest = k;
    for (let k = start; k < start + size; k++) sum += Math.exp(values[k] - values[largest]);
    for (let k = start; k < start + size; k++) {
      const probability = Math.exp(values[k] - values[largest]) / sum;
      slopes[k] = (probability - (k === label ? 1 : 0)) / labels.length;
    }
    loss += (Math.log(sum) + values[largest] - values[label]) / labels.length;
    if (largest === label) correct += 1;
  }
  return { loss, correct };
}

// Stochastic gradient descent: each number a little against its gradient.
export function sgdStep(network, gradients, lr) {
  network.layers.forEach((layer, index) => {
    if (!gradients[index]) return;
    descend(layer.weight, gradients[index].weight, lr);
    descend(layer.bias, gradients[index].bias, lr);
  });
}

function descend(numbers, gradient, lr) {
  for (let i = 0; i < numbers.length; i++) numbers[i] -= lr * gradient[i];
}

// The lesson's start: weights after Glorot and Bengio (2010), biases as PyTorch draws them.
export function xavierUniform(network, random) {
  for (const layer of network.layers.filter(({ weight }) => weight)) {
    const fanIn = layer.weight.length / layer.out, fanOut = layer.weight.length / layer.in;
    drawWithin(layer.weight, Math.sqrt(6 / (fanIn + fanOut)), random);
    drawWithin(layer.bias, 1 / Math.sqrt(fanIn), random);
  }
}

function drawWithin(numbers, bound, random) {
  for (let i = 0; i < numbers.length; i++) numbers[i] = bound * (2 * random() - 1);
}

// Numbers from 0 to 1 that look random, the same for the same seed (mulberry32).
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// The images of {inks, labels} in a new order, cut into batches.
export function* shuffledBatches({ inks, labels }, batchSize, random) {
  const order = Uint32Array.from(labels, (_, i) => i);
  for (let last = order.length - 1; last > 0; last--) { // Fisher and Yates
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  const pixels = inks.length / labels.length;
  for (let start = 0; start < order.length; start += batchSize) {
    const chosen = order.subarray(start, start + batchSize);
    const batch = { inks: new Uint8Array(chosen.length * pixels),
                    labels: Uint8Array.from(chosen, (image) => labels[image]) };
    chosen.forEach((image, i) =>
      batch.inks.set(inks.subarray(image * pixels, (image + 1) * pixels), i * pixels));
    yield batch;
  }
}

// A training: batch after batch in a shuffled order, epoch after epoch, with a report now and then.

const REPORTS_AN_EPOCH = 5, IMAGES_AT_ONCE = 120;

// train, test: {inks, labels}, all images one after the other. The network learns in place.
export function makeTrainer({ network, train, test, batchSize, seed }) {
  const random = randomFrom(seed);
  const batchesAnEpoch = Math.ceil(train.labels.length / batchSize);
  const between = Math.ceil(batchesAnEpoch / REPORTS_AN_EPOCH);
  let count = 0, batches = null, since = noImages();

  // Before the first batch: how well the random weights do, on all images.
  function begin() {
    const { loss, accuracy } = evaluateAll(network, train);
    return { epoch: 0, loss, accuracy, testAccuracy: evaluateAll(network, test).accuracy };
  }

  // Learns from one batch. A report after every fifth of an epoch, otherwise null: the loss and the
  // accuracy are those of the training images since the last report, each as the network read it
  // just before it learned from it; the test images are read at the end of an epoch.
  function step(lr) {
    if (count % batchesAnEpoch === 0) batches = shuffledBatches(train, batchSize, random);
    const batch = batches.next().value;
    const { loss, correct, gradients } = lossAndGradients(network, batch);
    sgdStep(network, gradients, lr);
    count += 1;
    since = { images: since.images + batch.labels.length, correct: since.correct + correct,
              loss: since.loss + loss * batch.labels.length };
    const inEpoch = count % batchesAnEpoch;
    return inEpoch % between && Number.isFinite(loss) ? null : report(inEpoch === 0);
  }

  // What has not been reported yet, with the test accuracy of this moment; null if there is nothing.
  function pause() {
    return since.images ? report(true) : null;
  }

  function report(withTest) {
    const { images, loss, correct } = since;
    since = noImages();
    return { epoch: count / batchesAnEpoch, loss: loss / images, accuracy: correct / images,
             testAccuracy: withTest ? evaluateAll(network, test).accuracy : null };
  }

  return { begin, step, pause };
}

function noImages() {
  return { images: 0, loss: 0, correct: 0 };
}

// Mean loss and accuracy, some images at a time: all at once would need much memory.
export function evaluateAll(network, { inks, labels }) {
  const pixels = inks.length / labels.length;
  let losses = 0, correct = 0;
  for (let start = 0; start < labels.length; start += IMAGES_AT_ONCE) {
    const end = Math.min(start + IMAGES_AT_ONCE, labels.length), count = end - start;
    const part = { inks: inks.subarray(start * pixels, end * pixels), labels: labels.subarray(start, end) };
    const { loss, accuracy } = evaluateBatch(network, part);
    losses += loss * count;
    correct += accuracy * count;
  }
  return { loss: losses / labels.length, accuracy: correct / labels.length };
}
