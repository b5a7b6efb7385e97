"""A panel to look inside a network: every layer's maps, and where one number comes from."""

from __future__ import annotations

import ipywidgets as widgets
import torch
from torch import nn

from lenet_helpers.data import BatchIterator
from lenet_helpers.drawing.figures import probability_table
from lenet_helpers.figures import Picture, label
from lenet_helpers.inside.figures import feature_maps, sheet_png
from lenet_helpers.inside.layers import (
    Outputs,
    kernels,
    layer_outputs,
    layers_with_maps,
    untrained_like,
)
from lenet_helpers.inside.map_sheet import kernel_sheet, map_sheet
from lenet_helpers.inside.predictions import next_mistake, probabilities, require_pictures
from lenet_helpers.inside.tables import image_html
from lenet_helpers.language import say
from lenet_helpers.panels.calm import WHOLE, CalmPanel
from lenet_helpers.panels.clickable import ClickablePicture
from lenet_helpers.panels.common import Choice, Message
from lenet_helpers.panels.number_view import NumberView
from lenet_helpers.words import LessonError, Words

INPUT = Words("输入", "input")
NAMES = (Words("未训练的网络", "untrained network"), Words("训练过的网络", "trained network"))
ALL = Words("所有类别", "all classes")
MAPS = Words(
    "每一层的输出。每层中白色是最小的数，黑色是最大的数；点击其中一个数。",
    "What each layer puts out. In each, white is the least number and black the greatest; click "
    "on one of them.",
)
NUMBER = Words("一个数从哪里来", "Where one number comes from")
KERNELS = Words("卷积核", "The kernels")
COLORED = Words(
    "蓝色为正，橙色为负，白色为零；每列一个输出通道，每行一个输入通道。",
    "Blue is positive, orange negative, white zero; a column for each output channel, a row for "
    "each input channel.",
)
NONE_WRONG = Words("这些图片网络全答对了。", "The network gets all of these right.")


class LayerExplorer(CalmPanel):
    """Shows what every layer of a network makes of a picture, beside an untrained network.

    Choose a picture, then one number of a feature map, by mouse or by keyboard: its receptive field
    is marked on the picture, and the arithmetic behind it is written out.

    Args:
        net: the trained network, an ``nn.Sequential`` of convolutions, poolings, activations,
            ``Flatten`` and ``Linear``. The panel reads its weights anew for every picture.
        test_iter: the pictures, as `load_data` returns them.
        untrained: a network of the same architecture; by default ``net``'s own, initialised anew.

    Attributes:
        class_filter: which class to choose from: its number as text, or ``""`` for all.
        index: the place among those pictures.
        wrong_button: goes on to the next picture that ``net`` gets wrong.
        maps: the feature maps; can be clicked.
        number: where one of the numbers comes from (`NumberView`).

    Raises:
        SettingError: the network cannot be explored, or does not fit the pictures.
    """

    def __init__(
        self, net: nn.Sequential, test_iter: BatchIterator, untrained: nn.Sequential | None = None
    ) -> None:
        require_pictures(test_iter)
        self._nets, self._data = [untrained or untrained_like(net), net], test_iter
        layers = layers_with_maps(self._nets, test_iter.prepare(test_iter.images[:1]))
        present = [str(c) for c in test_iter.labels.unique().tolist()]
        self.class_filter = Choice(
            {"": ALL, **{number: test_iter.classes[int(number)] for number in present}},
            style=WHOLE,
        )
        self.index = widgets.IntSlider(max=len(test_iter.labels) - 1, style=WHOLE)
        self.wrong_button = widgets.Button(icon="search", layout={"width": "auto"})
        self.message, self.maps = Message(), ClickablePicture()
        self.bars, self.kernels = (widgets.HTML(), widgets.HTML()), widgets.HTML()
        self.number = NumberView(NAMES, layers, self._mark)
        self._name_and_connect()
        super().__init__(self._rows())
        self._draw()
        self.number.choose(
            row=self._outputs[1][1][1].shape[2] // 2, column=self._outputs[1][1][1].shape[3] // 2
        )

    @property
    def image_number(self) -> int:
        """Which picture of ``test_iter.images`` is shown."""
        return self._candidates()[self.index.value].item()

    def still(self) -> Picture:
        """The feature maps of this picture, with the chosen number framed."""
        marks = [tuple(box) for _, *box in self.maps.marks]
        words, number = self._verdict(), self.number.words()
        caption = Words(f"{words.zh}{number.zh}", f"{words.en} {number.en}")
        return feature_maps(*self._outputs, titles=_titles(), caption=caption, marks=marks)

    def _name_and_connect(self) -> None:
        say(self.class_filter, "description", Words("类别", "Class"))
        say(self.index, "description", Words("图片", "Picture"))
        say(self.wrong_button, "description", Words("找一张答错的", "One it gets wrong"))
        say(self.maps, "label", MAPS)
        self.class_filter.observe(self._filter, "value")
        self.index.observe(lambda _: self._show(), "value")
        self.wrong_button.on_click(lambda _: self._find_wrong())
        self.maps.on_click(self._clicked)
        self.maps.on_move(lambda rows, columns: self.number.step(rows, columns))

    def _rows(self) -> list[widgets.Widget]:
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        bars = [
            widgets.VBox([widgets.HTML(f"<b>{name.html()}</b>"), table]).add_class("lenet-narrow")
            for name, table in zip(NAMES, self.bars, strict=True)
        ]
        return [
            widgets.HBox([self.class_filter, self.index, self.wrong_button], layout=wrap),
            self.message,
            widgets.HTML(f"<small>{MAPS.html('div')}</small>"),
            self.maps,
            widgets.HBox(bars, layout={**wrap, "grid_gap": "32px"}),
            widgets.HTML(f"<b>{NUMBER.html()}</b>"),
            self.number,
            widgets.HTML(f"<b>{KERNELS.html()}</b><small>{COLORED.html('div')}</small>"),
            self.kernels,
        ]

    def _candidates(self) -> torch.Tensor:
        labels = self._data.labels.cpu()
        if self.class_filter.value:
            return (labels == int(self.class_filter.value)).nonzero().flatten()
        return torch.arange(len(labels))

    def _filter(self, _: dict) -> None:
        if self.class_filter.relabelling:
            return
        self.index.max, before = len(self._candidates()) - 1, self.index.value
        self.index.value = 0
        if before == 0:  # else the slider has said so
            self._show()

    def _find_wrong(self) -> None:
        among, here = self._candidates(), self.index.value
        after = torch.cat([among[here + 1 :], among[: here + 1]])
        try:
            found = next_mistake(self._nets[1], self._data, after)
        except LessonError as error:
            self.message.explain(error)
            return
        if found is None:
            self.message.say(NONE_WRONG)
        else:
            self.index.value = (among == found).nonzero().item()

    def _show(self) -> None:
        try:
            self._draw()
        except LessonError as error:  # the network has been trained on, and diverged
            self.message.explain(error)

    def _draw(self) -> None:
        """Take the chosen picture through both networks, and show all that comes of it."""
        number = self.image_number
        image = self._data.images[number : number + 1]
        X = self._data.prepare(image)
        self._answers = [probabilities(n, self._data, image)[0].tolist() for n in self._nets]
        name = label(*INPUT)
        self._outputs: list[Outputs] = [[(name, X), *layer_outputs(n, X)] for n in self._nets]
        self._sheet = map_sheet(*self._outputs)
        self.maps.png = sheet_png(self._sheet, _titles())
        for table, answer in zip(self.bars, self._answers, strict=True):
            table.value = probability_table(answer, self._data.classes)
        self.message.say(self._verdict())
        banks = [kernels(net) for net in self._nets]
        if banks[0]:  # a network of poolings alone has none
            png = sheet_png(kernel_sheet(*banks), _titles())
            self.kernels.value = image_html(png, f"{KERNELS}: {COLORED}")
        self.number.show(self._nets, X.cpu(), [outputs[1:] for outputs in self._outputs])

    def _verdict(self) -> Words:
        number, classes = self.image_number, self._data.classes
        truth = classes[self._data.labels[number].item()]
        zh, en = [], []
        for name, answers in zip(NAMES, self._answers, strict=True):
            share, answer = max((share, answer) for answer, share in enumerate(answers))
            zh.append(f"{name.zh}认为是 {classes[answer].zh}（{share:.0%}）")
            en.append(f"the {name.en} takes it for {classes[answer].en} ({share:.0%})")
        return Words(
            f"测试图片 {number}，真实类别 {truth.zh}；{'，'.join(zh)}。",
            f"Test picture {number}, class {truth.en}; {', '.join(en)}.",
        )

    def _clicked(self, x: float, y: float) -> None:
        found = self._sheet.at(x, y)
        # beside the maps, or on what has no choice: the picture itself
        if found is None or str(found[0].layer - 1) not in self.number.layer.words:
            return
        place, row, column = found
        self.number.choose(
            network=place.network, layer=place.layer - 1, channel=place.channel,
            row=row, column=column,
        )  # fmt: skip

    def _mark(self) -> None:
        """Frame the chosen number, its map, and what it was computed from."""
        network, layer, channel, row, column = self.number.chosen
        origin = self.number.origin
        sources = [channel] if origin.kernel is None else range(len(origin.patch))
        seen = (self._sheet.place(network, layer, source) for source in sources)
        chosen = self._sheet.place(network, layer + 1, channel)
        self.maps.marks = [
            *(["field", *place.box(*origin.window)] for place in seen),
            ["map", *chosen.box()],
            ["number", *chosen.box(row, column, 1, 1)],
        ]
        self.keep_still_soon()


def _titles() -> tuple[str, ...]:
    return tuple(label(*name) for name in NAMES)
