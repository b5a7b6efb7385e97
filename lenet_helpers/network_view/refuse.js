// Not a digit: the score of refuse.py, where it is explained.
import { joined } from "./words.js";

// description, bytes: what `Refusal.describe` wrote.
export function readRefusal(description, bytes) {
  const { stage, shape, scales, largest, biases, limits, usual, odd, threshold } = description;
  const [classes, rows, size] = shape;
  const levels = new Int8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  if (levels.length !== classes * rows * size) throw new Error(`${levels.length} numbers for ${shape}`);
  const row = (i) => Float64Array.from(
    levels.subarray(i * size, (i + 1) * size), (level) => level * scales[i]);
  const kinds = Array.from({ length: classes }, (_, k) => {
    const [mean, ...more] = Array.from({ length: rows }, (_, i) => row(k * rows + i));
    const weights = more.pop();
    return { mean, ways: more, weights, largest: largest[k], bias: biases[k] };
  });
  return { stage, kinds, limits, usual, odd, threshold };
}

// run: the network's numbers, as `forward` gives them; inks: the picture they were computed from.
// A picture is refused if the score is larger than refusal.threshold.
export function refusalScore(refusal, run, inks) {
  return isBeyond(refusal.limits, inks) ? Infinity : Math.hypot(...refusalMarks(refusal, run));
}

// How strange, pasted and unsure the picture is: 0 as usual, 1 as odd as one digit in a hundred.
export function refusalMarks({ stage, kinds, usual, odd }, { stages, scores }) {
  const named = scores.reduce((best, score, k) => (score > scores[best] ? k : best), 0);
  const { values } = stages[stage], kind = kinds[named];
  if (values.length !== kind.mean.length) throw new Error(`${values.length} outputs, not ${kind.mean.length}`);
  const neuron = dotProduct(kind.weights, values) + kind.bias;
  const measures = [leftover(kind, values) / kind.largest, neuron, oddsAgainst(named, scores)];
  return measures.map((m, i) => Math.max(0, (m - usual[i]) / (odd[i] - usual[i])));
}

// The view's option `refuse`. rules: of each network what `readRefusal` returned, or null. Without a
// rule, and for a network at an earlier moment of its training, there are remarks alone.
export function makeRefuse(rules) {
  return ({ run, image, drawing, network, isEarlier }) => {
    const remark = remarkOnDrawing({ drawing }), rule = isEarlier ? null : rules[network];
    if (!rule) return remark;
    const judged = judgeDigit(rule, run, image);
    return judged.refused && remark.reason ? { ...judged, reason: remark.reason } : judged;
  };
}

// Remarks on a photo refuse an answer, whatever the network's rule says.
export function withRemarks(refusal, remarks) {
  if (!remarks.length) return refusal;
  return { refused: true, isUnsure: true, reason: joined(remarks, "；", "; ") };
}

// For the view: whether a picture is refused, and which of the marks speaks most against it.
export function judgeDigit(refusal, run, inks) {
  const score = refusalScore(refusal, run, inks), marks = refusalMarks(refusal, run);
  const worst = score === Infinity ? 3 : marks.indexOf(Math.max(...marks));
  const reason = REFUSAL_REASONS[worst];
  return { refused: score > refusal.threshold, score, threshold: refusal.threshold, marks, reason };
}

const REFUSAL_REASONS = [
  { zh: "和学过的都不像", en: "unlike all that it learned" },
  { zh: "像字母，或者像拼贴出来的", en: "like a letter, or like pieces pasted together" },
  { zh: "拿不定主意", en: "undecided between classes" },
  { zh: "太小，或者墨太少、太多", en: "too small, or too little or too much ink" },
];

// Less or more ink than digits have, or a smaller box around it. A pixel's ink counts as a byte.
function isBeyond([least, most, shortest], inks) {
  const side = Math.round(Math.sqrt(inks.length)), bytes = Array.from(inks, (ink) => Math.round(ink));
  const ink = bytes.reduce((sum, byte) => sum + byte, 0) / 255;
  const places = bytes.flatMap((byte, i) => (byte > 0 ? [i] : []));
  const extent = (of) => places.map(of).reduce(([low, high], n) => [Math.min(low, n), Math.max(high, n)],
                                               [side, -1]);
  const [top, bottom] = extent((i) => Math.floor(i / side)), [left, right] = extent((i) => i % side);
  return ink < least || ink > most || Math.max(bottom - top, right - left) + 1 < shortest;
}

// What is left of the outputs at length 1 without the class's mean and main directions.
function leftover({ mean, ways }, values) {
  const length = Math.max(Math.hypot(...values), 1e-12);
  const difference = mean.map((m, i) => values[i] / length - m);
  const parts = ways.map((way) => dotProduct(way, difference));
  const rest = difference.map((d, i) => ways.reduce((sum, way, j) => sum - parts[j] * way[i], d));
  return Math.hypot(...rest);
}

// The logarithm of the odds that it is another class than the one named.
function oddsAgainst(named, scores) {
  const others = Array.from(scores).filter((_, k) => k !== named);
  const largest = Math.max(...others);
  const sum = others.reduce((total, score) => total + Math.exp(score - largest), 0);
  return largest + Math.log(sum) - scores[named];
}

function dotProduct(a, b) {
  return a.reduce((sum, number, i) => sum + number * b[i], 0);
}

// What no answer should be given to, whatever the network: hardly more than a dot, more ink than
// paper. (Blank paper has no answer anyway.)
const SMALLEST_SHARE = 1 / 6, LARGEST_MEAN = 255 / 2; // of the sheet's side; of its ink

export const REMARKS = {
  dot: { zh: "差不多只是一个点，请画大一些", en: "hardly more than a dot, draw larger" },
  black: { zh: "墨比纸还多，请清空后重画", en: "more ink than paper, clear it and draw again" },
};

// drawing: {height, width, values}, inks from 0 to 255; null for a picture that is one already.
export function remarkOnDrawing({ drawing }) {
  const reason = drawing && remarkOnSheet(drawing);
  return { refused: Boolean(reason), reason };
}

function remarkOnSheet({ height, width, values }) {
  let ink = 0, top = height, bottom = -1, left = width, right = -1;
  values.forEach((value, i) => {
    if (!value) return;
    const row = Math.floor(i / width), column = i % width;
    ink += value;
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  });
  if (ink / values.length > LARGEST_MEAN) return REMARKS.black;
  const size = Math.max(bottom - top, right - left) + 1;
  return size < SMALLEST_SHARE * Math.max(height, width) ? REMARKS.dot : null;
}
