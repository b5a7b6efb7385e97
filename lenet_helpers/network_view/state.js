// What a view shows, as a plain object: it can be JSON, and stand in an address.
import { placeOn } from "./places.js";

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
