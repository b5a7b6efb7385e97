// Where the picture comes from: the pad, a picture to choose from, or a scan from outside.
import { paintInk } from "./colors.js";
import { withMargin } from "./digit_form.js";
import { canvasOf, element, oncePerFrame, rove } from "./elements.js";
import { BLANK_DRAWING, drawingAsPlain, drawingFromPlain, isBlank, makePad } from "./pad.js";
import { inkOfGrey } from "./photo.js";
import { makePhotos } from "./photo_input.js";
import { WORDS, joined, spoken } from "./words.js";

// `looked(finished)` hears that the model has another picture: once a frame while a stroke is drawn, and
// when it is finished; then `settled(why)` is called.
// `readPhoto(grey)`, if given, takes the grey levels of a photo, and puts its digit on the pad. `line`, if
// given, is the pad for a whole line of digits, as `makePad` takes it.
export function makeSource({ network, pictures, model, state, speaker, looked, settled, readPhoto, line = null }) {
  const [height, width] = network.input;
  const pad = makePad({ speaker, changed: (finished) => changed(finished, "drawing"), ...line });
  const photos = makePhotos({ speaker, took: readPhoto ?? readSimply, isSimple: !readPhoto });
  pad.element.append(photos.note);
  pad.tools.append(...photos.buttons);
  const thumbs = makePictures({ pictures, network, speaker, choose });
  const lookSoon = oncePerFrame(() => look(false));

  function baseOf(i) {
    return { picture: i, height, width, inks: pictures[i].inks };
  }

  function put(drawing, why) {
    pad.put(drawing);
    changed(true, why);
  }

  function changed(finished, why) {
    if (!finished) {
      lookSoon();
      return;
    }
    lookSoon.cancel();
    look(true);
    settled(why);
  }

  function look(finished) {
    read(finished);
    looked(finished);
  }

  function choose(i) {
    if (pictures[i]) put({ base: baseOf(i), strokes: [] }, "picture");
  }

  function draw({ height: high, width: wide, values }) {
    const base = { height: high, width: wide, inks: Uint8Array.from(values, Math.round) };
    put({ base, strokes: [] }, "drawing");
  }

  // Without Python: the simple steps.
  function readSimply(grey) {
    const { remarks, ...ink } = inkOfGrey(grey, line !== null), { height: high, width: wide, values } = withMargin(ink);
    put({ base: { height: high, width: wide, inks: Uint8Array.from(values, Math.round), remarks }, strokes: [] },
        "photo");
  }

  // Why what lies on the pad can't be read for sure; none for what was drawn by hand.
  function remarks() {
    const { base } = pad.drawing;
    return base && base.remarks ? base.remarks : [];
  }

  // Gives the model what lies on the pad.
  function read(finished) {
    const { drawing } = pad, { base, strokes } = drawing;
    model.look(drawing, pad);
    if (!finished) return;
    state.picture = base && base.picture !== undefined && !strokes.length ? base.picture : null;
    state.drawing = state.picture === null && !isBlank(drawing) ? drawingAsPlain(drawing) : null;
    thumbs.mark(state.picture);
  }

  // What the state says, else the first picture; `past`: the drawings before it.
  function begin(wasGiven, past) {
    const number = state.picture ?? (wasGiven ? null : 0);
    const drawing = state.drawing ? drawingFromPlain(state.drawing, baseOf)
      : pictures[number] ? { base: baseOf(number), strokes: [] } : BLANK_DRAWING;
    pad.begin(drawing, past);
    read(true);
  }

  // Which of the pictures to choose from is shown, and what is remarkable about it.
  function words() {
    return state.picture === null ? null : pictureWords(network, pictures[state.picture], state.picture);
  }

  return { pad, photos, thumbs, choose, draw, remarks, begin, words, stop: lookSoon.cancel };
}

// Pictures to choose from, as thumbnails, a page at a time.

export function makePictures({ pictures, network, speaker, choose }) {
  const thumbs = pictures.map((picture, i) => makeThumb(picture, i));
  const list = element("div", { class: "nv-thumbs", role: "group" });
  const back = turnButton("‹", WORDS.earlier, -1), on = turnButton("›", WORDS.later, 1);
  const turn = element("div", { class: "nv-turn" }, back, on);
  const whole = element("div", { class: "nv-pictures" }, list, turn);
  const keepStop = rove(list);
  let perPage = 8, page = 0, chosen = null;
  speaker.name(list, WORDS.pictures);
  whole.hidden = pictures.length === 0;

  function makeThumb(picture, i) {
    const [height, width] = network.input;
    const canvas = canvasOf(width, height, "nv-ink");
    const on = { click: () => choose(i) };
    const thumb = element("button", { type: "button", class: "nv-thumb", on }, canvas);
    if (picture.note) thumb.classList.add("nv-noted");
    return { thumb, canvas, picture, words: pictureWords(network, picture, i), painted: false };
  }

  function turnButton(sign, words, step) {
    const button = element("button", { type: "button", text: sign, on: { click: () => show(page + step) } });
    return speaker.name(button, words);
  }

  function show(next) {
    const pages = Math.max(1, Math.ceil(thumbs.length / perPage));
    page = Math.min(pages - 1, Math.max(0, next));
    const now = thumbs.slice(page * perPage, (page + 1) * perPage);
    list.replaceChildren(...now.map(({ thumb }) => thumb));
    for (const each of now) { // the speaker forgets what is not on the page
      for (const attribute of ["aria-label", "title"]) speaker.name(each.thumb, each.words, attribute);
      if (!each.painted) paintInk(each.canvas, each.picture.inks);
      each.painted = true;
    }
    turn.hidden = pages === 1;
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
    if (now.length) keepStop();
  }

  function arrange(count) {
    const first = page * perPage;
    perPage = Math.max(1, count);
    show(Math.floor((chosen ?? first) / perPage));
  }

  function mark(i) {
    chosen = i;
    thumbs.forEach(({ thumb }, k) => thumb.setAttribute("aria-pressed", k === i));
    if (i !== null && Math.floor(i / perPage) !== page) show(Math.floor(i / perPage));
  }

  return { element: whole, arrange, mark };
}

// "Picture 3: 7", and what is remarkable about it.
export function pictureWords(network, { label, note }, i) {
  const name = label === null || label === undefined ? null : network.classes[label];
  const what = { zh: `图像 ${i}${name ? `：${spoken(name, "zh")}` : ""}`,
                 en: `Picture ${i}${name ? `: ${spoken(name, "en")}` : ""}` };
  return joined([what, note], "，", ", ");
}
