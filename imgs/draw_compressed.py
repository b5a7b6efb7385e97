"""The picture of the whole network in short: a box for each layer."""

from __future__ import annotations

import drawing_kit as kit
from draw_lenet import LAYERS, STEP_COLOURS, STEPS, shape_text
from drawing_kit import FAINT, GREY, INK
from matplotlib.axes import Axes

from lenet_helpers.palette import BLUE, GREEN


def draw_compressed() -> None:
    """Draw lenet_compressed.svg and .png: a box for each layer, from the image to the scores."""
    ax = kit.canvas(560)
    pitch, top, left, width = 63, 50, 268, 364
    kit.write(ax, left + 20, 28, "层 layer", 12, GREY, ha="left")
    kit.write(ax, 735, 28, "输出的形状 output shape", 12, GREY)
    for row, (text, colour, (_, shape), *_) in enumerate(_boxes()):
        y = top + row * pitch
        kit.box(ax, left, y, width, 42, kit.tint(colour, 0.14), colour)
        kit.write(ax, left + 20, y + 21, text, 14.5, bold=True, ha="left")
        if row and len(STEPS[row - 1]) == 4:
            kit.sigmoid_plaque(ax, left + width - 52, y + 21)
        ax.plot((left + width + 12, 680), (y + 21, y + 21), ":", color=FAINT, linewidth=1)
        kit.write(ax, 735, y + 21, shape_text(shape), 14.5)
        if row:
            kit.arrow(ax, (left + width / 2, y - pitch + 43), (left + width / 2, y - 1))
    for first, last, colour, lines in (
        (1, 2, BLUE, ("卷积块 1", "convolutional block")),
        (3, 4, BLUE, ("卷积块 2", "convolutional block")),
        (5, 7, GREEN, ("全连接块", "dense block")),
    ):
        _draw_brace(ax, left - 16, top + first * pitch, top + last * pitch + 42, colour, lines)
    kit.save(ax, "lenet_compressed")


def _boxes() -> list[tuple[str, str, tuple[str, tuple[int, ...]]]]:
    """The text, the colour and the layer of each box; its channels and units are from LAYERS."""
    (_, image), (_, first), _, (_, second), *_ = LAYERS
    texts = [
        f"图像 image ({'×'.join(map(str, image[1:]))})",
        f"5×5 卷积 Conv ({first[0]}), 填充 pad 2",
        "2×2 平均汇聚 AvgPool, 步幅 stride 2",
        f"5×5 卷积 Conv ({second[0]})",
        "2×2 平均汇聚 AvgPool, 步幅 stride 2",
        *(f"全连接 FC ({units})" for _, (units,) in LAYERS[5:]),
    ]
    return list(zip(texts, (INK, *STEP_COLOURS), LAYERS, strict=True))


def _draw_brace(
    ax: Axes, x: float, top: float, bottom: float, colour: str, lines: tuple[str, str]
) -> None:
    """A bracket open to the right, its two lines of text on the left."""
    ax.plot((x, x - 9, x - 9, x), (top, top, bottom, bottom), color=colour, linewidth=1.2)
    middle = (top + bottom) / 2
    kit.write(ax, x - 22, middle - 10, lines[0], 14, bold=True, ha="right")
    kit.write(ax, x - 22, middle + 11, lines[1], 12, GREY, ha="right")
