// A photo comes in as a chosen or dropped file, from the clipboard, or from a phone's camera. It is
// read here, on this machine.
import { element, setText, vector } from "./elements.js";
import { greyOfFile } from "./photo.js";
import { WORDS, say } from "./words.js";

// Drawn in 16 × 16, since many a machine has no font with such signs: a framed picture, a camera.
const PICTURE = "M1 2h14v12H1zM3 12l4-5 3 3.5 1.5-1.5 2 3M11 5.5h1.5";
const CAMERA = "M1 4.5h3.5l1.5-2h4l1.5 2H15v9H1zM8 6.2a2.6 2.6 0 1 0 .01 0";

// `took(grey)` hears the grey levels of each picture; isSimple: only the simple steps follow.
export function makePhotos({ speaker, took, isSimple }) {
  const note = element("p", { class: "nv-photo-note", role: "status" });
  note.hidden = true;
  const camera = chooser(CAMERA, WORDS.photoCamera, { capture: "environment" });
  camera.classList.add("nv-camera"); // where a finger points, there is a camera
  const buttons = [chooser(PICTURE, WORDS.photoFile, {}), camera];

  function chooser(lines, words, more) {
    const sign = vector("svg", { class: "nv-sign", viewBox: "0 0 16 16", "aria-hidden": "true" },
                        vector("path", { d: lines }));
    const input = element("input", { type: "file", accept: "image/*", hidden: true, ...more });
    const press = () => input.click();
    const button = element("button", { type: "button", on: { click: press } }, sign, input);
    input.addEventListener("click", (event) => event.stopPropagation());
    input.addEventListener("change", () => {
      if (input.files.length) take(input.files[0]);
      input.value = ""; // the same file may be chosen again
    });
    speaker.name(button, words);
    return speaker.name(button, words, "title");
  }

  async function take(file) {
    setText(note, "");
    let grey = null;
    try {
      grey = await greyOfFile(file);
    } catch {
      say(note, WORDS.photoBroken);
    }
    if (grey) took(grey);
    if (grey && isSimple) say(note, WORDS.photoSimple);
    note.hidden = !note.textContent;
  }

  // Dropped on the view, or pasted while it has the focus.
  function listen(root) {
    const isPicture = ({ kind, type }) => kind === "file" && (type.startsWith("image/") || !type);
    const has = ({ items }) => [...items].some(isPicture);
    const takeFrom = (event, transfer) => {
      if (!transfer || !has(transfer)) return;
      event.preventDefault();
      event.stopPropagation();
      root.classList.remove("nv-dropping");
      if (event.type === "dragover") root.classList.add("nv-dropping");
      else take([...transfer.items].find(isPicture).getAsFile());
    };
    for (const type of ["dragover", "drop"]) {
      root.addEventListener(type, (event) => takeFrom(event, event.dataTransfer));
    }
    root.addEventListener("dragleave", () => root.classList.remove("nv-dropping"));
    root.addEventListener("paste", (event) => takeFrom(event, event.clipboardData));
  }

  return { buttons, note, listen };
}
