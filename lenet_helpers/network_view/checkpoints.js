// Weights of 8 bits each, as numbers: `least + step * level`. levels: Uint8Array; scales: of each
// weight and bias the least number, the size of a step, and how many numbers.
export function unpacked({ scales, levels }) {
  const numbers = new Float32Array(levels.length);
  let next = 0;
  for (const [least, step, count] of scales) {
    for (const end = next + count; next < end; next++) numbers[next] = least + step * levels[next];
  }
  return numbers.buffer;
}
