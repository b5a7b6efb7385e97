// The view in a notebook (anywidget): Python's traits come in; the state of the view, and the image
// that the network sees, go back.
import { readNetwork } from "./network.js";
import { remarkOnDrawing } from "./remarks.js";
import { mountNetworkView } from "./view.js";

export function render({ model, el }) {
  const networks = model.get("networks").map(({ description, weights, name }) =>
    ({ network: readNetwork(description, weights), name }));
  const checkpoints = checkpointsOf(model, networks[0].network);
  let view = null;

  function mount() {
    if (view) view.destroy();
    view = mountNetworkView(el, {
      networks, checkpoints, draw: model.get("draw"), refuse: remarkOnDrawing, onChange: tell,
      pictures: model.get("pictures").map((each) => ({ ...each, inks: bytesOf(each.inks) })),
      state: { ...model.get("state"), language: model.get("language") } });
  }

  function tell({ language: _, ...state }) {
    model.set("state", state);
    model.set("image", new DataView(view.image.buffer));
    model.save_changes();
  }

  // What Python, or the same view in another cell, wants to be shown.
  function obey() {
    const wanted = model.get("state"), now = view.state;
    const differs = (key) => JSON.stringify(wanted[key]) !== JSON.stringify(now[key]);
    const changed = Object.keys(wanted).filter(differs);
    if (changed.every((key) => key === "chosen")) {
      if (changed.length) view.choose(wanted.chosen);
    } else {
      mount();
    }
  }

  function speak() {
    view.setLanguage(model.get("language"));
  }

  const listeners = { "change:state": obey, "change:pictures": mount, "change:language": speak };
  const arrival = new ResizeObserver(() => { // the view measures itself: first it must be on the page
    if (!el.isConnected) return;
    arrival.disconnect();
    mount();
    for (const [event, act] of Object.entries(listeners)) model.on(event, act);
  });
  arrival.observe(el);
  return () => {
    arrival.disconnect();
    for (const [event, act] of Object.entries(listeners)) model.off(event, act);
    if (view) view.destroy();
  };
}

function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

// Weights come in 8 bits each, except those that the network has in the end.
function checkpointsOf(model, network) {
  const given = model.get("checkpoints");
  if (!given) return null;
  const { moments, losses, ...rest } = given, { description } = model.get("networks")[0];
  const networkAt = (i) => (moments[i].levels ? readNetwork(description, unpacked(moments[i])) : network);
  return { ...rest, losses: losses.map((loss) => loss ?? NaN), networkAt };
}

// scales: of each weight and bias the least number, the size of a step, and how many numbers.
function unpacked({ scales, levels }) {
  const numbers = new Float32Array(levels.byteLength);
  let next = 0;
  for (const [least, step, count] of scales) {
    for (const end = next + count; next < end; next++) numbers[next] = least + step * levels.getUint8(next);
  }
  return numbers.buffer;
}
