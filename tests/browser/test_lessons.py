"""What a student sees: the language switch, the live plot, every lesson's texts and pictures.

That each lesson runs is seen without a browser (`conftest.py`); that one runs in JupyterLab, twice
over, is seen in `test_faults.py`.
"""

from pathlib import Path

import nbformat
import pytest

from tests.browser.conftest import PYTHON_OR_ERROR, eventually

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SWITCH = "from lenet_helpers import LanguageSwitch\n\nLanguageSwitch()"
BOTH = 'md:<div lang="zh">\n\n你好，汇聚\n\n</div>\n<div lang="en">\n\nHello, pooling\n\n</div>'
TABLE = """
import torch
from lenet_helpers import *

trace_shapes(lenet(), torch.zeros(1, 1, 28, 28))
"""
DRAW_SLOWLY = """
import time
from lenet_helpers import LiveAnimator

animator = LiveAnimator(xlabel="epoch", legend=["loss"], xlim=[0, 40])
for step in range(40):
    animator.add(step, 1 / (step + 1))
    time.sleep(0.05)
"""
DRAW_IN_OUTPUT = f"""
import ipywidgets as widgets
out = widgets.Output()
display(out)
with out:{DRAW_SLOWLY.replace(chr(10), chr(10) + "    ")}
"""


def test_switches_hide_a_language_everywhere_at_once_and_bring_it_back(open_lesson):
    """Two switches are one: above and below them, in texts and in tables."""
    lesson = open_lesson([BOTH, SWITCH, TABLE, BOTH, SWITCH])
    lesson.run()
    lesson.run_cell(1)  # shown a second time in the same place
    page = lesson.page
    texts = page.locator(".jp-MarkdownOutput")
    chinese = [*texts.get_by_text("你好，汇聚").all(), page.get_by_text("乘加运算")]
    english = [*texts.get_by_text("Hello, pooling").all(), page.get_by_text("Multiply-adds")]
    assert len(chinese) == len(english) == 3
    for number, (name, zh, en) in enumerate(
        [("中文", True, False), ("English", False, True), ("双语 Both", True, True)]
    ):
        page.locator(".lenet-language button", has_text=name).nth(number % 2).click()
        for places, there in ((chinese, zh), (english, en)):
            for place in places:
                place.wait_for(state="visible" if there else "hidden")
        pressed = page.locator(".lenet-language .mod-active").all_inner_texts()
        assert pressed == [name, name]
    assert lesson.errors() == []


# Whatever comes by in a place: different pictures, and the most at one time.
WATCH = """
places => {
  window.seen = places.map(() => new Set());
  window.most = places.map(() => 0);
  const look = () => places.forEach((place, i) => {
    const images = [...document.querySelectorAll(place)].filter(image => image.src);
    images.forEach(image => window.seen[i].add(image.src));
    window.most[i] = Math.max(window.most[i], images.length);
  });
  new MutationObserver(look).observe(
    document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] });
}
"""


def test_the_live_plot_grows_in_place_in_a_cell_and_in_an_output_widget(open_lesson):
    lesson = open_lesson([DRAW_SLOWLY, DRAW_IN_OUTPUT])
    lesson.page.evaluate(WATCH, [".jp-RenderedImage img", ".widget-image"])
    lesson.run()
    assert lesson.errors() == []
    assert lesson.page.evaluate("() => window.most") == [1, 1]
    assert min(lesson.page.evaluate("() => window.seen.map(pictures => pictures.size)")) >= 3


CONTEXT = "window.jupyterapp.shell.currentWidget.context"
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
ONE_TITLE = """() => [...document.querySelectorAll(".jp-Notebook h1")]
  .filter((title) => title.checkVisibility()).length === 1"""


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lesson_that_is_opened_is_whole_and_stays_unchanged(notebook, lab, open_lesson):
    page = open_lesson(notebook).page
    page.evaluate(f"() => {KERNEL}.info")  # what JupyterLab writes into the notebook
    for language in ("zh", "en"):
        page.locator(f"#lenet-bar [data-language={language}]").click()
        page.wait_for_function(ONE_TITLE)
    cells = nbformat.read(notebook, as_version=4).cells
    stored = "".join(cell.source for cell in cells if cell.cell_type == "markdown")
    painted = page.locator(".jp-RenderedMarkdown img")
    drawn = page.locator(".jp-RenderedImage img")  # those that JupyterLab has shown by now

    def all_are_painted() -> None:
        assert painted.count() == stored.count("](../imgs/")

    eventually(all_are_painted)
    for picture in [*painted.all(), *drawn.all()]:
        picture.evaluate("image => image.decode()")  # raises if it cannot be shown
    shown = "\n".join(page.locator(".jp-Cell-outputArea").all_inner_texts())
    assert [wrong for wrong in PYTHON_OR_ERROR if wrong in shown] == []
    assert page.locator(".Toastify__toast").count() == 0
    assert page.evaluate(f"() => {CONTEXT}.model.dirty") is False
    page.evaluate(f"() => {CONTEXT}.save()")
    assert (lab[1] / "notebooks" / notebook.name).read_bytes() == notebook.read_bytes()
