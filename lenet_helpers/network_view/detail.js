// What is pointed at, written out: its place, its value, its arithmetic. It keeps its size.
import { cellColor } from "./colors.js";
import { element, exact, isMotionUnwanted, setText } from "./elements.js";
import { coversAll } from "./maps.js";
import { makeConvolutionSum, makeLinearSum, makePixelSum, makePoolingSum, makeSoftmaxSum } from "./sums.js";
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

// The whole network in numbers: what each layer puts out, has learned, and computes.

export function makeWhole(network) {
  const stages = network.stages.map((stage) => ({ ...stage, ...countsOf(network, stage) }));
  const sum = (key) => stages.reduce((total, stage) => total + stage[key], 0);
  const row = (key, total) => element("tr", {}, say(element("th", { scope: "row" }), WORDS.counts[key]),
    ...stages.map((stage) => element("td", { text: spaced(stage[key]) })),
    element("td", { text: total ? spaced(sum(key)) : "" }));
  const head = element("tr", {}, element("td"),
    ...stages.map(({ name }) => element("th", { scope: "col", text: name })),
    say(element("th", { scope: "col" }), WORDS.sum));
  const table = element("table", { class: "nv-numbers" }, element("thead", {}, head),
    element("tbody", {}, row("numbers", true), row("parameters", true), row("products", true)));
  return element("div", { class: "nv-whole" },
                 say(element("p", { class: "nv-invitation" }), WORDS.invitation), table);
}

// Numbers put out, parameters learned, products of an input and a weight (padding included).
function countsOf({ layers }, { kind, layer: index, channels, height, width }) {
  const numbers = channels * height * width, layer = layers[index];
  if (kind !== "conv" && kind !== "linear") return { numbers, parameters: 0, products: 0 };
  return { numbers, parameters: layer.weight.length + layer.bias.length,
           products: numbers * layer.weight.length / layer.out };
}

function spaced(count) {
  return count ? count.toLocaleString("en") : "–";
}

// Controls that move what is chosen: the window slides over its map, step by step or quickly.

const STEP = 450, FAST = 40, CALM = 900; // milliseconds a number; CALM where less motion is asked for

// `advance()` chooses the next number of the map and says whether there was one; `restart()` the
// first; `move(key)` acts as an arrow key; `rest()` hears that the sliding has ended.
export function makeSlide({ speaker, advance, restart, move, back, rest }) {
  const play = button("nv-play", WORDS.slideLong, toggle);
  const step = button("nv-step", WORDS.step, () => { stop(); advance(); rest(); });
  const fast = element("input", { type: "checkbox" });
  const whole = button("nv-back", WORDS.back, () => { stop(); back(); });
  const moves = Object.entries({ ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", ArrowRight: "→" })
    .map(([key, sign]) => {
      const each = button("nv-move", WORDS.moves[key], () => { stop(); move(key); });
      each.textContent = sign;
      return each;
    });
  const sign = element("span", { "aria-hidden": "true" });
  play.append(sign, " ", say(element("span"), WORDS.slide));
  step.textContent = "⇥";
  whole.textContent = "✕";
  let timer = 0;
  setText(sign, "▶");

  function button(name, words, act) {
    const made = element("button", { type: "button", class: name, on: { click: act } });
    speaker.name(made, words);
    return speaker.name(made, words, "title");
  }

  function pause() {
    if (isMotionUnwanted()) return CALM;
    return fast.checked ? FAST : STEP;
  }

  function toggle() {
    if (timer) {
      stop();
      rest();
    } else {
      setText(sign, "⏸");
      speaker.name(play, WORDS.pause);
      if (!advance()) restart();
      timer = setTimeout(tick, pause());
    }
  }

  function tick() {
    if (advance()) {
      timer = setTimeout(tick, pause());
      return;
    }
    stop();
    rest();
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    setText(sign, "▶");
    speaker.name(play, WORDS.slideLong);
  }

  function offer(something) {
    whole.hidden = !something;
    for (const each of moves) each.disabled = !something;
  }

  const quick = element("label", { class: "nv-fast" }, fast, " ", say(element("span"), WORDS.fast));
  const moving = element("span", { class: "nv-moves" }, ...moves);
  return { element: element("div", { class: "nv-controls" }, moving, play, step, quick, whole), stop, offer,
           get running() { return timer !== 0; } };
}
