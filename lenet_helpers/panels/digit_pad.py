"""A pad to draw a digit on, and a network that reads it stroke by stroke."""

from __future__ import annotations

from typing import NamedTuple

import ipywidgets as widgets
import torch
import traitlets
from torch import nn

from lenet_helpers.data import BatchIterator
from lenet_helpers.drawing.figures import (
    answer_picture,
    image_html,
    probability_table,
    steps_picture,
)
from lenet_helpers.drawing.form import as_scan
from lenet_helpers.drawing.reader import Reading, notice, read_drawing, read_sample
from lenet_helpers.figures import Picture
from lenet_helpers.inside.figures import sheet_png
from lenet_helpers.inside.map_sheet import map_sheet
from lenet_helpers.language import say
from lenet_helpers.panels.calm import WHOLE, CalmPanel
from lenet_helpers.panels.common import Choice, Message, PictureBox
from lenet_helpers.panels.paper import Paper, as_array, as_ink
from lenet_helpers.words import LessonError, Words

MOST_DRAWINGS = 50  # how far back "undo" goes
PAD = Words(
    "画板：用鼠标、触控笔或手指画一个数字；用键盘请选测试图像",
    "Pad: draw a digit with mouse, pen or finger; by keyboard choose a test picture",
)
ANY_CLASS = Words("任意类别", "any class")
MAPS = Words(
    "每一层的特征图；每层中白色是最小的数，黑色是最大的数。",
    "The feature maps of each layer. In each, white is the least number and black the greatest.",
)
SEEN = Words("网络看到的 28×28", "what the network sees, 28×28")


class Drawing(NamedTuple):
    """What is on the paper: the ink, and which test picture it is, if it is one."""

    ink: bytes = b""
    sample: int | None = None


class DigitPad(CalmPanel):
    """Draw a digit; after each stroke the network says what it takes it for.

    A drawing is first brought into MNIST's form. A test picture has its form already and goes to
    the network as it is; draw on it, and it is a drawing.

    Args:
        net: the network, an ``nn.Sequential`` that maps ``(n, 1, 28, 28)`` to a score a class.
        data_iter: test pictures and classes of the set it was trained on, as `load_data` returns
            them; its ``prepare`` makes the network's input.

    Attributes:
        reading: the `Reading` of what is on the paper.
        paper, brush, undo_button, clear_button, sample_class, next_button, show_maps, show_steps:
            the widgets, to be used from code as by hand.

    Raises:
        SettingError: the network takes no such pictures, or has another number of classes.
    """

    def __init__(self, net: nn.Sequential, data_iter: BatchIterator) -> None:
        self._net, self._data = net, data_iter
        self._drawings, self._last_sample = [Drawing()], -1
        self.reading = self._read()
        self.paper = Paper()
        self.undo_button, self.clear_button = widgets.Button(), widgets.Button()
        self.brush = widgets.IntSlider(
            self.paper.brush, min=8, max=40, style=WHOLE, layout={"width": "284px"}
        )
        names = {str(number): name for number, name in enumerate(data_iter.classes)}
        self.sample_class = Choice({"": ANY_CLASS, **names}, style=WHOLE, layout={"width": "auto"})
        self.next_button = widgets.Button()
        self.show_maps, self.show_steps = (
            widgets.Checkbox(value, indent=False, layout={"width": "auto", "margin": "2px 12px"})
            for value in (True, False)
        )
        self.message, self.bars, self.seen = Message(), widgets.HTML(), widgets.HTML()
        self.steps, self.map_image = PictureBox(), widgets.Image(format="png")
        self.maps = widgets.VBox(
            [self.map_image, widgets.HTML(f"<small>{MAPS.html('div')}</small>")],
            layout={"align_items": "flex-start"},
        )
        self._name_everything()
        super().__init__(self._rows())
        self._connect()
        self._report()

    @property
    def probabilities(self) -> list[float] | None:
        """Of each class, from 0 to 1; ``None`` while there is no ink."""
        return self.reading.probabilities

    @property
    def image(self) -> torch.Tensor:
        """What the network sees, ``uint8 (28, 28)``."""
        return self.reading.image

    def draw(self, scan) -> None:
        """Put a drawing on the paper, as if it had just been drawn.

        Args:
            scan: ``(h, w)``, numbers from 0 (paper) to 255 (ink); scaled to fit the paper.

        Raises:
            SettingError: it is no such table of numbers.
        """
        self._put(Drawing(as_ink(as_scan(scan))))

    def show_sample(self, index: int) -> None:
        """Put a picture of the data set on the paper: ``data_iter.images[index]``."""
        self._last_sample = index
        self._put(Drawing(as_ink(as_scan(self._data.images[index])), index))

    def clear(self) -> None:
        """Take a blank paper. It can be undone."""
        self._put(Drawing())

    def undo(self) -> None:
        """Go back to what was there before the last stroke, picture or clearing."""
        if len(self._drawings) > 1:
            self._drawings.pop()
            self._show()

    def still(self) -> Picture:
        """The paper, what the network sees of it, and its answer."""
        classes, paper = self._data.classes, as_array(self._drawings[-1].ink)
        words = self.reading.verdict(classes)
        return answer_picture(paper, self.image, self.probabilities, classes, words)

    def _name_everything(self) -> None:
        say(self.paper, "label", PAD)
        for widget, words in {
            self.undo_button: Words("撤销", "Undo"),
            self.clear_button: Words("清空", "Clear"),
            self.brush: Words("笔宽", "Brush"),
            self.sample_class: Words("测试图像", "Test picture"),
            self.next_button: Words("下一幅", "Next"),
            self.show_maps: Words("显示特征图", "Show the feature maps"),
            self.show_steps: Words("显示预处理的步骤", "Show the preparation"),
        }.items():
            say(widget, "description", words)

    def _rows(self) -> list[widgets.Widget]:
        mind = Message()
        if (words := notice(self._data)) is not None:
            mind.say(words)
        for button in (self.undo_button, self.clear_button):
            button.layout.flex = "1 1 0"
        buttons = widgets.HBox([self.undo_button, self.clear_button])
        left = widgets.VBox([self.paper, buttons, self.brush], layout={"flex": "0 0 290px"})
        answer = widgets.HBox([self.bars, self.seen], layout={"flex_flow": "wrap"})
        right = widgets.VBox([self.message, answer], layout={"flex": "1 1 0"})
        switches = widgets.HBox(
            [self.sample_class, self.next_button, self.show_maps, self.show_steps],
            layout={"flex_flow": "wrap"},
        )
        return [mind, widgets.HBox([left, right]), switches, self.steps, self.maps]

    def _connect(self) -> None:
        traitlets.link((self.brush, "value"), (self.paper, "brush"))
        self.paper.observe(self._drawn, "ink")
        self.undo_button.on_click(lambda _: self.undo())
        self.clear_button.on_click(lambda _: self.clear())
        self.next_button.on_click(lambda _: self._next_sample())
        for switch in (self.show_maps, self.show_steps):
            switch.observe(lambda _: self._explain(), "value")

    def _drawn(self, change: dict) -> None:
        """A stroke has ended in the browser. (What was set here is known already.)"""
        if change["new"] != self._drawings[-1].ink:
            self._put(Drawing(change["new"]))

    def _next_sample(self) -> None:
        """The next test picture of the chosen class; after the last one, the first again."""
        labels, chosen = self._data.labels, self.sample_class.value
        fits = labels == int(chosen) if chosen else torch.ones_like(labels, dtype=torch.bool)
        found = fits.nonzero().flatten()
        if len(found):
            later = found[found > self._last_sample]
            self.show_sample((later if len(later) else found)[0].item())

    def _put(self, drawing: Drawing) -> None:
        if drawing != self._drawings[-1]:
            self._drawings = [*self._drawings, drawing][-MOST_DRAWINGS:]
        self._show()

    def _show(self) -> None:
        """Show the last drawing, on the paper too unless it comes from there."""
        self.paper.ink = self._drawings[-1].ink
        try:
            self.reading = self._read()
        except LessonError as error:
            self.message.explain(error)
            return
        self._report()
        self.keep_still_soon()

    def _read(self) -> Reading:
        ink, sample = self._drawings[-1]
        if sample is None:
            return read_drawing(self._net, self._data, as_array(ink))
        return read_sample(self._net, self._data, sample)

    def _report(self) -> None:
        """The answer first, then what explains it."""
        classes = self._data.classes
        self.message.say(self.reading.verdict(classes))
        self.bars.value = probability_table(self.probabilities, classes)
        self.seen.value = image_html(self.image, SEEN)
        self._explain()

    def _explain(self) -> None:
        reading, inked = self.reading, self.probabilities is not None
        steps = inked and self.show_steps.value and reading.steps is not None
        maps = inked and self.show_maps.value
        self.steps.layout.display = None if steps else "none"
        self.maps.layout.display = None if maps else "none"
        if maps:
            self.map_image.value = sheet_png(map_sheet(reading.maps))
        if steps:
            self.steps.show(steps_picture(reading.steps))
