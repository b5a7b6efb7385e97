// Controls that move what is chosen: the window slides over its map, step by step or quickly.
import { element, isMotionUnwanted, setText } from "./elements.js";
import { WORDS, say } from "./words.js";

const STEP = 450, FAST = 40, CALM = 900; // milliseconds a number; CALM where less motion is asked for

// `advance()` chooses the next number of the map and says whether there was one; `restart()` the
// first; `move(key)` acts as an arrow key; `rest()` hears that the sliding has ended.
export function makeSlide({ speaker, advance, restart, move, back, rest }) {
  const play = button("nv-play", WORDS.slideLong, toggle);
  const step = button("nv-step", WORDS.step, () => { stop(); advance(); rest(); });
  const fast = element("input", { type: "checkbox" });
  const whole = button("nv-back", WORDS.back, () => { stop(); back(); });
  const moves = Object.entries({ ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", ArrowRight: "→" })
    .map(([key, sign]) => {
      const each = button("nv-move", WORDS.moves[key], () => { stop(); move(key); });
      each.textContent = sign;
      return each;
    });
  const sign = element("span", { "aria-hidden": "true" });
  play.append(sign, " ", say(element("span"), WORDS.slide));
  step.textContent = "⇥";
  whole.textContent = "✕";
  let timer = 0;
  setText(sign, "▶");

  function button(name, words, act) {
    const made = element("button", { type: "button", class: name, on: { click: act } });
    speaker.name(made, words);
    return speaker.name(made, words, "title");
  }

  function pause() {
    if (isMotionUnwanted()) return CALM;
    return fast.checked ? FAST : STEP;
  }

  function toggle() {
    if (timer) {
      stop();
      rest();
    } else {
      setText(sign, "⏸");
      speaker.name(play, WORDS.pause);
      if (!advance()) restart();
      timer = setTimeout(tick, pause());
    }
  }

  function tick() {
    if (advance()) {
      timer = setTimeout(tick, pause());
      return;
    }
    stop();
    rest();
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    setText(sign, "▶");
    speaker.name(play, WORDS.slideLong);
  }

  function offer(something) {
    whole.hidden = !something;
    for (const each of moves) each.disabled = !something;
  }

  const quick = element("label", { class: "nv-fast" }, fast, " ", say(element("span"), WORDS.fast));
  const moving = element("span", { class: "nv-moves" }, ...moves);
  return { element: element("div", { class: "nv-controls" }, moving, play, step, quick, whole), stop, offer,
           get running() { return timer !== 0; } };
}
