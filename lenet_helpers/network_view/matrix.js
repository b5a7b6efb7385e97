// Products of matrices, to which the work of convolutions and linear layers comes down.
//
// A matrix is a view on a list of numbers: element (i, j) is values[start + i·down + j·right].

export function matrix(values, width, start = 0) {
  return { values, start, down: width, right: 1 };
}

export function transposed({ values, start, down, right }) {
  return { values, start, down: right, right: down };
}

// result (rows × columns) += a (rows × length) · b (length × columns), in blocks of 2 × 4: each
// number that is read is used several times, and eight sums grow side by side.
export function addProduct(result, a, b, rows, columns, length) {
  const wholeRows = rows - (rows % 2), wholeColumns = columns - (columns % 4);
  for (let i = 0; i < wholeRows; i += 2) {
    for (let j = 0; j < wholeColumns; j += 4) addBlock(result, a, b, i, j, length);
    for (let j = wholeColumns; j < columns; j++) {
      addElement(result, a, b, i, j, length);
      addElement(result, a, b, i + 1, j, length);
    }
  }
  if (wholeRows === rows) return;
  for (let j = 0; j < columns; j++) addElement(result, a, b, wholeRows, j, length);
}

function addElement(result, a, b, i, j, length) {
  let sum = 0;
  let p = a.start + i * a.down, q = b.start + j * b.right;
  for (let k = 0; k < length; k++, p += a.right, q += b.down) sum += a.values[p] * b.values[q];
  result.values[result.start + i * result.down + j * result.right] += sum;
}

function addBlock(result, a, b, i, j, length) {
  const { values: x, down: nextRow, right: alongA } = a;
  const { values: y, down: alongB, right: nextColumn } = b;
  let p = a.start + i * nextRow, q = b.start + j * nextColumn;
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  for (let k = 0; k < length; k++, p += alongA, q += alongB) {
    const x0 = x[p], x1 = x[p + nextRow];
    const y0 = y[q], y1 = y[q + nextColumn];
    const y2 = y[q + 2 * nextColumn], y3 = y[q + 3 * nextColumn];
    s00 += x0 * y0; s01 += x0 * y1; s02 += x0 * y2; s03 += x0 * y3;
    s10 += x1 * y0; s11 += x1 * y1; s12 += x1 * y2; s13 += x1 * y3;
  }
  const { values, down, right } = result;
  const r = result.start + i * down + j * right;
  values[r] += s00; values[r + right] += s01;
  values[r + 2 * right] += s02; values[r + 3 * right] += s03;
  values[r + down] += s10; values[r + down + right] += s11;
  values[r + down + 2 * right] += s12; values[r + down + 3 * right] += s13;
}
