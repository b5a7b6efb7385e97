// Where the numbers at the places asked for come from, and what they feed.
import { forward, readNetwork, sourcesOf } from "./core.mjs";
import { bytes, questions, writeAnswers } from "./files.mjs";

writeAnswers(questions.map(({ name, description, places }) => {
  const network = readNetwork(description, bytes(`${name}.weights`));
  const run = forward(network, bytes(`${name}.inks`));
  return { stages: network.stages, sources: places.map((place) => sourcesOf(network, run, place)) };
}));
