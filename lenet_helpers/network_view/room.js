// What stands where, and how large: beside each other on one screen, or one below the other on a
// phone, where the pad and the answer stay in view.
import { hold } from "./elements.js";
import { planInput, planStages } from "./layout.js";

const USUAL_WIDTH = 1000, WIDE_FROM = 720, COMPACT_BELOW = 940;
const DIGIT = 14, LONG_NAME = 50;
const LEAST_HEIGHT = 560, MOST_HEIGHT = 760, AROUND = 40, BELOW = 6, PAGE_HEADER = 56;
const DETAIL = 174, TITLES = 42, SECOND_TITLES = 20, SPACE = 8, THUMB = 42, TOOLS = 36, TURN = 26;

// parts: {toolbar, learn, top, left, right, pad, picture, pictures}, of which pad or learn may be null.
export function makeRoom({ root, parts, network, flowsShown }) {
  function arrange(state) {
    const width = root.clientWidth || USUAL_WIDTH; // it may be hidden
    const narrow = width < WIDE_FROM;
    root.dataset.flows = flowsShown().length;
    root.dataset.room = narrow ? "narrow" : "wide";
    (narrow ? arrangeNarrow : arrangeWide)(width, state);
  }

  function arrangeWide(width, state) {
    const { toolbar, learn, left, pad, picture, pictures } = parts, flows = flowsShown();
    const compact = width < COMPACT_BELOW, side = compact ? 140 : 168;
    root.dataset.compact = compact;
    const answerWidth = Math.round(Math.min(210, Math.max(150, width * 0.165))) + namesWidth() - DIGIT;
    setSizes(side, answerWidth);
    if (root.firstChild !== toolbar) root.prepend(toolbar);
    hold(left, ...(pad ? [pad] : []), picture.element, pictures.element);
    for (const { element, answer } of flows) {
      if (answer.element.parentElement !== element) element.append(answer.element);
    }
    const above = toolbar.offsetHeight + (learn ? learn.offsetHeight + SPACE : 0) + SPACE;
    const inside = heightFor(root) - above - 8;
    // The titles stand above the first only; above the second, what it reads, in one language or two.
    const second = flows.length > 1 ? SECOND_TITLES * (state.language === "both" ? 2 : 1) + SPACE : 0;
    const height = Math.floor((inside - DETAIL - SPACE - TITLES - second) / flows.length);
    const plans = planStages(network, { width: width - side - answerWidth - 34, height,
                                        kernels: state.kernels, narrow: false });
    picture.arrange(planInput(network.stages[0], side));
    for (const flow of flows) flow.arrange(plans, height);
    const used = (pad ? side + TOOLS : 0) + side + SECOND_TITLES;
    const rows = Math.max(1, Math.floor((inside - used - TURN) / THUMB));
    pictures.arrange(rows * Math.floor((side + 4) / THUMB));
  }

  function arrangeNarrow(width, state) {
    const { top, left, pad, picture, pictures } = parts, flows = flowsShown();
    const side = Math.min(168, Math.floor(width * 0.4));
    setSizes(side, width - side - 24);
    const first = pad ?? picture.element;
    if (root.firstChild !== top) root.prepend(top);
    hold(top, first, ...flows.map((flow) => flow.answer.element));
    hold(left, ...(pad ? [picture.element] : []), pictures.element);
    picture.arrange(planInput(network.stages[0], side));
    const plans = planStages(network, { width: width - 8, height: Infinity, kernels: state.kernels,
                                        narrow: true });
    for (const flow of flows) flow.arrange(plans, (side + 24) / flows.length);
    pictures.arrange(3 * Math.max(1, Math.floor((width - (pad ? side + 24 : 8)) / THUMB)));
  }

  // Digits are short; "ankle boot" ends in dots.
  function namesWidth() {
    const longest = Math.max(...network.classes.map(({ zh, en }) => Math.max(zh.length, en.length)));
    return longest > 2 ? LONG_NAME : DIGIT;
  }

  function setSizes(side, answer) {
    root.style.setProperty("--nv-side", `${side}px`);
    root.style.setProperty("--nv-answer", `${answer}px`);
    root.style.setProperty("--nv-names", `${namesWidth()}px`);
    root.style.setProperty("--nv-detail", `${DETAIL}px`);
  }

  return { arrange };
}

// How high the view may be to be seen as a whole: in a notebook; on a page below what stands above it,
// or, where that is much, below the page's header when it has been scrolled to.
function heightFor(root) {
  const notebook = root.closest(".jp-WindowedPanel-outer, .jp-Notebook");
  const top = root.getBoundingClientRect().top + scrollY;
  const above = top < innerHeight / 3 ? top + BELOW : PAGE_HEADER + AROUND;
  const room = notebook ? notebook.clientHeight - AROUND : innerHeight - above;
  return Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, room));
}
