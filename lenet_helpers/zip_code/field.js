// A line of digits as a field, and what the network of lesson 13 reads as it slides over it. The same
// is done in Python by fields.py and reading.py.
//
// A field is {height: 32, width, values} with inks from 0 (paper) to 255.
import { blankPicture, copyInto, cropToInk, roundHalfEven, scaled } from "../network_view/digit_form.js";
import { forward, resized } from "../network_view/network.js";

export const WINDOW_SIDE = 32, WINDOW_STEP = 4, NOTHING = 10;
const INK_HEIGHT = 24, FIELD_MARGIN = 16, STEPS_APART = 2, MOST_DIGITS = 12;

// The ink of a scan, 24 pixels high, with room for half a window at both ends; null if there is none.
export function toField(scan) {
  const ink = cropToInk(scan);
  if (!ink.height) return null;
  const width = Math.max(2, roundHalfEven(INK_HEIGHT * ink.width / ink.height));
  const line = scaled(ink, INK_HEIGHT, width), most = line.values.reduce((a, b) => Math.max(a, b));
  const field = blankPicture(WINDOW_SIDE, width + 2 * FIELD_MARGIN);
  copyInto(field, (WINDOW_SIDE - INK_HEIGHT) / 2, FIELD_MARGIN, line, 0, 0, INK_HEIGHT, width);
  return { ...field, values: field.values.map((value) => 255 * value / most) };
}

// The logarithms of all classes' probabilities for each position of the window.
export function slideOver(network, { height, width, values }) {
  const { scores } = forward(resized(network, [height, width]), values);
  const classes = network.classes.length, positions = scores.length / classes;
  return Array.from({ length: positions }, (_, p) => {
    const here = Array.from({ length: classes }, (_, k) => scores[k * positions + p]);
    const sum = logSum(here);
    return here.map((score) => score - sum);
  });
}

function logSum(numbers) {
  const largest = numbers.reduce((a, b) => Math.max(a, b));
  if (largest === -Infinity) return largest;
  return largest + Math.log(numbers.reduce((sum, number) => sum + Math.exp(number - largest), 0));
}

// `count` digits, or as many as are likeliest where it is null: {digits, places, sureness}. Of a field
// that is too narrow for so many there are none, and the sureness is 0.
export function readField(logP, count) {
  const none = { digits: [], places: [], sureness: 0 };
  const counts = count ? [count] : Array.from({ length: MOST_DIGITS }, (_, n) => n + 1);
  const readings = counts.filter((n) => STEPS_APART * (n - 1) < logP.length).map((n) => {
    const { digits, places } = bestDigits(logP, n);
    return { digits, places, sureness: Math.exp(logProbability(logP, digits)) };
  });
  return readings.reduce((best, next) => (next.sureness > best.sureness ? next : best), readings[0] ?? none);
}

// So many positions, at least two steps apart, with the largest sum of what a digit there gains over
// "nothing": dynamic programming, from left to right.
export function bestDigits(logP, count) {
  const digitAt = logP.map((here) => here.indexOf(Math.max(...here.slice(0, NOTHING))));
  const gain = logP.map((here, p) => here[digitAt[p]] - here[NOTHING]);
  const before = []; // of each further digit: the best place for the one to its left
  let total = gain;
  for (let k = 1; k < count; k++) {
    const back = [], sums = [];
    let best = -1;
    gain.forEach((more, p) => {
      const entering = p - STEPS_APART;
      if (entering >= 0 && (best < 0 || total[entering] >= total[best])) best = entering;
      back.push(best);
      sums.push(best < 0 ? -Infinity : more + total[best]);
    });
    before.push(back);
    total = sums;
  }
  const places = [total.indexOf(Math.max(...total))];
  for (const back of before.reverse()) places.unshift(back[places[0]]);
  return { places, digits: places.map((p) => digitAt[p]) };
}

// Of all ways to say these digits, "nothing" between them and each as often in a row as it likes: the
// logarithm of their probabilities' sum (PyTorch's `ctc_loss`, with its sign changed).
export function logProbability(logP, digits) {
  const said = [NOTHING, ...digits.flatMap((digit) => [digit, NOTHING])];
  const canSkip = said.map((what, i) => i > 1 && what !== NOTHING && what !== said[i - 2]);
  let ways = said.map((what, i) => (i < 2 ? logP[0][what] : -Infinity));
  for (const here of logP.slice(1)) {
    ways = said.map((what, i) =>
      here[what] + logSum([ways[i], ways[i - 1] ?? -Infinity, canSkip[i] ? ways[i - 2] : -Infinity]));
  }
  return logSum(ways.slice(-2));
}
