// The arithmetic of the other numbers: pixels, poolings, linear layers, probabilities.
import { cellColor, makeSumLine, makeTable, paintSigned, reachOf } from "./colors.js";
import { asTerm, brief, canvasOf, element, exact, fixed, percent, rove, setText } from "./elements.js";
import { WORDS, joined, same, say } from "./words.js";

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

// The arithmetic of one number of a convolution: for each input map patch × kernel, then their sum.

const MOST_TERMS = 6; // shown one by one; of more, the largest and the sum of the others

export function makeConvolutionSum(network, index) {
  const stage = network.stages[index], layer = network.layers[stage.layer];
  const before = network.stages[index - 1], [high, wide] = layer.kernel;
  const count = Math.min(layer.in, MOST_TERMS), others = layer.in - count;
  const buttons = Array.from({ length: count }, () => makeTermButton(high, wide));
  const tables = [WORDS.patch, WORDS.kernel, WORDS.products].map((words) => {
    const caption = element("span");
    return { caption, words, ...makeTable(high, wide, caption) };
  });
  const line = makeSumLine({ activation: stage.activation, parts: [
    ...buttons.map(() => null), ...(others ? [WORDS.others(others)] : [])] });
  const terms = element("div", { class: "nv-terms", role: "group" }, ...buttons.map(({ button }) => button));
  const keepStop = rove(terms);
  const [patch, kernel, products] = tables;
  products.element.classList.add("nv-products");
  const total = element("b");
  products.caption.after(total);
  const focus = element("div", { class: "nv-focus" }, patch.element, "×", kernel.element,
                        element("span", { class: "nv-equals", text: "=" }), products.element);
  const whole = element("div", { class: "nv-sum" }, line.element,
                        element("div", { class: "nv-beside" }, count > 1 ? terms : "", focus));
  let chosen = null, context = null;

  buttons.forEach((each, i) => each.button.addEventListener("click", () => {
    chosen = shown(context.origin.terms)[i].channel;
    update(context);
  }));

  function shown(all) {
    if (!others) return all;
    return [...all].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum)).slice(0, count);
  }

  function update(next) {
    context = next;
    const { origin, reach, kernelReach, place, speaker } = context;
    const some = shown(origin.terms), sums = some.map(({ sum }) => sum);
    const rest = others ? [origin.sum - origin.bias - sums.reduce((a, b) => a + b)] : [];
    const term = some.find(({ channel }) => channel === chosen) ?? largestOf(some);
    const sizes = { kernel: kernelReach(index, place.channel), sum: reachOf([...sums, ...rest]) };
    speaker.name(terms, WORDS.terms);
    some.forEach((each, i) => {
      const sources = reach(index - 1, each.channel);
      updateButton(buttons[i], each, each === term, sources, sizes, speaker);
    });
    keepStop();
    line.update([...sums, ...rest], origin.bias, origin.sum, origin.value, sizes.sum);
    updateTables(term, reach(index - 1, term.channel), sizes.kernel);
  }

  function updateTables(term, reach, kernelReach) {
    const each = term.patch.map((value, i) => value * term.kernel[i]);
    const isPadding = (i) => {
      const row = term.top + Math.floor(i / wide), column = term.left + (i % wide);
      return row < 0 || column < 0 || row >= before.height || column >= before.width;
    };
    patch.update(term.patch, reach, isPadding);
    kernel.update(term.kernel, kernelReach);
    products.update(each, reachOf(each));
    const from = before.channels > 1 ? WORDS.inputMap(term.channel) : same("");
    say(patch.caption, before.channels > 1 ? from : WORDS.patch);
    say(kernel.caption, WORDS.kernel);
    say(products.caption, WORDS.products);
    setText(total, ` Σ = ${fixed(term.sum)}`);
  }

  return { element: whole, update };
}

function largestOf(terms) {
  return terms.reduce((best, term) => (Math.abs(term.sum) > Math.abs(best.sum) ? term : best));
}

// Patch and kernel as two small pictures, their sum below.
function makeTermButton(high, wide) {
  const patch = canvasOf(wide, high, "nv-small"), kernel = canvasOf(wide, high, "nv-small");
  const number = element("span", { class: "nv-number" });
  const button = element("button", { type: "button", class: "nv-term" }, patch, kernel, number);
  return { button, patch, kernel, number };
}

function updateButton(parts, term, isChosen, reach, sizes, speaker) {
  paintSigned(parts.patch, term.patch, reach);
  paintSigned(parts.kernel, term.kernel, sizes.kernel);
  setText(parts.number, asTerm(term.sum));
  parts.number.style.background = cellColor(term.sum, sizes.sum);
  parts.button.setAttribute("aria-pressed", isChosen);
  const sum = same(fixed(term.sum));
  speaker.name(parts.button, joined([WORDS.inputMap(term.channel), sum], "：", ": "));
}
