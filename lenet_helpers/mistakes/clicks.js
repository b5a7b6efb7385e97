// A table of buttons that can be reached by keyboard as well. What is chosen is Python's affair:
// clicks and arrow keys are sent there as messages, and come back as the chosen button.

const ARROWS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};

function render({ model, el }) {
  const frame = document.createElement("div");
  const button = (cell) => frame.querySelector(`button[data-cell="${cell}"]`);
  frame.dataset.lmSuppressShortcuts = "true"; // JupyterLab keeps out while it has the focus
  el.append(frame);

  function fill() {
    frame.innerHTML = model.get("html");
    choose();
  }

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
  frame.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault(); // no scrolling
    const [row, column] = model.get("cell");
    const next = button([row + step[0], column + step[1]].join());
    if (!next) return;
    next.focus();
    next.click();
  });
  model.on("change:html", fill);
  model.on("change:cell", choose);
  fill();
  return () => {
    model.off("change:html", fill);
    model.off("change:cell", choose);
  };
}

export default { render };
