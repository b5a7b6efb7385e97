// Of each network: every number for every image, where numbers come from and what they feed, the
// gradients of a batch and the weights after a few steps. Drawings in MNIST's form, remarks on them.
import { REMARKS, digitSteps, evaluateBatch, forward, lossAndGradients, normalizeDigit, predict, randomFrom,
         readNetwork, remarkOnDrawing, sgdStep, shuffledBatches, sourcesOf, xavierUniform } from "./core.mjs";
import { bytes, questions, writeAnswers, writeFloats } from "./files.mjs";

const both = ({ weight, bias }) => [...weight, ...bias];
const withWeights = (network) => network.layers.filter(({ weight }) => weight);

function answersOf({ name, description, places }) {
  const network = readNetwork(description, bytes(`${name}.weights`));
  const all = { inks: bytes(`${name}.inks`), labels: bytes(`${name}.labels`) };
  const size = description.input[0] * description.input[1];
  const inks = (i, end = i + 1) => all.inks.subarray(i * size, end * size);
  const runs = Array.from(all.labels, (_, i) => forward(network, inks(i)));
  const numbers = (run, kind) => run.stages.flatMap((stage) => Array.from(stage[kind]));
  writeFloats(`${name}.values`, runs.flatMap((run) => numbers(run, "values")));
  writeFloats(`${name}.sums`, numbers(runs[0], "sums"));
  return {
    stages: network.stages,
    probabilities: runs.map((run) => run.probabilities),
    predicted: predict(network, inks(0)),
    sources: places.map((place) => sourcesOf(network, runs[0], place)),
    ...trained(name, description, all, { inks: inks(0, questions.first), labels: all.labels.subarray(0, questions.first) }),
  };
}

function trained(name, description, all, first) {
  const network = readNetwork(description, bytes(`${name}.weights`));
  lossAndGradients(network, first); // smaller, then larger, then smaller: nothing may be left over
  lossAndGradients(network, all);
  const { loss, correct, gradients } = lossAndGradients(network, first);
  writeFloats(`${name}.gradients`, gradients.filter(Boolean).flatMap(both));
  const evaluated = evaluateBatch(network, all);
  for (let step = 0; step < questions.steps; step++) {
    sgdStep(network, lossAndGradients(network, all).gradients, questions.lr);
  }
  writeFloats(`${name}.after`, withWeights(network).flatMap(both));
  return { loss, correct, evaluated };
}

function scanOf({ height, width, file }) {
  const scan = { height, width, values: bytes(file) };
  return { ...digitSteps(scan), again: normalizeDigit(scan) };
}

function remarkOn(drawing) {
  const { refused, reason } = remarkOnDrawing({ drawing });
  return refused ? Object.keys(REMARKS).find((name) => REMARKS[name] === reason) : null;
}

function start({ description, weightBytes, seed }) {
  const network = readNetwork(description, new ArrayBuffer(weightBytes));
  xavierUniform(network, randomFrom(seed));
  return withWeights(network).map(({ weight, bias }) => ({ weight, bias }));
}

function order({ seed, count, batchSize }) {
  const labels = Uint8Array.from({ length: count }, (_, i) => i);
  return [...shuffledBatches({ inks: labels, labels }, batchSize, randomFrom(seed))];
}

writeAnswers({
  networks: questions.networks.map(answersOf),
  scans: questions.scans.map(scanOf),
  remarks: questions.drawings.map(remarkOn),
  numbers: Array.from({ length: 20000 }, randomFrom(0)),
  starts: start(questions.start),
  orders: [questions.order, questions.order].map(order),
});
