// Which remark each drawing gets, by its name; null if it is read.
import { REMARKS, remarkOnDrawing } from "./core.mjs";
import { questions, writeAnswers } from "./files.mjs";

writeAnswers(questions.map((drawing) => {
  const { refused, reason } = remarkOnDrawing({ drawing });
  return refused ? Object.keys(REMARKS).find((name) => REMARKS[name] === reason) : null;
}));
