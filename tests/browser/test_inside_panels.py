"""Looking inside a network in a real JupyterLab: explore a layer, play, click on a mix-up."""

from __future__ import annotations

import re

import pytest
import torch

from lenet_helpers import lenet
from lenet_helpers.inside.layers import layer_outputs
from lenet_helpers.inside.map_sheet import map_sheet

START = """
import torch
from lenet_helpers import LanguageSwitch, lenet, load_data, train
from lenet_helpers.panels.layer_explorer import LayerExplorer
from lenet_helpers.panels.mistakes_panel import MistakesPanel

train_iter, test_iter = load_data("digits", 32, "cpu")
torch.manual_seed(0)
net = lenet("tanh")
*_, last = train(net, train_iter, test_iter, num_epochs=1, lr=0.1)
display(LanguageSwitch())
"""


@pytest.fixture
def show(open_lesson):
    """Show the panel that this source makes, in English; at the end nothing has gone wrong."""
    lessons = []

    def show_(source: str):
        lesson = open_lesson([START, source])
        lesson.run()
        lesson.switch_to("English")
        lesson.page.locator(".lenet-panel").wait_for(timeout=30_000)
        lessons.append(lesson)
        return lesson

    yield show_
    for lesson in lessons:
        assert lesson.errors() == []


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


def click_on_map(lesson, network: int, layer: int, channel: int, row: int, column: int) -> None:
    """Click on one number of a map, where the sheet of these shapes has it."""
    X = torch.zeros(1, 1, 28, 28)
    sheet = map_sheet(*[[("input", X), *layer_outputs(lenet(), X)]] * 2)
    left, top, width, height = sheet.place(network, layer, channel).box(row, column, 1, 1)
    image = lesson.page.locator(".lenet-clickable img").first
    image.scroll_into_view_if_needed()
    scale = image.evaluate("image => image.clientWidth / image.naturalWidth")
    image.click(position={"x": (left + width / 2) * scale, "y": (top + height / 2) * scale})


def test_a_click_shows_the_arithmetic_of_a_number_and_play_slides_the_kernel(show):
    lesson = show("LayerExplorer(net, test_iter)")
    first = saved_png(lesson)
    click_and_read(lesson)
    move_by_keyboard(lesson)
    for name in ("中文", "双语 Both"):
        assert fits(lesson)
        lesson.switch_to(name)
        lesson.page.get_by_label(re.compile("^特征图")).first.wait_for(timeout=10_000)
    assert fits(lesson)
    lesson.switch_to("English")
    find_a_wrong_one(lesson)
    play_and_pause(lesson)
    lesson.page.wait_for_timeout(1500)  # the still follows when the clicking has paused
    assert saved_png(lesson) != first


def click_and_read(lesson) -> None:
    page = lesson.page
    click_on_map(lesson, network=1, layer=4, channel=5, row=7, column=2)
    says(lesson, r"trained network: net\[:4\]\(X\)\[0, 5, 7, 2\]")
    total = page.locator(".lenet-total [lang=en]").filter(has_text="torch computes")
    total.wait_for(timeout=10_000)
    by_hand, by_torch = re.search(r"= (\S+); torch computes (\S+)\.", total.inner_text()).groups()
    assert by_hand == by_torch
    assert page.locator(".lenet-sum table").count() == 18  # patch, kernel, products of six maps
    assert page.locator(".lenet-mark.number").count() == 2  # on the sheet and on the enlarged map


def move_by_keyboard(lesson) -> None:
    page = lesson.page
    for key, place in (("ArrowDown", "8, 2"), ("ArrowRight", "8, 3")):
        page.locator(".lenet-clickable").first.press(key)
        says(lesson, rf"\[0, 5, {place}\]")
    page.get_by_label("Map", exact=True).fill("11")
    page.get_by_label("Map", exact=True).press("Enter")
    says(lesson, r"\[0, 11, 8, 3\]")
    page.get_by_label("Network", exact=True).select_option("untrained network")
    says(lesson, r"untrained network: net\[:4\]\(X\)\[0, 11, 8, 3\]")


def find_a_wrong_one(lesson) -> None:
    lesson.page.locator(".lenet-panel button", has_text="One it gets wrong").click()
    says(lesson, r"Test picture [1-9]\d*, class")


def play_and_pause(lesson) -> None:
    page = lesson.page
    page.get_by_label("Layer", exact=True).select_option(index=0)
    says(lesson, r"net\[:1\]\(X\)\[0, 5, 8, 3\]")
    field = page.locator(".lenet-enlarged .lenet-mark.field")
    button = page.locator(".lenet-panel .jupyter-widgets button")
    button.locator(".fa-play").first.click()
    places = set()
    for _ in range(15):
        places.add(field.evaluate("frame => [frame.style.left, frame.style.top].join()"))
        page.wait_for_timeout(100)
    assert len(places) >= 4
    button.locator(".fa-pause").first.click()
    page.wait_for_timeout(500)
    before = field.get_attribute("style")
    page.wait_for_timeout(500)
    assert field.get_attribute("style") == before


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
