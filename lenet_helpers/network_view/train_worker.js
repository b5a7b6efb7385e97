// The training in a Worker of its own, so that the page stays alive meanwhile.
//
// It hears {begin: {description, weights, train, test, batchSize, seed}}, then {learn: {lr, until}}
// (epochs) and {stop: true}. It tells a report of the trainer together with the weights and `ended`:
// null while it learns, else "begun", "stopped", "done" or "diverged".
import { makeTrainer } from "./backward.js";
import { readNetwork } from "./network.js";

let network = null, trainer = null, latest = null, learning = null;
const turns = new MessageChannel(); // a next turn, between which messages are heard

function begin({ description, weights, ...rest }) {
  network = readNetwork(description, weights);
  trainer = makeTrainer({ network, ...rest });
  tell(trainer.begin(), "begun");
}

function tell(report, ended) {
  const { buffer } = network.layers.find(({ weight }) => weight).weight;
  latest = report;
  postMessage({ ...report, weights: buffer.slice(0), ended });
}

function learn(wanted) {
  const waits = learning === null;
  learning = wanted;
  if (waits) turns.port2.postMessage(null);
}

function turn() {
  if (!learning) return;
  const report = trainer.step(learning.lr);
  if (!report) return void turns.port2.postMessage(null);
  const ended = !Number.isFinite(report.loss) ? "diverged"
    : report.epoch > learning.until - 1e-9 ? "done" : null;
  if (ended) learning = null;
  else turns.port2.postMessage(null);
  tell(report, ended);
}

function stop() {
  if (!learning) return; // it has just ended by itself
  learning = null;
  tell(trainer.pause() ?? latest, "stopped");
}

turns.port1.onmessage = turn;
onmessage = ({ data }) => {
  if (data.begin) begin(data.begin);
  else if (data.learn) learn(data.learn);
  else if (data.stop) stop();
};
