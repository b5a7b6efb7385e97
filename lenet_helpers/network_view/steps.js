// How a drawing becomes a picture like MNIST's: as drawn, cut to its ink, fitted, centred.
import { paintInk } from "./colors.js";
import { canvasOf, element, setText } from "./elements.js";
import { WORDS, say } from "./words.js";

const STEP_SIDE = 96;

export function makeSteps() {
  const figures = Object.entries(WORDS.stepNames).map(([name, words], i) => {
    const canvas = canvasOf(1, 1, "nv-ink"), size = element("small");
    const caption = element("figcaption", {}, say(element("span"), words), " ", size);
    const figure = element("figure", { class: "nv-table" }, element("div", {}, canvas), caption);
    return { key: name === "placed" ? "image" : name, canvas, size, figure, arrow: i ? "→" : "" };
  });
  const chain = element("div", { class: "nv-steps" },
                        ...figures.flatMap(({ arrow, figure }) => (arrow ? [arrow, figure] : [figure])));
  const none = say(element("p", { class: "nv-invitation" }), WORDS.noSteps);
  const whole = element("div", {}, chain, none);

  function show(steps) {
    chain.hidden = !steps;
    none.hidden = Boolean(steps);
    for (const { key, canvas, size } of figures) {
      const { height, width, values } = steps ? steps[key] : { height: 0, width: 0, values: [] };
      canvas.height = Math.max(1, height);
      canvas.width = Math.max(1, width);
      const scale = STEP_SIDE / Math.max(height, width, 1);
      Object.assign(canvas.style, { height: `${height * scale}px`, width: `${width * scale}px` });
      paintInk(canvas, values);
      setText(size, height ? `${height}×${width}` : "");
    }
  }

  return { element: whole, show };
}
