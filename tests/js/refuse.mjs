// The score for refusing, and the three marks, of every picture and network.
import { forward, judgeDigit, readNetwork, readRefusal, refusalMarks, refusalScore } from "./core.mjs";
import { bytes, questions, writeAnswers } from "./files.mjs";

const inks = bytes("pictures.inks"), size = 28 * 28;
const pictures = Array.from({ length: inks.length / size }, (_, i) =>
  inks.subarray(i * size, (i + 1) * size));

writeAnswers(questions.map(({ name, description, refusal }) => {
  const network = readNetwork(description, bytes(`${name}.weights`));
  const rule = readRefusal(refusal, bytes(`${name}.refusal`));
  return pictures.map((picture) => {
    const run = forward(network, picture), score = refusalScore(rule, run, picture);
    const { refused, reason } = judgeDigit(rule, run, picture);
    return { score: String(score), marks: refusalMarks(rule, run), refused, reason };
  });
}));
