"""The part of the layer explorer that shows where one number of a feature map comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import ipywidgets as widgets
import torch
from torch import nn

from lenet_helpers.inside.figures import map_png
from lenet_helpers.inside.layers import Outputs, Window, origin, receptive_field
from lenet_helpers.inside.tables import sum_html
from lenet_helpers.language import say
from lenet_helpers.panels.calm import WHOLE
from lenet_helpers.panels.clickable import ClickablePicture
from lenet_helpers.panels.common import Choice, Message
from lenet_helpers.words import Words

MILLISECONDS_A_STEP, SIDE = 200, 224  # SIDE: of both pictures, in pixels of the screen
NETWORK, LAYER = Words("网络", "Network"), Words("层", "Layer")
CHANNEL, ROW, COLUMN = Words("特征图", "Map"), Words("行", "Row"), Words("列", "Column")
FIELD = Words(
    "图片：蓝框是感受野，灰边是填充", "The picture. Blue: the receptive field; grey: padding"
)
MAP = Words("特征图：橙框是这个数", "The map. Orange: the number")
HELP = Words(
    "点击图像或用方向键选一个数；▶ 让卷积核滑过整张图片。行、列、特征图从 0 数起。",
    "Click or use the arrow keys to choose a number; ▶ slides the kernel over the whole picture. "
    "Rows, columns and maps count from 0.",
)


class Chosen(NamedTuple):
    """One number: which network, layer, map, row and column, all counted from 0."""

    network: int
    layer: int
    channel: int
    row: int
    column: int


class NumberView(widgets.VBox):
    """Choose one number of a feature map; see its receptive field and the sum behind it.

    Args:
        names: of the networks; the last one is chosen at first.
        layers: the position in the network, and the name, of each layer that has feature maps.
        changed: called whenever another number, or another picture's, is shown.

    Attributes:
        network, layer: drop-down lists; their values are positions as text (``"0"``).
        channel, row, column: number fields, counted from 0.
        play: steps through the whole map, row by row.
        picture, map: the picture and the chosen map; both can be clicked.
        origin: the `Origin` of the number shown.
    """

    def __init__(
        self, names: Sequence[Words], layers: dict[int, str], changed: Callable[[], None]
    ) -> None:
        self._names, self._changed, self._quiet = names, changed, False
        self.network = Choice(
            {str(number): name for number, name in enumerate(names)},
            str(len(names) - 1),
            style=WHOLE,
            layout={"width": "340px"},
        )
        self.layer = Choice(
            {str(number): Words(name, name) for number, name in layers.items()}, style=WHOLE
        )
        self.channel, self.row, self.column = (
            widgets.BoundedIntText(style=WHOLE, layout={"width": "140px"}) for _ in range(3)
        )
        self.play = widgets.Play(interval=MILLISECONDS_A_STEP, show_repeat=False)
        self.picture, self.map = ClickablePicture(width=SIDE), ClickablePicture(width=SIDE)
        self.line, self.sum = Message(), widgets.HTML()
        self._name_and_connect()
        wrap = {"flex_flow": "row wrap"}
        pictures = [
            widgets.VBox([widgets.HTML(f"<small>{words.html('div')}</small>"), picture])
            for words, picture in ((FIELD, self.picture), (MAP, self.map))
        ]
        super().__init__(
            [
                widgets.HTML(f"<small>{HELP.html('div')}</small>"),
                widgets.HBox([self.network, self.layer], layout=wrap),
                widgets.HBox([self.channel, self.row, self.column, self.play], layout=wrap),
                self.line,
                widgets.HBox(
                    [widgets.VBox(pictures, layout={"flex": f"0 0 {SIDE + 8}px"}), self.sum],
                    layout={"grid_gap": "24px"},
                ),
            ]
        )

    @property
    def chosen(self) -> Chosen:
        """The number that the controls name."""
        controls = (self.network, self.layer, self.channel, self.row, self.column)
        return Chosen(*(int(control.value) for control in controls))

    def show(
        self, nets: Sequence[nn.Sequential], X: torch.Tensor, outputs: Sequence[Outputs]
    ) -> None:
        """Go on with another picture ``X``, ``(1, 1, h, w)``, and what the networks make of it."""
        self._nets, self._X, self._outputs = nets, X, outputs
        self.choose()

    def choose(self, **places: int) -> None:
        """Choose another ``network``, ``layer``, ``channel``, ``row`` or ``column``, or several.

        A place beyond the edge of the map becomes the nearest one on it.
        """
        wanted = self.chosen._replace(**places)
        sizes = self._outputs[wanted.network][wanted.layer][1].shape[1:]
        self._quiet = True  # all controls move, and one picture is drawn
        try:
            self.network.value, self.layer.value = str(wanted.network), str(wanted.layer)
            for field, size, place in zip(
                (self.channel, self.row, self.column), sizes, wanted[2:], strict=True
            ):
                field.max = size - 1
                field.value = min(max(place, 0), size - 1)
            self.play.max = sizes[1] * sizes[2] - 1
            self.play.value = self.row.value * sizes[2] + self.column.value
        finally:
            self._quiet = False
        self._draw()

    def step(self, rows: int, columns: int) -> None:
        """Move on by so many rows and columns."""
        self.choose(row=self.row.value + rows, column=self.column.value + columns)

    def _name_and_connect(self) -> None:
        for control, words in (
            (self.network, NETWORK), (self.layer, LAYER), (self.channel, CHANNEL),
            (self.row, ROW), (self.column, COLUMN),
        ):  # fmt: skip
            say(control, "description", words)
            control.observe(self._moved, "value")
        say(self.picture, "label", FIELD)
        say(self.map, "label", MAP)
        self.play.observe(self._played, "value")
        self.picture.on_click(self._aim)
        self.map.on_click(lambda x, y: self.choose(row=int(y), column=int(x)))
        for picture in (self.picture, self.map):
            picture.on_move(self.step)

    def _moved(self, change: dict) -> None:
        if not (self._quiet or getattr(change["owner"], "relabelling", False)):
            self.choose()

    def _played(self, change: dict) -> None:
        if not self._quiet:
            row, column = divmod(change["new"], self.column.max + 1)
            self.choose(row=row, column=column)

    def _aim(self, x: float, y: float) -> None:
        """Choose the number whose receptive field lies around this point of the picture."""
        net, layer = self._nets[self.chosen.network], self.chosen.layer
        first, next_ = (receptive_field(net, layer, place, place) for place in (0, 1))
        row, column = (
            round((at - self._margin - start - (size - 1) / 2 - 0.5) / (after - start))
            for at, start, size, after in zip((y, x), first[:2], first[2:], next_[:2], strict=True)
        )
        self.choose(row=row, column=column)

    def _draw(self) -> None:
        network, layer, channel, row, column = self.chosen
        self.origin = origin(self._nets[network], self._X, layer, channel, row, column)
        field = self.origin.field
        self._margin = self._widest_overhang()
        left, top = field.left + self._margin, field.top + self._margin
        self.picture.png = map_png(self._X[0, 0], self._margin)
        self.picture.marks = [["field", left, top, field.width, field.height]]
        self.map.png = map_png(self._outputs[network][layer][1][0, channel])
        self.map.marks = [["number", column, row, 1, 1]]
        self.line.say(self.words())
        self.sum.value = sum_html(self.origin)
        self._changed()

    def _widest_overhang(self) -> int:
        """How far fields of this map reach beyond the picture: its margin, so that it stays put."""
        network, layer, *_ = self.chosen
        corners = (0, 0), (self.row.max, self.column.max)
        fields = (receptive_field(self._nets[network], layer, *corner) for corner in corners)
        return max(_overhang(field, *self._X.shape[2:]) for field in fields)

    def words(self) -> Words:
        """Which number this is, its value, and the pixels that it depends on."""
        network, layer, channel, row, column = self.chosen
        field, name = self.origin.field, self._names[network]
        code = f"net[:{layer + 1}](X)[0, {channel}, {row}, {column}] = {self.origin.number:.4f}"
        rows = f"{field.top}…{field.top + field.height - 1}"
        columns = f"{field.left}…{field.left + field.width - 1}"
        padding = Words("（图片之外是填充的 0）", " (beyond the edge: padding, 0)")
        if not _overhang(field, *self._X.shape[2:]):
            padding = Words("", "")
        return Words(
            f"{name.zh}：{code}。感受野：第 {rows} 行，第 {columns} 列{padding.zh}。",
            f"{name.en}: {code}. Receptive field: rows {rows}, columns {columns}{padding.en}.",
        )


def _overhang(field: Window, height: int, width: int) -> int:
    """How far a receptive field reaches beyond the edge of the picture, in pixels."""
    below, right = field.top + field.height - height, field.left + field.width - width
    return max(0, -field.top, -field.left, below, right)
