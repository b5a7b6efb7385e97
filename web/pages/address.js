// What is shown, in the address: #lang=zh&net=1&picture=3&draw=…&see=0.3.7.2.4
//
// A drawing becomes a row of whole numbers (of each stroke: brush, number of points, first point,
// then steps from point to point) in the letters of base64url, five bits a letter, as in source maps.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const FARTHEST = 10 * PAD_SIDE; // a stroke may leave the pad, but not for another page

export function addressOf({ language, network, picture, drawing, chosen }) {
  const parts = [["lang", language]];
  const base = picture ?? drawing?.picture ?? null;
  if (network) parts.push(["net", network]);
  if (base !== null) parts.push(["picture", base]);
  if (drawing?.strokes.length) parts.push(["draw", lettersOf(numbersOf(drawing.strokes))]);
  if (chosen) {
    const { network: n, stage, channel, row, column } = chosen;
    parts.push(["see", [n, stage, channel, row, column].join(".")]);
  }
  return `#${new URLSearchParams(parts)}`;
}

// The state that an address asks for; what makes no sense in it is left out.
export function stateOf(hash, { networks, pictures }) {
  const asked = new URLSearchParams(hash.slice(1)), state = { picture: null, drawing: null };
  const whole = (text, end) => (/^\d+$/.test(text ?? "") && Number(text) < end ? Number(text) : null);
  state.network = asked.get("net") === "both" && networks > 1 ? "both" : whole(asked.get("net"), networks) ?? 0;
  const picture = whole(asked.get("picture"), pictures), strokes = strokesOf(asked.get("draw") ?? "");
  if (strokes.length) state.drawing = { strokes, ...(picture === null ? {} : { picture }) };
  else state.picture = picture;
  return { state, chosen: placeFrom(asked.get("see") ?? "", networks) };
}

function placeFrom(text, networks) {
  if (!/^\d+(\.\d+){4}$/.test(text)) return null;
  const [network, stage, channel, row, column] = text.split(".").map(Number);
  return network < networks ? { network, stage, channel, row, column } : null;
}

function numbersOf(strokes) {
  return strokes.flatMap(({ brush, points }) =>
    [brush, points.length / 2, ...points.map((value, i) => (i < 2 ? value : value - points[i - 2]))]);
}

function strokesOf(text) {
  const numbers = numbersFrom(text), strokes = [];
  for (let next = 0; next < numbers.length;) {
    const brush = numbers[next], end = next + 2 + 2 * numbers[next + 1];
    const points = numbers.slice(next + 2, end);
    points.forEach((step, i) => { if (i >= 2) points[i] = points[i - 2] + step; });
    const near = points.every((value) => Math.abs(value) <= FARTHEST);
    if (!(brush > 0 && brush <= PAD_SIDE && end > next + 2 && end <= numbers.length && near)) return [];
    strokes.push({ brush, points });
    next = end;
  }
  return strokes;
}

// The lowest bit of a number is its sign; a letter has five bits of it, and one if more follow.
function lettersOf(numbers) {
  let text = "";
  for (const number of numbers) {
    let bits = number < 0 ? 1 - 2 * number : 2 * number;
    for (; bits > 31; bits = Math.floor(bits / 32)) text += LETTERS[32 + (bits % 32)];
    text += LETTERS[bits];
  }
  return text;
}

function numbersFrom(text) {
  const numbers = [];
  let bits = 0, weight = 1;
  for (const letter of text) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) return [];
    bits += weight * (value % 32);
    weight *= 32;
    if (value > 31) continue;
    numbers.push(bits % 2 ? -(bits - 1) / 2 : bits / 2);
    [bits, weight] = [0, 1];
  }
  return numbers;
}
