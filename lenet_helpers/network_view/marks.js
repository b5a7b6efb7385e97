// Marks on a board: what a number comes from lights up, the rest is veiled; what it feeds is dashed.
import { vector } from "./elements.js";
import { rectangleOf } from "./layout.js";
import { onTheMap } from "./sources.js";

export function makeMarks(board, stage) {
  const path = (name) => vector("path", { class: name });
  const paths = { veil: path("nv-veil"), feeds: path("nv-feeds"), halo: path("nv-halo"),
                  sources: path("nv-sources") };
  board.append(vector("svg", { class: "nv-marks", "aria-hidden": "true" }, ...Object.values(paths)));
  let plan, shown = "";

  // box: what is lit, or null; fed: what is fed, or null; own: the box is the number itself.
  function mark({ box = null, fed = null, own = false } = {}) {
    const sources = box ? outline(box, !own && stage.kind === "input") : "";
    const feeds = fed ? outline(fed, false) : "";
    if (shown === sources + "|" + feeds + own) return;
    shown = sources + "|" + feeds + own;
    paths.sources.setAttribute("d", sources);
    paths.halo.setAttribute("d", sources);
    paths.feeds.setAttribute("d", feeds);
    paths.veil.setAttribute("d", box ? veil(box, own) : "");
    paths.sources.classList.toggle("nv-own", own);
  }

  function channelsOf({ channels }) {
    return channels === "all" ? Array.from({ length: stage.channels }, (_, c) => c) : channels;
  }

  // The picture shows how far a box reaches into the padding; between maps there is no room for it.
  function outline(box, beyondTheEdge) {
    if (coversAll(box, stage) && box.channels === "all") {
      return frame({ left: -1, top: -1, width: plan.width + 2, height: plan.height + 2 });
    }
    const part = beyondTheEdge ? box : onTheMap(box, stage);
    if (!part) return "";
    return channelsOf(part).map((channel) => frame(rectangleOf(plan, channel, part))).join("");
  }

  // Everything but the box; on the number's own board only the other maps.
  function veil(box, own) {
    const part = onTheMap(box, stage), whole = { top: 0, left: 0, ...stage };
    const lit = new Set(part ? channelsOf(part) : []);
    let d = "";
    for (const channel of channelsOf({ channels: "all" })) {
      if (own && lit.has(channel)) continue;
      d += frame(rectangleOf(plan, channel, whole));
      if (lit.has(channel)) d += frame(rectangleOf(plan, channel, part));
    }
    return d;
  }

  function arrange(next) {
    plan = next;
    mark();
  }

  return { arrange, mark };
}

export function coversAll({ top, left, height: high, width: wide }, { height, width }) {
  return top <= 0 && left <= 0 && top + high >= height && left + wide >= width;
}

function frame({ left, top, width, height }) {
  return `M${left} ${top}h${width}v${height}h${-width}z`;
}
