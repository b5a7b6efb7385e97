"""The two pictures of the whole network: every layer in perspective, and one box for each layer."""

from __future__ import annotations

import math

import numpy as np
from drawing_kit import (
    BLUE, FAINT, GREEN, GREY, INK, ORANGE, PAPER, RED, WIDTH, arrow, box, canvas, polygon, save,
    tint, write,
)  # fmt: skip
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.transforms import Affine2D

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
STEP_COLOURS = (BLUE, RED, BLUE, RED, GREEN, GREEN, GREEN)

# A sheet is seen from the right: one column is ACROSS to the right and SLOPE down, one row is
# UNIT down, and the next channel's sheet stands DEPTH to the right.
UNIT, ACROSS, SLOPE, DEPTH = 4.7, 2.9, 0.95, 5.6
AXIS = 158  # height of the line on which all layers are centred
BAR, UNITS_HIGH = 15, {120: 1.6, 84: 1.6, 10: 15}  # a fully connected layer; pixels for a unit


def draw_lenet() -> None:
    """Draw lenet.svg and lenet.png: the maps of each layer, true to scale, and the steps."""
    ax = canvas(404)
    lefts = _left_edges()
    maps = _feature_maps(_digit())
    for (_, shape), left, values in zip(LAYERS[:5], lefts, maps, strict=False):
        _draw_stack(ax, left, values, INK if shape[0] == 1 else BLUE)
    _draw_windows(ax, lefts)
    _draw_dense_layers(ax, lefts)
    centres = [left + _width(shape) / 2 for (_, shape), left in zip(LAYERS, lefts, strict=True)]
    for (name, shape), centre in zip(LAYERS, centres, strict=True):
        write(ax, centre, 24, name, 12, GREY)
        write(ax, centre, 42, shape_text(shape), 15, bold=True)
    for step, colour, start, end in zip(STEPS, STEP_COLOURS, centres, centres[1:], strict=False):
        _draw_step(ax, step, colour, start, end)
    save(ax, "lenet")


def shape_text(shape: tuple[int, ...]) -> str:
    """``6@28×28`` for the shape (6, 28, 28), ``120`` for (120,)."""
    maps, *size = shape
    return f"{maps}@{'×'.join(map(str, size))}" if size else str(maps)


def _width(shape: tuple[int, ...]) -> float:
    return (shape[0] - 1) * DEPTH + shape[2] * ACROSS if len(shape) == 3 else BAR


def _left_edges(margin: float = 34) -> list[float]:
    """Where each layer begins, with equal gaps between them."""
    widths = [_width(shape) for _, shape in LAYERS]
    gap = (WIDTH - 2 * margin - 8 - sum(widths)) / (len(widths) - 1)
    return [margin + sum(widths[:i]) + i * gap for i in range(len(widths))]


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
    colours = LinearSegmentedColormap.from_list("tints", [PAPER, tint(colour, 0.85)])
    for channel, values in enumerate(maps):
        x, y = _place(left, size, channel, 0, 0)
        place = Affine2D(np.array([[ACROSS, 0, x], [SLOPE, UNIT, y], [0, 0, 1]]))
        ax.imshow(
            values, cmap=colours, vmin=0, vmax=1, extent=(0, size, size, 0), aspect="auto",
            interpolation="none", transform=place + ax.transData, zorder=2,
        )  # fmt: skip
        outline = _corners(left, size, channel, 0, 0, size)
        polygon(ax, outline, facecolor="none", edgecolor=colour, linewidth=0.6, zorder=2)
    ax.set(xlim=(0, WIDTH), ylim=(404, 0))


def _draw_windows(ax: Axes, lefts: list[float]) -> None:
    """What one number of each layer is computed from: a window on the layer before it."""
    for layer, (row, column, side, to_row, to_column) in enumerate(
        ((3, 19, 5, 3, 19), (20, 4, 2, 10, 2), (1, 8, 5, 1, 8), (6, 2, 2, 3, 1))
    ):
        (channels, size, _), (next_channels, next_size, _) = (LAYERS[layer + k][1] for k in (0, 1))
        window = _corners(lefts[layer], size, channels - 1, row, column, side)
        cell = _corners(lefts[layer + 1], next_size, next_channels - 1, to_row, to_column, 1)
        for start, end in zip(window, cell, strict=True):
            ax.plot(*zip(start, end, strict=True), color=RED, linewidth=0.55, zorder=3)
        for corners in (window, cell):
            polygon(ax, corners, facecolor=(*tint(ORANGE, 0.9), 0.55), edgecolor=RED,
                    linewidth=1.1, zorder=4)  # fmt: skip


def _draw_dense_layers(ax: Axes, lefts: list[float]) -> None:
    """A bar of units for each fully connected layer, and the fans that join them."""
    maps, size, _ = LAYERS[4][1]
    top, bottom = (_place(lefts[4], size, maps - 1, row, size) for row in (0, size))
    colours = LinearSegmentedColormap.from_list("tints", [tint(GREEN, 0.08), tint(GREEN, 0.9)])
    random = np.random.default_rng(5)
    for (_, (units,)), left in zip(LAYERS[5:], lefts[5:], strict=True):
        half = units * UNITS_HIGH[units] / 2
        fan = np.array([top, (left, AXIS - half), (left, AXIS + half), bottom])
        polygon(ax, fan, facecolor=tint(GREEN, 0.12), edgecolor=tint(GREEN, 0.5), linewidth=0.5,
                zorder=1)  # fmt: skip
        values = random.random(units) if units > 10 else 0.05 + 0.9 * (np.arange(units) == 3)
        ax.imshow(values[:, None], cmap=colours, vmin=0, vmax=1, aspect="auto", zorder=2,
                  interpolation="none", extent=(left, left + BAR, AXIS + half, AXIS - half))
        outline = [(left, AXIS - half), (left + BAR, AXIS - half), (left + BAR, AXIS + half)]
        polygon(ax, np.array([*outline, (left, AXIS + half)]), facecolor="none", edgecolor=GREEN,
                linewidth=0.8, zorder=3)  # fmt: skip
        top, bottom = (left + BAR, AXIS - half), (left + BAR, AXIS + half)
    for digit in range(units):
        y = AXIS - half + (digit + 0.5) * UNITS_HIGH[units]
        write(ax, left + BAR + 9, y, str(digit), 11, INK if digit == 3 else GREY, digit == 3)
    ax.set(xlim=(0, WIDTH), ylim=(404, 0))


def _draw_step(
    ax: Axes, step: tuple[str, ...], colour: str, start: float, end: float, y: float = 284
) -> None:
    """The arrow under two neighbouring layers and, below it, what happens between them."""
    arrow(ax, (start + 5, y), (end - 5, y), colour, 2)
    middle = (start + end) / 2
    for line, text in enumerate(step[:3]):
        write(ax, middle, y + 22 + 18 * line, text, 13 if line == 0 else 11.5,
              INK if line < 2 else GREY, bold=line == 0)  # fmt: skip
    if len(step) == 4:
        _draw_sigmoid(ax, middle, y + 83)


def _draw_sigmoid(ax: Axes, x: float, y: float) -> None:
    """A small plaque with the curve of the sigmoid and its name."""
    box(ax, x - 40, y - 11, 80, 22, tint(ORANGE, 0.16), ORANGE, 1, 11)
    t = np.linspace(-1, 1, 40)
    ax.plot(x - 24 + 8 * t, y - 6 / (1 + np.exp(-5 * t)) * 2 + 6, color=RED, linewidth=1.2)
    write(ax, x + 12, y, "sigmoid", 11.5)


def _digit() -> np.ndarray:
    """A 28×28 picture, from 0 to 1, of a three written by a formula: no data set is needed."""
    turn = np.linspace(0, 1, 60)
    upper, lower = np.pi * (-0.9 + 1.32 * turn), np.pi * (-0.5 + 1.36 * turn)
    x = np.r_[13.6 + 5.0 * np.cos(upper), 13.4 + 5.9 * np.cos(lower)]
    y = np.r_[9.2 + 4.3 * np.sin(upper), 18.3 + 5.0 * np.sin(lower)]
    x = x + 0.16 * (14 - y)  # a slant, as in handwriting
    rows, columns = np.mgrid[:28, :28] + 0.5
    distance = np.hypot(columns[..., None] - x, rows[..., None] - y).min(-1)
    return np.clip(2.1 - distance, 0, 1)


def _feature_maps(image: np.ndarray) -> list[np.ndarray]:
    """What is drawn on the sheets: the digit seen through edge detectors, then mixtures of those.

    The arrays have the shapes of LAYERS[:5]; the kernels are made up, not learned.
    """
    angles = np.pi * np.arange(6) / 3
    rows, columns = np.mgrid[-2:3, -2:3]
    slopes = np.cos(angles)[:, None, None] * columns + np.sin(angles)[:, None, None] * rows
    edges = (slopes * np.exp(-(rows**2 + columns**2) / 3))[:, None]
    mixtures = np.random.default_rng(1).normal(size=(16, 6, 5, 5))
    first = _convolve(np.pad(image, 2)[None], edges)
    second = _convolve(_pool(first), mixtures)
    return [image[None], first, _pool(first), second, _pool(second)]


def _convolve(maps: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Cross-correlation, (c, h, w) by (o, c, 5, 5), squashed and spread over 0 … 1."""
    windows = np.lib.stride_tricks.sliding_window_view(maps, (5, 5), axis=(1, 2))
    sums = np.einsum("chwij,ocij->ohw", windows, kernels)
    squashed = 1 / (1 + np.exp(-2 * sums / sums.std()))
    return (squashed - squashed.min()) / np.ptp(squashed)


def _pool(maps: np.ndarray) -> np.ndarray:
    channels, size, _ = maps.shape
    return maps.reshape(channels, size // 2, 2, size // 2, 2).mean((2, 4))
