// Gradients of a batch, weights after a few steps, random weights and orders.
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
  xavierUniform(network, randomFrom(seed));
  return network;
}

function orders({ seed, count, batchSize }) {
  const labels = Uint8Array.from({ length: count }, (_, i) => i);
  const batches = [...shuffledBatches({ inks: labels, labels }, batchSize, randomFrom(seed))];
  return batches.map(({ inks, labels: order }) => ({ inks, order }));
}

const drawn = started(questions.start);
const numbers = Array.from({ length: 20000 }, randomFrom(questions.start.seed));
writeAnswers({
  networks, numbers,
  starts: drawn.layers.filter(({ weight }) => weight).map(({ weight, bias }) => ({ weight, bias })),
  orders: [questions.order, questions.order].map(orders),
});
