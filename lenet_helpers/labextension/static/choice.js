// The reader's choices. The language is kept in the browser, for all lessons and tabs; class mode in
// this tab, so that it ends with the class. Both stand on <body>, where styles look for them.
const KEY = "lenet-course:language";
const CLASS_KEY = "lenet-course:class-mode";
const LANGUAGES = ["zh", "en", "both"];
const listeners = new Set();

// How to begin where nothing has been chosen in this browser yet.
let first = "both";

export function language() {
  const chosen = localStorage.getItem(KEY);
  return LANGUAGES.includes(chosen) ? chosen : first;
}

export function classMode() {
  return sessionStorage.getItem(CLASS_KEY) !== null;
}

export function begin(wanted) {
  first = wanted;
  tell();
}

export function choose(wanted) {
  localStorage.setItem(KEY, wanted);
  tell();
}

export function setClassMode(on) {
  if (on) sessionStorage.setItem(CLASS_KEY, "");
  else sessionStorage.removeItem(CLASS_KEY);
  tell();
}

// Calls `act` now and after every change, until the function that it returns is called.
export function follow(act) {
  listeners.add(act);
  act();
  return () => listeners.delete(act);
}

function tell() {
  document.body.dataset.lenetLanguage = language();
  document.body.toggleAttribute("data-lenet-class-mode", classMode());
  for (const act of listeners) act();
  // The kernels hear it from their widgets (lenet_helpers/language.js).
  window.dispatchEvent(new Event("lenet-language"));
}

window.addEventListener("storage", ({ key }) => {
  if (key === KEY || key === null) tell(); // null: the storage was cleared
});
