// Every number of every stage for every image, and drawings brought into MNIST's form.
import { digitSteps, forward, normalizeDigit, predict, readNetwork } from "./core.mjs";
import { bytes, questions, writeAnswers, writeFloats } from "./files.mjs";

const networks = questions.networks.map(({ name, description }) => {
  const network = readNetwork(description, bytes(`${name}.weights`));
  const inks = bytes(`${name}.inks`);
  const size = description.input[0] * description.input[1];
  const runs = Array.from({ length: inks.length / size }, (_, i) =>
    forward(network, inks.subarray(i * size, (i + 1) * size)));
  const numbers = (run, kind) => run.stages.flatMap((stage) => Array.from(stage[kind]));
  writeFloats(`${name}.values`, runs.flatMap((run) => numbers(run, "values")));
  writeFloats(`${name}.sums`, numbers(runs[0], "sums"));
  return {
    stages: network.stages,
    probabilities: runs.map((run) => run.probabilities),
    predicted: predict(network, inks.subarray(0, size)),
  };
});

const scans = questions.scans.map(({ height, width, file }) => {
  const scan = { height, width, values: bytes(file) };
  const { box, fitted, image } = digitSteps(scan);
  return { box, fitted, image, again: normalizeDigit(scan) };
});

writeAnswers({ networks, scans });
