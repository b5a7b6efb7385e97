// What the page "train it" says, in both languages.

const WORDS_OF_TRAINING = {
  loss: { zh: "损失（左边的尺）", en: "loss (left scale)" },
  accuracy: { zh: "训练精度（右边的尺）", en: "training accuracy (right scale)" },
  testAccuracy: { zh: "测试精度（右边的尺）", en: "test accuracy (right scale)" },
  now: { zh: "现在", en: "now" },
  start: { zh: "开始时", en: "at the start" },
  stop: { zh: "停", en: "Stop" },
  goOn: { zh: "继续", en: "Continue" },
  waiting: { zh: "权重是随机的。按“训练”开始。", en: "The weights are random. Press Train to begin." },
  preparing: { zh: "正在准备……", en: "Preparing…" },
};
const ENDED = {
  done: { zh: "训练完成", en: "Finished" },
  stopped: { zh: "已停下", en: "Stopped" },
  diverged: { zh: "发散了：损失不再是有限的数。请用小一些的学习率重新训练",
              en: "Diverged: the loss is no longer finite. Train again with a smaller learning rate" },
};

// "epoch 2.4: loss 0.312, training accuracy 0.906, test accuracy 0.931"
function reportWords({ epoch, loss, accuracy, testAccuracy }) {
  const test = Number.isFinite(testAccuracy ?? NaN);
  return {
    zh: `第 ${fixed(epoch, 1)} 轮：损失 ${fixed(loss)}，训练精度 ${fixed(accuracy)}${test ? `，测试精度 ${fixed(testAccuracy)}` : ""}`,
    en: `epoch ${fixed(epoch, 1)}: loss ${fixed(loss)}, training accuracy ${fixed(accuracy)}${test ? `, test accuracy ${fixed(testAccuracy)}` : ""}`,
  };
}

function curveWords(reports, until) {
  const name = { zh: `训练曲线，0 到 ${until} 轮`, en: `Curves of the training, epochs 0 to ${until}` };
  const last = reports[reports.length - 1];
  return last ? joined([name, reportWords(last)], "；", "; ") : name;
}
