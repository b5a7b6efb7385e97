// The page "watch it learn": one stored training under a slider.

const MOMENTS = GIVEN.training.moments;
const networkOf = ({ scales, levels }) =>
  readNetwork(GIVEN.description, unpacked({ scales, levels: bytesFrom(levels) }));
const LAST = networkOf(MOMENTS[MOMENTS.length - 1]);
const networkAt = (i) => (i === MOMENTS.length - 1 ? LAST : networkOf(MOMENTS[i]));
const view = mountNetworkView(document.getElementById("view"), {
  networks: [{ network: LAST, name: { zh: "训练中的网络", en: "the network in training" } }],
  pictures: PICTURES, checkpoints: { ...GIVEN.training, networkAt }, draw: true, refuse: makeRefuse([]), language: languageNow(),
  state: { picture: 0, checkpoint: 0, kernels: true } });

document.addEventListener("language", () => view.setLanguage(languageNow()));
