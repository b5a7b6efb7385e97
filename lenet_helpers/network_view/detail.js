// What is pointed at, written out: its place, its value, its arithmetic. It keeps its size.
import { cellColor } from "./colors.js";
import { makeConvolutionSum } from "./convolution.js";
import { element, exact, setText } from "./elements.js";
import { coversAll } from "./marks.js";
import { makeLinearSum, makePixelSum, makePoolingSum, makeSoftmaxSum } from "./sums.js";
import { makeWhole } from "./whole.js";
import { WORDS, placePieces, same, say } from "./words.js";

const SUMS = { input: makePixelSum, conv: makeConvolutionSum, avgpool: makePoolingSum,
               maxpool: makePoolingSum, linear: makeLinearSum };

const LONGEST_WAIT = 120; // milliseconds

export function makeDetail({ network, speaker, controls, steps }) {
  const what = element("span", { class: "nv-what" }), value = element("b", { class: "nv-value-now" });
  const field = element("span", { class: "nv-field" });
  const head = element("div", { class: "nv-detail-head" }, element("p", {}, what, value, field), controls);
  const body = element("div", { class: "nv-detail-body" });
  const whole = element("section", { class: "nv-detail" }, head, body);
  const overview = makeWhole(network);
  const sums = new Map(); // stage and activation → its arithmetic, built once
  let waiting = 0, cost = 0;
  speaker.name(whole, WORDS.detail);
  whole.setAttribute("role", "region");

  // Networks that are compared may differ in their activations.
  function sumOf(stage, activation) {
    const key = `${stage} ${activation}`;
    if (!sums.has(key)) {
      const make = stage === network.stages.length ? makeSoftmaxSum : SUMS[network.stages[stage].kind];
      const stages = network.stages.map((each, i) => (i === stage ? { ...each, activation } : each));
      sums.set(key, make({ ...network, stages }, stage));
    }
    return sums.get(key);
  }

  // context: { place, origin, run, reach, kernelReach, others: [{ name, value }] }. The arithmetic may
  // come `soon` after the rest, when the lights are on: it takes the page longer.
  function showNumber(context, soon) {
    const { place, origin, others } = context;
    whole.classList.remove("nv-idle");
    saySome(what, placePieces(network, place));
    setText(value, exact(origin.value));
    const reach = place.stage < network.stages.length ? context.reach(place.stage, place.channel) : 1;
    value.style.background = cellColor(origin.value, reach);
    saySome(field, besidePieces(network, place, origin, others, speaker.language === "both"));
    clearTimeout(waiting);
    if (soon) waiting = setTimeout(() => showSum(context), Math.min(LONGEST_WAIT, 8 * cost));
    else showSum(context);
  }

  // On a slow machine it waits until the pointer rests.
  function showSum(context) {
    const start = performance.now(), sum = sumOf(context.place.stage, context.origin.activation);
    if (body.firstChild !== sum.element) body.replaceChildren(sum.element);
    sum.update({ ...context, speaker });
    cost = performance.now() - start;
  }

  // What stands here while nothing is pointed at: how a drawing was prepared, or an invitation.
  function showWhole([answer, caption], withSteps) {
    clearTimeout(waiting);
    whole.classList.add("nv-idle");
    saySome(what, [[answer]]);
    setText(value, "");
    saySome(field, caption ? [[caption]] : []);
    value.style.background = "";
    const shown = withSteps ? steps : overview;
    if (body.firstChild !== shown) body.replaceChildren(shown);
  }

  return { element: whole, showNumber, showWhole, stop: () => clearTimeout(waiting) };
}

// The receptive field on the picture, and the same number of the other networks, in pieces.
function besidePieces(network, place, origin, others, isTight) {
  const seen = origin.boxes[0], { height, width } = network.stages[0];
  const elsewhere = others.map(({ name, value }) => [name, same(exact(value))]);
  if (place.stage === 0 || !seen) return elsewhere;
  const { pieces } = WORDS;
  if (coversAll(seen, { height, width })) return [...elsewhere, [pieces.field, pieces.everything]];
  const span = (start, size) => `${start}…${start + size - 1}`.replaceAll("-", "−");
  const rows = span(seen.top, seen.height), columns = span(seen.left, seen.width);
  if (isTight) return [...elsewhere, [pieces.field, same(`[${rows}, ${columns}]`)]];
  return [...elsewhere, [pieces.field], [pieces.rows, same(rows)], [pieces.columns, same(columns)]];
}

// Words, each with a number or other words after it, on one line.
function saySome(node, pieces) {
  pieces.forEach((piece, i) => {
    const part = node.children[i] ?? node.appendChild(
      element("span", { class: "nv-piece" }, element("span"), " ", element("span")));
    say(part.firstChild, piece[0]);
    say(part.lastChild, piece[1] ?? same(""));
  });
  while (node.children.length > pieces.length) node.lastChild.remove();
}
