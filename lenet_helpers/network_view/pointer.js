// What is pointed at, and what is chosen: its lights in all stages, its arithmetic in the panel.
import { makeDetail, makeSlide } from "./detail.js";
import { fixed } from "./elements.js";
import { originOf } from "./flow.js";
import { isSamePlace, nextPlace } from "./sources.js";
import { joined, placeWords, same } from "./words.js";

const FIRST_SLIDE = { stage: 1, channel: 0, row: 0, column: 0 };

// `flows()` and `shown()`: the flows on the screen and the numbers of their networks; `names()`: of
// all networks, `caption()` of the picture; `legend(size)` hears the scale; `picked()` that the choice of
// a number is finished.
export function makePointer({ network, model, speaker, state, names, flows, shown, steps, legend,
                              caption, picked }) {
  let hovered = null;
  const slide = makeSlide({ speaker, advance, restart, move, back, rest: picked });
  const detail = makeDetail({ network, speaker, controls: slide.element, steps });

  // The network of a choice may be hidden now: then it is the same place in the one that is shown.
  function current() {
    const place = hovered ?? state.chosen;
    if (!place || shown().includes(place.network)) return place;
    return { ...place, network: shown()[0] };
  }

  // `soon`: more of the like will follow in a moment.
  function light(soon = false) {
    const place = current();
    slide.offer(state.chosen);
    if (!place) {
      for (const flow of flows()) flow.mark(null, null);
      detail.showWhole([flows()[0].answer.words, caption()], state.steps);
      legend(0);
      return;
    }
    const n = place.network, run = model.run(n), origin = originOf(model.network(n), run, place);
    flows().forEach((flow, slot) => flow.mark(place, origin, shown()[slot] === n));
    const reach = model.reaches(n, state.scale), kernelReach = model.kernelReaches(n, state.scale);
    detail.showNumber({ place, origin, run, reach, kernelReach, others: sameElsewhere(place) }, soon);
    legend(place.stage < network.stages.length ? reach(place.stage, place.channel) : 0);
  }

  // What the other networks have at this place.
  function sameElsewhere(place) {
    return names().map((name, n) => ({ name, n })).filter(({ n }) => n !== place.network)
      .map(({ name, n }) => ({ name, value: originOf(model.network(n), model.run(n), place).value }));
  }

  function point(place) {
    if (isSamePlace(place, hovered)) return;
    hovered = place;
    light(true);
  }

  function leave() {
    if (hovered) point(null);
  }

  function choose(place) {
    state.chosen = place;
    if (place) viewOf(place).aim(withoutNetwork(place));
    light();
  }

  // A click on what is chosen already lets it go.
  function pin(place, how = "click") {
    slide.stop();
    if (how === "click" && isSamePlace(place, state.chosen)) {
      back();
      return;
    }
    if (how !== "click") hovered = null;
    choose(place);
    picked();
  }

  function back() {
    slide.stop();
    const had = state.chosen;
    hovered = null;
    choose(null);
    if (had) picked();
  }

  function viewOf({ network: n, stage }) {
    const { views } = flows()[Math.max(0, shown().indexOf(n))];
    return views[Math.min(stage, views.length - 1)];
  }

  // Sliding and stepping

  function advance() {
    const place = state.chosen ? nextPlace(network, state.chosen) : { network: shown()[0], ...FIRST_SLIDE };
    if (!place) return false;
    hovered = null;
    choose(place);
    return true;
  }

  function restart() {
    choose({ ...state.chosen, row: 0, column: 0 });
  }

  function move(key) {
    const place = state.chosen && viewOf(state.chosen).neighbour(withoutNetwork(state.chosen), key);
    if (place) pin({ ...state.chosen, ...place }, "button");
  }

  function actOf(networkNow) {
    const named = (place) => ({ network: networkNow(), ...place });
    return { point: (place) => point(named(place)), leave,
             pin: (place, how) => pin(named(place), how) };
  }

  function stop() {
    slide.stop();
    detail.stop();
  }

  function words() {
    const place = current();
    if (!place) return flows()[0].answer.words;
    const { value } = originOf(model.network(place.network), model.run(place.network), place);
    return joined([placeWords(network, place), same(fixed(value))], "：", ": ");
  }

  return { panel: detail.element, light, pin, back, actOf, words, stop };
}

function withoutNetwork({ network: _, ...place }) {
  return place;
}
