// What a view shows, as a plain object: it can be JSON, and stand in an address.
import { kernelReachesOf, reachesOf } from "./colors.js";
import { digitSteps } from "./digit_form.js";
import { forward } from "./network.js";
import { isBlank } from "./pad.js";
import { placeOn } from "./sources.js";

const USUAL_STATE = { picture: null, drawing: null, chosen: null, network: 0, kernels: false, steps: false };

// The state to begin with: what was asked for, as far as it fits these networks.
export function firstState({ state = {}, language = "both", networks, checkpoints }, scales) {
  const asked = { ...USUAL_STATE, language, ...state }, { chosen } = asked;
  const { network } = networks[0], last = checkpoints ? checkpoints.at.length - 1 : null;
  const isThere = (n) => Number.isInteger(n) && n >= 0 && n < networks.length;
  const place = chosen && placeOn(network, chosen);
  return {
    ...asked,
    network: isThere(asked.network) || (asked.network === "both" && isThere(1)) ? asked.network : 0,
    scale: scales.includes(asked.scale) ? asked.scale : scales[scales.length - 1],
    checkpoint: Number.isInteger(asked.checkpoint) && last !== null
      ? Math.min(Math.max(asked.checkpoint, 0), last) : last,
    chosen: place && { network: isThere(chosen.network) ? chosen.network : 0, ...place },
  };
}

// What is computed: the numbers of each network for the picture, one forward pass for each.

export function makeModel({ networks, checkpoints }) {
  let given = networks.map(({ network }) => network), checkpoint = null;
  const stored = new Map(); // checkpoint → network
  const runs = new Map(); // network → its numbers for the picture
  let inks = new Float64Array(given[0].input[0] * given[0].input[1]), steps = null, scan = null;

  // The network with number n; the first one as it was at the chosen checkpoint.
  function network(n) {
    if (n > 0 || checkpoint === null) return given[n];
    if (!stored.has(checkpoint)) stored.set(checkpoint, checkpoints.networkAt(checkpoint));
    return stored.get(checkpoint);
  }

  function runOf(one) {
    if (!runs.has(one)) runs.set(one, forward(one, inks));
    return runs.get(one);
  }

  // What lies on the pad becomes the picture; a picture to choose from is one already.
  function look(drawing, pad) {
    runs.clear();
    const asItIs = drawing.base && drawing.base.picture !== undefined && !drawing.strokes.length;
    scan = asItIs || isBlank(drawing) ? null : pad.scan();
    steps = scan && digitSteps(scan);
    inks = steps ? steps.image.values : asItIs ? drawing.base.inks : new Float64Array(inks.length);
  }

  // All that is compared: what is shown, and where a training ends.
  function compared() {
    const all = given.map((_, n) => network(n));
    return checkpoint === null ? all : [...all, given[0]];
  }

  function reaches(n, scale) {
    const nets = scale === "shared" ? compared() : [network(n)];
    return reachesOf(given[0], nets.map(runOf), scale);
  }

  function kernelReaches(n, scale) {
    return kernelReachesOf(scale === "shared" ? compared() : [network(n)], scale);
  }

  // The weights may have changed in place: nothing that was computed holds any more.
  function setNetworks(next) {
    given = next.map((each) => each.network);
    runs.clear();
  }

  return {
    isEarlier: (n) => n === 0 && checkpoint !== null && checkpoint < checkpoints.at.length - 1,
    network, look, reaches, kernelReaches, setNetworks,
    run: (n) => runOf(network(n)),
    showCheckpoint(i) { checkpoint = i; },
    get count() { return given.length; },
    get inks() { return inks; }, get steps() { return steps; }, get scan() { return scan; },
    get inked() { return inks.some((ink) => ink > 0); },
  };
}
