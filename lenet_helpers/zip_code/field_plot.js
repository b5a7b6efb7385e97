// The field with the window on it, and below it each class's probability as the window slides.
import { paintInk } from "../network_view/colors.js";
import { canvasOf, element, fixed, isMotionUnwanted, percent, setText, vector } from "../network_view/elements.js";
import { WORDS, same, say } from "../network_view/words.js";
import { NOTHING, WINDOW_SIDE, WINDOW_STEP } from "./field.js";
import { FIELD_WORDS, positionWords } from "./field_words.js";

const ROW = 10, A_POSITION = 130, CALM_POSITION = 700; // of the drawing; milliseconds
const MIDDLE = (WINDOW_SIDE - 1) / 2;

// `moved(position, finished)` hears where the reader puts the window.
export function makeFieldPlot({ speaker, moved }) {
  const canvas = element("canvas", { class: "zf-ink", role: "img" });
  const frame = element("div", { class: "zf-window" });
  const said = element("div", { class: "zf-said" });
  const picture = element("div", { class: "zf-picture" }, canvas, frame);
  const seen = canvasOf(WINDOW_SIDE, WINDOW_SIDE, "zf-ink zf-seen");
  const areas = vector("path", { class: "zf-area" }), lines = vector("path", { class: "zf-lines" });
  const marks = vector("path", { class: "zf-chosen" }), plumb = element("div", { class: "zf-plumb" });
  const curves = vector("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, lines, areas, marks);
  const graph = element("div", { class: "zf-graph", role: "img" }, curves, plumb);
  const names = element("div", { class: "zf-names", "aria-hidden": "true" });
  const rows = Array.from({ length: NOTHING + 1 }, (_, k) => makeShare(k));
  const shares = element("div", { class: "zf-shares", "aria-hidden": "true" }, ...rows.map(({ row }) => row));
  const slider = element("input", { type: "range", min: 0, max: 0, value: 0 });
  const rail = element("div", { class: "zf-rail" }, slider);
  const play = element("button", { type: "button", class: "nv-play", on: { click: toggle } });
  const where = element("p", { class: "zf-where", "aria-hidden": "true" });
  const whole = element("div", { class: "zf-plot" },
    play, said, where, element("span"), picture, seen, element("span"), rail, element("span"), names, graph, shares);
  let field = null, logP = null, position = 0, timer = 0;
  names.append(...rows.map((_, k) => say(element("span"), k < NOTHING ? same(k) : FIELD_WORDS.nothing)));
  speaker.name(canvas, FIELD_WORDS.field);
  speaker.name(graph, FIELD_WORDS.scores);
  speaker.name(slider, FIELD_WORDS.window);
  label();

  function makeShare(k) {
    const bar = element("span"), number = element("span", { class: "nv-share" });
    const row = element("div", { class: "zf-share", "data-class": k }, element("span", { class: "nv-bar" }, bar), number);
    return { row, bar, number };
  }

  // A field and what is read in it, or nothing at all.
  function show(next, nextLogP, { digits, places }) {
    [field, logP] = [next, nextLogP];
    whole.hidden = !field;
    if (!field) return;
    const { width } = field;
    Object.assign(canvas, { width, height: WINDOW_SIDE });
    paintInk(canvas, field.values);
    whole.style.setProperty("--zf-width", width);
    curves.setAttribute("viewBox", `0 0 ${width} ${ROW * rows.length}`);
    lines.setAttribute("d", rows.map((_, k) => `M0 ${ROW * (k + 1)}H${width}`).join(""));
    areas.setAttribute("d", rows.map((_, k) => areaOf(k)).join(""));
    marks.setAttribute("d", places.map((p, i) =>
      `M${middleOf(p) - WINDOW_STEP / 2} ${ROW * digits[i]}h${WINDOW_STEP}v${ROW}h${-WINDOW_STEP}z`).join(""));
    said.replaceChildren(...places.map((p, i) => element("span", { style: `left: ${100 * middleOf(p) / width}%` },
      element("b", { text: digits[i] }), element("small", { text: fixed(Math.exp(logP[p][digits[i]]), 2) }))));
    slider.max = logP.length - 1;
    place(Math.min(position, logP.length - 1));
  }

  // One step for each position, as wide as the window moves.
  function areaOf(k) {
    const bottom = ROW * (k + 1), left = middleOf(0) - WINDOW_STEP / 2;
    const tops = logP.map((here) => (bottom - 0.92 * ROW * Math.exp(here[k])).toFixed(2));
    return `M${left} ${bottom}${tops.map((top) => `V${top}h${WINDOW_STEP}`).join("")}V${bottom}z`;
  }

  function middleOf(p) {
    return WINDOW_STEP * p + MIDDLE + 0.5; // from the picture's left edge
  }

  // Puts the window there, and shows what is seen there.
  function place(p) {
    position = Math.max(0, Math.min(p, logP ? logP.length - 1 : p));
    if (!field) return;
    const here = logP[position].map(Math.exp), best = here.indexOf(Math.max(...here));
    slider.value = position;
    whole.style.setProperty("--zf-at", WINDOW_STEP * position);
    const inks = Array.from({ length: WINDOW_SIDE ** 2 }, (_, i) =>
      field.values[Math.floor(i / WINDOW_SIDE) * field.width + WINDOW_STEP * position + i % WINDOW_SIDE]);
    paintInk(seen, inks);
    rows.forEach(({ row, bar, number }, k) => {
      bar.style.transform = `scaleX(${here[k].toFixed(4)})`;
      setText(number, percent(here[k]));
      row.classList.toggle("nv-best", k === best);
    });
    const words = positionWords(here, position, logP.length);
    speaker.name(slider, words, "aria-valuetext");
    setText(where, `${position + 1}/${logP.length}`);
  }

  function go(p, finished) {
    place(p);
    moved(position, finished);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    label();
  }

  function label() {
    const words = timer ? WORDS.pause : FIELD_WORDS.play;
    setText(play, timer ? "⏸" : "▶");
    speaker.name(play, words);
    speaker.name(play, words, "title");
  }

  function toggle() {
    if (timer) {
      stop();
      moved(position, true);
      return;
    }
    if (position === logP.length - 1) go(0, false);
    timer = setInterval(advance, isMotionUnwanted() ? CALM_POSITION : A_POSITION);
    label();
  }

  function advance() {
    go(position + 1, false);
    if (position < logP.length - 1) return;
    stop();
    moved(position, true);
  }

  // The window goes where one points.
  for (const part of [picture, graph]) {
    const follow = (event) => {
      const box = part.getBoundingClientRect();
      stop();
      const middle = (event.clientX - box.left) * field.width / box.width;
      go(Math.round((middle - MIDDLE - 0.5) / WINDOW_STEP), true);
    };
    part.addEventListener("pointerdown", follow);
    part.addEventListener("pointermove", follow);
  }
  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value), true);
  });

  return { element: whole, show, place, stop };
}
