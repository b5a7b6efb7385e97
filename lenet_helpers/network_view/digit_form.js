// From a drawing to an image like MNIST's, step by step as in lesson 02: crop to the ink, shrink
// into 20 × 20 with anti-aliasing, put the centre of mass at pixel 14 of 28 × 28. The same is done
// in Python by lenet_helpers/handwriting/form.py.
//
// A picture is {height, width, values} with inks from 0 (paper) to 255, row after row.
import { paintInk } from "./colors.js";
import { canvasOf, element, setText } from "./elements.js";
import { WORDS, say } from "./words.js";

const MNIST_SIDE = 28, LONGEST_SIDE = 20, MIDDLE_PIXEL = 14;

export function normalizeDigit(scan) {
  return digitSteps(scan).image;
}

// What each step makes of a scan. Of blank paper, `box` and `fitted` have no pixels at all.
export function digitSteps(scan) {
  const box = cropToInk(scan);
  if (!box.height) return { scan, box, fitted: box, image: blankPicture(MNIST_SIDE, MNIST_SIDE) };
  const fitted = shrinkToFit(box);
  return { scan, box, fitted, image: placeByMass(fitted) };
}

export function blankPicture(height, width) {
  return { height, width, values: new Float32Array(height * width) }; // as precise as PyTorch's
}

// What lies within the bounding box of all ink.
export function cropToInk(scan) {
  const { height, width, values } = scan;
  let top = height, bottom = -1, left = width, right = -1;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (values[row * width + column] === 0) continue;
      top = Math.min(top, row);
      bottom = row;
      left = Math.min(left, column);
      right = Math.max(right, column);
    }
  }
  if (bottom < 0) return blankPicture(0, 0);
  const box = blankPicture(bottom + 1 - top, right + 1 - left);
  copyInto(box, 0, 0, scan, top, left, box.height, box.width);
  return box;
}

// The ink with a margin around it, and no more.
export function withMargin(scan) {
  const box = cropToInk(scan), margin = Math.max(2, Math.floor(Math.max(box.height, box.width) / 5));
  const result = blankPicture(box.height + 2 * margin, box.width + 2 * margin);
  copyInto(result, margin, margin, box, 0, 0, box.height, box.width);
  return result;
}

// A rectangle of one picture to a place in another.
export function copyInto(target, toRow, toColumn, source, fromRow, fromColumn, height, width) {
  for (let row = 0; row < height; row++) {
    const from = (fromRow + row) * source.width + fromColumn;
    const line = source.values.slice(from, from + width);
    target.values.set(line, (toRow + row) * target.width + toColumn);
  }
}

// The longer side becomes 20; what is smaller already stays as it is.
function shrinkToFit(box) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(box.height, box.width));
  const height = Math.max(1, roundHalfEven(box.height * scale));
  const width = Math.max(1, roundHalfEven(box.width * scale));
  return scaled(box, height, width);
}

// Of another size, anti-aliased where it becomes smaller.
export function scaled(picture, height, width) {
  return turnOver(scaleRows(turnOver(scaleRows(picture, height)), width));
}

// As Python rounds: a half goes to the even neighbour.
export function roundHalfEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

// Another number of rows, each a weighted mean of those around it: the weights are a triangle as wide
// as the shrinking asks for (PyTorch's `interpolate(mode="bilinear", antialias=True)`).
function scaleRows({ height, width, values }, newHeight) {
  const scale = height / newHeight; // rows that become one
  const reach = Math.max(scale, 1);
  const result = blankPicture(newHeight, width);
  for (let row = 0; row < newHeight; row++) {
    const center = scale * (row + 0.5);
    const first = Math.max(Math.floor(center - reach + 0.5), 0);
    const last = Math.min(Math.floor(center + reach + 0.5), height);
    const weights = [];
    for (let i = first; i < last; i++) {
      weights.push(Math.max(0, 1 - Math.abs(i - center + 0.5) / reach));
    }
    const sum = weights.reduce((a, b) => a + b);
    for (let column = 0; column < width; column++) {
      let mean = 0;
      weights.forEach((weight, i) => { mean += weight * values[(first + i) * width + column]; });
      result.values[row * width + column] = mean / sum;
    }
  }
  return result;
}

// Rows become columns.
function turnOver({ height, width, values }) {
  const result = blankPicture(width, height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      result.values[column * height + row] = values[row * width + column];
    }
  }
  return result;
}

function centerOfMass({ height, width, values }) {
  let total = 0, rows = 0, columns = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const ink = values[row * width + column];
      total += ink;
      rows += row * ink;
      columns += column * ink;
    }
  }
  return [rows / total, columns / total];
}

// By whole pixels, and so that no ink leaves the image. Half a pixel is common, as in any symmetric
// digit; rounding errors must not decide it.
function placeByMass(digit) {
  const [row, column] = centerOfMass(digit);
  const place = (mass, size) =>
    Math.min(Math.max(roundHalfEven(MIDDLE_PIXEL - Math.round(1000 * mass) / 1000), 0), MNIST_SIDE - size);
  const image = blankPicture(MNIST_SIDE, MNIST_SIDE);
  copyInto(image, place(row, digit.height), place(column, digit.width),
           digit, 0, 0, digit.height, digit.width);
  return image;
}

// How a drawing becomes a picture like MNIST's: as drawn, cut to its ink, fitted, centred.

const STEP_SIDE = 96;

export function makeSteps() {
  const figures = Object.entries(WORDS.stepNames).map(([name, words], i) => {
    const canvas = canvasOf(1, 1, "nv-ink"), size = element("small");
    const caption = element("figcaption", {}, say(element("span"), words), " ", size);
    const figure = element("figure", { class: "nv-table" }, element("div", {}, canvas), caption);
    return { key: name === "placed" ? "image" : name, canvas, size, figure, arrow: i ? "→" : "" };
  });
  const chain = element("div", { class: "nv-steps" },
                        ...figures.flatMap(({ arrow, figure }) => (arrow ? [arrow, figure] : [figure])));
  const none = say(element("p", { class: "nv-invitation" }), WORDS.noSteps);
  const whole = element("div", {}, chain, none);

  function show(steps) {
    chain.hidden = !steps;
    none.hidden = Boolean(steps);
    for (const { key, canvas, size } of figures) {
      const { height, width, values } = steps ? steps[key] : { height: 0, width: 0, values: [] };
      canvas.height = Math.max(1, height);
      canvas.width = Math.max(1, width);
      const scale = STEP_SIDE / Math.max(height, width, 1);
      Object.assign(canvas.style, { height: `${height * scale}px`, width: `${width * scale}px` });
      paintInk(canvas, values);
      setText(size, height ? `${height}×${width}` : "");
    }
  }

  return { element: whole, show };
}
