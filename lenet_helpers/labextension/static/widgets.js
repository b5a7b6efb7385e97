// What ipywidgets leaves to be done: a name for its sliders' handles, which screen readers could not
// say otherwise, and a sentence in the reader's language where a widget is not to be had.
const VIEW = '[data-mime-type="application/vnd.jupyter.widget-view+json"]';
const RUN_TO_SEE = { zh: "交互部分：运行这个单元格后出现", en: "Interactive: run this cell and it appears" };
const attended = new WeakSet();

export function attendWidgets(node) {
  if (attended.has(node)) return;
  attended.add(node);
  let waiting = false;

  function attend() {
    waiting = false;
    node.querySelectorAll(".widget-hslider, .widget-vslider").forEach(nameHandles);
    if (node.matches(".lenet-course")) node.querySelectorAll(VIEW).forEach(explainMissing);
  }

  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(attend);
  }).observe(node, { childList: true, subtree: true, characterData: true });
}

function nameHandles(slider) {
  const label = slider.querySelector(".widget-label")?.textContent.trim().replace(/[:：]$/, "");
  if (!label) return;
  for (const handle of slider.querySelectorAll('[role="slider"]')) handle.setAttribute("aria-label", label);
}

// Without its widget a view holds text alone: Python's, or "model not found".
function explainMissing(view) {
  if (view.children.length || !view.textContent) return;
  view.replaceChildren(...Object.entries(RUN_TO_SEE).map(([lang, textContent]) =>
    Object.assign(document.createElement("p"), { lang, textContent })));
}
