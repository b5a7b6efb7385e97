// Fields read by the page's own functions, lines of ink brought into fields, and photos of lines.
import { inkOfGrey, readField, readNetwork, slideOver, toField } from "./core.mjs";
import { bytes, questions, writeAnswers, writeFloats } from "./files.mjs";

const network = readNetwork(questions.description, bytes("weights"));
const floats = (file) => new Float32Array(bytes(file).buffer);
const fields = questions.fields.map(({ file, width, count }) => {
  const logP = slideOver(network, { height: 32, width, values: floats(file) });
  return { logP, ...readField(logP, count) };
});
const lines = questions.lines.map(({ file, height, width }) =>
  toField({ height, width, values: floats(file) }));
for (const { file, height, width } of questions.photos) {
  writeFloats(`${file}.ink`, inkOfGrey({ height, width, values: bytes(file) }, true).values);
}

writeAnswers({ fields, lines });
