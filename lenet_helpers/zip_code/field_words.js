// The words of the view in which a field is read, in both languages.
import { fixed, percent } from "../network_view/elements.js";
import { joined } from "../network_view/words.js";

export const FIELD_WORDS = {
  view: { zh: "读一个邮政编码", en: "A zip code being read" },
  pad: { zh: "画板：用鼠标、笔或手指写一排数字；用键盘请选上面的字段",
         en: "Pad: write a line of digits with mouse, pen or finger; by keyboard choose a field above" },
  padHint: { zh: "在这里写五个数字，也可以把照片拖进来或者粘贴",
             en: "write five digits here, or drop or paste a photo" },
  counts: [[5, { zh: "五个数字", en: "five digits" }],
           [null, { zh: "有几个算几个（金额）", en: "as many as there are (an amount)" }]],
  count: { zh: "有几个数字", en: "How many digits" },
  threshold: { zh: "把握低于多少就拒绝", en: "Refuse below this sureness" },
  thresholdShort: { zh: "拒绝：把握低于", en: "refuse below a sureness of" },
  field: { zh: "网络看到的字段，窗口的位置画有框", en: "The field as the network sees it, the window framed" },
  window: { zh: "窗口的位置；方向键移动", en: "Position of the window; arrow keys move it" },
  play: { zh: "让窗口滑过字段", en: "Slide the window over the field" },
  scores: { zh: "窗口在每个位置时各类的概率", en: "The probability of each class at each position of the window" },
  nothing: { zh: "无", en: "none" },
  blank: { zh: "先写几个数字，或者选一个字段", en: "Write some digits first, or choose a field" },
  narrow: { zh: "太窄，写不下五个数字", en: "too narrow for five digits" },
};

// What is read, and whether it counts: {refused, words}.
export function fieldAnswer({ digits, sureness }, threshold, remarks) {
  if (!digits.length) return { refused: true, words: FIELD_WORDS.narrow };
  const text = digits.join(" "), sure = fixed(sureness, 2), least = fixed(threshold, 2);
  const guess = { zh: `或许是 ${text}`, en: `perhaps ${text}` };
  if (remarks.length) {
    const why = joined([...remarks, guess], "；", "; ");
    return { refused: true, words: { zh: `读不准：${why.zh}`, en: `not sure: ${why.en}` } };
  }
  if (sureness < threshold) {
    return { refused: true, words: { zh: `拒绝：把握 ${sure} 低于 ${least}；${guess.zh}`,
                                     en: `refused: sureness ${sure} is below ${least}; ${guess.en}` } };
  }
  return { refused: false, words: { zh: `读作 ${text}（把握 ${sure}）`, en: `reads ${text} (sureness ${sure})` } };
}

// "position 12 of 33: 7 (98.0 %), then nothing (1.5 %)".
export function positionWords(shares, position, count) {
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, 2);
  const list = (language) => order.map((k) =>
    `${k < 10 ? k : FIELD_WORDS.nothing[language]} ${percent(shares[k])}`).join(", ");
  return { zh: `位置 ${position + 1}/${count}：${list("zh")}`,
           en: `position ${position + 1} of ${count}: ${list("en")}` };
}
