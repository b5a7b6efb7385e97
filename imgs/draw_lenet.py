"""The picture of the whole network: the maps of every layer in perspective."""

from __future__ import annotations

import math

import drawing_kit as kit
import numpy as np
from drawing_kit import GREY, INK, PAPER, WIDTH
from made_up_maps import digit, feature_maps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.transforms import Affine2D

from lenet_helpers.palette import AMBER, BLUE, GREEN, ORANGE, PURPLE

# What the pictures say: each layer's name and output shape (compared with torch in tests) and
# the step that leads to the next layer, in lines of text.
LAYERS = (
    ("输入 input", (1, 28, 28)),
    ("C1", (6, 28, 28)),
    ("S2", (6, 14, 14)),
    ("C3", (16, 10, 10)),
    ("S4", (16, 5, 5)),
    ("F5", (120,)),
    ("F6", (84,)),
    ("输出 output", (10,)),
)
FLATTENED = math.prod(LAYERS[4][1])
DENSE = ("全连接层", "fully connected")
STEPS = (
    ("5×5 卷积", "convolution", "填充 padding 2", "sigmoid"),
    ("2×2 平均汇聚", "average pooling", "步幅 stride 2"),
    ("5×5 卷积", "convolution", "无填充 no padding", "sigmoid"),
    ("2×2 平均汇聚", "average pooling", "步幅 stride 2"),
    (*DENSE, f"展平 flatten: {FLATTENED}", "sigmoid"),
    (*DENSE, "", "sigmoid"),
    DENSE,
)
STEP_COLOURS = (BLUE, PURPLE, BLUE, PURPLE, GREEN, GREEN, GREEN)

# For each of the first four steps, a window (row, column, side) and its number's row and column.
WINDOWS = ((3, 19, 5, 5, 21), (20, 4, 2, 10, 2), (1, 8, 5, 1, 8), (6, 2, 2, 3, 1))

# A sheet is seen from the right: one column is ACROSS to the right and SLOPE down, one row is
# UNIT down, and the next channel's sheet stands DEPTH to the right.
UNIT, ACROSS, SLOPE, DEPTH = 4.7, 2.9, 0.95, 5.0
AXIS = 158  # height of the line on which all layers are centred
BAR, BAR_GAP = 15, 76  # a fully connected layer's width and what is free beside it
UNITS_HIGH = {120: 1.6, 84: 1.6, 10: 15}  # pixels for one of its units
HEIGHT = 392
SEEN = 3  # the digit that the picture shows and recognises


def draw_lenet() -> None:
    """Draw lenet.svg and lenet.png: the maps of each layer, true to scale, and the steps."""
    ax = kit.canvas(HEIGHT)
    lefts = _left_edges()
    maps = feature_maps(digit())
    for (_, shape), left, values in zip(LAYERS[:5], lefts, maps, strict=False):
        _draw_stack(ax, left, values, INK if shape[0] == 1 else BLUE)
    _draw_windows(ax, lefts)
    _draw_dense_layers(ax, lefts)
    centres = [left + _width(shape) / 2 for (_, shape), left in zip(LAYERS, lefts, strict=True)]
    for (name, shape), centre in zip(LAYERS, centres, strict=True):
        kit.write(ax, centre, 24, name, 12, GREY)
        kit.write(ax, centre, 42, shape_text(shape), 15, bold=True)
    for step, colour, start, end in zip(STEPS, STEP_COLOURS, centres, centres[1:], strict=False):
        _draw_step(ax, step, colour, start, end)
    kit.save(ax, "lenet")


def shape_text(shape: tuple[int, ...]) -> str:
    """``6@28×28`` for the shape (6, 28, 28), ``120`` for (120,)."""
    maps, *size = shape
    return f"{maps}@{'×'.join(map(str, size))}" if size else str(maps)


def _width(shape: tuple[int, ...]) -> float:
    return (shape[0] - 1) * DEPTH + shape[2] * ACROSS if len(shape) == 3 else BAR


def _left_edges(margin: float = 28) -> list[float]:
    """Where each layer begins: wide gaps between the bars, equal ones between the stacks."""
    widths = [_width(shape) for _, shape in LAYERS]
    free = WIDTH - 2 * margin - 12 - sum(widths) - 2 * BAR_GAP
    gaps = [0, *[free / 5] * 5, BAR_GAP, BAR_GAP]
    return [margin + sum(widths[:i]) + sum(gaps[: i + 1]) for i in range(len(widths))]


def _place(left: float, size: int, channel: int, row: float, column: float) -> tuple[float, float]:
    """Where a point of a ``size`` × ``size`` sheet lies on the page."""
    x = left + channel * DEPTH + column * ACROSS
    return x, AXIS + (row - size / 2) * UNIT + (column - size / 2) * SLOPE


def _corners(
    left: float, size: int, channel: int, row: float, column: float, side: float
) -> np.ndarray:
    """The four corners, clockwise, of a square window whose first cell is (row, column)."""
    steps = ((0, 0), (0, side), (side, side), (side, 0))
    return np.array([_place(left, size, channel, row + r, column + c) for r, c in steps])


def _draw_stack(ax: Axes, left: float, maps: np.ndarray, colour: str) -> None:
    """One sheet for each of ``maps`` (channels, size, size), the last one in front."""
    size = maps.shape[-1]
    colours = LinearSegmentedColormap.from_list("tints", [PAPER, kit.tint(colour, 0.85)])
    for channel, values in enumerate(maps):
        x, y = _place(left, size, channel, 0, 0)
        place = Affine2D(np.array([[ACROSS, 0, x], [SLOPE, UNIT, y], [0, 0, 1]]))
        ax.imshow(
            values, cmap=colours, vmin=0, vmax=1, extent=(0, size, size, 0), aspect="auto",
            interpolation="none", transform=place + ax.transData, zorder=2,
        )  # fmt: skip
        outline = _corners(left, size, channel, 0, 0, size)
        kit.polygon(ax, outline, facecolor="none", edgecolor=colour, linewidth=0.6, zorder=2)
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))


def _draw_windows(ax: Axes, lefts: list[float]) -> None:
    """What one number of each layer is computed from: a window on the layer before it."""
    for layer, (row, column, side, to_row, to_column) in enumerate(WINDOWS):
        (channels, size, _), (next_channels, next_size, _) = (LAYERS[layer + k][1] for k in (0, 1))
        window = _corners(lefts[layer], size, channels - 1, row, column, side)
        cell = _corners(lefts[layer + 1], next_size, next_channels - 1, to_row, to_column, 1)
        for start, end in zip(window, cell, strict=True):
            ax.plot(*zip(start, end, strict=True), color=ORANGE, linewidth=0.55, zorder=3)
        for corners in (window, cell):
            kit.polygon(ax, corners, facecolor=(*kit.tint(AMBER, 0.9), 0.55), edgecolor=ORANGE,
                        linewidth=1.1, zorder=4)  # fmt: skip


def _draw_dense_layers(ax: Axes, lefts: list[float]) -> None:
    """A bar of units for each fully connected layer, and the fans that join them."""
    maps, size, _ = LAYERS[4][1]
    top, bottom = (_place(lefts[4], size, maps - 1, row, size) for row in (0, size))
    colours = LinearSegmentedColormap.from_list(
        "tints", [kit.tint(GREEN, part) for part in (0.08, 0.9)]
    )
    random = np.random.default_rng(5)
    for (_, (units,)), left in zip(LAYERS[5:], lefts[5:], strict=True):
        half = units * UNITS_HIGH[units] / 2
        fan = np.array([top, (left, AXIS - half), (left, AXIS + half), bottom])
        kit.polygon(ax, fan, facecolor=kit.tint(GREEN, 0.12), edgecolor=kit.tint(GREEN, 0.5),
                    linewidth=0.5, zorder=1)  # fmt: skip
        values = random.random(units) if units > 10 else 0.05 + 0.9 * (np.arange(units) == SEEN)
        ax.imshow(
            values[:, None], cmap=colours, vmin=0, vmax=1, aspect="auto", interpolation="none",
            extent=(left, left + BAR, AXIS + half, AXIS - half), zorder=2,
        )  # fmt: skip
        kit.frame(ax, left, AXIS - half, BAR, 2 * half, GREEN, 1.1, zorder=3)
        top, bottom = (left + BAR, AXIS - half), (left + BAR, AXIS + half)
    for number in range(units):
        y = AXIS - half + (number + 0.5) * UNITS_HIGH[units]
        seen = number == SEEN
        kit.write(ax, left + BAR + 9, y, str(number), 11, INK if seen else GREY, bold=seen)
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))


def _draw_step(
    ax: Axes, step: tuple[str, ...], colour: str, start: float, end: float, y: float = 284
) -> None:
    """The arrow under two neighbouring layers and, below it, what happens between them."""
    kit.arrow(ax, (start + 5, y), (end - 5, y), colour, 2)
    middle = (start + end) / 2
    for line, text in enumerate(step[:3]):
        kit.write(ax, middle, y + 22 + 18 * line, text, 13 if line == 0 else 11,
              INK if line < 2 else GREY, bold=line == 0)  # fmt: skip
    if len(step) == 4:
        kit.sigmoid_plaque(ax, middle, y + 83)
