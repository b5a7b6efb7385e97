// Small helps for building the page, and for writing numbers.

// An element with attributes, a text or children, and what it does on events.
export function element(tag, { text, on = {}, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  if (text !== undefined) made.textContent = text;
  for (const [event, act] of Object.entries(on)) made.addEventListener(event, act);
  made.append(...children);
  return made;
}

export function vector(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

function setAttributes(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
}

export function canvasOf(width, height, name) {
  return element("canvas", { width, height, class: name, "aria-hidden": "true" });
}

// Sets a text only where it has changed: the browser then has less to lay out.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Makes these the children of an element; what stands right already keeps its focus.
export function hold(parent, ...children) {
  const is = parent.childNodes;
  if (is.length === children.length && children.every((child, i) => child === is[i])) return;
  parent.replaceChildren(...children);
}

// Acts at most once a frame, however often it is asked.
export function oncePerFrame(act) {
  let waiting = 0;
  const ask = () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      act();
    });
  };
  ask.cancel = () => {
    cancelAnimationFrame(waiting);
    waiting = 0;
  };
  return ask;
}

// Acts when it has not been asked again for so many milliseconds.
export function onceSettled(act, milliseconds) {
  let waiting = 0;
  const ask = () => {
    clearTimeout(waiting);
    waiting = setTimeout(act, milliseconds);
  };
  ask.cancel = () => clearTimeout(waiting);
  return ask;
}

// One tab stop for several buttons: the arrow keys move on from there.
export function rove(group) {
  const buttons = () => [...group.querySelectorAll("button:not([hidden])")];
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = buttons();
    const next = all[all.indexOf(event.target) + step];
    event.preventDefault(); // no scrolling
    if (next) next.focus();
  });
  group.addEventListener("focusin", ({ target }) => keepStop(target));
  function keepStop(stop) {
    for (const button of buttons()) button.tabIndex = button === stop ? 0 : -1;
  }
  return () => keepStop(group.querySelector("[aria-pressed=true]:not([hidden])") ?? buttons()[0]);
}

export function isMotionUnwanted() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Numbers, with a real minus sign; what rounds to zero has none

export function fixed(value, digits = 3) {
  if (!Number.isFinite(value)) return String(value).replace("-", "−").replace("Infinity", "∞");
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

// Four decimals, or the power of ten of what would seem to be nothing.
export function exact(value) {
  if (value === 0 || Math.abs(value) >= 0.0005 || !Number.isFinite(value)) return fixed(value, 4);
  return value.toExponential(1).replaceAll("-", "−");
}

// At most five signs, for a cell.
export function brief(value) {
  const size = Math.abs(value);
  return fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

// As a further term of a sum: + 0.5, − 0.5.
export function asTerm(value, digits = 3) {
  const text = fixed(value, digits);
  return text.startsWith("−") ? `− ${text.slice(1)}` : `+ ${text}`;
}

export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  return `${(100 * share).toFixed(share < 0.9995 ? 1 : 0)}\u00a0%`;
}
