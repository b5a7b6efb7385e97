// What a page does besides its language: a stop for the tab key where something scrolls and nowhere
// else, and answers that are open on paper.
"use strict";

function markScrollers() {
  for (const element of document.querySelectorAll(".scroll, .input, .text pre")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const sizes = new ResizeObserver(markScrollers); // the language and a folded answer change them too
  sizes.observe(document.querySelector("main"));
  markScrollers();
});
document.addEventListener("toggle", markScrollers, true);

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("main details:not([open], .contents)")];
  for (const answer of opened) answer.open = true;
});
addEventListener("afterprint", () => {
  for (const answer of opened) answer.open = false;
});
