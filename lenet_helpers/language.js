// Tells the kernel which language is chosen in JupyterLab's top bar (labextension/static/choice.js),
// as soon as this widget exists; it is never shown. Without the bar it says nothing.
function initialize({ model }) {
  const tell = () => {
    const language = document.body.dataset.lenetLanguage;
    if (language) model.send({ language });
  };
  tell();
  window.addEventListener("lenet-language", tell);
  return () => window.removeEventListener("lenet-language", tell);
}

export default { initialize };
