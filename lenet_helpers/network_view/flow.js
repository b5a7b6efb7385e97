// One network from left to right: its stages after the picture, its answer, what is lit in them.
import { makeAnswer } from "./bars.js";
import { element, vector } from "./elements.js";
import { rectangleOf } from "./layout.js";
import { coversAll, makeMaps } from "./maps.js";
import { onTheMap, receptiveFields, sourcesOf } from "./sources.js";

// `picture` is the maps' view of the input, which all networks share; `lines` their ground.
export function makeFlow({ network, picture, ground, speaker, act }) {
  const last = network.stages.length - 1;
  const inner = network.stages.slice(1, last).map((_, i) => makeMaps({ network, index: i + 1, speaker, act }));
  const answer = makeAnswer({ network, speaker, act });
  const views = [picture, ...inner, answer];
  const stages = element("div", { class: "nv-stages" }, ...inner.map((view) => view.element));
  const whole = element("div", { class: "nv-flow" }, stages);
  const lines = makeLines(ground, (s) => views[s]);

  function arrange(plans, height) {
    inner.forEach((view, i) => view.arrange(plans[i + 1]));
    answer.arrange(height);
  }

  // `reach(stage, channel)` and `kernelReach(stage, channel)`: what has the deepest colour.
  function paint(shown, run, reach, kernelReach) {
    for (const view of inner) {
      const s = view.index, { weight } = shown.layers[view.stage.layer];
      view.nameActivation(shown.stages[s].activation);
      view.paint(run.stages[s].values, (c) => reach(s, c), weight, (c) => kernelReach(s, c));
    }
  }

  // Lights up where a number comes from and what it feeds; null puts all lights out.
  function mark(place, origin, withLines) {
    for (const view of [picture, ...inner]) {
      const s = view.index;
      view.mark(origin ? { box: origin.boxes[s] ?? null, fed: origin.feeds[s] ?? null,
                           own: s === place.stage } : {});
    }
    answer.mark(place, origin);
    lines.draw(network, place, withLines ? origin : null);
  }

  function describe() {
    for (const view of [...inner, answer]) view.describe();
  }

  return { element: whole, answer, views, arrange, paint, mark, describe };
}

// Where a number comes from, what it feeds, and its arithmetic; for a probability, its scores'.
export function originOf(network, run, place) {
  const last = network.stages.length - 1;
  if (place.stage <= last) return sourcesOf(network, run, place);
  const boxes = receptiveFields(network, { stage: last, channel: 0, row: 0, column: 0 })
    .map((box, s) => (s < last ? box : { channels: "all", top: 0, left: 0, ...network.stages[s] }));
  return { kind: "softmax", value: run.probabilities[place.column], sum: run.scores[place.column],
           boxes, feeds: [], terms: [], bias: 0 };
}

// Lines between the stages: from each place that a number comes from, on to what it feeds. For a
// linear layer its largest contributions, in their colours, the wider the larger.
const MOST_CONTRIBUTIONS = 12, WIDEST_LINE = 5, MOST_LINES = 32;

// `boardOf(stage)` is the maps' view of a stage, or null where no line should begin or end.
export function makeLines(root, boardOf) {
  const sources = vector("path", { class: "nv-line" });
  const feeds = vector("path", { class: "nv-line nv-line-feeds" });
  const products = Array.from({ length: MOST_CONTRIBUTIONS }, () => vector("path"));
  root.append(vector("svg", { class: "nv-lines", "aria-hidden": "true" }, sources, feeds, ...products));

  function draw(network, place, origin) {
    const frames = framesOf(network);
    sources.setAttribute("d", origin ? between(network, frames, origin.boxes) : "");
    feeds.setAttribute("d", origin ? between(network, frames, fedFrom(place, origin)) : "");
    drawProducts(network, frames, place, origin);
  }

  function drawProducts(network, frames, place, origin) {
    const terms = origin?.kind === "linear" ? origin.terms.slice(0, MOST_CONTRIBUTIONS) : [];
    const largest = Math.abs(terms[0]?.product) || 1;
    products.forEach((path, i) => {
      const term = terms[i];
      const from = term && anchor(frames, place.stage - 1, term.channel, oneNumber(term), 1);
      const to = term && anchor(frames, place.stage, 0, oneNumber(place), 0);
      path.setAttribute("d", from && to && term.product ? curve(from, to) : "");
      path.setAttribute("class", `nv-product ${term?.product > 0 ? "nv-plus" : "nv-minus"}`);
      path.setAttribute("stroke-width", Math.max(0.7, WIDEST_LINE * Math.abs(term?.product ?? 0) / largest));
    });
  }

  // Where each board stands now, beside the upper left corner of the root.
  function framesOf(network) {
    const corner = root.getBoundingClientRect();
    return network.stages.map((stage, s) => {
      const view = boardOf(s);
      if (!view) return null;
      const { left, top } = view.board.getBoundingClientRect();
      return { left: left - corner.left, top: top - corner.top, plan: view.plan };
    });
  }

  return { draw };
}

function oneNumber({ row, column }) {
  return { top: row, left: column, height: 1, width: 1 };
}

// From a number on: the number's own box, then those that it feeds.
function fedFrom(place, origin) {
  const boxes = origin.feeds.map((box) => box);
  boxes[place.stage] = origin.boxes[place.stage] ?? null;
  return boxes;
}

function between(network, frames, boxes) {
  let d = "";
  for (let s = 1; s < network.stages.length; s++) {
    if (!boxes[s] || !boxes[s - 1] || network.stages[s].kind === "linear") continue;
    if (coversAll(boxes[s], network.stages[s]) && boxes[s].channels === "all") continue;
    const before = onTheMap(boxes[s - 1], network.stages[s - 1]);
    const after = onTheMap(boxes[s], network.stages[s]);
    if (!before || !after) continue;
    const all = pairs(network, s, before, after);
    if (all.length > MOST_LINES) continue; // too many to follow
    for (const [c, to] of all) {
      const start = anchor(frames, s - 1, c, before, 1), end = anchor(frames, s, to, after, 0);
      if (start && end) d += curve(start, end);
    }
  }
  return d;
}

// A convolution joins every map with every map, a pooling each with its own.
function pairs(network, s, before, after) {
  const list = ({ channels }, stage) =>
    channels === "all" ? Array.from({ length: stage.channels }, (_, c) => c) : channels;
  const from = list(before, network.stages[s - 1]), to = list(after, network.stages[s]);
  if (network.stages[s].kind !== "conv") return to.map((c) => [c, c]);
  return from.flatMap((c) => to.map((t) => [c, t]));
}

// The middle of a box's left (0) or right (1) edge.
function anchor(frames, s, channel, box, side) {
  const frame = frames[s];
  if (!frame) return null;
  const { left, top, width, height } = rectangleOf(frame.plan, channel, box);
  return [frame.left + left + side * width, frame.top + top + height / 2];
}

function curve([x, y], [toX, toY]) {
  const bend = Math.max(12, Math.abs(toX - x) / 2);
  return `M${x} ${y}C${x + bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}`;
}
