"""Looking inside a network in a real JupyterLab: the living view, and a click on a mix-up."""

import json
import re

import pytest

from tests.browser.conftest import eventually

START = """
import json
import torch
from lenet_helpers import LanguageSwitch, lenet, load_data, train
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.network_view import NetworkView

train_iter, test_iter = load_data("digits", 32, "cpu")
for data in (train_iter, test_iter):
    data.images = torch.stack([normalize_digit(image) for image in data.images]).round().byte()
torch.manual_seed(0)
net = lenet("tanh")
*_, last = train(net, train_iter, test_iter, num_epochs=2, lr=0.1)
display(LanguageSwitch())
"""
# What Python knows is said on the page whenever the view has said something.
VIEW = """
import ipywidgets
view = NetworkView(net, test_iter, lenet("tanh"))
known = ipywidgets.Label().add_class("known")
def say(_=None):
    known.value = json.dumps([view.probabilities, view.view.state["chosen"], view.refused])
say()
view.view.observe(say, "state")
display(view, known)
"""

WRITE = """source => {
  const [, cell] = window.jupyterapp.shell.currentWidget.content.model.cells;
  cell.sharedModel.setSource(source);
}"""
WATCH = VIEW.replace(
    'view = NetworkView(net, test_iter, lenet("tanh"))',
    """
from lenet_helpers.checkpoints import Checkpoints
from lenet_helpers.network_view import Refusal
torch.manual_seed(0)
learner, kept = lenet("tanh"), Checkpoints([0, 20, 45])
for _ in train(learner, train_iter, test_iter, 1, lr=0.1, checkpoints=kept):
    pass
refusal = Refusal.fit(learner, train_iter, collages=500)
view = NetworkView(learner, test_iter, checkpoints=kept, refusal=refusal)
blacken = ipywidgets.Button(description="blacken")
blacken.on_click(lambda _: view.draw(torch.full((280, 280), 255.0)))
display(blacken)
""",
)


@pytest.fixture(scope="module")
def started(open_for_module):
    """A lesson with a trained network, and a cell for what is to be seen."""
    lesson = open_for_module([START, "panel"])
    lesson.run_cell(0)
    lesson.page.set_viewport_size({"width": 1280, "height": 800})
    return lesson


@pytest.fixture
def show(started):
    """Put a panel into the cell and show it, in English."""

    def show(source: str):
        started.page.evaluate(WRITE, source)
        started.run_cell(1)
        started.switch_to("English")
        started.page.locator(".lenet-panel").wait_for(timeout=30_000)
        return started

    yield show
    assert started.errors() == []


def says(lesson, pattern: str):
    """Wait until a status line of the panel says this."""
    line = lesson.page.locator(".lenet-panel [role=status]", has_text=re.compile(pattern))
    line.first.wait_for(timeout=10_000)


def fits(lesson) -> bool:
    """Whether nothing of the panel reaches beyond it."""
    return lesson.page.locator(".lenet-panel").first.evaluate(
        """panel => {
          const right = panel.getBoundingClientRect().right + 1;
          return [...panel.querySelectorAll('img, table, button, select, input')]
            .every(part => part.getBoundingClientRect().right <= right);
        }"""
    )


def saved_png(lesson) -> str:
    """The still picture in the last cell's outputs, as it would be saved."""
    return lesson.page.evaluate(
        """() => {
          const cells = window.jupyterapp.shell.currentWidget.content.model.toJSON().cells;
          return cells.at(-1).outputs.map(o => o.data?.['image/png']).filter(Boolean).at(-1);
        }"""
    )


def known(lesson) -> list:
    """What Python knows: the probabilities, what is chosen, and whether it is refused."""
    return json.loads(lesson.page.locator(".known").inner_text())


def agreed(lesson, within: float = 1e-3) -> list:
    """What Python knows, once it gives the probabilities that the page shows."""

    def check() -> list:
        now = known(lesson)
        assert now[0] == pytest.approx(shares(lesson), abs=within)
        return now

    return eventually(check)


def shares(lesson) -> list[float]:
    """The probabilities on the page, as far as the bars show them."""
    bars = lesson.page.locator(".nv-bar span")
    return bars.evaluate_all("bars => bars.map(b => Number(b.style.transform.slice(7, -1)))")


@pytest.fixture
def living(show):
    """The view, all of it on a screen of 1280×800 beside the list of files."""
    lesson = show(VIEW)
    lesson.page.locator(".nv-row").first.wait_for(timeout=30_000)
    return lesson


def all_is_on_the_screen(page) -> None:
    assert page.locator(".jp-DirListing").first.is_visible()
    page.locator(".nv").evaluate("view => view.scrollIntoView({ block: 'center' })")
    whole = page.locator(".nv").bounding_box()
    notebook = page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    assert whole["y"] >= notebook["y"] - 1
    assert whole["y"] + whole["height"] <= notebook["y"] + notebook["height"] + 1
    assert whole["x"] + whole["width"] <= 1280
    for part in page.locator(".nv canvas, .nv button, .nv-row").all():
        if part.is_visible():
            box = part.bounding_box()
            assert box["x"] + box["width"] <= whole["x"] + whole["width"] + 1
            assert box["y"] + box["height"] <= whole["y"] + whole["height"] + 1


def test_all_of_the_view_is_on_one_screen_and_shows_where_a_number_comes_from(living):
    page = living.page
    eventually(lambda: all_is_on_the_screen(page))
    board = page.locator("[data-stage=conv2] .nv-board").first
    box = board.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3)
    page.get_by_text(re.compile("conv2")).nth(1).wait_for(timeout=5_000)
    page.wait_for_timeout(300)  # long enough for a choice to be made
    assert known(living)[1] is None  # pointing is none
    page.mouse.down()
    page.mouse.up()
    page.locator(".known", has_text='"stage": 3').wait_for(timeout=30_000)


def test_python_knows_what_is_drawn_and_computes_the_same(living):
    page, first = living.page, saved_png(living)
    before = agreed(living)[0]
    page.locator(".nv").get_by_role("button", name="Clear").click()
    page.locator(".known", has_text="[null").wait_for(timeout=30_000)
    pad = page.locator(".nv-pad").bounding_box()
    points = [(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)]
    at = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=10)
    page.mouse.up()
    likely = agreed(living)[0]
    assert likely != before and max(range(10), key=likely.__getitem__) == 7

    def the_still_is_new() -> None:  # it follows when the drawing has paused
        assert saved_png(living) != first

    eventually(the_still_is_new)


def test_the_view_follows_the_language(living):
    page = living.page
    reading = page.locator(".nv-reading").first

    def it_fits() -> None:
        assert page.locator(".nv").evaluate("v => v.scrollWidth <= v.clientWidth + 1")

    for language, word in (("中文", "读作"), ("English", "reads"), ("双语 Both", "读作")):
        living.switch_to(language)
        reading.get_by_text(re.compile(word)).first.wait_for(timeout=5_000)
        eventually(it_fits)
    living.switch_to("English")
    reading.get_by_text("读作").wait_for(state="hidden")


def test_a_training_runs_under_its_slider_and_a_rule_refuses(show):
    lesson = show(WATCH)
    page, slider = lesson.page, lesson.page.locator(".nv-learn input")
    page.locator(".nv-row").first.wait_for(timeout=30_000)
    page.get_by_role("button", name="blacken").click()
    page.locator(".nv-reading", has_text="not a digit").wait_for(timeout=10_000)
    last = agreed(lesson)
    assert last[2] is True
    slider.fill("1")
    slider.and_(page.locator("[aria-valuetext*='batch 20 ']")).wait_for(timeout=30_000)
    earlier = agreed(lesson, within=0.02)  # the page has its weights in 8 bits
    assert earlier[0] != last[0]
    assert earlier[2] is None  # an earlier moment is another network, and has no rule
    page.locator(".nv").get_by_role("button", name="Undo").click()  # past what Python drew
    page.locator(".nv-thumb[aria-pressed=true]").wait_for(timeout=30_000)


def test_a_click_on_a_cell_of_the_confusion_matrix_shows_its_pictures(show):
    lesson = show("panel = MistakesPanel(net, test_iter)\npanel")
    page = lesson.page
    cell = page.locator("button[data-cell='2,2']")
    cell.click()
    says(lesson, "of class 2 are right; .*least sure first")
    figures = page.locator(".lenet-gallery figure")
    assert figures.count() == min(int(cell.inner_text()), 24) > 0
    assert figures.first.inner_text().startswith("2 ")
    figures.first.locator("img").evaluate("image => image.decode()")
    assert cell.get_attribute("aria-pressed") == "true"

    cell.press("ArrowRight")
    says(lesson, "2.* taken for 3")
    focused = page.evaluate("() => document.activeElement.dataset.cell")
    assert focused == "2,3"
    assert page.locator(".lenet-confusion button[tabindex='0']").count() == 1

    page.get_by_label("True class", exact=True).select_option("0")
    page.get_by_label("Taken for", exact=True).select_option("7")
    says(lesson, "0.* taken for 7")
    for name, label in (("中文", "真实类别"), ("双语 Both", "True class")):
        lesson.switch_to(name)
        page.get_by_label(re.compile(label)).first.wait_for(timeout=10_000)
        assert fits(lesson)
