// A view in a notebook (anywidget), kept in step with Python: its state and what it sees go there, and
// other states come back.

// `mountView(options)` puts the view on the page: with the pictures to choose from, the state, what undo
// leads back to, `onChange` and `readPhoto`.
export function keepInStep({ model, el, mountView }) {
  let view = null;

  function mount() {
    const past = view ? view.drawings : []; // undo leads back to them
    if (view) view.destroy();
    view = mountView({
      past, onChange: tell, readPhoto,
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

export function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
