// Questions in, answers out, through files of the current folder.
import { readFileSync, writeFileSync } from "node:fs";

export const questions = JSON.parse(readFileSync("questions.json"));

export function bytes(name) {
  return new Uint8Array(readFileSync(name));
}

export function writeFloats(name, numbers) {
  writeFileSync(name, Float32Array.from(numbers));
}

export function writeAnswers(answers) {
  const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  writeFileSync("answers.json", JSON.stringify(answers, plain));
}
