// One network from left to right: its stages after the picture, its answer, what is lit in them.
import { element } from "./elements.js";
import { makeAnswer } from "./bars.js";
import { makeLines } from "./lines.js";
import { makeMaps } from "./maps.js";
import { receptiveFields, sourcesOf } from "./sources.js";

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
