// ipywidgets gives the handles of its sliders no name that a screen reader could say: they get that
// of the label beside them, which is in the chosen language already.
export function nameSliders(node) {
  if (node.dataset.lenetNamed) return;
  node.dataset.lenetNamed = "yes";
  let waiting = false;

  function name() {
    waiting = false;
    for (const slider of node.querySelectorAll(".jupyter-widgets.widget-hslider, .jupyter-widgets.widget-vslider")) {
      const label = slider.querySelector(".widget-label")?.textContent.trim().replace(/[:：]$/, "");
      if (!label) continue;
      for (const handle of slider.querySelectorAll('[role="slider"]')) {
        if (handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
      }
    }
  }

  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(name);
  }).observe(node, { childList: true, subtree: true, characterData: true });
}
