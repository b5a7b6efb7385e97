// Gradients of a batch, weights after a few steps, and a training from random weights.
import { evaluateBatch, lossAndGradients, randomFrom, readNetwork, sgdStep, shuffledBatches,
         xavierUniform } from "./core.mjs";
import { bytes, questions, writeAnswers, writeFloats } from "./files.mjs";

const both = ({ weight, bias }) => [...weight, ...bias];

const networks = questions.networks.map(({ name, description, count, lr, steps }) => {
  const network = readNetwork(description, bytes(`${name}.weights`));
  const batch = { inks: bytes(`${name}.inks`), labels: bytes(`${name}.labels`) };
  const pixels = batch.inks.length / batch.labels.length;
  const first = { inks: batch.inks.subarray(0, count * pixels),
                  labels: batch.labels.subarray(0, count) };
  lossAndGradients(network, first); // smaller, then larger, then smaller: nothing may be left over
  lossAndGradients(network, batch);
  const { loss, correct, gradients } = lossAndGradients(network, first);
  writeFloats(`${name}.gradients`, gradients.filter(Boolean).flatMap(both));
  const evaluated = evaluateBatch(network, batch);
  for (let step = 0; step < steps; step++) {
    sgdStep(network, lossAndGradients(network, batch).gradients, lr);
  }
  writeFloats(`${name}.after`, network.layers.filter(({ weight }) => weight).flatMap(both));
  return { loss, correct, evaluated };
});

function started({ description, name, seed }) {
  const network = readNetwork(description, bytes(`${name}.weights`));
  const random = randomFrom(seed);
  xavierUniform(network, random);
  return { network, random };
}

function trained({ epochs, batchSize, lr, ...start }) {
  const { network, random } = started(start);
  const [train, test] = ["train", "test"].map((part) =>
    ({ inks: bytes(`${part}.inks`), labels: bytes(`${part}.labels`) }));
  const accuracies = [];
  const before = performance.now();
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const batch of shuffledBatches(train, batchSize, random)) {
      sgdStep(network, lossAndGradients(network, batch).gradients, lr);
    }
    accuracies.push(evaluateBatch(network, test).accuracy);
  }
  return { accuracies, milliseconds: (performance.now() - before) / epochs / train.labels.length };
}

function orders({ seed, count, batchSize }) {
  const labels = Uint8Array.from({ length: count }, (_, i) => i);
  const batches = [...shuffledBatches({ inks: labels, labels }, batchSize, randomFrom(seed))];
  return batches.map(({ inks, labels: order }) => ({ inks, order }));
}

const drawn = started(questions.start).network;
const numbers = Array.from({ length: 20000 }, randomFrom(questions.start.seed));
writeAnswers({
  networks, numbers,
  starts: drawn.layers.filter(({ weight }) => weight).map(({ weight, bias }) => ({ weight, bias })),
  orders: [questions.order, questions.order].map(orders),
  trained: questions.training.map(trained),
});
