// The arithmetic of one number of a convolution: for each input map patch × kernel, then their sum.
import { cellColor, paintSigned, reachOf } from "./colors.js";
import { asTerm, canvasOf, element, fixed, rove, setText } from "./elements.js";
import { makeSumLine, makeTable } from "./tables.js";
import { WORDS, joined, same, say } from "./words.js";

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
