// The page "read a zip code": a field is chosen, drawn or photographed, and read.

const NETWORK = readNetwork(GIVEN.description, bytesFrom(GIVEN.weights));
const view = mountFieldView(document.getElementById("view"), {
  network: NETWORK, pictures: PICTURES, language: languageNow(), state: { picture: 0 } });

document.addEventListener("language", () => view.setLanguage(languageNow()));
