// The bar above: which network, the scale of the colours, kernels, and the one legend.
import { element, fixed, rove, setText } from "./elements.js";
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
