// Numbers as colours: blue above zero, orange below, and the more colour the larger the number.
//
// A canvas holds one pixel for each number. Zero is transparent, so that the paper behind it, white
// or dark, is the colour of zero.

const BLUE = 0xb27200, ORANGE = 0x005ed5; // #0072B2 and #D55E00, bytes in the order of a pixel
const DEEPEST = 0.72; // behind a text, which must stay readable

const PAINTED = new WeakMap(); // canvas → its pixels

function pixelsOf(canvas) {
  let kept = PAINTED.get(canvas);
  if (!kept || kept.image.width !== canvas.width || kept.image.height !== canvas.height) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    kept = { context, image, pixels: new Uint32Array(image.data.buffer) };
    PAINTED.set(canvas, kept);
  }
  return kept;
}

// `count` numbers from `start` on; `reach` is the size that has the deepest colour.
export function paintSigned(canvas, values, reach, start = 0, count = values.length) {
  const { context, image, pixels } = pixelsOf(canvas);
  const scale = 255 / (reach || 1);
  for (let i = 0; i < count; i++) pixels[i] = signedPixel(values[start + i] * scale);
  pixels.fill(0, count);
  context.putImageData(image, 0, 0);
}

function signedPixel(level) {
  const alpha = Math.min(255, Math.abs(level) + 0.5) | 0;
  return ((alpha << 24) | (level > 0 ? BLUE : ORANGE)) >>> 0;
}

// The kernels of one map, one for each input map, side by side in a block of so many columns.
export function paintKernels(canvas, weights, reach, { start, kernel, columns, count }) {
  const { context, image, pixels } = pixelsOf(canvas);
  const [high, wide] = kernel;
  const scale = 255 / (reach || 1);
  pixels.fill(0);
  for (let k = 0; k < count; k++) {
    const top = Math.floor(k / columns) * (high + 1), left = (k % columns) * (wide + 1);
    for (let i = 0; i < high * wide; i++) {
      const y = top + Math.floor(i / wide), x = left + (i % wide);
      pixels[y * canvas.width + x] = signedPixel(weights[start + k * high * wide + i] * scale);
    }
  }
  context.putImageData(image, 0, 0);
}

// Ink from 0 (paper) to 255.
export function paintInk(canvas, inks) {
  const { context, image, pixels } = pixelsOf(canvas);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (Math.round(inks[i]) << 24) >>> 0;
  context.putImageData(image, 0, 0);
}

export function cellColor(value, reach) {
  const depth = DEEPEST * Math.min(1, Math.abs(value) / (reach || 1));
  return `rgba(${value > 0 ? "0, 114, 178" : "213, 94, 0"}, ${(depth || 0).toFixed(2)})`;
}

// The largest size among these numbers; those that are not finite don't count.
export function reachOf(values, start = 0, end = values.length) {
  let reach = 0;
  for (let i = start; i < end; i++) {
    const size = Math.abs(values[i]);
    if (size > reach && size < Infinity) reach = size;
  }
  return reach;
}
