// The view in a notebook (anywidget).
import { bytesOf, keepInStep } from "./in_step.js";
import { readNetwork, unpacked } from "./network.js";
import { makeRefuse, readRefusal } from "./refuse.js";
import { mountNetworkView } from "./view.js";

export function render({ model, el }) {
  const networks = model.get("networks").map(({ description, weights, name }) =>
    ({ network: readNetwork(description, weights), name }));
  const checkpoints = checkpointsOf(model, networks[0].network);
  const refuse = makeRefuse(model.get("refusals").map((rule) => rule && readRefusal(rule[0], rule[1])));
  const mountView = (options) =>
    mountNetworkView(el, { networks, checkpoints, draw: model.get("draw"), refuse, ...options });
  return keepInStep({ model, el, mountView });
}

// Weights come in 8 bits each, except those that the network has in the end.
function checkpointsOf(model, network) {
  const given = model.get("checkpoints");
  if (!given) return null;
  const { moments, losses, ...rest } = given, { description } = model.get("networks")[0];
  const networkAt = (i) => (moments[i].levels ? stored(moments[i]) : network);
  const stored = ({ scales, levels }) => readNetwork(description, unpacked({ scales, levels: bytesOf(levels) }));
  return { ...rest, losses: losses.map((loss) => loss ?? NaN), networkAt };
}
