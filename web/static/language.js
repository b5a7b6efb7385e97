// The language buttons: 中文, English, both. The choice is remembered, and follows every link to
// another page as "?lang=zh", for browsers that give each local file a memory of its own. An address
// that was handed on may carry it as "#lang=zh". Whoever speaks hears the event "language".
"use strict";

const LANGUAGES = ["zh", "en", "both"];

function firstLanguage() {
  for (const part of [location.hash, location.search]) {
    const inAddress = new URLSearchParams(part.slice(1)).get("lang");
    if (LANGUAGES.includes(inAddress)) return inAddress;
  }
  try {
    const remembered = localStorage.getItem("language");
    if (LANGUAGES.includes(remembered)) return remembered;
  } catch {
    // A browser may refuse to remember anything; the address still carries the choice.
  }
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

function showLanguage(language) {
  document.documentElement.dataset.show = language;
  document.documentElement.lang = language === "en" ? "en" : "zh";
  try {
    localStorage.setItem("language", language);
  } catch {
    // as above
  }
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.setAttribute("aria-pressed", String(button.dataset.choose === language));
  }
  for (const link of document.querySelectorAll('a[href]:not([href^="#"])')) {
    if (link.origin === location.origin) link.search = `?lang=${language}`;
  }
  document.dispatchEvent(new CustomEvent("language"));
}

showLanguage(firstLanguage()); // before the page is drawn, so that nothing flickers

document.addEventListener("DOMContentLoaded", () => {
  document.querySelector(".languages").hidden = false;
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", () => showLanguage(button.dataset.choose));
  }
  showLanguage(document.documentElement.dataset.show);
});
