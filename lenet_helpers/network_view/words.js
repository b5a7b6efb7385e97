// All words of the view, in both languages, and who speaks them. Maps, rows and columns count from 0.
import { fixed, percent } from "./elements.js";

// What is written alike in both languages.
export function same(text) {
  return { zh: String(text), en: String(text) };
}

// Says words in the language that was chosen. Texts are elements with `lang`, of which a style hides
// one; names that only a screen reader says, and lists, are spoken anew when the language changes.
export function makeSpeaker(root, first) {
  const named = new Map(); // element → { attribute: words }
  let language = first;

  function speak(node, attribute, words) {
    if (attribute === "text") node.textContent = spoken(words, language);
    else node.setAttribute(attribute, spoken(words, language));
  }

  function choose(next) {
    language = next;
    root.dataset.language = language;
    for (const [node, names] of named) {
      if (!node.isConnected) named.delete(node);
      for (const [attribute, words] of Object.entries(names)) speak(node, attribute, words);
    }
  }

  function name(node, words, attribute = "aria-label") {
    named.set(node, { ...named.get(node), [attribute]: words });
    speak(node, attribute, words);
    return node;
  }

  return { choose, name, say, get language() { return language; } };
}

export function spoken({ zh, en }, language) {
  if (language !== "both") return language === "en" ? en : zh;
  return zh === en ? zh : `${zh} / ${en}`;
}

// Fills an element with both texts, using the elements that an earlier call has left there.
export function say(node, { zh, en }) {
  if (zh === en) {
    if (node.textContent !== zh || node.children.length) node.textContent = zh;
    return node;
  }
  if (node.children.length !== 2) {
    const parts = ["zh", "en"].map((lang) => {
      const part = document.createElement("span");
      part.lang = lang;
      return part;
    });
    node.replaceChildren(parts[0], " ", parts[1]);
  }
  const [chinese, english] = node.children;
  if (chinese.textContent !== zh) chinese.textContent = zh;
  if (english.textContent !== en) english.textContent = en;
  return node;
}

// Several words one after the other.
export function joined(parts, zh = "", en = " ") {
  const all = parts.filter(Boolean);
  return { zh: all.map((part) => part.zh).join(zh), en: all.map((part) => part.en).join(en) };
}

export const KIND_WORDS = {
  input: { zh: "图像", en: "picture" },
  conv: { zh: "卷积", en: "convolution" },
  avgpool: { zh: "平均汇聚", en: "average pooling" },
  maxpool: { zh: "最大汇聚", en: "max pooling" },
  linear: { zh: "全连接", en: "fully connected" },
};

export const WORDS = {
  view: { zh: "一个活的网络", en: "A living network" },
  // the bar above
  network: { zh: "网络", en: "Network" },
  bothNetworks: { zh: "两个都看", en: "both" },
  scale: { zh: "颜色的尺度：哪些数共用一把尺", en: "Scale of the colours: which numbers share one" },
  scales: {
    map: { zh: "颜色：每幅图一把尺", en: "Colours: each map" },
    layer: { zh: "颜色：每层一把尺", en: "Colours: each layer" },
    shared: { zh: "颜色：比较的共用", en: "Colours: shared" },
  },
  kernels: { zh: "卷积核", en: "Kernels" },
  legend: { zh: "橙色为负，零为底色，蓝色为正；颜色越深，数越大",
            en: "orange is negative, the paper's colour zero, blue positive; deeper is larger" },
  sees: { zh: "来源", en: "comes from" },
  feeds: { zh: "去向", en: "feeds" },
  // the pad and the pictures
  pad: { zh: "画板：用鼠标、笔或手指写一个数字；用键盘请选下面的图像",
         en: "Pad: write a digit with mouse, pen or finger; by keyboard choose a picture below" },
  padHint: { zh: "在这里写一个数字", en: "write a digit here" },
  undo: { zh: "撤销", en: "Undo" },
  clear: { zh: "清空", en: "Clear" },
  brush: { zh: "笔宽", en: "Brush width" },
  steps: { zh: "整理的步骤", en: "Preparation" },
  pictures: { zh: "现成的图像", en: "Pictures to choose from" },
  earlier: { zh: "前面的图像", en: "Earlier pictures" },
  later: { zh: "后面的图像", en: "More pictures" },
  noSteps: {
    zh: "在画板上写点什么，这里就一步一步显示它怎样整理成 MNIST 的样子。现成的图像本来就是这个样子。",
    en: "Draw something on the pad: its way into the form of MNIST is shown here, step by step. "
      + "The pictures to choose from have that form already." },
  stepNames: {
    scan: { zh: "写下的", en: "as drawn" },
    box: { zh: "裁到墨迹", en: "cut to the ink" },
    fitted: { zh: "缩进 20×20", en: "fitted into 20×20" },
    placed: { zh: "质心放到 28×28 正中", en: "centre of mass in the middle of 28×28" },
  },
  // photos; the remarks are those of lenet_helpers/handwriting/ink.py
  photoFile: { zh: "选一个图像文件（也可以拖进来，或者粘贴）", en: "Choose a picture file (or drop one here, or paste)" },
  photoCamera: { zh: "拍一张照片", en: "Take a photo" },
  photoBroken: { zh: "浏览器打不开这个文件：请换成 PNG、JPEG、WebP 或 BMP 图像",
                 en: "the browser cannot open this file: use a PNG, JPEG, WebP or BMP picture" },
  photoSimple: { zh: "这一页只做简单的步骤；横线、断笔、模糊和粗细不合适的笔，笔记本能处理。照片没有离开这台机器。",
                 en: "This page does the simple steps alone; ruled lines, broken strokes, blur and unusual pens are "
                   + "for the notebook. The photo has not left this machine." },
  photoRemarks: {
    nothing: { zh: "没有找到墨迹：请拍得近一些、亮一些",
             en: "no ink was found: come closer, with more light" },
    several: { zh: "好像不止一个数字：请只留下一个",
             en: "more than one digit, it seems: leave one alone in view" },
    sides: { zh: "分不清哪是纸、哪是墨：请用深色笔写在白纸上",
           en: "which is paper and which is ink? Write with a dark pen on white paper" },
    edge: { zh: "墨迹碰到了图像的边缘，可能不完整：请把整个数字放进画面",
          en: "the ink touches the picture's edge and may be cut off: leave paper all around it" },
    faint: { zh: "墨迹太淡，和纸差不多：请用更深的笔，或更亮的光",
           en: "the ink is hardly darker than the paper: use a darker pen or more light" },
  },
  // training
  training: { zh: "训练的进程", en: "The training so far" },
  playTraining: { zh: "播放训练", en: "Play the training" },
  pause: { zh: "停", en: "Pause" },
  // the detail
  detail: { zh: "这个数从哪里来", en: "Where the number comes from" },
  slide: { zh: "滑动", en: "Slide" },
  slideLong: { zh: "让窗口滑过整幅图", en: "Slide the window over the map" },
  step: { zh: "走一步", en: "One step on" },
  fast: { zh: "快", en: "fast" },
  back: { zh: "看整体（Esc）", en: "Back to the whole (Esc)" },
  moves: { ArrowUp: { zh: "上移一行", en: "One row up" }, ArrowDown: { zh: "下移一行", en: "One row down" },
           ArrowLeft: { zh: "左移一列", en: "One column left" },
           ArrowRight: { zh: "右移一列", en: "One column right" } },
  invitation: {
    zh: "指着任何一个数（或点一下，或用 Tab 和方向键）：它的来源一直亮到图像，它的去向也亮起，算式写在这里。"
      + "Esc 回到整体。",
    en: "Point at any number (or tap it, or use Tab and the arrow keys): its sources light up back to the "
      + "picture, so does what it feeds, and its arithmetic stands here. Esc returns to the whole." },
  counts: { numbers: { zh: "输出的数", en: "numbers put out" }, parameters: { zh: "参数", en: "parameters" },
            products: { zh: "乘法", en: "multiplications" } },
  patch: { zh: "窗口里的数", en: "patch" },
  kernel: { zh: "卷积核", en: "kernel" },
  products: { zh: "乘积", en: "products" },
  terms: { zh: "每幅输入图：窗口 × 卷积核的和", en: "Each input map: the sum of patch × kernel" },
  bias: { zh: "偏置", en: "bias" },
  mean: { zh: "平均", en: "mean" },
  largest: { zh: "最大", en: "largest" },
  contributions: { zh: "贡献", en: "contributions" },
  score: { zh: "得分 s", en: "score s" },
  power: same("e^(s − max s)"),
  share: { zh: "概率", en: "probability" },
  sum: { zh: "和", en: "sum" },
  ink: { zh: "墨迹", en: "ink" },
  blank: { zh: "先写一个数字", en: "Write a digit first" },
  broken: { zh: "得分不是有限的数：训练很可能发散了",
            en: "The scores are not finite: the training has probably diverged" },
  unsure: { zh: "读不准", en: "not sure" },
  refused: { zh: "不像数字", en: "not a digit" },
  mapsRole: { zh: "一层的数；方向键逐个移动", en: "numbers of a layer; arrow keys move" },
  answerRole: { zh: "得分与概率；上下键换类，左右键在得分与概率之间",
                en: "scores and probabilities; up and down for the class, left and right between the two" },
  pieces: { unit: { zh: "单元", en: "unit" }, map: { zh: "特征图", en: "map" },
            row: { zh: "行", en: "row" }, column: { zh: "列", en: "column" },
            rows: { zh: "行", en: "rows" }, columns: { zh: "列", en: "columns" },
            field: { zh: "感受野", en: "sees" }, everything: { zh: "整幅图像", en: "the whole picture" } },
  map: (channel) => ({ zh: `特征图 ${channel}`, en: `map ${channel}` }),
  unit: (unit) => ({ zh: `单元 ${unit}`, en: `unit ${unit}` }),
  inputMap: (channel) => ({ zh: `输入图 ${channel}`, en: `input map ${channel}` }),
  rowColumn: (row, column) => ({ zh: `第 ${row} 行，第 ${column} 列`, en: `row ${row}, column ${column}` }),
  others: (count) => ({ zh: `其余 ${count} 项`, en: `${count} others` }),
};

// Where a number stands: "conv2, map 7, row 3, column 4".
export function placeWords(network, { stage, channel, row, column }) {
  if (stage === network.stages.length) {
    const { zh, en } = network.classes[column];
    return { zh: `${zh} 的概率`, en: `probability of ${en}` };
  }
  const { name, kind, channels } = network.stages[stage];
  const title = kind === "input" ? KIND_WORDS.input : same(name);
  if (kind === "linear") return joined([title, WORDS.unit(column)], "，", ", ");
  return joined([title, channels > 1 && WORDS.map(channel), WORDS.rowColumn(row, column)], "，", ", ");
}

// The same in pieces, each with its number, for a line on which both languages have room.
export function placePieces(network, { stage, channel, row, column }) {
  if (stage === network.stages.length) return [[WORDS.share, network.classes[column]]];
  const { name, kind, channels } = network.stages[stage];
  const title = kind === "input" ? KIND_WORDS.input : same(name);
  if (kind === "linear") return [[title], [WORDS.pieces.unit, same(column)]];
  return [[title], ...(channels > 1 ? [[WORDS.pieces.map, same(channel)]] : []),
          [WORDS.pieces.row, same(row)], [WORDS.pieces.column, same(column)]];
}

// What a network says: "reads 7 (99.2 %)".
export function readingWords(network, { probabilities }) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  if (best < 0) return { best, words: WORDS.broken };
  const { zh, en } = network.classes[best];
  const share = percent(probabilities[best]);
  return { best, words: { zh: `读作 ${zh}（${share}）`, en: `reads ${en} (${share})` },
           short: { zh: `${zh}（${share}）`, en: `${en} (${share})` } };
}

// For a screen reader: what is read, the likeliest classes, and one class's score and probability.
export function answerWords(network, { scores, probabilities }, reading, here) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const list = (language) => order.slice(0, 3)
    .map((k) => `${network.classes[k][language]} ${percent(probabilities[k])}`).join(", ");
  const { zh, en } = network.classes[here];
  const score = fixed(scores[here]), share = percent(probabilities[here]);
  return { zh: `${reading.zh}；${list("zh")}。${zh}：得分 ${score}，概率 ${share}`,
           en: `${reading.en}; ${list("en")}. ${en}: score ${score}, probability ${share}` };
}
