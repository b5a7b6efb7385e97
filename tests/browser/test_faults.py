"""What goes wrong in front of a class: cells out of order or twice, a restart, another folder."""

import shutil
from pathlib import Path

import nbformat

from tests.browser.conftest import Lesson, eventually

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
SWITCH = "from lenet_helpers import LanguageSwitch\n\nLanguageSwitch()"
BOTH = 'md:<div lang="zh">\n\n你好，汇聚\n\n</div>\n<div lang="en">\n\nHello, pooling\n\n</div>'
TRAIN_LONG = """
from lenet_helpers import LiveAnimator, lenet, load_data, train

batches = load_data("digits", 32, "cpu")
animator = LiveAnimator(xlabel="epoch", legend=["loss"])
for progress in train(lenet(), *batches, num_epochs=6, lr=0.9, device="cpu"):
    animator.add(progress.epoch, progress.loss)
"""


def saved(lesson) -> list[dict]:
    """The code cells as the notebook would save them now; what is off the screen has no text."""
    return lesson.page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
             .filter(cell => cell.type === 'code')
             .map(cell => ({id: cell.id, count: cell.executionCount,
                            outputs: cell.outputs.toJSON()}))"""
    )


def texts_of_outputs(lesson) -> list[str]:
    """What all cells printed or returned; a widget's text has its address in memory."""
    outputs = [output for cell in saved(lesson) for output in cell["outputs"]]
    return [
        str(output.get("text") or output["data"].get("text/plain"))
        for output in outputs
        if not any("widget" in kind for kind in output.get("data", {}))
    ]


# Out of order, twice, and without a Chinese font

NO_CHINESE_FONT = """
from lenet_helpers import fonts

fonts.CHINESE_FONTS = ()
fonts.chinese_font.cache_clear()
"""


def test_a_lesson_runs_out_of_order_twice_over_and_without_a_chinese_font(open_lesson, tmp_path):
    """The second run gives what the first gave: no cell depends on how often it was run.

    matplotlib warns of every character that no font has: none of them may be drawn.
    """
    notebook = nbformat.read(NOTEBOOKS / "01_handwriting.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(NO_CHINESE_FONT))
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    stored = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    lesson = open_lesson(tmp_path / "lesson.ipynb")
    ids = [cell.id for cell in notebook.cells]
    for name in ("match-all", "find-part", "templates"):  # before what they need has run
        lesson.run_cell(ids.index(name))
        outputs = next(cell["outputs"] for cell in saved(lesson) if cell["id"] == name)
        assert [output.get("ename") for output in outputs] == ["NameError"], name
    lesson.run()
    assert lesson.errors() == []
    first, last = texts_of_outputs(lesson), saved(lesson)[-1]["count"]
    lesson.start()
    lesson.wait_until_idle(after=last)
    assert lesson.errors() == []
    assert len(first) > 20
    assert texts_of_outputs(lesson) == first
    pictures = sum("image/png" in output.get("data", {}) for output in stored)
    assert lesson.page.locator(".jp-RenderedImage img").count() == pictures >= 5


# While training runs


def test_run_all_during_training_runs_all_once_more(open_lesson):
    lesson = open_lesson([SWITCH, TRAIN_LONG, "print(f'{progress.epoch:g} epochs')"])
    lesson.start()
    lesson.page.locator(".jp-RenderedImage img").wait_for(timeout=lesson.timeout)
    lesson.start()
    lesson.page.wait_for_timeout(200)
    lesson.wait_until_idle()
    assert lesson.errors() == []
    assert [cell["count"] for cell in saved(lesson)] == [4, 5, 6]
    assert lesson.page.locator(".jp-RenderedImage img").count() == 1
    assert lesson.page.get_by_text("6 epochs", exact=True).count() == 1


def test_a_restart_in_the_middle_of_training_leaves_a_lesson_that_runs(open_lesson):
    lesson = open_lesson([SWITCH, TRAIN_LONG, BOTH])
    lesson.start()
    lesson.page.locator(".jp-RenderedImage img").wait_for(timeout=lesson.timeout)
    lesson.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    lesson.run()
    assert lesson.errors() == []
    assert [cell["count"] for cell in saved(lesson)] == [1, 2]
    assert lesson.page.locator(".jp-RenderedImage img").count() == 1
    lesson.switch_to("English")
    lesson.page.locator(".jp-MarkdownOutput").get_by_text("你好").wait_for(state="hidden")


# Where and how it is opened


def test_a_course_in_another_folder_shows_its_pictures_and_imports(lab, open_lesson):
    """JupyterLab is started two folders above; names with a space and Chinese characters."""
    course = lab[1] / "课程 course" / "lenet"
    shutil.copytree(ROOT / "imgs", course / "imgs")
    (course / "notebooks").mkdir()
    source = NOTEBOOKS / "04_convolution.ipynb"
    shutil.copy(source, course / "notebooks")
    lesson = open_lesson(f"课程 course/lenet/notebooks/{source.name}")
    ids = [cell.id for cell in nbformat.read(source, as_version=4).cells]
    lesson.run_cell(ids.index("language-switch"))
    assert lesson.errors() == []
    pictures = lesson.page.locator(".jp-RenderedMarkdown img")
    count = source.read_text(encoding="utf-8").count("](../imgs/")

    def all_are_there():  # cells out of sight are drawn later
        assert pictures.count() == count >= 6

    eventually(all_are_there)
    for picture in pictures.all():
        picture.evaluate("image => image.decode()")  # raises if it cannot be shown


def test_a_lesson_opened_read_only_runs_all_the_same(open_alone):
    lesson = open_alone([SWITCH, BOTH, "print(6 * 7)"])
    page = lesson.page

    def locked(route):
        """The server's answers, as they are about a file that this user may not write."""
        if route.request.method != "GET":
            route.fulfill(status=403, json={"message": "Permission denied"})
            return
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"writable": False})

    page.route("**/api/contents/notebooks/test-*", locked)
    page.goto(page.url + "?reset")
    lesson = Lesson(page)
    assert (
        page.evaluate("() => window.jupyterapp.shell.currentWidget.context.contentsModel.writable")
        is False
    )
    lesson.run()
    assert lesson.errors() == []
    assert page.get_by_text("42", exact=True).is_visible()
    lesson.switch_to("English")
    page.locator(".jp-MarkdownOutput").get_by_text("你好").wait_for(state="hidden")


# Text that looks like HTML

EVIL = "<img src=x onerror=\\\"document.title='owned'\\\"><b>bold</b>"
HTML_IN_NAMES = f"""
import torch
from torch import nn
from lenet_helpers import Words, image_grid, lenet, load_data, trace_shapes
from lenet_helpers.panels import Message
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.network_view import NetworkView

evil = "{EVIL}"
_, test_iter = load_data("digits", device="cpu")
test_iter.classes = [Words(evil, evil)] * 10
layer = type(evil, (nn.Identity,), {{}})
display(trace_shapes(nn.Sequential(layer(), *lenet()), torch.zeros(1, 1, 28, 28)))
display(MistakesPanel(lenet(), test_iter))
display(NetworkView(lenet(), test_iter))
image_grid(test_iter.images[:1], Words(evil, evil))
"""
HTML_IN_SETTINGS = f"""
from lenet_helpers import LanguageSwitch, load_data
from lenet_helpers.language import CHOICE
from lenet_helpers.panels import Message

evil = "{EVIL}"
message = Message()
for wrong in (lambda: load_data(evil), lambda: load_data("digits", evil), lambda: lenet(evil),
              lambda: int(evil)):
    try:
        wrong()
    except Exception as error:
        message.explain(error)
        display(message)
"""


def test_html_in_names_and_settings_is_shown_as_text(open_lesson):
    lesson = open_lesson([HTML_IN_NAMES, HTML_IN_SETTINGS])
    lesson.run()
    assert lesson.errors() == []
    for cell in lesson.page.locator(".jp-CodeCell").all():
        cell.locator(".jp-OutputArea").get_by_text("<b>bold</b>").first.wait_for()
    assert lesson.page.locator("img[src=x]").count() == 0
    assert lesson.page.locator("b", has_text="bold").count() == 0
    assert lesson.page.title() != "owned"
