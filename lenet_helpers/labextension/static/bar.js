// 中文 · English · 双语, and class mode, at the right of JupyterLab's top bar.
import { choose, classMode, follow, language, setClassMode } from "./choice.js";

const LANGUAGES = {
  zh: ["中文", "只显示中文"],
  en: ["English", "Show English only"],
  both: ["双语", "两种语言都显示 / Show both languages"],
};
const CLASS = {
  zh: ["课堂", "课堂模式：只显示主线，字号放大，答案收起"],
  en: ["Class", "Class mode: the main line only, in large type, answers closed"],
};

export function fillBar(node) {
  node.setAttribute("role", "toolbar");
  const languages = document.createElement("div");
  languages.setAttribute("role", "group");
  const buttons = Object.entries(LANGUAGES).map(([key, [text, title]]) => {
    const button = makeButton(() => choose(key));
    Object.assign(button, { textContent: text, title, lang: key === "en" ? "en" : "zh" });
    button.dataset.language = key;
    return button;
  });
  languages.append(...buttons);
  const classButton = makeButton(() => setClassMode(!classMode()));
  classButton.className = "lenet-class-button";
  node.append(languages, classButton);

  follow(() => {
    const spoken = language();
    const say = (zh, en) => ({ zh, en, both: `${zh} / ${en}` })[spoken];
    node.setAttribute("aria-label", say("LeNet 课程", "LeNet course"));
    languages.setAttribute("aria-label", say("语言", "Language"));
    for (const button of buttons) press(button, button.dataset.language === spoken);
    const [text, title] = CLASS.zh.map((zh, i) => say(zh, CLASS.en[i]));
    Object.assign(classButton, { textContent: text, title });
    press(classButton, classMode());
  });
}

function makeButton(act) {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

function press(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}
