// From a photo to ink on blank paper: the simple steps of lenet_helpers/handwriting/ink.py, with the
// same results. Ruled lines, specks, pens of unusual width and blur are seen to in Python alone.
//
// Grey levels are {height, width, values} with bytes from 0 (black) to 255.
import { WORDS } from "./words.js";

const LONGEST_PHOTO = 1024, STROKE_WINDOW = 0.25, SMALLEST_PIECE = 0.02, OTHER_PIECE = 0.3;
const SPECK_LENGTH = 0.12, UNDECIDED_SURPLUS = 0.06, FAINT_INK = 1.4, CLEAN_PAPER = 0.15, SMALL = 64;

// A picture file as grey levels, upright, at most 1024 pixels a side. The browser decodes it here.
export async function greyOfFile(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_PHOTO / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return greyOfPixels(pen.getImageData(0, 0, canvas.width, canvas.height));
}

// RGBA → grey as Pillow reckons it. Behind what is transparent lies white for dark ink, black for light.
export function greyOfPixels({ height, width, data }) {
  const values = new Uint8Array(height * width);
  let opaque = 0, seen = 0, isClear = false;
  for (let i = 0; i < values.length; i++) {
    const [red, green, blue, alpha] = data.subarray(4 * i, 4 * i + 4);
    values[i] = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
    opaque += alpha / 255;
    seen += values[i] * alpha / 255;
    isClear ||= alpha < 255;
  }
  if (!isClear) return { height, width, values };
  const paper = seen / Math.max(opaque, 1) < 128 ? 255 : 0;
  values.forEach((level, i) => {
    const share = data[4 * i + 3] / 255;
    values[i] = Math.round(level * share + paper * (1 - share));
  });
  return { height, width, values };
}

// Ink on blank paper, and what makes it doubtful: {height, width, values, remarks}. Of its pieces the
// longest alone is kept, or with `isLine` all that are no specks.
export function inkOfGrey(grey, isLine = false) {
  const { height, width } = grey, clean = cleanInk(grey);
  if (clean) return { height, width, values: clean, remarks: [] };
  const surplus = paperSurplus(grey);
  const contrast = contrastOf(surplus >= 0 ? grey : { ...grey, values: grey.values.map((level) => 255 - level) });
  const floor = noiseFloor(contrast.values), { mask, remarks } = keptPieces(contrast, floor, isLine);
  if (!mask) return { height, width, values: new Float32Array(height * width), remarks };
  const inks = contrast.values.filter((_, i) => mask[i]), full = medianOf(inks);
  if (Math.abs(surplus) < UNDECIDED_SURPLUS) remarks.push(WORDS.photoRemarks.sides);
  if (full < FAINT_INK * floor) remarks.push(WORDS.photoRemarks.faint);
  const least = inks.reduce((a, b) => Math.min(a, b)) - 1;
  return { height, width, values: darkened(contrast, mask, full, least), remarks };
}

// A drawing on paper of exactly one level, the lightest or darkest of all, keeps its values.
function cleanInk({ height, width, values }) {
  const counts = countLevels(values), rim = values.filter((_, i) =>
    i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1);
  const rims = countLevels([...rim, values[0], values[width - 1], values[width * (height - 1)], values[values.length - 1]]);
  const paper = rims.indexOf(Math.max(...rims)), total = (list) => list.reduce((a, b) => a + b, 0);
  const above = counts.slice(paper + 1), below = counts.slice(0, paper).reverse();
  const away = total(below) === 0 ? above : total(above) === 0 ? below : [];
  if (total(away) === 0 || counts[paper] < CLEAN_PAPER * values.length) return null;
  const most = away.reduce((last, count, i) => (count ? i + 1 : last), 0);
  const strong = total(away.slice(most >> 1)), full = total(away.slice(Math.floor(most * 19 / 20)));
  if (total(away.slice(0, most >> 3)) > strong) return null; // noise
  if (Math.max(height, width) > SMALL && 2 * full < strong) return null; // ink that a scanner saw
  return Float32Array.from(values, (level) => Math.abs(level - paper) * (most > 200 ? 1 : 255 / most));
}

function countLevels(values) {
  const counts = new Array(256).fill(0);
  for (const value of values) counts[value]++;
  return counts;
}

// Around a stroke most is paper: where a window sees both, each pixel votes for its own side.
function paperSurplus(grey) {
  const middle = smoothed(grey), size = windowOf(grey);
  const lightest = extremes(middle, size, 1).values, darkest = extremes(middle, size, -1).values;
  const ranges = lightest.map((level, i) => level - darkest[i]), most = ranges.reduce((a, b) => Math.max(a, b));
  let votes = 0, voters = 0;
  ranges.forEach((range, i) => {
    if (3 * range < most) return;
    voters++;
    votes += Math.sign(2 * middle.values[i] - lightest[i] - darkest[i]);
  });
  return votes / voters;
}

// How much darker than the closing of its surroundings each pixel is: 255 for black.
function contrastOf(grey) {
  const middle = smoothed(grey), size = windowOf(grey);
  const paper = extremes(extremes(middle, size, 1), size, -1).values;
  const least = Math.max(Math.floor(paper.reduce((a, b) => Math.max(a, b)) / 3), 1);
  const values = paper.map((level, i) => {
    const light = Math.max(level, least), darker = Math.max(level - middle.values[i], 0);
    return Math.floor((255 * darker + (light >> 1)) / light);
  });
  return { ...grey, values };
}

function windowOf({ height, width }) {
  return 2 * Math.floor(STROKE_WINDOW * Math.min(height, width) / 2) + 1;
}

// The rounded mean of each pixel and its eight neighbours.
function smoothed({ height, width, values }) {
  const result = new Uint8Array(values.length);
  const clip = (i, count) => Math.min(Math.max(i, 0), count - 1);
  for (let row = 0; row < height; row++) {
    const rows = [-1, 0, 1].map((step) => clip(row + step, height) * width);
    for (let column = 0; column < width; column++) {
      let sum = 4;
      for (let step = -1; step <= 1; step++) {
        const at = clip(column + step, width);
        sum += values[rows[0] + at] + values[rows[1] + at] + values[rows[2] + at];
      }
      result[row * width + column] = Math.floor(sum / 9);
    }
  }
  return { height, width, values: result };
}

// The largest (sign 1) or smallest (-1) of a square window around each pixel.
function extremes({ height, width, values }, size, sign) {
  const reach = size >> 1, result = Uint8Array.from(values), queue = new Int32Array(Math.max(height, width));
  const line = new Int16Array(queue.length);
  const pass = (start, step, count) => {
    for (let i = 0; i < count; i++) line[i] = sign * result[start + i * step];
    let first = 0, last = 0; // the queue holds places whose values fall
    for (let i = 0; i < count + reach; i++) {
      if (i < count) {
        while (last > first && line[queue[last - 1]] <= line[i]) last--;
        queue[last++] = i;
      }
      if (i < reach) continue;
      if (queue[first] < i - 2 * reach) first++;
      result[start + (i - reach) * step] = sign * line[queue[first]];
    }
  };
  for (let row = 0; row < height; row++) pass(row * width, 1, width);
  for (let column = 0; column < width; column++) pass(column, width, height);
  return { height, width, values: result };
}

// A contrast that the paper's own noise does not reach.
function noiseFloor(values) {
  const counts = countLevels(values);
  for (let level = 1; level < 256; level++) counts[level] += counts[level - 1];
  const [median, low] = [0.5, 0.16].map((share) => counts.findIndex((count) => count >= share * counts[255]));
  return median + 5 * (median - low) + 6;
}

// The level that parts the values best into two groups (Otsu, 1979).
function bestSplit(values) {
  const counts = countLevels(values), total = values.length, sum = values.reduce((a, b) => a + b, 0);
  let below = 0, sums = 0, best = 0, most = -1;
  counts.forEach((count, level) => {
    below += count;
    sums += count * level;
    const above = total - below, gap = sums * above - (sum - sums) * below;
    const score = gap * gap / Math.max(below * above, 1);
    if (score > most) [best, most] = [level, score];
  });
  return best;
}

function medianOf(values) {
  const sorted = Uint8Array.from(values).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The longest piece that the picture's edge does not cut, or all such pieces, and remarks; no mask if
// there is none.
function keptPieces(contrast, floor, isLine) {
  const { height, width, values } = contrast, shape = { height, width };
  const isLarge = ({ length }) => length >= SMALLEST_PIECE * Math.min(height, width);
  const large = piecesOf({ ...shape, mask: values.map((level) => level > floor) }).filter(isLarge);
  const whole = large.filter(({ top, left, bottom, right }) =>
    top > 0 && left > 0 && bottom < height - 1 && right < width - 1);
  const chosen = whole.length ? whole : large, remarks = [];
  if (!chosen.length) return { mask: null, remarks: [WORDS.photoRemarks.nothing] };
  if (!whole.length) remarks.push(WORDS.photoRemarks.edge);
  const places = chosen.flatMap((piece) => Array.from(piece.places));
  const split = bestSplit(places.map((i) => values[i])), mask = new Uint8Array(values.length);
  for (const i of places) mask[i] = values[i] > split;
  const pieces = piecesOf({ ...shape, mask });
  const largest = pieces.reduce((a, b) => (b.length > a.length ? b : a));
  const isOther = (piece) => piece !== largest && piece.length >= OTHER_PIECE * largest.length;
  if (!isLine && pieces.some(isOther)) remarks.push(WORDS.photoRemarks.several);
  mask.fill(0);
  for (const piece of pieces) {
    const isKept = isLine ? piece.length >= SPECK_LENGTH * largest.length : piece === largest;
    if (isKept) for (const i of piece.places) mask[i] = 1;
  }
  return { mask, remarks };
}

// What hangs together, by corners too, in the order of the first pixels.
function piecesOf({ height, width, mask }) {
  const left = Uint8Array.from(mask), pieces = [];
  for (let start = 0; start < left.length; start++) {
    if (!left[start]) continue;
    const places = [start], box = { top: height, left: width, bottom: -1, right: -1 };
    left[start] = 0;
    for (let next = 0; next < places.length; next++) {
      const row = Math.floor(places[next] / width), column = places[next] % width;
      box.top = Math.min(box.top, row);
      box.bottom = Math.max(box.bottom, row);
      box.left = Math.min(box.left, column);
      box.right = Math.max(box.right, column);
      for (let i = Math.max(row - 1, 0); i <= Math.min(row + 1, height - 1); i++) {
        for (let j = Math.max(column - 1, 0); j <= Math.min(column + 1, width - 1); j++) {
          if (!left[i * width + j]) continue;
          left[i * width + j] = 0;
          places.push(i * width + j);
        }
      }
    }
    pieces.push({ places, ...box, length: Math.max(box.bottom - box.top, box.right - box.left) + 1 });
  }
  return pieces;
}

// The contrast on and beside the mask, stretched so that strokes are full ink.
function darkened({ height, width, values }, mask, full, least) {
  const result = new Float32Array(values.length);
  mask.forEach((isInk, i) => {
    if (!isInk) return;
    const row = Math.floor(i / width), column = i % width;
    for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
      for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
        const share = (values[y * width + x] - (2 * least - full)) / (2 * Math.max(full - least, 1));
        result[y * width + x] = 255 * Math.min(Math.max(share, 0), 1);
      }
    }
  });
  return result;
}
