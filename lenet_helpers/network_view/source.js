// Where the picture comes from: the pad, a picture to choose from, or a scan from outside.
import { BLANK_DRAWING, drawingAsPlain, drawingFromPlain, isBlank, makePad } from "./pad.js";
import { makePictures, pictureWords } from "./pictures.js";

// `looked(finished, why)` hears that there is another picture; not finished while a stroke is drawn.
export function makeSource({ network, pictures, model, state, speaker, looked }) {
  const [height, width] = network.input;
  const pad = makePad({ speaker, changed: (finished) => looked(finished, "drawing") });
  const thumbs = makePictures({ pictures, network, speaker, choose });

  function baseOf(i) {
    return { picture: i, height, width, inks: pictures[i].inks };
  }

  function put(drawing, why) {
    pad.put(drawing);
    looked(true, why);
  }

  function choose(i) {
    if (pictures[i]) put({ base: baseOf(i), strokes: [] }, "picture");
  }

  function draw({ height: high, width: wide, values }) {
    const base = { height: high, width: wide, inks: Uint8Array.from(values, Math.round) };
    put({ base, strokes: [] }, "drawing");
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

  return { pad, thumbs, choose, draw, read, begin, words };
}
