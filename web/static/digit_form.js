// From a drawing to an image like MNIST's, step by step as in lesson 02: crop to the ink, shrink
// into 20 × 20 with anti-aliasing, put the centre of mass at pixel 14 of 28 × 28.
//
// An image is {height, width, values} with inks from 0 (paper) to 255, row after row.
"use strict";

const SIDE = 28, BOX = 20, MIDDLE = 14;

function normalizeDigit(scan) {
  const box = crop(scan);
  return box ? placeByMass(scaleToFit(box)) : blank(SIDE, SIDE); // blank paper stays blank
}

function blank(height, width) {
  return { height, width, values: new Float64Array(height * width) };
}

// The bounding box of all ink, or null on blank paper.
function crop({ height, width, values }) {
  let top = height, bottom = -1, left = width, right = -1;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (values[row * width + column] === 0) continue;
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
      left = Math.min(left, column);
      right = Math.max(right, column);
    }
  }
  return bottom < 0 ? null : cutOut({ width, values }, top, left, bottom + 1 - top, right + 1 - left);
}

function cutOut({ width, values }, top, left, height, newWidth) {
  const part = blank(height, newWidth);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < newWidth; column++) {
      part.values[row * newWidth + column] = values[(top + row) * width + left + column];
    }
  }
  return part;
}

// The longer side becomes 20; what is smaller already stays as it is.
function scaleToFit(box) {
  const scale = Math.min(1, BOX / Math.max(box.height, box.width));
  const height = Math.max(1, roundHalfEven(box.height * scale));
  const width = Math.max(1, roundHalfEven(box.width * scale));
  return transpose(shrinkRows(transpose(shrinkRows(box, height)), width));
}

// As Python rounds: a half goes to the even neighbour.
function roundHalfEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

// Fewer rows, each a weighted mean of those around it: the weights are a triangle as wide as the
// shrinking asks for (PyTorch's `interpolate(mode="bilinear", antialias=True)`).
function shrinkRows({ height, width, values }, newHeight) {
  const scale = height / newHeight; // rows that become one
  const reach = Math.max(scale, 1);
  const result = blank(newHeight, width);
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

function transpose({ height, width, values }) {
  const result = blank(width, height);
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

// By whole pixels, and so that no ink leaves the image.
function placeByMass(digit) {
  const [row, column] = centerOfMass(digit);
  const place = (mass, size) => Math.min(Math.max(roundHalfEven(MIDDLE - mass), 0), SIDE - size);
  const top = place(row, digit.height);
  const left = place(column, digit.width);
  const image = blank(SIDE, SIDE);
  for (let r = 0; r < digit.height; r++) {
    for (let c = 0; c < digit.width; c++) {
      image.values[(top + r) * SIDE + left + c] = digit.values[r * digit.width + c];
    }
  }
  return image;
}
