// Two things to click on that can be reached by keyboard as well: the pixels of a picture, with
// frames drawn over it, and the buttons of a table. What is chosen is Python's affair: clicks and
// arrow keys are sent there as messages, and come back as frames or as the chosen button.

const ARROWS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};

// Call `act(rows, columns)` for each arrow key; JupyterLab keeps out while `element` has the focus.
function onArrows(element, act) {
  element.dataset.lmSuppressShortcuts = "true";
  element.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault(); // no scrolling
    act(...step);
  });
}

// Follow these traits of the model until the view goes.
function follow(model, actions) {
  for (const [trait, act] of Object.entries(actions)) {
    model.on(`change:${trait}`, act);
    act();
  }
  return () => {
    for (const [trait, act] of Object.entries(actions)) model.off(`change:${trait}`, act);
  };
}

function picture({ model, el }) {
  const frame = document.createElement("div");
  const image = document.createElement("img");
  let address;
  frame.className = "lenet-clickable";
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  image.draggable = false;
  frame.append(image);
  el.append(frame);

  // Marks are in the PNG's pixels, the page in percent of it: it may be shown at any size.
  function mark() {
    frame.querySelectorAll(".lenet-mark").forEach((old) => old.remove());
    for (const [kind, x, y, width, height] of model.get("marks")) {
      const box = document.createElement("div");
      const [across, down] = [100 / image.naturalWidth, 100 / image.naturalHeight];
      box.className = `lenet-mark ${kind}`;
      box.style.cssText =
        `left: ${x * across}%; top: ${y * down}%; ` +
        `width: ${width * across}%; height: ${height * down}%`;
      frame.append(box);
    }
  }

  function show() {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
    image.src = address;
    frame.style.width = model.get("width") ? `${model.get("width")}px` : "fit-content";
    frame.classList.toggle("lenet-enlarged", model.get("width") > 0);
  }

  frame.addEventListener("click", (event) => {
    const place = image.getBoundingClientRect();
    const x = ((event.clientX - place.left) / place.width) * image.naturalWidth;
    const y = ((event.clientY - place.top) / place.height) * image.naturalHeight;
    model.send({ click: [x, y] });
  });
  onArrows(frame, (rows, columns) => model.send({ move: [rows, columns] }));
  image.addEventListener("load", mark);
  const stop = follow(model, {
    png: show,
    marks: () => image.naturalWidth && mark(),
    label: () => {
      image.alt = model.get("label");
      frame.setAttribute("aria-label", model.get("label"));
    },
  });
  return () => {
    stop();
    URL.revokeObjectURL(address);
  };
}

function table({ model, el }) {
  const frame = document.createElement("div");
  el.append(frame);
  const button = (cell) => frame.querySelector(`button[data-cell="${cell}"]`);

  // One stop for the tab key: the arrow keys move on from there.
  function choose() {
    for (const each of frame.querySelectorAll("button")) {
      const chosen = each.dataset.cell === model.get("cell").join();
      each.setAttribute("aria-pressed", chosen);
      each.tabIndex = chosen ? 0 : -1;
    }
  }

  frame.addEventListener("click", (event) => {
    const cell = event.target.closest("button")?.dataset.cell;
    if (cell) model.send({ cell: cell.split(",").map(Number) });
  });
  onArrows(frame, (rows, columns) => {
    const [row, column] = model.get("cell");
    const next = button([row + rows, column + columns].join());
    if (!next) return;
    next.focus();
    next.click();
  });
  return follow(model, {
    html: () => {
      frame.innerHTML = model.get("html");
      choose();
    },
    cell: choose,
  });
}

export default {
  render: (view) => (view.model.get("kind") === "table" ? table(view) : picture(view)),
};
