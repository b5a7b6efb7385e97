// What the page was given when it was built, and what both pages do with it.

const GIVEN = JSON.parse(document.getElementById("data").textContent);
const PICTURES = GIVEN.pictures.map((picture) => ({ ...picture, inks: bytesFrom(picture.inks) }));

function bytesFrom(base64) {
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
}

function languageNow() {
  return document.documentElement.dataset.show;
}
