// The size that has the deepest colour, for each stage and channel, in one of three scales: of each
// map, of each layer, or shared by several networks.
import { reachOf } from "./colors.js";

export function reachesOf(network, runs, scale) {
  return keep((s, channel) => {
    const { height, width } = network.stages[s];
    const [from, to] = part(scale, channel, height * width);
    return Math.max(...runs.map((run) => reachOf(run.stages[s].values, from, to)));
  }, scale);
}

export function kernelReachesOf(networks, scale) {
  return keep((s, channel) => {
    const layers = networks.map(({ layers, stages }) => layers[stages[s].layer]);
    const [from, to] = part(scale, channel, layers[0].weight.length / layers[0].out);
    return Math.max(...layers.map(({ weight }) => reachOf(weight, from, to)));
  }, scale);
}

function part(scale, channel, size) {
  return scale === "map" ? [channel * size, (channel + 1) * size] : [0, undefined];
}

// Each is computed once, and only if it is asked for.
function keep(compute, scale) {
  const kept = new Map();
  return (s, channel) => {
    const key = scale === "map" ? `${s} ${channel}` : s;
    if (!kept.has(key)) kept.set(key, compute(s, channel));
    return kept.get(key);
  };
}
