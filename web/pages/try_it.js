// The page "try it": the living network; what it shows is kept in the address.

const NETWORKS = GIVEN.networks.map(({ description, weights, name }) =>
  ({ network: readNetwork(description, bytesFrom(weights)), name }));
const refuse = makeRefuse(GIVEN.refusals.map(({ rule, levels }) => readRefusal(rule, bytesFrom(levels))));
const keepSoon = onceSettled(() => history.replaceState(null, "", addressOf(view.state)), 300);
let view = null;

function showAddress(address) {
  const counts = { networks: NETWORKS.length, pictures: PICTURES.length };
  const { state, chosen } = stateOf(new URL(address).hash, counts);
  if (view) view.destroy();
  view = mountNetworkView(document.getElementById("view"), {
    networks: NETWORKS, pictures: PICTURES, draw: true, refuse, language: languageNow(),
    state: { scale: "layer", ...state }, onChange: keepSoon }); // sigmoid and ReLU differ too much to share a scale
  if (chosen) view.choose(chosen);
}

document.addEventListener("language", () => {
  view.setLanguage(languageNow());
  keepSoon();
});
// Another address was typed or pasted. What was shown may have been kept in between: the event knows.
window.addEventListener("hashchange", ({ newURL }) => {
  showAddress(newURL);
  keepSoon();
});
showAddress(location.href);
