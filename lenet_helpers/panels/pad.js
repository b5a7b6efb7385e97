// A sheet of paper to draw on with mouse, pen or finger. The canvas is transparent, and its alpha
// channel is the ink: one byte a pixel, 0 to 255, sent to Python as `ink` whenever a stroke ends.
function render({ model, el }) {
  const size = model.get("size");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  canvas.className = "lenet-paper";
  canvas.setAttribute("role", "img");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let stroke = null; // the pointer that draws, and where it was last

  function name() {
    canvas.setAttribute("aria-label", model.get("label"));
  }

  function paint() {
    const ink = model.get("ink"); // a DataView, empty for blank paper
    const image = pen.createImageData(size, size);
    for (let i = 0; i < ink.byteLength; i++) image.data[4 * i + 3] = ink.getUint8(i);
    pen.putImageData(image, 0, 0);
  }

  function send() {
    const { data } = pen.getImageData(0, 0, size, size);
    const ink = new Uint8Array(size * size);
    for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3];
    model.set("ink", new DataView(ink.buffer));
    model.save_changes();
  }

  function drawTo({ offsetX, offsetY }) {
    const scale = size / canvas.clientWidth;
    const [x, y] = [offsetX * scale, offsetY * scale];
    pen.lineWidth = model.get("brush");
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(stroke.x ?? x - 0.01, stroke.y ?? y); // a tap leaves a dot
    pen.lineTo(x, y);
    pen.stroke();
    Object.assign(stroke, { x, y });
  }

  function end({ pointerId }) {
    if (stroke?.pointerId !== pointerId) return;
    stroke = null;
    send();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (stroke || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId); // the stroke goes on outside the sheet
    stroke = { pointerId: event.pointerId };
    drawTo(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (stroke?.pointerId === event.pointerId) drawTo(event);
  });
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);

  model.on("change:ink", paint);
  model.on("change:label", name);
  name();
  paint();
  el.append(canvas);
  return () => {
    model.off("change:ink", paint);
    model.off("change:label", name);
  };
}

export default { render };
