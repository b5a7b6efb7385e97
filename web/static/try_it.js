// The page: a pad to draw on, sample digits, and everything the network makes of them.
"use strict";

const PAD = 280; // the pad's own pixels, whatever its size on the screen
const PEN = 22;
const LAYERS = ["conv1", "pool1", "conv2", "pool2"];

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const network = readNetwork(read("weights"));
const pad = document.getElementById("pad");
const pen = pad.getContext("2d", { willReadFrequently: true });
let waiting = false; // for the next frame, to look at the drawing again

function clearPad() {
  pen.clearRect(0, 0, PAD, PAD);
  lookSoon();
}

// Drawing with mouse, pen or finger

function place(event) {
  const frame = pad.getBoundingClientRect();
  return [(event.clientX - frame.left) * PAD / frame.width,
          (event.clientY - frame.top) * PAD / frame.height];
}

function drawOn(event) {
  for (const each of event.getCoalescedEvents?.() ?? []) pen.lineTo(...place(each));
  pen.lineTo(...place(event));
  pen.stroke();
  lookSoon();
}

pad.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  pad.setPointerCapture(event.pointerId);
  Object.assign(pen, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "black" });
  pen.beginPath();
  pen.moveTo(...place(event));
  drawOn(event); // a dot, if nothing follows
});
pad.addEventListener("pointermove", (event) => {
  if (pad.hasPointerCapture(event.pointerId)) drawOn(event);
});
document.getElementById("clear").addEventListener("click", clearPad);

// Sample digits: 8 × 8 inks, enlarged onto the pad as if they had been drawn there

function drawSample(sample) {
  const small = document.createElement("canvas");
  small.width = small.height = 8;
  const image = new ImageData(8, 8);
  sample.ink.flat().forEach((ink, i) => { image.data[4 * i + 3] = ink * 255 / 16; });
  small.getContext("2d").putImageData(image, 0, 0);
  pen.clearRect(0, 0, PAD, PAD);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 40, 40, PAD - 80, PAD - 80);
  lookSoon();
}

for (const sample of read("samples-data")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = sample.label;
  button.addEventListener("click", () => drawSample(sample));
  document.getElementById("samples").append(button);
}

// Looking

function lookSoon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    look();
  });
}

function scanOfPad() {
  const { data } = pen.getImageData(0, 0, PAD, PAD);
  return { height: PAD, width: PAD,
           values: Float64Array.from({ length: PAD * PAD }, (_, i) => data[4 * i + 3]) };
}

function look() {
  const digit = normalizeDigit(scanOfPad());
  const blankPaper = digit.values.every((ink) => ink === 0);
  const results = forward(network, digit.values);
  document.body.classList.toggle("blank", blankPaper);
  showMaps("input", [{ ...digit, channels: 1 }]);
  for (const layer of LAYERS) showMaps(layer, channelsOf(results[layer]));
  showMaps("fc1", [grid(results.fc1, 8, 15)]);
  showMaps("fc2", [grid(results.fc2, 7, 12)]);
  showProbabilities(results.probabilities, blankPaper);
}

function channelsOf({ channels, height, width, values }) {
  const size = height * width;
  return Array.from({ length: channels }, (_, c) =>
    ({ height, width, values: values.slice(c * size, (c + 1) * size) }));
}

function grid({ values }, height, width) {
  return { height, width, values };
}

// Each map in its own range of greys: its smallest number white, its largest black.
function showMaps(layer, maps) {
  const place = document.getElementById(layer);
  maps.forEach((map, index) => {
    const canvas = place.children[index] ?? place.appendChild(newMap(map, layer, index));
    const least = layer === "input" ? 0 : Math.min(...map.values);
    const range = (layer === "input" ? 255 : Math.max(...map.values)) - least || 1;
    const image = new ImageData(map.width, map.height);
    map.values.forEach((value, i) => {
      const grey = 255 - 255 * (value - least) / range;
      image.data.set([grey, grey, grey, 255], 4 * i);
    });
    canvas.getContext("2d").putImageData(image, 0, 0);
  });
}

function newMap(map, layer, index) {
  const canvas = document.createElement("canvas");
  canvas.width = map.width;
  canvas.height = map.height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${layer} ${index + 1}: ${map.height} × ${map.width}`);
  return canvas;
}

function showProbabilities(probabilities, blankPaper) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  document.querySelectorAll("#probabilities tr").forEach((row, digit) => {
    const share = blankPaper ? 0 : probabilities[digit];
    row.classList.toggle("best", !blankPaper && digit === best);
    const bar = row.querySelector(".bar");
    bar.setAttribute("aria-valuenow", (100 * share).toFixed(1));
    bar.firstChild.style.width = `${100 * share}%`;
    row.querySelector(".share").textContent = blankPaper ? "" : `${(100 * share).toFixed(1)} %`;
  });
  const percent = `${(100 * probabilities[best]).toFixed(0)} %`;
  document.getElementById("answer").innerHTML = blankPaper
    ? '<span lang="zh">先写一个数字。</span> <span lang="en">Write a digit first.</span>'
    : `<span lang="zh">网络读作 <b>${best}</b>（${percent}）</span> `
      + `<span lang="en">The network reads <b>${best}</b> (${percent})</span>`;
}

look();
