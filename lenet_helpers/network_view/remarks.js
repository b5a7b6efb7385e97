// What no answer should be given to, whatever the network: hardly more than a dot, more ink than
// paper. (Blank paper has no answer anyway.) A function for the view's option `refuse`.
const SMALLEST_SHARE = 1 / 6, LARGEST_MEAN = 255 / 2; // of the sheet's side; of its ink

export const REMARKS = {
  dot: { zh: "差不多只是一个点，请画大一些", en: "hardly more than a dot, draw larger" },
  black: { zh: "墨比纸还多，请清空后重画", en: "more ink than paper, clear it and draw again" },
};

// drawing: {height, width, values}, inks from 0 to 255; null for a picture that is one already.
export function remarkOnDrawing({ drawing }) {
  const reason = drawing && remarkOnSheet(drawing);
  return { score: reason ? 1 : 0, threshold: 0.5, refused: Boolean(reason), reason };
}

function remarkOnSheet({ height, width, values }) {
  let ink = 0, top = height, bottom = -1, left = width, right = -1;
  values.forEach((value, i) => {
    if (!value) return;
    const row = Math.floor(i / width), column = i % width;
    ink += value;
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  });
  if (ink / values.length > LARGEST_MEAN) return REMARKS.black;
  const size = Math.max(bottom - top, right - left) + 1;
  return size < SMALLEST_SHARE * Math.max(height, width) ? REMARKS.dot : null;
}
