// Notes on the view whether its paper is dark: pages and JupyterLab have themes of their own.

export function watchTheme(root) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const watcher = new MutationObserver(look), arrival = new ResizeObserver(look);

  function look() {
    if (!root.isConnected) return; // it looks again when it is back on the page
    const [red, green, blue] = getComputedStyle(root).backgroundColor.match(/[\d.]+/g).map(Number);
    root.dataset.dark = String(0.3 * red + 0.6 * green + 0.1 * blue < 110);
  }

  for (const page of [document.documentElement, document.body]) {
    watcher.observe(page, { attributes: true });
  }
  query.addEventListener("change", look);
  arrival.observe(root);
  look();
  return () => {
    watcher.disconnect();
    arrival.disconnect();
    query.removeEventListener("change", look);
  };
}
