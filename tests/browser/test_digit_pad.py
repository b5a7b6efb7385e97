"""The digit pad in a real JupyterLab: drawing, undo, clear, keyboard, languages, width."""

from __future__ import annotations

import re

import pytest

TRAIN = """
import torch
from lenet_helpers import LanguageSwitch, lenet, load_data, train
from lenet_helpers.drawing.form import normalize_digit
from lenet_helpers.panels.digit_pad import DigitPad

train_iter, test_iter = load_data("digits", 32, "cpu")
for data in (train_iter, test_iter):
    data.images = torch.stack([normalize_digit(image) for image in data.images]).byte()
torch.manual_seed(0)
net = lenet("tanh")
*_, last = train(net, train_iter, test_iter, num_epochs=6, lr=0.1)
pad = DigitPad(net, test_iter)
display(LanguageSwitch(), pad)
"""
ONE = [[(140, 40), (140, 240)]]
SEVEN = [[(80, 50), (200, 50), (125, 240)]]


class Pad:
    """The pad as a reader of the page has it."""

    def __init__(self, lesson) -> None:
        self.lesson, self.page = lesson, lesson.page
        self.paper = self.page.locator("canvas.lenet-paper")
        self.message = self.page.locator(".lenet-panel [role=status]").last
        self.paper.wait_for(timeout=60_000)
        self.paper.scroll_into_view_if_needed()

    def draw(self, strokes) -> None:
        corner = self.paper.bounding_box()
        for first, *others in strokes:
            self.page.mouse.move(corner["x"] + first[0], corner["y"] + first[1])
            self.page.mouse.down()
            for x, y in others:
                self.page.mouse.move(corner["x"] + x, corner["y"] + y, steps=8)
            self.page.mouse.up()

    def press(self, name: str) -> None:
        self.page.locator(".lenet-panel button", has_text=name).click()

    def says(self, text: str) -> None:
        self.message.get_by_text(re.compile(text)).first.wait_for(timeout=10_000)

    def likeliest(self) -> str:
        row = self.page.locator(".lenet-bars tr.first")
        row.wait_for(timeout=10_000)
        return row.locator("th").inner_text()

    def ink(self) -> int:
        """How many pixels of the canvas are black."""
        return self.paper.evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
            ".filter((v, i) => i % 4 == 3 && v > 128).length"
        )


@pytest.fixture
def pad(open_lesson):
    lesson = open_lesson([TRAIN])
    lesson.run()
    assert lesson.errors() == []
    lesson.switch_to("English")
    yield Pad(lesson)
    assert lesson.errors() == []


def test_digits_drawn_with_the_mouse_are_read(pad):
    pad.says("The pad is blank")
    assert pad.paper.get_attribute("role") == "img"
    assert pad.paper.get_attribute("aria-label").startswith("Pad: draw a digit")

    pad.draw(ONE)
    pad.says("takes it for 1")
    assert pad.likeliest() == "1"
    one = pad.ink()
    assert 200 * 20 < one < 200 * 30
    pad.page.get_by_text("The feature maps of each layer").wait_for()

    pad.press("Clear")
    pad.says("The pad is blank")
    assert pad.ink() == 0
    pad.press("Undo")
    pad.says("takes it for 1")
    assert pad.ink() == one

    pad.press("Clear")
    pad.says("The pad is blank")
    pad.draw(SEVEN)
    pad.says("takes it for 7")
    pad.lesson.switch_to("中文")
    pad.says("网络认为是 7")
    assert pad.paper.get_attribute("aria-label").startswith("画板")
    assert pad.page.locator(".lenet-panel button", has_text="清空").is_visible()

    pad.lesson.switch_to("English")
    pad.press("Clear")
    pad.says("The pad is blank")
    pad.draw([[(140, 140)]])  # a tap
    pad.says("little more than a dot")
    pad.press("Clear")
    pad.says("The pad is blank")
    pad.draw([[(140, 140), (140, 400)]])  # on beyond the edge of the paper
    pad.says("takes it for")
    assert 120 * 20 < pad.ink() < 160 * 30


def test_a_test_picture_is_chosen_by_keyboard_and_everything_fits(pad):
    pad.page.locator(".lenet-panel select").focus()
    pad.page.keyboard.type("4")
    pad.page.keyboard.press("Tab")
    pad.page.keyboard.press("Enter")
    pad.says("This is test picture .*, labelled 4")
    assert pad.ink() > 500
    pad.page.keyboard.press("Tab")
    pad.page.keyboard.press("Tab")
    pad.page.keyboard.press("Space")
    pad.draw(ONE)  # on the picture
    pad.page.get_by_text("bounding box").wait_for(timeout=10_000)

    pad.lesson.switch_to("双语 Both")
    pad.page.wait_for_timeout(300)
    panel = pad.page.locator(".lenet-panel")
    assert panel.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    assert not pad.page.locator(".jp-RenderedImage img").is_visible()
