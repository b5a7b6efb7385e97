// The arithmetic of the other numbers: pixels, poolings, linear layers, probabilities.
import { cellColor, paintSigned, reachOf } from "./colors.js";
import { asTerm, brief, canvasOf, element, exact, fixed, percent, setText } from "./elements.js";
import { makeSumLine, makeTable } from "./tables.js";
import { WORDS, say } from "./words.js";

const MOST_CONTRIBUTIONS_LISTED = 12;

// What the network makes of one pixel's ink.
export function makePixelSum(network) {
  const line = element("p", { class: "nv-sum-line" });
  const { mean, std } = network;

  function update({ origin }) {
    const ink = Math.round((origin.value * std + mean) * 255 * 10) / 10;
    const rule = mean || std !== 1 ? `(${ink} / 255 − ${fixed(mean, 4)}) / ${fixed(std, 4)}` : `${ink} / 255`;
    const value = fixed(origin.value, 4);
    say(line, { zh: `${WORDS.ink.zh} ${ink}（0 是纸，255 最黑）：${rule} = ${value}`,
                en: `${WORDS.ink.en} ${ink} (0 is paper, 255 the deepest): ${rule} = ${value}` });
  }

  return { element: element("div", { class: "nv-sum" }, line), update };
}

export function makePoolingSum(network, index) {
  const stage = network.stages[index], layer = network.layers[stage.layer];
  const isLargest = layer.kind === "maxpool", size = layer.kernel[0] * layer.kernel[1];
  const table = makeTable(...layer.kernel, say(element("span"), WORDS.patch));
  const name = say(element("span"), isLargest ? WORDS.largest : WORDS.mean), rule = element("span");
  const total = element("b", { class: "nv-total" }), value = element("b", { class: "nv-value" });
  const line = element("p", { class: "nv-sum-line" }, name, " ", rule, " = ", total);
  if (stage.activation) line.append(` → ${stage.activation} → `, value);
  const focus = element("div", { class: "nv-focus" }, table.element);
  const whole = element("div", { class: "nv-sum" }, line, element("div", { class: "nv-beside" }, focus));

  function update({ origin, reach, place }) {
    const [{ patch, winner }] = origin.terms;
    const list = Array.from(patch, (number) => fixed(number));
    table.update(patch, reach(index - 1, place.channel), (i) => patch[i] === -Infinity);
    table.cells.forEach((cell, i) => cell.classList.toggle("nv-winner", i === winner));
    const some = list.length > 9 ? [...list.slice(0, 8), "…"] : list;
    setText(rule, isLargest ? `(${some.join(", ")})`
                            : `(${some.join(" + ").replaceAll("+ −", "− ")}) / ${size}`);
    setText(total, exact(origin.sum));
    setText(value, exact(origin.value));
  }

  return { element: whole, update };
}

// The largest contributions in a list, all of them as a picture.
export function makeLinearSum(network, index) {
  const stage = network.stages[index], before = network.stages[index - 1];
  const inputs = before.channels * before.height * before.width;
  const count = Math.min(MOST_CONTRIBUTIONS_LISTED, inputs);
  const rows = Array.from({ length: count }, makeContribution);
  const list = element("ol", { class: "nv-contributions" }, ...rows.map(({ row }) => row));
  const picture = makeContributionPicture(before, inputs);
  const some = { zh: `最大的 ${count} 项`, en: `${count} largest` };
  const line = makeSumLine({ activation: stage.activation, parts: [some, WORDS.others(inputs - count)] });
  const whole = element("div", { class: "nv-sum" }, line.element,
                        element("div", { class: "nv-beside" }, picture.element, list));

  function update({ origin }) {
    const largest = Math.abs(origin.terms[0]?.product) || 1;
    let top = 0;
    rows.forEach((row, i) => {
      const term = origin.terms[i];
      top += term.product;
      updateContribution(row, before, term, largest);
    });
    const all = origin.terms.reduce((sum, { product }) => sum + product, 0);
    const parts = [top, all - top];
    line.update(parts, origin.bias, origin.sum, origin.value, reachOf(parts));
    picture.update(origin.terms, largest);
  }

  return { element: whole, update };
}

function makeContribution() {
  const name = element("code"), text = element("span"), product = element("b");
  return { row: element("li", {}, name, text, product), name, text, product };
}

function updateContribution({ name, text, product }, before, term, largest) {
  const where = before.kind === "linear" ? term.column : `${term.channel},${term.row},${term.column}`;
  setText(name, `${before.name}[${where}]`);
  setText(text, `${brief(term.input)} × ${brief(term.weight)} =`);
  setText(product, asTerm(term.product));
  product.style.background = cellColor(term.product, largest);
}

// Laid out as the stage before: its maps side by side, or a strip in lines.
function makeContributionPicture({ channels, height, width }, inputs) {
  const columns = channels > 1 ? Math.ceil(Math.sqrt(channels)) : 1;
  const fold = channels > 1 ? 0 : Math.ceil(Math.sqrt(inputs * 1.3));
  const wide = fold || columns * (width + 1) - 1;
  const high = fold ? Math.ceil(inputs / fold) : Math.ceil(channels / columns) * (height + 1) - 1;
  const canvas = canvasOf(wide, high, "nv-picture");
  const scale = Math.max(1, Math.floor(92 / high));
  Object.assign(canvas.style, { width: `${wide * scale}px`, height: `${high * scale}px` });
  const numbers = new Float64Array(wide * high);

  function update(terms, reach) {
    for (const { index, channel, row, column, product } of terms) {
      const at = fold ? index : (Math.floor(channel / columns) * (height + 1) + row) * wide
        + (channel % columns) * (width + 1) + column;
      numbers[at] = product;
    }
    paintSigned(canvas, numbers, reach);
  }

  const caption = say(element("figcaption"), WORDS.contributions);
  return { element: element("figure", { class: "nv-table" }, canvas, caption), update };
}

// Softmax with the scores as they are now.
export function makeSoftmaxSum(network) {
  const columns = network.classes.map((name) => {
    const cells = { head: say(element("th", { scope: "col" }), name), score: element("td"),
                    power: element("td"), share: element("td") };
    return cells;
  });
  const row = (words, key) => element("tr", {}, say(element("th", { scope: "row" }), words),
                                      ...columns.map((cells) => cells[key]));
  const line = element("p", { class: "nv-sum-line" });
  const corner = element("td");
  const table = element("table", { class: "nv-softmax" },
    element("thead", {}, element("tr", {}, corner, ...columns.map(({ head }) => head))),
    element("tbody", {}, row(WORDS.score, "score"), row(WORDS.power, "power"), row(WORDS.share, "share")));
  const whole = element("div", { class: "nv-sum" }, line, element("div", { class: "nv-beside" }, table));

  function update({ run, place }) {
    const { scores, probabilities } = run;
    const largest = Math.max(...scores), reach = reachOf(scores);
    const powers = Array.from(scores, (score) => Math.exp(score - largest));
    const sum = powers.reduce((a, b) => a + b), k = place.column;
    columns.forEach((cells, i) => {
      setText(cells.score, brief(scores[i]));
      cells.score.style.background = cellColor(scores[i], reach);
      setText(cells.power, powers[i] < 0.0005 ? exact(powers[i]).replace(/\.\d/, "") : fixed(powers[i]));
      setText(cells.share, percent(probabilities[i]));
      for (const cell of Object.values(cells)) cell.classList.toggle("nv-own", i === k);
    });
    const power = `e^(${fixed(scores[k])} − ${fixed(largest)}) / Σ`.replace("− −", "+ ");
    line.replaceChildren(`softmax: ${power} = ${exact(powers[k])} / ${fixed(sum, 4)} = `,
                         element("b", { class: "nv-value", text: exact(probabilities[k]) }));
  }

  return { element: whole, update };
}
