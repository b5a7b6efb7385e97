// The curve of a training: loss on the left scale, accuracies on the right one, over the epochs.
const CURVE_HEIGHT = 190, EDGE = { left: 34, right: 34, top: 8, bottom: 22 }, MOST_LOSS = 2.5;
const SERIES = [["loss", MOST_LOSS, WORDS_OF_TRAINING.loss], ["accuracy", 1, WORDS_OF_TRAINING.accuracy],
                ["testAccuracy", 1, WORDS_OF_TRAINING.testAccuracy]];

export function makeCurve(speaker) {
  const lines = SERIES.map(([name]) => vector("path", { class: `line ${name}` }));
  const axes = vector("g", { class: "axes" });
  const picture = vector("svg", { class: "curve", role: "img" }, axes, ...lines);
  const legend = element("p", { class: "curve-legend", "aria-hidden": "true" }, ...SERIES.map(([name, , words]) =>
    element("span", {}, vector("svg", { viewBox: "0 0 28 8" }, vector("path", { class: `line ${name}`, d: "M0 4H28" })),
            say(element("span"), words))));
  const whole = element("div", { class: "curve-box" }, picture, legend);
  let reports = [], until = 1, width = 0;
  new ResizeObserver(() => {
    if (whole.clientWidth !== width) draw();
  }).observe(whole);

  const x = (epoch) => EDGE.left + (width - EDGE.left - EDGE.right) * epoch / until;
  const y = (share) => CURVE_HEIGHT - EDGE.bottom - (CURVE_HEIGHT - EDGE.top - EDGE.bottom) * Math.min(1, share);

  function draw() {
    width = whole.clientWidth;
    picture.setAttribute("viewBox", `0 0 ${width} ${CURVE_HEIGHT}`);
    drawAxes();
    SERIES.forEach(([name, most], i) => lines[i].setAttribute("d", pathOf(name, most)));
    speaker.name(picture, curveWords(reports, until));
  }

  function pathOf(name, most) {
    const known = reports.filter((report) => Number.isFinite(report[name] ?? NaN));
    return known.map((report, i) =>
      `${i ? "L" : "M"}${x(report.epoch).toFixed(1)} ${y(report[name] / most).toFixed(1)}`).join("");
  }

  function drawAxes() {
    const write = (text, left, bottom, anchor) => {
      const label = vector("text", { x: left, y: bottom, "text-anchor": anchor });
      label.textContent = text;
      return label;
    };
    const marks = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => [
      vector("path", { d: `M${EDGE.left} ${y(share)}H${width - EDGE.right}` }),
      write((share * MOST_LOSS).toFixed(1), EDGE.left - 5, y(share) + 4, "end"),
      write(share.toFixed(1), width - EDGE.right + 5, y(share) + 4, "start")]);
    const step = [1, 2, 5, 10, 20, 50, 100].find((each) => until / each <= Math.max(4, width / 70)) ?? 200;
    for (let epoch = 0; epoch <= until; epoch += step) {
      marks.push(write(String(epoch), x(epoch), CURVE_HEIGHT - 6, "middle"));
    }
    axes.replaceChildren(...marks);
  }

  // The epochs that the scale below has room for.
  function reachTo(epochs) {
    until = epochs;
    draw();
  }

  function clear() {
    reports = [];
    draw();
  }

  function add(report) {
    reports.push(report);
    draw();
  }

  return { element: whole, clear, add, reachTo };
}
