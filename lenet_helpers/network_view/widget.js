// The view in a notebook (anywidget): Python's traits come in; the state of the view, and the image
// that the network sees, go back.
import { readNetwork, unpacked } from "./network.js";
import { makeRefuse, readRefusal } from "./refuse.js";
import { mountNetworkView } from "./view.js";

export function render({ model, el }) {
  const networks = model.get("networks").map(({ description, weights, name }) =>
    ({ network: readNetwork(description, weights), name }));
  const checkpoints = checkpointsOf(model, networks[0].network);
  const refuse = makeRefuse(model.get("refusals").map((rule) => rule && readRefusal(rule[0], rule[1])));
  let view = null;

  function mount() {
    const past = view ? view.drawings : []; // undo leads back to them
    if (view) view.destroy();
    view = mountNetworkView(el, {
      networks, checkpoints, draw: model.get("draw"), refuse, onChange: tell, past, readPhoto,
      pictures: model.get("pictures").map((each) => ({ ...each, inks: bytesOf(each.inks) })),
      state: { ...model.get("state"), language: model.get("language") } });
  }

  // Python does all the steps, and answers with another state.
  function readPhoto({ height, width, values }) {
    model.send({ photo: [height, width] }, undefined, [new DataView(values.buffer)]);
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
  const networkAt = (i) => (moments[i].levels ? stored(moments[i]) : network);
  const stored = ({ scales, levels }) => readNetwork(description, unpacked({ scales, levels: bytesOf(levels) }));
  return { ...rest, losses: losses.map((loss) => loss ?? NaN), networkAt };
}
