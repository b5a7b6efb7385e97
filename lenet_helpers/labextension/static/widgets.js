// What ipywidgets leaves to be done: names for its sliders' handles and its pictures, which screen
// readers could not say otherwise, and a sentence in the reader's language where a widget is not to be had.
import { follow } from "./choice.js";

const VIEW = ".jp-OutputArea-output:not([data-mime-type])"; // JupyterLab marks all other outputs
const DEAD = ":scope > .jupyter-widgets-disconnected:not(.lenet-language)";
const RUN_TO_SEE = { zh: "交互部分：运行这个单元格后出现", en: "Interactive: run this cell and it appears" };
const attended = new WeakSet();

export function attendWidgets({ node, disposed }) {
  if (attended.has(node)) return;
  attended.add(node);
  let waiting = false;
  disposed.connect(follow(wait)); // in another language a picture has another name

  function attend() {
    waiting = false;
    node.querySelectorAll(".widget-hslider, .widget-vslider").forEach(nameHandles);
    node.querySelectorAll("img.widget-image").forEach(namePicture);
    if (node.matches(".lenet-course")) node.querySelectorAll(VIEW).forEach(explainMissing);
  }

  function wait() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(attend);
  }

  new MutationObserver(wait).observe(node, {
    childList: true, subtree: true, characterData: true, attributeFilter: ["title", "class"],
  });
}

// After its description, or else its tooltip, which ipywidgets puts beside it ("null" if there is none).
function nameHandles(slider) {
  const label = slider.querySelector(".widget-label");
  const tooltip = label.title === "null" ? "" : label.title;
  const name = label.textContent.trim().replace(/[:：]$/, "") || tooltip;
  if (!name) return;
  for (const handle of slider.querySelectorAll('[role="slider"]')) handle.setAttribute("aria-label", name);
}

// After what stands in its box: its caption, or else the controls that it follows. Out of sight no text
// may be drawn: then it keeps its name, or takes all that stands there.
function namePicture(picture) {
  const box = picture.closest(".widget-box") ?? picture;
  const parts = [...box.querySelectorAll(".widget-html-content, .widget-label, .widget-readout")];
  const caption = parts.filter((part) => part.matches(".widget-html-content") && part.innerText);
  const named = caption.length ? caption : parts;
  const words = (of) => named.map(of).map((text) => text.trim()).filter(Boolean).join(" ");
  const name = words((part) => part.innerText) || picture.alt.trim() || words((part) => part.textContent);
  if (picture.alt !== name) picture.alt = name;
}

// Without its widget a view holds an English message alone; after a restart of the kernel, a widget
// that does nothing any more, which the style hides.
function explainMissing(view) {
  const isMessage = !view.children.length && view.textContent;
  if (isMessage) view.textContent = "";
  else if (!view.querySelector(DEAD) || view.querySelector(":scope > .lenet-gone")) return;
  view.append(...Object.entries(RUN_TO_SEE).map(([lang, textContent]) =>
    Object.assign(document.createElement("p"), { lang, textContent, className: "lenet-gone" })));
}
