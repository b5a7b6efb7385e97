"""The top bar: the language of all lessons without a kernel, and class mode."""

import json
from pathlib import Path

import nbformat
import pytest

from tests.browser.conftest import PYTHON_OR_ERROR, Lesson, as_cell, eventually

expect = pytest.importorskip("playwright.sync_api").expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
USER_SETTINGS = Path(".config", "lab", "user-settings")
CHINESE_JUPYTERLAB = {"@jupyterlab/translation-extension": {"locale": "zh_CN"}}
BOTH = 'md:<div lang="zh">\n\n你好\n\n</div>\n<div lang="en">\n\nhello\n\n</div>'
BUTTON = """
import ipywidgets as widgets
from lenet_helpers import LanguageSwitch, Words
from lenet_helpers.language import say

button = widgets.Button()
say(button, "description", Words("训练", "Train"))
display(LanguageSwitch(), button)
"""
MODEL = "window.jupyterapp.shell.currentWidget.context.model"


def words(lesson: Lesson, zh: bool, en: bool) -> None:
    """Wait until the texts are seen in these languages."""
    for text, seen in (("你好", zh), ("hello", en)):
        found = lesson.page.locator(".jp-MarkdownOutput").get_by_text(text, exact=True)
        expect(found).to_be_visible() if seen else expect(found).to_be_hidden()


def button(lesson: Lesson, name: str):
    return lesson.page.locator(".jp-OutputArea").get_by_role("button", name=name, exact=True)


def reload(lesson: Lesson) -> Lesson:
    lesson.page.reload()
    return Lesson(lesson.page)


def save(lesson: Lesson) -> None:
    lesson.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")


def texts(lesson: Lesson) -> str:
    """All that is seen below the cells, as they are scrolled into view one after the other."""
    lesson.page.wait_for_timeout(1500)  # for a message that comes late
    return "\n".join(lesson.page.locator(".jp-Cell-outputArea").all_inner_texts())


def test_the_language_needs_no_kernel_and_stays(open_alone):
    lesson = open_alone([BOTH], lenet_course=True)
    words(lesson, zh=True, en=True)  # as the setting says
    lesson.choose("zh")
    words(lesson, zh=True, en=False)
    pressed = lesson.page.locator("#lenet-bar [role=group] [aria-pressed=true]")
    assert pressed.all_inner_texts() == ["中文"]
    lesson = reload(lesson)
    words(lesson, zh=True, en=False)
    page = lesson.page.context.new_page()
    page.goto(lesson.page.url)
    other = Lesson(page)
    words(other, zh=True, en=False)
    other.choose("en")
    words(other, zh=False, en=True)
    words(lesson, zh=False, en=True)


@pytest.mark.parametrize(
    "settings, begins",
    [
        ({"lenet-course": {"language": "jupyterlab"}}, "en"),
        ({"lenet-course": {"language": "jupyterlab"}} | CHINESE_JUPYTERLAB, "zh"),
        ({"lenet-course": {"language": "zh"}}, "zh"),
    ],
    ids=["as JupyterLab", "as a Chinese JupyterLab", "as the setting says"],
)
def test_it_begins_in_the_language_of_the_setting_or_of_jupyterlab(
    open_alone, lab, settings, begins
):
    for name, values in settings.items():
        file = lab[1] / USER_SETTINGS / name / "plugin.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    try:
        lesson = open_alone([BOTH], lenet_course=True)
        words(lesson, zh=begins == "zh", en=begins == "en")
    finally:
        for name in settings:
            (lab[1] / USER_SETTINGS / name / "plugin.jupyterlab-settings").unlink()


def test_a_readers_own_notebook_is_left_alone_but_widgets_in_it_follow(open_lesson):
    lesson = open_lesson([BOTH, BUTTON.replace("LanguageSwitch(), ", "")])
    lesson.run()
    for language, name in {"en": "Train", "zh": "训练"}.items():
        lesson.choose(language)
        expect(button(lesson, name)).to_be_visible()
        words(lesson, zh=True, en=True)


def test_widgets_follow_also_after_a_reload_and_when_a_long_cell_has_ended(open_alone):
    lesson = open_alone([BUTTON, "import time; time.sleep(3)"], lenet_course=True)
    lesson.choose("en")
    lesson.start()
    expect(button(lesson, "Train")).to_be_visible(timeout=60000)
    assert lesson.page.locator(".lenet-language").is_hidden()
    lesson.choose("zh")  # while the second cell runs
    expect(button(lesson, "训练")).to_be_visible(timeout=20000)
    save(lesson)
    lesson = reload(lesson)
    lesson.choose("en")
    expect(button(lesson, "Train")).to_be_visible(timeout=20000)
    assert not any(wrong in texts(lesson) for wrong in PYTHON_OR_ERROR)


def test_an_output_in_a_view_of_its_own_follows(open_lesson):
    source = 'from IPython.display import HTML\nHTML("<p lang=zh>你好</p><p lang=en>hello</p>")'
    lesson = open_lesson([source], lenet_course=True)
    lesson.run()
    lesson.page.evaluate("window.jupyterapp.commands.execute('notebook:create-output-view')")
    view = lesson.page.locator(".jp-LinkedOutputView")
    expect(view.get_by_text("hello")).to_be_visible()
    lesson.choose("zh")
    expect(view.get_by_text("hello")).to_be_hidden()
    expect(view.get_by_text("你好")).to_be_visible()


def test_a_widget_without_its_kernel_leaves_a_sentence_in_the_chosen_language(open_alone):
    lesson = open_alone([BUTTON + "\nwidgets.IntSlider()"], lenet_course=True)
    lesson.run()
    save(lesson)
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    lesson.page.evaluate(f"() => {kernel}.restart()")
    for language, sentence in {"zh": "交互部分", "en": "Interactive: run"}.items():
        lesson.choose(language)
        seen = lesson.page.get_by_text(sentence).locator("visible=true")
        expect(seen).to_have_count(2)  # the button and the slider; the switch is not needed here
    assert lesson.page.locator(".jupyter-widgets-disconnected:visible").count() == 0
    lesson = reload(lesson)  # trusted: all of it was run here
    expect(
        lesson.page.get_by_text("Interactive: run").locator("visible=true").first
    ).to_be_visible()
    expect(lesson.page.get_by_text("交互部分").locator("visible=true")).to_have_count(0)
    assert not any(wrong in texts(lesson) for wrong in PYTHON_OR_ERROR)


def test_only_views_of_the_kernels_widgets_are_trusted(open_lesson):
    def cell(*bundles):
        made = as_cell("1")
        made.outputs = [nbformat.v4.new_output("display_data", data) for data in bundles]
        return made

    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "view"}
    cells = [cell(view), cell(view, {"text/html": "<b>1</b>"}), cell({"text/plain": "1"})]
    trusted = f"() => [...{MODEL}.cells].map((cell) => cell.trusted)"
    lesson = open_lesson(cells, lenet_course=True)
    assert lesson.page.evaluate(trusted) == [True, False, False]
    brought = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    lesson = open_lesson(cells, lenet_course=True, widgets=brought)
    assert lesson.page.evaluate(trusted) == [False, False, False]


def test_class_mode_shows_and_runs_the_main_line_only(open_lesson, lab):
    answer = "md:<details><summary>?</summary>\n\nforty-two\n\n</details>"
    cells = [answer, "1", as_cell("2", "optional"), as_cell("md:aside", "optional"), "3",
             as_cell("4", "optional")]  # fmt: skip
    lesson = open_lesson(cells, lenet_course=True)
    page, cell = lesson.page, lesson.page.locator(".jp-Cell")
    told = page.locator(".jp-MarkdownOutput").get_by_text("forty-two")
    page.locator("summary").click()
    expect(told).to_be_visible()
    small = page.locator(".jp-Notebook .cm-content").first.evaluate(
        "e => getComputedStyle(e).fontSize"
    )
    page.locator("#lenet-bar .lenet-class-button").click()
    expect(told).to_be_hidden()
    large = page.locator(".jp-Notebook .cm-content").first.evaluate(
        "e => getComputedStyle(e).fontSize"
    )
    assert float(large[:-2]) > 1.25 * float(small[:-2])
    assert [cell.nth(i).is_visible() for i in range(6)] == [True, True, False, False, True, False]
    assert page.evaluate(f"() => {MODEL}.dirty") is False
    cell.nth(1).locator(".jp-InputPrompt").click()
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    page.keyboard.press("Shift+Enter")
    assert page.evaluate(active) == 4
    page.keyboard.press("ArrowUp")
    assert page.evaluate(active) == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Enter")
    expect(cell.nth(4).locator(".jp-InputPrompt")).to_have_text("[2]:")
    assert page.evaluate(active) == 4  # nothing more to see below
    page.locator("#lenet-bar .lenet-class-button").click()
    assert all(cell.nth(i).is_visible() for i in range(6))
    save(lesson)
    name = page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    saved = json.loads((lab[1] / name).read_text(encoding="utf-8"))["cells"]
    assert [each.get("execution_count") for each in saved] == [None, 1, None, None, 2, None]
    assert [each["metadata"].get("tags") for each in saved] == [
        None, None, ["optional"], ["optional"], None, ["optional"]
    ]  # fmt: skip


def test_run_all_in_class_mode_runs_what_is_seen(open_lesson):
    lesson = open_lesson(["1", as_cell("2", "optional"), "3", as_cell("4", "optional"), "5"],
                         lenet_course=True)  # fmt: skip
    lesson.page.locator("#lenet-bar .lenet-class-button").click()
    ran = f"() => {MODEL}.toJSON().cells.map((cell) => cell.execution_count)"
    for command, counts in {
        "run-all-cells": [1, None, 2, None, 3],
        "run-all-above": [4, None, 5, None, 3],  # of the last cell, which "run all" has left active
        "run-all-below": [4, None, 5, None, 6],
    }.items():
        lesson.start(f"notebook:{command}")
        eventually(lambda counts=counts: _same(lesson.page.evaluate(ran), counts))
    lesson.page.locator("#lenet-bar .lenet-class-button").click()
    lesson.start()
    eventually(lambda: _same(lesson.page.evaluate(ran), [7, 8, 9, 10, 11]))


def _same(now: object, wanted: object) -> None:
    assert now == wanted


def test_the_table_of_contents_is_in_the_chosen_language(open_lesson):
    part = BOTH.replace("你好", "## 汇聚\n\n你好").replace("hello", "## Pooling\n\nhello")
    heading = BOTH.replace("你好", "# 卷积\n\n你好").replace("hello", "# Convolution\n\nhello")
    lesson = open_lesson([heading, part], lenet_course=True)
    lesson.page.evaluate("window.jupyterapp.commands.execute('toc:show-panel')")
    shown = lesson.page.locator(".jp-TableOfContents .jp-tocItem-content")
    for language, words in {
        "en": ["Convolution", "Pooling"],
        "zh": ["卷积", "汇聚"],
        "both": ["卷积", "Convolution", "汇聚", "Pooling"],
    }.items():
        lesson.choose(language)
        expect(shown).to_have_text(words)
