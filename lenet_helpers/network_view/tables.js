// The pieces that arithmetic is shown with: tables of coloured numbers, and a sum on one line.
import { cellColor } from "./colors.js";
import { asTerm, brief, element, exact, fixed, setText } from "./elements.js";
import { WORDS, say } from "./words.js";

const LARGEST_WITH_NUMBERS = 7; // of a window; a larger one shows its colours alone

// `caption` is a node; `update(values, reach, isPadding)` colours a cell and writes its number.
export function makeTable(rows, columns, caption) {
  const cells = Array.from({ length: rows * columns }, () => element("span"));
  const withNumbers = Math.max(rows, columns) <= LARGEST_WITH_NUMBERS;
  const size = !withNumbers ? "nv-colors-only" : Math.max(rows, columns) <= 3 ? "nv-large" : "";
  const grid = element("div", { class: `nv-cells ${size}`, style: `--nv-columns: ${columns}` }, ...cells);
  const whole = element("figure", { class: "nv-table" }, grid, element("figcaption", {}, caption));

  const shown = cells.map(() => ({})); // asking the page what it shows takes longer

  function update(values, reach, isPadding = () => false) {
    cells.forEach((cell, i) => {
      const color = cellColor(values[i], reach), padding = isPadding(i);
      const text = withNumbers && values[i] !== -Infinity ? brief(values[i]) : "";
      if (shown[i].color !== color) cell.style.background = color;
      if (shown[i].text !== text) cell.textContent = text;
      if (shown[i].padding !== padding) cell.classList.toggle("nv-padding", padding);
      shown[i] = { color, text, padding };
    });
  }

  return { element: whole, cells, update };
}

// Parts + bias = sum → activation → value. Each part may have a word below it.
export function makeSumLine({ parts, activation, bias = true }) {
  const partNodes = parts.map((words) => makePart(words));
  const biasNode = makePart(WORDS.bias);
  const total = element("b", { class: "nv-total" }), value = element("b", { class: "nv-value" });
  const whole = element("p", { class: "nv-sum-line" }, ...partNodes.map(({ whole }) => whole));
  if (bias) whole.append(biasNode.whole);
  whole.append(" = ", total);
  if (activation) whole.append(` → ${activation} → `, value);

  function update(numbers, biasNumber, sum, result, reach) {
    partNodes.forEach(({ number, whole: part }, i) => {
      setText(number, i ? asTerm(numbers[i]) : fixed(numbers[i]));
      part.style.background = cellColor(numbers[i], reach);
    });
    setText(biasNode.number, asTerm(biasNumber));
    setText(total, fixed(sum));
    setText(value, exact(result));
  }

  return { element: whole, update };
}

function makePart(words) {
  const number = element("span", { class: "nv-number" });
  const whole = element("span", { class: "nv-part" }, number);
  if (words) whole.append(say(element("small"), words));
  return { whole, number };
}
