// The maps of one stage on a board: painted, marked, and pointed at by mouse, finger or keyboard.
import { paintInk, paintKernels, paintSigned } from "./colors.js";
import { canvasOf, element, fixed, setText, vector } from "./elements.js";
import { ARROWS, mapCorner, neighbourOf, numberAt, rectangleOf } from "./layout.js";
import { numberIndex, onTheMap } from "./sources.js";
import { KIND_WORDS, WORDS, placeWords } from "./words.js";

// `act` hears what is pointed at: point(place), leave(), pin(place). A place has no network here.
export function makeMaps({ network, index, speaker, act }) {
  const stage = network.stages[index], layer = network.layers[stage.layer];
  const isStrip = stage.kind === "linear";
  const board = element("div", { class: "nv-board", tabindex: "0", role: "application" });
  const maps = Array.from({ length: isStrip ? 1 : stage.channels }, () =>
    board.appendChild(canvasOf(stage.width, stage.height, "nv-map")));
  const marks = makeMarks(board, stage);
  const { title, nameActivation } = titleOf(stage, layer);
  nameActivation(stage.activation);
  const whole = element("section", { class: `nv-stage nv-${stage.kind}`, "data-stage": stage.name },
                        title, board);
  let plan, kernels = [], values = null;
  let cursor = { stage: index, channel: 0, row: stage.height >> 1,
                 column: isStrip ? 0 : stage.width >> 1 };
  speaker.name(board, WORDS.mapsRole, "aria-roledescription");

  function arrange(next) {
    plan = next;
    whole.style.width = plan.room ? `${plan.room}px` : "";
    Object.assign(board.style, { width: `${plan.width}px`, height: `${plan.height}px` });
    if (plan.folded) resize(maps[0], plan.folded, plan.mapHeight / plan.scale);
    maps.forEach((map, channel) => {
      const { left, top } = mapCorner(plan, channel);
      position(map, left, top, plan.mapWidth, plan.mapHeight);
    });
    for (const kernel of kernels) kernel.remove();
    kernels = plan.kernel ? maps.map((map, channel) => kernelBeside(channel)) : [];
    marks.arrange(plan);
  }

  function kernelBeside(channel) {
    const { cells: [high, wide], scale } = plan.kernel;
    const canvas = canvasOf(wide, high, "nv-kernel");
    const corner = mapCorner(plan, channel);
    position(canvas, corner.left - plan.mapLeft, corner.top, wide * scale, high * scale);
    maps[channel].before(canvas);
    return canvas;
  }

  // `reach(channel)`, `kernelReach(channel)`: the size that has the deepest colour.
  function paint(numbers, reach, weight, kernelReach) {
    values = numbers;
    const size = isStrip ? values.length : stage.height * stage.width;
    maps.forEach((map, channel) => paintSigned(map, values, reach(channel), channel * size, size));
    kernels.forEach((canvas, channel) => {
      const start = channel * layer.in * layer.kernel[0] * layer.kernel[1];
      paintKernels(canvas, weight, kernelReach(channel), { ...layer, ...plan.kernel, start });
    });
  }

  function paintPicture(inks, numbers) {
    values = numbers;
    paintInk(maps[0], inks);
  }

  // What a screen reader says of the board: what it shows now.
  function describe() {
    const size = { zh: `${sizeOf(stage)}，`, en: `${sizeOf(stage)}, ` };
    const kind = KIND_WORDS[stage.kind];
    const value = values ? `: ${fixed(values[numberIndex(stage, cursor)])}` : "";
    const place = placeWords(network, cursor);
    speaker.name(board, { zh: `${kind.zh} ${size.zh}${place.zh}${value}`,
                          en: `${kind.en} ${size.en}${place.en}${value}` });
  }

  function aim(place) {
    cursor = { ...cursor, ...place };
    return cursor;
  }

  function placeOf(event) {
    const frame = board.getBoundingClientRect();
    const x = (event.clientX - frame.left) * plan.width / frame.width;
    const y = (event.clientY - frame.top) * plan.height / frame.height;
    const found = numberAt(plan, stage, x, y);
    return found && { stage: index, ...found };
  }

  board.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return; // a finger scrolls; a tap chooses
    const place = placeOf(event);
    if (place) act.point(place);
  });
  board.addEventListener("pointerleave", () => act.leave());
  board.addEventListener("click", (event) => {
    const place = placeOf(event);
    if (place) act.pin(aim(place));
  });
  board.addEventListener("focus", () => {
    if (board.matches(":focus-visible")) act.point(cursor);
  });
  board.addEventListener("blur", () => act.leave());
  board.addEventListener("keydown", (event) => {
    const next = byKey(event);
    if (!next) return;
    event.preventDefault(); // no scrolling
    act.pin(aim(next), "key");
    describe();
  });

  function neighbour(place, key) {
    return { stage: index, ...neighbourOf(plan, stage, place, key) };
  }

  function byKey({ key, ctrlKey, altKey, metaKey }) {
    if (ctrlKey || altKey || metaKey) return null;
    if (key in ARROWS) return neighbour(cursor, key);
    if (key === "Enter" || key === " ") return cursor;
    if (key === "Home") return { column: 0 };
    if (key === "End") return { column: stage.width - 1 };
    if (key === "PageDown") return { channel: Math.min(cursor.channel + 1, stage.channels - 1) };
    if (key === "PageUp") return { channel: Math.max(cursor.channel - 1, 0) };
    return null;
  }

  return { element: whole, board, stage, index, nameActivation, arrange, paint, paintPicture, describe, aim, neighbour,
           mark: marks.mark, get plan() { return plan; }, get cursor() { return cursor; } };
}

function sizeOf({ kind, channels, height, width }) {
  if (kind === "linear") return `${width}`;
  return kind === "input" ? `${height}×${width}` : `${channels}×${height}×${width}`;
}

// "conv1", "6×28×28", "5×5 sigmoid": short enough to need no translation.
function titleOf(stage, layer) {
  const pooling = { avgpool: "mean", maxpool: "max" }[stage.kind];
  const what = element("span");
  return {
    title: element("div", { class: "nv-title" }, element("b", { text: stage.name }),
                   element("span", { text: sizeOf(stage) }), what),
    nameActivation(activation) {
      setText(what, [pooling, layer?.kernel?.join("×"), activation].filter(Boolean).join(" "));
    },
  };
}

function position(node, left, top, width, height) {
  Object.assign(node.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`,
                              height: `${height}px` });
}

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

// Marks on a board: what a number comes from lights up, the rest is veiled; what it feeds is dashed.

export function makeMarks(board, stage) {
  const path = (name) => vector("path", { class: name });
  const paths = { veil: path("nv-veil"), feeds: path("nv-feeds"), halo: path("nv-halo"),
                  sources: path("nv-sources") };
  board.append(vector("svg", { class: "nv-marks", "aria-hidden": "true" }, ...Object.values(paths)));
  let plan, shown = "";

  // box: what is lit, or null; fed: what is fed, or null; own: the box is the number itself.
  function mark({ box = null, fed = null, own = false } = {}) {
    const sources = box ? outline(box, !own && stage.kind === "input") : "";
    const feeds = fed ? outline(fed, false) : "";
    if (shown === sources + "|" + feeds + own) return;
    shown = sources + "|" + feeds + own;
    paths.sources.setAttribute("d", sources);
    paths.halo.setAttribute("d", sources);
    paths.feeds.setAttribute("d", feeds);
    paths.veil.setAttribute("d", box ? veil(box, own) : "");
    paths.sources.classList.toggle("nv-own", own);
  }

  function channelsOf({ channels }) {
    return channels === "all" ? Array.from({ length: stage.channels }, (_, c) => c) : channels;
  }

  // The picture shows how far a box reaches into the padding; between maps there is no room for it.
  function outline(box, beyondTheEdge) {
    if (coversAll(box, stage) && box.channels === "all") {
      return frame({ left: -1, top: -1, width: plan.width + 2, height: plan.height + 2 });
    }
    const part = beyondTheEdge ? box : onTheMap(box, stage);
    if (!part) return "";
    return channelsOf(part).map((channel) => frame(rectangleOf(plan, channel, part))).join("");
  }

  // Everything but the box; on the number's own board only the other maps.
  function veil(box, own) {
    const part = onTheMap(box, stage), whole = { top: 0, left: 0, ...stage };
    const lit = new Set(part ? channelsOf(part) : []);
    let d = "";
    for (const channel of channelsOf({ channels: "all" })) {
      if (own && lit.has(channel)) continue;
      d += frame(rectangleOf(plan, channel, whole));
      if (lit.has(channel)) d += frame(rectangleOf(plan, channel, part));
    }
    return d;
  }

  function arrange(next) {
    plan = next;
    mark();
  }

  return { arrange, mark };
}

export function coversAll({ top, left, height: high, width: wide }, { height, width }) {
  return top <= 0 && left <= 0 && top + high >= height && left + wide >= width;
}

function frame({ left, top, width, height }) {
  return `M${left} ${top}h${width}v${height}h${-width}z`;
}
