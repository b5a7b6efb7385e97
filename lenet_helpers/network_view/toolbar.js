// The bar above: which network, the scale of the colours, kernels, and the one legend.
import { element, fixed, isMotionUnwanted, rove, setText, vector } from "./elements.js";
import { WORDS, say } from "./words.js";

// `set(name, value)` hears what was chosen: network, scale, kernels.
export function makeToolbar({ names, scales, speaker, set, canDraw }) {
  const networks = makeNetworkChoice(names, speaker, set);
  const options = scales.map((scale) =>
    speaker.name(element("option", { value: scale }), WORDS.scales[scale], "text"));
  const scale = element("select", { on: { change: () => set("scale", scale.value) } }, ...options);
  const kernels = makeSwitch("kernels", WORDS.kernels, set), steps = makeSwitch("steps", WORDS.steps, set);
  const legend = makeLegend(speaker);
  steps.hidden = !canDraw;
  speaker.name(scale, WORDS.scale);
  speaker.name(scale, WORDS.scale, "title");
  const whole = element("div", { class: "nv-toolbar" }, networks.element, scale, kernels, steps,
                        legend.element);

  function show(state) {
    networks.show(state.network);
    scale.value = state.scale;
    kernels.setAttribute("aria-pressed", state.kernels);
    steps.setAttribute("aria-pressed", state.steps);
  }

  return { element: whole, show, reach: legend.reach, rename: networks.rename };
}

function makeSwitch(name, words, set) {
  const button = element("button", { type: "button", "aria-pressed": "false" });
  button.addEventListener("click", () => set(name, button.getAttribute("aria-pressed") !== "true"));
  return say(button, words);
}

function makeNetworkChoice(names, speaker, set) {
  const values = names.length > 1 ? [...names.keys(), "both"] : [];
  const buttons = values.map((value) =>
    element("button", { type: "button", on: { click: () => set("network", value) } }));
  const whole = element("div", { class: "nv-choice", role: "group" }, ...buttons);
  const keepStop = rove(whole);
  speaker.name(whole, WORDS.network);
  whole.hidden = values.length === 0;
  rename(names);

  function rename(next) {
    buttons.forEach((button, i) => say(button, next[values[i]] ?? WORDS.bothNetworks));
  }

  function show(chosen) {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", values[i] === chosen));
    if (buttons.length) keepStop();
  }

  return { element: whole, show, rename };
}

// Orange, paper, blue; the numbers at its ends belong to what is pointed at.
function makeLegend(speaker) {
  const least = element("span", { class: "nv-end" }), most = element("span", { class: "nv-end" });
  const colors = element("span", { class: "nv-gradient", role: "img" });
  const marks = element("span", { class: "nv-legend-marks" },
    element("i", { class: "nv-legend-sources" }), say(element("span"), WORDS.sees), " ",
    element("i", { class: "nv-legend-feeds" }), say(element("span"), WORDS.feeds));
  speaker.name(colors, WORDS.legend);
  speaker.name(colors, WORDS.legend, "title");

  function reach(size) {
    setText(least, size ? fixed(-size, 2) : "−");
    setText(most, size ? `+${fixed(size, 2)}` : "+");
  }

  reach(0);
  return { element: element("div", { class: "nv-legend" }, least, colors, most, marks), reach };
}

// The training so far: a slider over its checkpoints, and a mark on the curve of the loss.

const WIDTH = 260, HEIGHT = 40, MARGIN = 4, A_CHECKPOINT = 150, CALM_CHECKPOINT = 800; // the last two: milliseconds

// checkpoints: {at, epochs, losses, testAccuracies?}; `changed(i, finished)` hears which one is shown.
export function makeLearn({ checkpoints, speaker, changed }) {
  const { at, epochs, losses, testAccuracies } = checkpoints;
  const last = at.length - 1;
  const slider = element("input", { type: "range", min: 0, max: last, value: last });
  const play = element("button", { type: "button", class: "nv-play", on: { click: toggle } });
  const mark = vector("circle", { r: 4, class: "nv-mark" }), plumb = vector("path", { class: "nv-plumb" });
  const curve = vector("svg", { class: "nv-curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
                       vector("path", { class: "nv-loss", d: lossPath() }), plumb, mark);
  const text = element("p", { class: "nv-moment" });
  const whole = element("div", { class: "nv-learn", role: "group" }, play, slider, curve, text);
  let timer = 0, shown = -1;
  speaker.name(whole, WORDS.training);
  speaker.name(slider, WORDS.training);
  label();

  function x(i) {
    return MARGIN + (WIDTH - 2 * MARGIN) * (at[i] - at[0]) / (at[last] - at[0] || 1);
  }

  function y(i) {
    const finite = losses.filter(Number.isFinite), top = Math.max(...finite), bottom = Math.min(0, ...finite);
    return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (losses[i] - bottom) / (top - bottom || 1);
  }

  function lossPath() {
    const points = [...losses.keys()].filter((i) => Number.isFinite(losses[i]));
    return `M${points.map((i) => `${x(i).toFixed(1)} ${y(i).toFixed(1)}`).join("L")}`;
  }

  function label() {
    const words = timer ? WORDS.pause : WORDS.playTraining;
    setText(play, timer ? "⏸" : "▶");
    speaker.name(play, words);
    speaker.name(play, words, "title");
  }

  // Shows checkpoint i; it says nothing to `changed`.
  function show(i) {
    if (i === shown) return;
    shown = i;
    slider.value = i;
    mark.setAttribute("cx", x(i));
    mark.setAttribute("cy", Number.isFinite(losses[i]) ? y(i) : MARGIN);
    plumb.setAttribute("d", `M${x(i)} 0V${HEIGHT}`);
    const words = momentWords(i);
    say(text, words);
    speaker.name(slider, words, "aria-valuetext");
  }

  function momentWords(i) {
    const epoch = fixed(epochs[i], 1), loss = fixed(losses[i]);
    const accuracy = testAccuracies ? fixed(testAccuracies[i]) : null;
    return { zh: `第 ${at[i]} 批（${epoch} 轮）：损失 ${loss}${accuracy ? `，测试精度 ${accuracy}` : ""}`,
             en: `batch ${at[i]} (epoch ${epoch}): loss ${loss}${accuracy ? `, test accuracy ${accuracy}` : ""}` };
  }

  function go(i, finished) {
    show(i);
    changed(i, finished);
  }

  function toggle() {
    if (timer) {
      stop();
      changed(shown, true);
      return;
    }
    if (shown === last) go(0, false);
    timer = setInterval(advance, isMotionUnwanted() ? CALM_CHECKPOINT : A_CHECKPOINT);
    label();
  }

  function advance() {
    if (shown < last) go(shown + 1, false);
    if (shown === last) {
      stop();
      changed(last, true);
    }
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    label();
  }

  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value), false);
  });
  slider.addEventListener("change", () => changed(shown, true));
  curve.addEventListener("click", ({ clientX }) => {
    const frame = curve.getBoundingClientRect();
    const wanted = (clientX - frame.left) * WIDTH / frame.width;
    const distance = (i) => Math.abs(x(i) - wanted);
    stop();
    go(at.reduce((best, _, i) => (distance(i) < distance(best) ? i : best), 0), true);
  });

  return { element: whole, show, stop, words: () => momentWords(shown) };
}
