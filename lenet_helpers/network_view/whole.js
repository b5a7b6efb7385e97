// The whole network in numbers: what each layer puts out, has learned, and computes.
import { element } from "./elements.js";
import { WORDS, say } from "./words.js";

export function makeWhole(network) {
  const stages = network.stages.map((stage) => ({ ...stage, ...countsOf(network, stage) }));
  const sum = (key) => stages.reduce((total, stage) => total + stage[key], 0);
  const row = (key, total) => element("tr", {}, say(element("th", { scope: "row" }), WORDS.counts[key]),
    ...stages.map((stage) => element("td", { text: spaced(stage[key]) })),
    element("td", { text: total ? spaced(sum(key)) : "" }));
  const head = element("tr", {}, element("td"),
    ...stages.map(({ name }) => element("th", { scope: "col", text: name })),
    say(element("th", { scope: "col" }), WORDS.sum));
  const table = element("table", { class: "nv-numbers" }, element("thead", {}, head),
    element("tbody", {}, row("numbers", true), row("parameters", true), row("products", true)));
  return element("div", { class: "nv-whole" },
                 say(element("p", { class: "nv-invitation" }), WORDS.invitation), table);
}

// Numbers put out, parameters learned, products of an input and a weight (padding included).
function countsOf({ layers }, { kind, layer: index, channels, height, width }) {
  const numbers = channels * height * width, layer = layers[index];
  if (kind !== "conv" && kind !== "linear") return { numbers, parameters: 0, products: 0 };
  return { numbers, parameters: layer.weight.length + layer.bias.length,
           products: numbers * layer.weight.length / layer.out };
}

function spaced(count) {
  return count ? count.toLocaleString("en") : "–";
}
