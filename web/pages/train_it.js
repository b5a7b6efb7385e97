// The page "train it": a training in a Worker, its curve, and the living network meanwhile.

const BATCH_SIZE = 16, SEED = 1;
const RATES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
// With sigmoid the plateau ends at about epoch 18; at smaller rates, or from other random weights, it
// was seen to last longer than 40.
const USUAL = { relu: { lr: 0.05, epochs: 5 }, tanh: { lr: 0.05, epochs: 5 }, sigmoid: { lr: 2, epochs: 30 } };
const DATA = Object.fromEntries(["train", "test"].map((part) =>
  [part, { inks: bytesFrom(GIVEN[part].inks), labels: Uint8Array.from(GIVEN[part].labels) }]));
const CODE = new Blob([document.getElementById("worker").textContent], { type: "text/javascript" });
const form = document.getElementById("training");
const activation = form.elements.activation, lr = form.elements.lr, epochs = form.elements.epochs;
const trainButton = form.elements.train, pauseButton = form.elements.pause;
const progress = document.getElementById("progress"), said = document.getElementById("said");
const speaker = makeSpeaker(form, languageNow());
const learningCurve = makeCurve(speaker);
let worker = null, learning = false, latest = null, start = null, view = null, testAccuracy = null;

// A network with random weights, the same ones each time.
function newNetwork() {
  const description = GIVEN.descriptions[activation.value];
  const network = readNetwork(description, new ArrayBuffer(GIVEN.weightBytes));
  xavierUniform(network, randomFrom(SEED));
  return { description, network, weights: network.layers.find(({ weight }) => weight).weight.buffer };
}

function networksWith(network) {
  return [{ network, name: WORDS_OF_TRAINING.now }, { network: start.network, name: WORDS_OF_TRAINING.start }];
}

// A new view, showing what the one before showed.
function mountView() {
  const state = view ? view.state : undefined;
  if (view) view.destroy();
  view = mountNetworkView(document.getElementById("view"), {
    networks: networksWith(start.network), pictures: PICTURES, draw: true, refuse: makeRefuse([]), state,
    language: languageNow() });
}

function settings() {
  const wanted = Number(epochs.value), epoch = latest ? latest.epoch : 0;
  return { lr: RATES[lr.value], until: learning || epoch < wanted ? wanted : Math.ceil(epoch) + wanted };
}

function begin() {
  if (worker) worker.terminate();
  start = newNetwork();
  latest = testAccuracy = null;
  mountView();
  learningCurve.clear();
  say(progress, WORDS_OF_TRAINING.preparing);
  const address = URL.createObjectURL(CODE);
  worker = new Worker(address);
  URL.revokeObjectURL(address);
  worker.onmessage = ({ data }) => hear(data);
  const { description, weights } = start;
  worker.postMessage({ begin: { description, weights, ...DATA, batchSize: BATCH_SIZE, seed: SEED + 1 } });
  goOn();
}

function goOn() {
  const wanted = settings();
  learning = true;
  said.replaceChildren();
  learningCurve.reachTo(wanted.until);
  worker.postMessage({ learn: wanted });
  showButtons();
}

function hear({ weights, ended, ...report }) {
  testAccuracy = report.testAccuracy ?? testAccuracy;
  if (latest === null || report.epoch > latest.epoch) learningCurve.add(report);
  latest = report;
  view.setNetworks(networksWith(readNetwork(start.description, weights)));
  const words = reportWords({ ...report, testAccuracy });
  if (ended === null || ended === "begun") return void say(progress, words);
  learning = false;
  showButtons();
  progress.replaceChildren();
  say(said, joined([ENDED[ended], words], "，", ", ")); // announced once
}

function showButtons() {
  pauseButton.disabled = worker === null;
  say(pauseButton, learning ? WORDS_OF_TRAINING.stop : WORDS_OF_TRAINING.goOn);
}

function showSettings() {
  form.querySelector("#lr-now").textContent = RATES[lr.value];
  form.querySelector("#epochs-now").textContent = epochs.value;
  lr.setAttribute("aria-valuetext", RATES[lr.value]);
}

function useUsual() {
  const usual = USUAL[activation.value];
  lr.value = RATES.indexOf(usual.lr);
  epochs.value = usual.epochs;
  showSettings();
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", ({ target }) => {
  if (target.name === "activation" && !learning) useUsual();
});
form.addEventListener("input", ({ target }) => {
  if (target !== lr && target !== epochs) return;
  showSettings();
  if (learning) goOn(); // with the new settings
});
trainButton.addEventListener("click", begin);
pauseButton.addEventListener("click", () => {
  if (learning) worker.postMessage({ stop: true });
  else goOn();
});
document.addEventListener("language", () => {
  speaker.choose(languageNow());
  view.setLanguage(languageNow());
});

lr.max = RATES.length - 1;
document.getElementById("curve").append(learningCurve.element);
useUsual();
learningCurve.reachTo(Number(epochs.value));
start = newNetwork();
mountView();
say(progress, WORDS_OF_TRAINING.waiting);
showButtons();
