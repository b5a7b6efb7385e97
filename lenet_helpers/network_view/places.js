// Places of numbers: {stage, channel, row, column}; the stage after the last one is the probabilities.

// A place as it is asked for from outside, its stage by number or name, moved onto its map if it lies
// beside it; null if there is no such stage.
export function placeOn(network, { stage, channel = 0, row = 0, column = 0 }) {
  const { stages, classes } = network;
  const names = [...stages.map(({ name }) => name), "probabilities"];
  const index = typeof stage === "string" ? names.indexOf(stage) : stage;
  if (!(index >= 0 && index <= stages.length)) return null;
  const size = stages[index] ?? { channels: 1, height: 1, width: classes.length };
  const within = (value, count) => Math.min(Math.max(Math.round(value) || 0, 0), count - 1);
  return { stage: index, channel: within(channel, size.channels), row: within(row, size.height),
           column: within(column, size.width) };
}

// The number after this one on its map, row after row; null after the last.
export function nextPlace(network, place) {
  const { height, width } = network.stages[place.stage] ?? { height: 1, width: network.classes.length };
  if (place.column + 1 < width) return { ...place, column: place.column + 1 };
  return place.row + 1 < height ? { ...place, row: place.row + 1, column: 0 } : null;
}

export function isSamePlace(one, other) {
  if (!one || !other) return !one && !other;
  return ["network", "stage", "channel", "row", "column"].every((key) => one[key] === other[key]);
}
