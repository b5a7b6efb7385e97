// The field that is read, in a notebook (anywidget).
import { keepInStep } from "../network_view/in_step.js";
import { readNetwork } from "../network_view/network.js";
import { mountFieldView } from "./field_view.js";

export function render({ model, el }) {
  const { description, weights } = model.get("networks")[0];
  const network = readNetwork(description, weights);
  return keepInStep({ model, el, mountView: (options) => mountFieldView(el, { network, ...options }) });
}
