// A photo comes in as a chosen or dropped file, from the clipboard, or from a phone's camera. It is
// read here, on this machine.
import { element, setText } from "./elements.js";
import { greyOfFile } from "./photo.js";
import { WORDS, say } from "./words.js";

// `took(grey)` hears the grey levels of each picture; isSimple: only the simple steps follow.
export function makePhotos({ speaker, took, isSimple }) {
  const note = element("p", { class: "nv-photo-note", role: "status" });
  note.hidden = true;
  const camera = chooser("📷", WORDS.photoCamera, { capture: "environment" });
  camera.classList.add("nv-camera"); // where a finger points, there is a camera
  const buttons = [chooser("🖼", WORDS.photoFile, {}), camera];

  function chooser(sign, words, more) {
    const input = element("input", { type: "file", accept: "image/*", hidden: true, ...more });
    const press = () => input.click();
    const button = element("button", { type: "button", on: { click: press } },
                           element("span", { text: sign, "aria-hidden": "true" }), input);
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
