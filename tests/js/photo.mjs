// Photos as grey levels and as ink, by the page's own steps.
import { greyOfPixels, inkOfGrey } from "./core.mjs";
import { bytes, questions, writeAnswers, writeFloats } from "./files.mjs";

writeAnswers(questions.map(({ height, width, file }) => {
  const grey = greyOfPixels({ height, width, data: bytes(file) });
  const { values, remarks } = inkOfGrey(grey);
  writeFloats(`${file}.grey`, Array.from(grey.values));
  writeFloats(`${file}.ink`, Array.from(values));
  return remarks.map(({ en }) => en);
}));
