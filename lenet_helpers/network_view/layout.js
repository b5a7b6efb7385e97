// How large everything is drawn: a whole number of pixels for each number, as many as fit.
//
// The plan of a stage says where its maps lie on its board, in pixels of the screen. A linear layer
// lies folded on its board like a text, row after row.

const GAP = 4, BESIDE_KERNELS = 3, BETWEEN_STAGES = 13, NARROWEST_TITLES = { maps: 66, strip: 44 };
const LARGEST_SCALE = 14, LARGEST_MAP = 120, STRIP_CELLS = [9, 8, 7, 6, 5, 4, 3];
const MOST_KERNELS = 16; // of one map, so that a wide network still fits

// One plan for each stage, null for the first and the last, which stand elsewhere.
export function planStages(network, { width, height, kernels, narrow }) {
  const inner = network.stages.slice(1, -1).map((stage) => {
    const layer = network.layers[stage.layer];
    if (stage.kind === "linear") return [stripPlan(stage, width, height, narrow)];
    const plans = mapPlans(stage, kernels && layer.kind === "conv" ? layer : null, height);
    return narrow ? [widestOf(plans, stage, width)] : cheapest(plans);
  });
  const chosen = narrow ? inner.map(([plan]) => plan) : shareOut(inner, width);
  for (const plan of chosen) plan.room = narrow ? 0 : roomOf(plan);
  return [null, ...chosen, null];
}

export function planInput({ height, width }, side) {
  const scale = Math.max(1, Math.floor(side / Math.max(height, width)));
  return boardPlan({ channels: 1, height, width }, scale, 1, null);
}

function mapPlans(stage, layer, height) {
  const plans = [];
  const side = Math.max(stage.height, stage.width);
  const most = Math.max(1, Math.min(LARGEST_SCALE, Math.floor(LARGEST_MAP / side)));
  for (let scale = 1; scale <= most; scale++) {
    for (let columns = 1; columns <= stage.channels; columns++) {
      const plan = boardPlan(stage, scale, columns, layer);
      if (plan.height <= height) plans.push(plan);
    }
  }
  return plans.length ? plans : [boardPlan(stage, 1, stage.channels, layer)];
}

function boardPlan(stage, scale, columns, layer) {
  const rows = Math.ceil(stage.channels / columns);
  const kernel = layer ? kernelPlan(layer, stage, scale) : null;
  const mapLeft = kernel ? kernel.width + BESIDE_KERNELS : 0;
  const mapWidth = stage.width * scale, mapHeight = stage.height * scale;
  const across = mapLeft + mapWidth + GAP, down = Math.max(mapHeight, kernel ? kernel.height : 0) + GAP;
  return { scale, columns, rows, kernel, mapLeft, mapWidth, mapHeight, across, down, folded: 0,
           width: columns * across - GAP, height: rows * down - GAP };
}

// The block of a map's kernels: as large as the map allows.
function kernelPlan({ kernel: [high, wide], in: inputs }, stage, mapScale) {
  const count = Math.min(inputs, MOST_KERNELS);
  for (let scale = 4; scale >= 1; scale--) {
    const rows = Math.floor((stage.height * mapScale + scale) / ((high + 1) * scale));
    const columns = Math.ceil(count / Math.max(1, rows));
    const width = (columns * (wide + 1) - 1) * scale;
    if (scale > 1 && (rows < 1 || width > Math.max(20, 0.8 * stage.width * mapScale))) continue;
    const used = Math.ceil(count / columns);
    return { scale, count, columns, cells: [used * (high + 1) - 1, columns * (wide + 1) - 1],
             width, height: (used * (high + 1) - 1) * scale };
  }
}

function stripPlan(stage, width, height, narrow) {
  const units = stage.width;
  const folds = (cell) => (narrow ? Math.min(units, Math.floor(width / cell))
                                  : Math.ceil(units / Math.floor(height / cell)));
  const cell = narrow ? 12 : STRIP_CELLS.find((size) => folds(size) * size <= 40) ?? 3;
  const columns = folds(cell), rows = Math.ceil(units / columns);
  return { scale: cell, columns: 1, rows: 1, kernel: null, mapLeft: 0, folded: columns,
           mapWidth: columns * cell, mapHeight: rows * cell, across: 0, down: 0,
           width: columns * cell, height: rows * cell };
}

// The narrowest plan of each scale, scales upwards.
function cheapest(plans) {
  const best = new Map();
  for (const plan of plans) {
    const kept = best.get(plan.scale);
    if (!kept || plan.width < kept.width) best.set(plan.scale, plan);
  }
  return [...best.values()];
}

// On a narrow screen: three maps side by side, four of many.
function widestOf(plans, { channels }, width) {
  const wanted = Math.min(channels, channels > 6 ? 4 : 3);
  const fit = plans.filter((plan) => plan.width <= width && plan.columns >= wanted);
  return fit.reduce((best, plan) => (plan.scale > best.scale ? plan : best), fit[0] ?? plans[0]);
}

// A stage is as wide as its maps, or as its title.
function roomOf({ width, folded }) {
  return Math.max(width, folded ? NARROWEST_TITLES.strip : NARROWEST_TITLES.maps);
}

// The numbers that are hardest to point at shall be as easy as they can; what room is left then goes
// to the hardest that can still be enlarged.
function shareOut(choices, width) {
  const room = width - BETWEEN_STAGES * choices.length;
  const total = (plans) => plans.reduce((sum, plan) => sum + roomOf(plan), 0);
  const atLeast = (ease) => choices.map((plans) =>
    plans.find((plan) => easeOf(plan) >= ease) ?? plans[plans.length - 1]);
  const levels = choices.flat().map(easeOf).sort((a, b) => b - a);
  const level = levels.find((ease) => total(atLeast(ease)) <= room);
  const chosen = level === undefined ? choices.map(([least]) => least) : atLeast(level);
  for (;;) {
    const left = room - total(chosen);
    const larger = choices.map((plans, s) => plans[plans.indexOf(chosen[s]) + 1]);
    const fits = larger.map((plan, s) => plan && roomOf(plan) - roomOf(chosen[s]) <= left);
    const next = [...chosen.keys()].filter((s) => fits[s])
      .sort((a, b) => easeOf(chosen[a]) - easeOf(chosen[b]))[0];
    if (next === undefined) return chosen;
    chosen[next] = larger[next];
  }
}

function easeOf({ scale, mapHeight, folded }) {
  return folded ? Infinity : scale * Math.sqrt(mapHeight);
}

// Where things lie on the board

export function mapCorner(plan, channel) {
  return { left: (channel % plan.columns) * plan.across + plan.mapLeft,
           top: Math.floor(channel / plan.columns) * plan.down };
}

// A rectangle of numbers of one map: left, top, width and height in pixels.
export function rectangleOf(plan, channel, { top, left, height, width }) {
  const corner = mapCorner(plan, channel), { scale, folded } = plan;
  if (!folded) {
    return { left: corner.left + left * scale, top: corner.top + top * scale,
             width: width * scale, height: height * scale };
  }
  if (width > 1) return { left: 0, top: 0, width: plan.mapWidth, height: plan.mapHeight };
  return { left: (left % folded) * scale, top: Math.floor(left / folded) * scale,
           width: scale, height: scale };
}

// The number at a point of the board, or null beside the maps.
export function numberAt(plan, stage, x, y) {
  const { scale, folded } = plan;
  if (folded) {
    const column = Math.floor(y / scale) * folded + Math.min(folded - 1, Math.floor(x / scale));
    return x >= 0 && column >= 0 && column < stage.width ? { channel: 0, row: 0, column } : null;
  }
  const tile = Math.floor(x / plan.across), line = Math.floor(y / plan.down);
  const channel = line * plan.columns + tile;
  if (tile < 0 || tile >= plan.columns || channel < 0 || channel >= stage.channels) return null;
  const corner = mapCorner(plan, channel);
  const row = Math.floor((y - corner.top) / scale), column = Math.floor((x - corner.left) / scale);
  const inside = row >= 0 && row < stage.height && column >= 0 && column < stage.width;
  return inside ? { channel, row, column } : null;
}

// The number that an arrow key leads to: inside a map, and over its edge into the next one.
export function neighbourOf(plan, stage, { channel, row, column }, key) {
  const [down, across] = ARROWS[key];
  if (plan.folded) {
    const unit = column + across + down * plan.folded;
    return { channel, row, column: unit >= 0 && unit < stage.width ? unit : column };
  }
  const next = { channel, row: row + down, column: column + across };
  if (next.row >= 0 && next.row < stage.height && next.column >= 0 && next.column < stage.width) {
    return next;
  }
  const tile = (channel % plan.columns) + across, to = channel + across + down * plan.columns;
  if (tile < 0 || tile >= plan.columns || to < 0 || to >= stage.channels) return { channel, row, column };
  return { channel: to, row: (next.row + stage.height) % stage.height,
           column: (next.column + stage.width) % stage.width };
}

export const ARROWS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};
