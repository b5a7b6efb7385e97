"""What a student sees: the language switch, the live plot, whole lessons without an error."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SWITCH = "from lenet_helpers import LanguageSwitch\n\nLanguageSwitch()"
BOTH = 'md:<div lang="zh">\n\n你好，汇聚\n\n</div>\n<div lang="en">\n\nHello, pooling\n\n</div>'
DRAW_SLOWLY = """
import time
from lenet_helpers import LiveAnimator

animator = LiveAnimator(xlabel="epoch", legend=["loss"], xlim=[0, 40])
for step in range(40):
    animator.add(step, 1 / (step + 1))
    time.sleep(0.05)
"""


def test_the_switch_hides_one_language_at_once_and_brings_it_back(open_lesson):
    lesson = open_lesson([BOTH, SWITCH, "from lenet_helpers import *\nlenet()", BOTH])
    chinese = lesson.page.locator(".jp-MarkdownOutput").get_by_text("你好，汇聚")
    english = lesson.page.locator(".jp-MarkdownOutput").get_by_text("Hello, pooling")
    lesson.run()
    for name, (zh, en) in {
        "中文": (True, False),
        "English": (False, True),
        "双语 Both": (True, True),
    }.items():
        lesson.switch_to(name)
        lesson.page.wait_for_timeout(300)
        assert [chinese.nth(i).is_visible() for i in range(2)] == [zh, zh], name
        assert [english.nth(i).is_visible() for i in range(2)] == [en, en], name
    assert lesson.errors() == []


def test_tables_follow_the_switch(open_lesson):
    source = (
        "import torch\nfrom lenet_helpers import lenet, trace_shapes\n\n"
        "trace_shapes(lenet(), torch.zeros(1, 1, 28, 28))"
    )
    lesson = open_lesson([SWITCH, source])
    lesson.run()
    lesson.switch_to("中文")
    lesson.page.wait_for_timeout(300)
    assert lesson.page.get_by_text("乘加运算").is_visible()
    assert not lesson.page.get_by_text("Multiply-adds").is_visible()


@pytest.mark.parametrize(
    "before, picture",
    [("", ".jp-RenderedImage img"), ("OUTPUT", ".widget-image")],
    ids=["in a cell", "inside a widgets.Output"],
)
def test_the_live_plot_grows_in_place(open_lesson, before, picture):
    source = DRAW_SLOWLY
    if before:
        body = DRAW_SLOWLY.replace("\n", "\n    ")
        source = (
            f"import ipywidgets as widgets\nout = widgets.Output()\ndisplay(out)\nwith out:{body}"
        )
    lesson = open_lesson([source])
    lesson.start()
    image = lesson.page.locator(picture)
    image.first.wait_for(timeout=60000)
    frames = set()
    for _ in range(12):
        frames.add(image.first.get_attribute("src"))
        assert image.count() == 1
        lesson.page.wait_for_timeout(250)
    assert 4 <= len(frames) <= 12
    assert lesson.errors() == []


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lesson_runs_from_top_to_bottom(open_lesson, notebook):
    lesson = open_lesson(notebook)
    lesson.run()
    assert lesson.errors() == []
    for language in ("zh", "en"):
        lesson.choose(language)
        heading = lesson.page.locator("h1:visible")
        assert heading.count() == 1, f"{language}: {heading.all_inner_texts()}"
    pictures = lesson.page.locator(".jp-RenderedMarkdown img")
    for number in range(pictures.count()):
        pictures.nth(number).evaluate("image => image.decode()")  # raises if it cannot be shown
