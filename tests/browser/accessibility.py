"""axe-core on a page: what would keep out a reader with a screen reader, a keyboard, weak eyes."""

import pytest

AXE_SCRIPT = pytest.importorskip("axe_playwright_python.base").AXE_SCRIPT
# Found in an earlier state of the course: not to come back, whatever weight axe gives them.
NAMED = {
    "image-alt", "button-name", "aria-input-field-name", "scrollable-region-focusable",
    "empty-table-header",
}  # fmt: skip
# What the width of the window or the theme may change.
OF_THE_LOOK = ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
# Of texts in the same colours on the same grounds one is enough: axe looks at what lies behind
# each, which takes seconds on a page with much code.
RUN = """async ([within, rules]) => {
  const grounds = new Map(), seen = new Set();
  const groundOf = (element) => {  // what lies behind its text, the element's own included
    if (!element) return "";
    if (!grounds.has(element)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
      const own = [backgroundColor, backgroundImage, opacity].join();
      grounds.set(element, `${groundOf(element.parentElement)} ${own}`);
    }
    return grounds.get(element);
  };
  for (const element of document.querySelectorAll(`:is(${within}) *`)) {
    delete element.dataset.axe;
    const hasText = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!hasText || !element.checkVisibility()) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const look = [color, fontSize, fontWeight, groundOf(element)].join();
    if (!seen.has(look)) element.dataset.axe = "";
    seen.add(look);
  }
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-axe]" }] });
  const options = { resultTypes: ["violations"], preload: false };
  if (rules) options.runOnly = rules;
  const { violations } = await axe.run(within, options);
  return violations.map(({ id, impact, nodes }) =>
    [id, impact, nodes.map(({ html, any }) => `${html.slice(0, 200)} | ${any[0]?.message}`)]);
}"""


def load_axe(page) -> None:
    """Once for each page, before `findings`."""
    page.evaluate(AXE_SCRIPT)


def findings(page, within: str = "html", rules: list[str] | None = None) -> list:
    """What axe finds there that is serious or critical, or has been found before."""
    found = page.evaluate(RUN, [within, rules])
    return [f for f in found if f[0] in NAMED or f[1] in ("serious", "critical")]
