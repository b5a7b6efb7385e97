// The living network on one screen: a picture goes in on the left, passes all layers, and comes out
// as probabilities on the right; whatever is pointed at shows where it comes from.
import { watchTheme } from "./colors.js";
import { makeSteps } from "./digit_form.js";
import { element, hold, oncePerFrame, onceSettled } from "./elements.js";
import { makeFlow } from "./flow.js";
import { makeMaps } from "./maps.js";
import { firstState, makeModel } from "./model.js";
import { makePointer } from "./pointer.js";
import { withRemarks } from "./refuse.js";
import { makeRoom } from "./room.js";
import { makeSource } from "./source.js";
import { placeOn } from "./sources.js";
import { makeLearn, makeToolbar } from "./toolbar.js";
import { WORDS, joined, makeSpeaker, say } from "./words.js";

const SETTLED = 350; // milliseconds without a change, after which it is announced

export function mountNetworkView(host, options) {
  const { networks, pictures = [], checkpoints = null, refuse = null, onChange = () => {} } = options;
  const network = networks[0].network; // its shape is that of all
  const isLikeMnist = network.input.every((size) => size === 28); // as a drawing becomes
  const canDraw = Boolean(options.draw) && isLikeMnist;
  const scales = networks.length > 1 || checkpoints ? ["map", "layer", "shared"] : ["map", "layer"];
  const state = firstState(options, scales);
  const root = element("div", { class: "nv", role: "group" });
  const speaker = makeSpeaker(root, state.language);
  const model = makeModel({ networks, checkpoints });
  const live = element("p", { class: "nv-live", role: "status" });
  const left = element("div", { class: "nv-left" }), right = element("div", { class: "nv-right" });
  const top = element("div", { class: "nv-top" }), ground = element("div", { class: "nv-desk" }, left, right);
  let names = networks.map(({ name }) => name), refusals = [], announced = null;

  const steps = makeSteps();
  const pointer = makePointer({
    network, model, speaker, state, steps: steps.element, names: () => names, flows: shownFlows,
    shown: shownNetworks, legend: (size) => toolbar.reach(size), caption: () => source.words(),
    picked: () => settle("chosen") });
  const picture = makeMaps({ network, index: 0, speaker, act: pointer.actOf(() => shownNetworks()[0]) });
  const flows = networks.map((_, slot) => makeFlow({
    network, picture, ground, speaker, act: pointer.actOf(() => shownNetworks()[slot]) }));
  const source = makeSource({ network, pictures, model, state, speaker, looked, settled: settle,
                              readPhoto: options.readPhoto });
  const toolbar = makeToolbar({ names, scales, speaker, set, canDraw });
  const learn = checkpoints && makeLearn({ checkpoints, speaker, changed: showCheckpoint });
  const room = makeRoom({ root, network, flowsShown: shownFlows, parts: {
    toolbar: toolbar.element, learn: learn && learn.element, top, left, right,
    pad: canDraw ? source.pad.element : null, picture, pictures: source.thumbs } });

  const paintSoon = oncePerFrame(() => paint(true));
  const arrangeSoon = oncePerFrame(arrange);
  const announceSoon = onceSettled(announce, SETTLED);

  function shownNetworks() {
    return state.network === "both" ? networks.map((_, n) => n) : [state.network];
  }

  function shownFlows() {
    return flows.slice(0, shownNetworks().length);
  }

  // Another picture

  function looked(finished) {
    if (state.steps) steps.show(model.steps);
    judge(finished);
    paint(!finished);
  }

  // Asks whether it is a digit at all, when all is done.
  function judge(finished) {
    refusals = [];
    if (!finished || !model.inked) return;
    for (const n of shownNetworks()) {
      const isEarlier = model.isEarlier(n);
      const asked = { run: model.run(n), image: model.inks, drawing: model.scan, network: n, isEarlier };
      refusals[n] = withRemarks(refuse ? refuse(asked) : null, source.remarks());
    }
  }

  // The view

  function paint(soon = false) {
    paintSoon.cancel();
    const inked = model.inked;
    root.classList.toggle("nv-empty", !inked);
    picture.paintPicture(model.inks, model.run(shownNetworks()[0]).stages[0].values);
    shownFlows().forEach((flow, slot) => {
      const n = shownNetworks()[slot], run = model.run(n), reach = model.reaches(n, state.scale);
      flow.paint(model.network(n), run, reach, model.kernelReaches(n, state.scale));
      const refusal = refusals[n] ?? null;
      const remarks = inked ? [] : source.remarks();
      flow.answer.paint(run, reach(network.stages.length - 1, 0), { inked, refusal, remarks });
    });
    toolbar.show(state);
    pointer.light(soon);
  }

  function arrange() {
    const shown = shownFlows();
    for (const flow of flows) if (!shown.includes(flow)) flow.answer.element.remove();
    hold(right, ...shown.map((flow) => flow.element), pointer.panel);
    shown.forEach(({ answer }, slot) =>
      answer.rename(shown.length > 1 ? names[shownNetworks()[slot]] : null));
    room.arrange(state);
    paint();
  }

  function describe() {
    picture.describe();
    for (const flow of shownFlows()) flow.describe();
  }

  // Announced once, when all is done.
  function settle(why) {
    announced = why;
    announceSoon();
    onChange(controller.state, why);
  }

  function announce() {
    describe();
    const answers = shownFlows().map(({ answer }, slot) =>
      joined([networks.length > 1 && names[shownNetworks()[slot]], answer.words], "：", ": "));
    const words = announced === "chosen" ? pointer.words() : joined(answers, "；", "; ");
    say(live, announced === "checkpoint" ? joined([learn.words(), words], "；", "; ") : words);
  }

  function set(name, value) {
    state[name] = value;
    if (name === "steps") {
      steps.show(model.steps);
      if (value) state.chosen = null; // they stand where its arithmetic was
    }
    if (name === "network") judge(true);
    if (name === "network" || name === "kernels") arrange();
    else paint();
    settle(name);
  }

  function showCheckpoint(i, finished) {
    state.checkpoint = i;
    model.showCheckpoint(i);
    judge(finished);
    if (!finished) {
      paintSoon();
      return;
    }
    paint();
    settle("checkpoint");
  }

  const controller = {
    setLanguage(language) {
      state.language = language;
      speaker.choose(language);
      arrangeSoon();
    },
    showPicture: source.choose,
    draw: (scan) => isLikeMnist && source.draw(scan),
    choose(place) {
      const found = place && placeOn(network, place);
      if (found) pointer.pin({ network: place.network ?? shownNetworks()[0], ...found }, "call");
      else pointer.back();
    },
    setNetworks(next) {
      names = next.map(({ name }) => name);
      model.setNetworks(next);
      judge(false);
      toolbar.rename(names);
      paintSoon();
    },
    get drawings() { return source.pad.drawings; },
    get state() { return JSON.parse(JSON.stringify(state)); },
    get image() { return Uint8Array.from(model.inks, Math.round); },
    get probabilities() {
      return model.inked ? Array.from(model.run(shownNetworks()[0]).probabilities) : null;
    },
    destroy,
  };

  function destroy() {
    for (const later of [paintSoon, announceSoon, arrangeSoon]) later.cancel();
    source.stop();
    pointer.stop();
    if (learn) learn.stop();
    for (const stop of stops) stop();
    root.remove();
  }

  // To begin with

  root.append(toolbar.element, ...(learn ? [learn.element] : []), top, ground, live);
  host.append(root);
  speaker.choose(state.language);
  speaker.name(root, WORDS.view);
  const sizes = new ResizeObserver(arrangeSoon);
  sizes.observe(root);
  window.addEventListener("resize", arrangeSoon);
  const stops = [watchTheme(root), () => sizes.disconnect(),
                 () => window.removeEventListener("resize", arrangeSoon)];
  root.addEventListener("focusin", ({ target }) => {
    target.dataset.lmSuppressShortcuts = "true"; // JupyterLab keeps out of what is typed here
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") pointer.back();
  });
  if (learn) {
    learn.show(state.checkpoint);
    model.showCheckpoint(state.checkpoint);
  }
  if (canDraw) source.photos.listen(root);
  source.begin(Boolean(options.state), options.past ?? []);
  steps.show(model.steps);
  judge(true);
  arrange();
  describe();
  return controller;
}
