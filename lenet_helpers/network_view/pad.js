// A pad to draw on with mouse, pen or finger, with undo. The canvas is transparent; its alpha is the
// ink. A drawing is {base, strokes}: a picture that lay on the pad at first (with the remarks on a
// photo), or null, and strokes
// {brush, points: [x, y, x, y, ...]} in the pad's own pixels.
import { element } from "./elements.js";
import { WORDS, say } from "./words.js";

export const PAD_SIDE = 280;
export const BLANK_DRAWING = { base: null, strokes: [] };
const USUAL_BRUSH = 22, THINNEST_BRUSH = 8, WIDEST_BRUSH = 40, MOST_DRAWINGS = 100;

// `changed(finished)` is called while a stroke is drawn, and once more when it has ended.
export function makePad({ speaker, changed, height = PAD_SIDE, width = PAD_SIDE, usualBrush = USUAL_BRUSH,
                          words = { name: WORDS.pad, hint: WORDS.padHint } }) {
  const canvas = element("canvas", { class: "nv-pad", width, height, role: "img" });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const hint = say(element("p", { class: "nv-pad-hint", "aria-hidden": "true" }), words.hint);
  const undoButton = toolButton("↶", WORDS.undo, undo), clearButton = toolButton("✕", WORDS.clear, clear);
  const brush = element("input", { type: "range", min: THINNEST_BRUSH, max: WIDEST_BRUSH, value: usualBrush });
  const tools = element("div", { class: "nv-tools" }, undoButton, clearButton, brush);
  const whole = element("div", { class: "nv-drawing" },
    element("div", { class: "nv-paper" }, canvas, hint), tools);
  let drawings = [BLANK_DRAWING], stroke = null, pointer = null;
  speaker.name(canvas, words.name);
  for (const attribute of ["aria-label", "title"]) speaker.name(brush, WORDS.brush, attribute);

  function toolButton(sign, name, act) {
    const button = element("button", { type: "button", text: sign, on: { click: act } });
    speaker.name(button, name);
    return speaker.name(button, name, "title");
  }

  const drawing = () => drawings[drawings.length - 1];

  // Puts a drawing on the pad; undo leads back to what was there before.
  function put(next) {
    drawings = [...drawings, next].slice(-MOST_DRAWINGS);
    paint();
  }

  // The drawing to begin with, and those that undo leads back to.
  function begin(drawing, past) {
    const text = (each) => JSON.stringify(drawingAsPlain(each));
    const isLast = past.length && text(past[past.length - 1]) === text(drawing);
    drawings = isLast ? past : [...past, drawing].slice(-MOST_DRAWINGS);
    paint();
  }

  function undo() {
    if (drawings.length < 2) return;
    drawings.pop();
    paint();
    changed(true);
  }

  function clear() {
    if (isBlank(drawing())) return;
    put(BLANK_DRAWING);
    changed(true);
  }

  function paint() {
    pen.clearRect(0, 0, width, height);
    const { base, strokes } = drawing();
    if (base) paintBase(pen, base);
    for (const each of strokes) {
      for (let i = 0; i < each.points.length; i += 2) drawTo(each, i);
    }
    offer();
  }

  function offer() {
    hint.hidden = !isBlank(drawing());
    undoButton.disabled = drawings.length < 2;
    clearButton.disabled = isBlank(drawing());
  }

  // From the point before to point i; the first point alone is a dot.
  function drawTo({ brush: lineWidth, points }, i) {
    Object.assign(pen, { lineWidth, lineCap: "round", lineJoin: "round" });
    pen.beginPath();
    if (i === 0) {
      pen.arc(points[0], points[1], lineWidth / 2, 0, 2 * Math.PI);
      pen.fill();
      return;
    }
    pen.moveTo(points[i - 2], points[i - 1]);
    pen.lineTo(points[i], points[i + 1]);
    pen.stroke();
  }

  function addPoint({ clientX, clientY }, frame) {
    const x = Math.round((clientX - frame.left) * width / frame.width);
    const y = Math.round((clientY - frame.top) * height / frame.height);
    const { points } = stroke;
    if (points.length && points[points.length - 2] === x && points[points.length - 1] === y) return;
    points.push(x, y);
    drawTo(stroke, points.length - 2);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (stroke || !event.isPrimary || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId); // the stroke goes on outside the pad
    pointer = event.pointerId;
    stroke = { brush: Number(brush.value), points: [] };
    drawings.push({ ...drawing(), strokes: [...drawing().strokes, stroke] });
    addPoint(event, canvas.getBoundingClientRect());
    offer();
    changed(false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || event.pointerId !== pointer) return;
    const frame = canvas.getBoundingClientRect();
    const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of between.length ? between : [event]) addPoint(each, frame);
    changed(false);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      if (!stroke || event.pointerId !== pointer) return;
      stroke = null;
      changed(true);
    });
  }
  offer();

  // What lies on the pad: {height, width, values}, inks from 0 to 255.
  function scan() {
    const { data } = pen.getImageData(0, 0, width, height);
    const values = new Uint8Array(height * width);
    for (let i = 0; i < values.length; i++) values[i] = data[4 * i + 3];
    return { height, width, values };
  }

  return { element: whole, tools, begin, put, undo, clear, scan, get drawing() { return drawing(); }, get drawings() { return [...drawings]; } };
}

export function isBlank({ base, strokes }) {
  return !base && strokes.length === 0;
}

// A picture on the pad: as large as it fits, in the middle.
function paintBase(pen, { height, width, inks }) {
  const small = element("canvas", { width, height });
  const context = small.getContext("2d"), image = context.createImageData(width, height);
  for (let i = 0; i < inks.length; i++) image.data[4 * i + 3] = inks[i];
  context.putImageData(image, 0, 0);
  const pad = pen.canvas, scale = Math.min(pad.height / height, pad.width / width);
  const wide = width * scale, high = height * scale;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, (pad.width - wide) / 2, (pad.height - high) / 2, wide, high);
}

// Drawings as plain objects, for a state that can become JSON

// `base` may be a picture to choose from, known by its number, or any scan.
export function drawingAsPlain({ base, strokes }) {
  const plain = { strokes: strokes.map(({ brush, points }) => ({ brush, points: [...points] })) };
  if (base && base.picture !== undefined) plain.picture = base.picture;
  else if (base) {
    const { height, width, inks, remarks = [] } = base;
    plain.scan = { height, width, inks: asBase64(inks), ...(remarks.length ? { remarks } : {}) };
  }
  return plain;
}

export function drawingFromPlain({ strokes = [], picture, scan }, pictureBase) {
  const base = picture !== undefined ? pictureBase(picture)
    : scan ? { ...scan, inks: fromBase64(scan.inks) } : null;
  return { base, strokes };
}

function asBase64(inks) {
  return btoa(Array.from(inks, (ink) => String.fromCharCode(Math.round(ink))).join(""));
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}
