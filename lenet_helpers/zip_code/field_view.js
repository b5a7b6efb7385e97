// A whole line of digits, written or photographed, is read on one screen: the window slides, the scores
// rise and fall, and below stands the answer with its sureness, or the refusal.
import { watchTheme } from "../network_view/colors.js";
import { element, onceSettled } from "../network_view/elements.js";
import { isBlank } from "../network_view/pad.js";
import { makeSource } from "../network_view/source.js";
import { joined, makeSpeaker, say } from "../network_view/words.js";
import { WINDOW_SIDE, readField, slideOver, toField } from "./field.js";
import { makeFieldPlot } from "./field_plot.js";
import { FIELD_WORDS, fieldAnswer } from "./field_words.js";

const PAD_HEIGHT = 210, PAD_WIDTH = 840, LINE_BRUSH = 14, FIELD_WIDTH = 160, FIELD_SETTLED = 350;
const FIRST_FIELD_STATE = { picture: null, drawing: null, chosen: 0, count: 5, threshold: 0.9 };

// options: network (eleven classes, sliding), pictures, state, past, onChange(state, why), readPhoto.
export function mountFieldView(host, options) {
  const { network, pictures = [], onChange = () => {} } = options;
  const state = { language: options.language ?? "both", ...FIRST_FIELD_STATE, ...options.state };
  const root = element("div", { class: "nv zf", role: "group" });
  const speaker = makeSpeaker(root, state.language);
  const answer = element("p", { class: "zf-answer" }), live = element("p", { class: "nv-live", role: "status" });
  const plot = makeFieldPlot({ speaker, moved });
  const model = { look };
  const source = makeSource({
    network: { input: [WINDOW_SIDE, FIELD_WIDTH], classes: [] }, pictures, model, state, speaker, looked,
    settled: settle, readPhoto: options.readPhoto,
    line: { height: PAD_HEIGHT, width: PAD_WIDTH, usualBrush: LINE_BRUSH,
            words: { name: FIELD_WORDS.pad, hint: FIELD_WORDS.padHint } } });
  const rules = makeRules({ speaker, state, changed: ruled });
  const announceSoon = onceSettled(() => say(live, answerNow().words), FIELD_SETTLED);
  const tellSoon = onceSettled(() => onChange(controller.state, "chosen"), FIELD_SETTLED);
  let field = null, logP = null, reading = null;

  // What lies on the pad as a field; a field to choose from is one already.
  function look({ base, strokes }, pad) {
    const isField = base && base.picture !== undefined;
    const scan = base && { height: base.height, width: base.width, values: base.inks };
    if (base && !strokes.length) field = isField ? scan : toField(scan);
    else field = isBlank({ base, strokes }) ? null : toField(pad.scan());
    logP = field && slideOver(network, field);
  }

  function looked() {
    plot.stop();
    decide();
  }

  function decide() {
    reading = field && readField(logP, state.count);
    plot.show(field, logP, reading ?? {});
    paintAnswer();
  }

  function answerNow() {
    const remarks = source.remarks();
    if (reading) return fieldAnswer(reading, state.threshold, remarks);
    return { refused: remarks.length > 0, words: remarks.length ? joined(remarks, "；", "; ") : FIELD_WORDS.blank };
  }

  function paintAnswer() {
    const { refused, words } = answerNow();
    root.classList.toggle("zf-refused", refused);
    say(answer, words);
  }

  function settle(why) {
    announceSoon();
    onChange(controller.state, why);
  }

  function moved(position, finished) {
    state.chosen = position;
    if (finished) tellSoon();
  }

  function ruled(name, value, finished) {
    state[name] = value;
    if (name === "count") decide();
    else paintAnswer();
    if (finished) settle(name);
  }

  const controller = {
    setLanguage(language) {
      state.language = language;
      speaker.choose(language);
    },
    choose(position) {
      state.chosen = position;
      plot.place(position);
    },
    showPicture: source.choose,
    get drawings() { return source.pad.drawings; },
    get state() { return JSON.parse(JSON.stringify(state)); },
    get image() { return Float32Array.from(field ? field.values : []); },
    destroy() {
      for (const later of [announceSoon, tellSoon]) later.cancel();
      source.stop();
      plot.stop();
      stopWatching();
      root.remove();
    },
  };

  root.append(source.thumbs.element, source.pad.element, rules.element, answer, plot.element, live);
  host.append(root);
  source.thumbs.arrange(pictures.length);
  speaker.choose(state.language);
  speaker.name(root, FIELD_WORDS.view);
  const stopWatching = watchTheme(root);
  root.addEventListener("focusin", ({ target }) => {
    target.dataset.lmSuppressShortcuts = "true"; // JupyterLab keeps out of what is typed here
  });
  source.photos.listen(root);
  plot.place(state.chosen);
  source.begin(Boolean(options.state), options.past ?? []);
  decide();
  return controller;
}

// How many digits are to be read, and how sure an answer must be.
function makeRules({ speaker, state, changed }) {
  const options = FIELD_WORDS.counts.map(([count, words]) =>
    speaker.name(element("option", { value: String(count) }), words, "text"));
  const count = element("select", {}, ...options);
  const threshold = element("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: state.threshold });
  const shown = element("output", { text: state.threshold.toFixed(2) });
  count.value = String(state.count);
  count.addEventListener("change", () => changed("count", JSON.parse(count.value), true));
  threshold.addEventListener("input", () => {
    shown.textContent = Number(threshold.value).toFixed(2);
    changed("threshold", Number(threshold.value), false);
  });
  threshold.addEventListener("change", () => changed("threshold", Number(threshold.value), true));
  speaker.name(count, FIELD_WORDS.count);
  speaker.name(threshold, FIELD_WORDS.threshold);
  return { element: element("div", { class: "zf-rules" }, count,
                            say(element("span"), FIELD_WORDS.thresholdShort), threshold, shown) };
}
