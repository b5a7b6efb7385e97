// Numbers as colours: blue above zero, orange below, and the more colour the larger the number.
//
// A canvas holds one pixel for each number. Zero is transparent, so that the paper behind it, white
// or dark, is the colour of zero.
import { asTerm, brief, element, exact, fixed, setText } from "./elements.js";
import { WORDS, say } from "./words.js";

const BLUE = "#0072B2", ORANGE = "#D55E00"; // as in view.css, and in palette.py
const BLUE_PIXEL = pixelOf(BLUE), ORANGE_PIXEL = pixelOf(ORANGE);
const DEEPEST = 0.72; // behind a text, which must stay readable

const PAINTED = new WeakMap(); // canvas → its pixels

function pixelsOf(canvas) {
  let kept = PAINTED.get(canvas);
  if (!kept || kept.image.width !== canvas.width || kept.image.height !== canvas.height) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    kept = { context, image, pixels: new Uint32Array(image.data.buffer) };
    PAINTED.set(canvas, kept);
  }
  return kept;
}

// `count` numbers from `start` on; `reach` is the size that has the deepest colour.
export function paintSigned(canvas, values, reach, start = 0, count = values.length) {
  const { context, image, pixels } = pixelsOf(canvas);
  const scale = 255 / (reach || 1);
  for (let i = 0; i < count; i++) pixels[i] = signedPixel(values[start + i] * scale);
  pixels.fill(0, count);
  context.putImageData(image, 0, 0);
}

function signedPixel(level) {
  const alpha = Math.min(255, Math.abs(level) + 0.5) | 0;
  return ((alpha << 24) | (level > 0 ? BLUE_PIXEL : ORANGE_PIXEL)) >>> 0;
}

// The kernels of one map, one for each input map, side by side in a block of so many columns.
export function paintKernels(canvas, weights, reach, { start, kernel, columns, count }) {
  const { context, image, pixels } = pixelsOf(canvas);
  const [high, wide] = kernel;
  const scale = 255 / (reach || 1);
  pixels.fill(0);
  for (let k = 0; k < count; k++) {
    const top = Math.floor(k / columns) * (high + 1), left = (k % columns) * (wide + 1);
    for (let i = 0; i < high * wide; i++) {
      const y = top + Math.floor(i / wide), x = left + (i % wide);
      pixels[y * canvas.width + x] = signedPixel(weights[start + k * high * wide + i] * scale);
    }
  }
  context.putImageData(image, 0, 0);
}

// Ink from 0 (paper) to 255.
export function paintInk(canvas, inks) {
  const { context, image, pixels } = pixelsOf(canvas);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (Math.round(inks[i]) << 24) >>> 0;
  context.putImageData(image, 0, 0);
}

export function cellColor(value, reach) {
  const depth = DEEPEST * Math.min(1, Math.abs(value) / (reach || 1));
  const alpha = Math.round(255 * (depth || 0)).toString(16).padStart(2, "0");
  return `${value > 0 ? BLUE : ORANGE}${alpha}`;
}

// "#rrggbb" without its alpha, bytes in the order of a pixel.
function pixelOf(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return (blue << 16) | (green << 8) | red;
}

// The largest size among these numbers; those that are not finite don't count.
export function reachOf(values, start = 0, end = values.length) {
  let reach = 0;
  for (let i = start; i < end; i++) {
    const size = Math.abs(values[i]);
    if (size > reach && size < Infinity) reach = size;
  }
  return reach;
}

// The size that has the deepest colour, for each stage and channel, in one of three scales: of each
// map, of each layer, or shared by several networks.
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

// Notes on the view whether its paper is dark: pages and JupyterLab have themes of their own.

export function watchTheme(root) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const watcher = new MutationObserver(look), arrival = new ResizeObserver(look);

  function look() {
    if (!root.isConnected) return; // it looks again when it is back on the page
    const [red, green, blue] = getComputedStyle(root).backgroundColor.match(/[\d.]+/g).map(Number);
    root.dataset.dark = String(0.3 * red + 0.6 * green + 0.1 * blue < 110);
  }

  for (const page of [document.documentElement, document.body]) {
    watcher.observe(page, { attributes: true });
  }
  query.addEventListener("change", look);
  arrival.observe(root);
  look();
  return () => {
    watcher.disconnect();
    arrival.disconnect();
    query.removeEventListener("change", look);
  };
}

// The pieces that arithmetic is shown with: tables of coloured numbers, and a sum on one line.

const LARGEST_WITH_NUMBERS = 7; // of a window; a larger one shows its colours alone

// `caption` is a node; `update(values, reach, isPadding)` colours a cell and writes its number.
export function makeTable(rows, columns, caption) {
  const cells = Array.from({ length: rows * columns }, () => element("span"));
  const withNumbers = Math.max(rows, columns) <= LARGEST_WITH_NUMBERS;
  const size = !withNumbers ? "nv-colors-only" : Math.max(rows, columns) <= 3 ? "nv-large" : "";
  const grid = element("div", { class: `nv-cells ${size}`, style: `--nv-columns: ${columns}` }, ...cells);
  const whole = element("figure", { class: "nv-table" }, grid, element("figcaption", {}, caption));

  const shown = cells.map(() => ({})); // asking the page what it shows takes longer

  function update(values, reach, isPadding = () => false) {
    cells.forEach((cell, i) => {
      const color = cellColor(values[i], reach), padding = isPadding(i);
      const text = withNumbers && values[i] !== -Infinity ? brief(values[i]) : "";
      if (shown[i].color !== color) cell.style.background = color;
      if (shown[i].text !== text) cell.textContent = text;
      if (shown[i].padding !== padding) cell.classList.toggle("nv-padding", padding);
      shown[i] = { color, text, padding };
    });
  }

  return { element: whole, cells, update };
}

// Parts + bias = sum → activation → value. Each part may have a word below it.
export function makeSumLine({ parts, activation, bias = true }) {
  const partNodes = parts.map((words) => makePart(words));
  const biasNode = makePart(WORDS.bias);
  const total = element("b", { class: "nv-total" }), value = element("b", { class: "nv-value" });
  const whole = element("p", { class: "nv-sum-line" }, ...partNodes.map(({ whole }) => whole));
  if (bias) whole.append(biasNode.whole);
  whole.append(" = ", total);
  if (activation) whole.append(` → ${activation} → `, value);

  function update(numbers, biasNumber, sum, result, reach) {
    partNodes.forEach(({ number, whole: part }, i) => {
      setText(number, i ? asTerm(numbers[i]) : fixed(numbers[i]));
      part.style.background = cellColor(numbers[i], reach);
    });
    setText(biasNode.number, asTerm(biasNumber));
    setText(total, fixed(sum));
    setText(value, exact(result));
  }

  return { element: whole, update };
}

function makePart(words) {
  const number = element("span", { class: "nv-number" });
  const whole = element("span", { class: "nv-part" }, number);
  if (words) whole.append(say(element("small"), words));
  return { whole, number };
}
