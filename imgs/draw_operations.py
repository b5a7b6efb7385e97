"""The pictures of one step each: convolution, pooling, padding and stride."""

from __future__ import annotations

import drawing_kit as kit
import numpy as np
from drawing_kit import FAINT, GREY, INK, PAPER
from matplotlib.axes import Axes

from lenet_helpers.palette import AMBER, BLUE, GREEN, ORANGE, PURPLE


def output_size(n: int, k: int, p: int = 0, s: int = 1) -> int:
    """How often a window of ``k`` fits on ``n`` numbers with padding ``p`` and stride ``s``."""
    return (n - k + 2 * p) // s + 1


def draw_convolution() -> None:
    """How one number of a cross-correlation arises: 0·0 + 1·1 + 3·2 + 4·3 = 19."""
    ax = kit.canvas(356)
    image, kernel = np.arange(9).reshape(3, 3), np.arange(4).reshape(2, 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (2, 2))
    output = (windows * kernel).sum((2, 3))
    cell, middle = 60, 158
    for x, numbers, marked, colour, name in (
        (112, image, 2, BLUE, "输入 input"),
        (430, kernel, 2, ORANGE, "卷积核 kernel"),
        (668, output, 1, GREEN, "输出 output"),
    ):
        y, side = middle - len(numbers) * cell / 2, len(numbers) * cell
        faces = np.full((*numbers.shape, 3), 1.0)
        faces[:marked, :marked] = kit.tint(colour, 0.26)
        kit.number_grid(ax, x, y, numbers, cell, faces, 23)
        kit.frame(ax, x, y, marked * cell, marked * cell, colour)
        kit.write(ax, x + side / 2, 34, name, 15, bold=True)
    for (row, column), weight in np.ndenumerate(kernel):
        x, y = 112 + (column + 0.77) * cell, middle + (row - 1.5 + 0.8) * cell
        kit.write(ax, x, y, f"×{weight}", 13, ORANGE, bold=True)
    kit.write(ax, 361, middle, "∗", 30, GREY)
    kit.write(ax, 361, middle + 30, "互相关", 12, GREY)
    kit.write(ax, 361, middle + 47, "cross-correlation", 12, GREY)
    kit.write(ax, 609, middle, "=", 30, GREY)
    _write_sum(ax, 450, 290, windows[0, 0].ravel(), kernel.ravel(), output[0, 0])
    caption = "窗口里的数与卷积核逐个相乘，再相加  ·  multiply number by number, then add up"
    kit.write(ax, 450, 328, caption, 13, GREY)
    kit.save(ax, "convolution")


def _write_sum(
    ax: Axes, x: float, y: float, inputs: np.ndarray, weights: np.ndarray, total: int
) -> None:
    """A sum of products around x: inputs in blue, weights in red, the total in green."""
    parts: list[tuple[object, str]] = []
    for value, weight in zip(inputs, weights, strict=True):
        parts += [(value, BLUE), ("×", GREY), (weight, ORANGE), ("+", GREY)]
    parts[-1:] = [("=", GREY), (total, GREEN)]
    for place, (text, colour) in enumerate(parts):
        middle = x + (place - (len(parts) - 1) / 2) * 27 + 7 * (text is total)
        kit.write(ax, middle, y, str(text), 21, colour, bold=colour != GREY)


def draw_pooling() -> None:
    """Average and maximum pooling of 4×4 numbers by windows of 2×2 with stride 2."""
    ax = kit.canvas(380)
    numbers = np.array([[1, 3, 2, 0], [5, 7, 4, 2], [9, 5, 1, 1], [3, 3, 2, 8]])
    windows = numbers.reshape(2, 2, 2, 2)
    cell, left, top, right = 58, 84, 90, 466
    _draw_windows(ax, left, top, numbers, cell, 2)
    kit.write(ax, left + 2 * cell, 40, "输入 input", 15, bold=True)
    kit.write(ax, left + 2 * cell, 65, "窗口 window 2×2, 步幅 stride 2", 12.5, GREY)
    middle = top + 2 * cell
    for y, name, values, example in (
        (70, "平均汇聚 average pooling", windows.mean((1, 3)), "(1 + 3 + 5 + 7) ÷ 4 = 4"),
        (226, "最大汇聚 max pooling", windows.max((1, 3)), "max(1, 3, 5, 7) = 7"),
    ):
        _draw_windows(ax, right, y, values, cell, 1)
        bend = np.sign(y + cell - middle)
        start = (left + 4 * cell + 26, middle + 22 * bend)
        kit.arrow(ax, start, (right - 24, y + cell))
        kit.write(ax, right + 2 * cell + 28, y + 38, name, 16, bold=True, ha="left")
        kit.frame(ax, right + 2 * cell + 29, y + 67, 13, 13, AMBER, 2,
                  facecolor=kit.tint(AMBER, 0.25))  # fmt: skip
        kit.write(ax, right + 2 * cell + 52, y + 74, example, 16, ha="left")
    kit.save(ax, "pooling")


def _draw_windows(
    ax: Axes, x: float, y: float, numbers: np.ndarray, cell: float, window: int
) -> None:
    """A grid of numbers whose four quarters, ``window`` cells wide, have a colour each."""
    colours = np.array([[AMBER, BLUE], [GREEN, PURPLE]])
    tints = np.array([[kit.tint(colour, 0.25) for colour in row] for row in colours])
    kit.number_grid(ax, x, y, numbers, cell, tints.repeat(window, 0).repeat(window, 1), 22)
    side = window * cell
    for (row, column), colour in np.ndenumerate(colours):
        kit.frame(ax, x + column * side + 1.5, y + row * side + 1.5, side - 3, side - 3, colour)


def draw_padding_stride() -> None:
    """Padding 2 keeps 28 under a 5×5 kernel; stride 2 halves 6; the formula for both."""
    ax = kit.canvas(490)
    ax.plot((462, 462), (28, 362), color=FAINT, linewidth=0.75)
    _draw_padding(ax, 36, 74)
    _draw_stride(ax, 526, 94)
    kit.box(ax, 24, 380, 852, 86, kit.tint(INK, 0.04), FAINT, 1)
    formula = r"$\left\lfloor\dfrac{n-k+2p}{s}\right\rfloor+1$"
    kit.write(ax, 184, 423, formula, 23, va="center")
    for x, y, symbol, text in (
        (352, 408, "n", "输入的边长 input size"),
        (352, 438, "k", "卷积核的边长 kernel size"),
        (604, 408, "p", "每边的填充 padding on each side"),
        (604, 438, "s", "步幅 stride"),
    ):
        kit.write(ax, x, y, f"${symbol}$", 19)
        kit.write(ax, x + 18, y, text, 13, ha="left")
    kit.save(ax, "padding_stride")


def _draw_padding(ax: Axes, x: float, y: float, cell: float = 5.6) -> None:
    """The first and the last place of a 5×5 window on 28×28 pixels within 2 of padding."""
    n, k, p = 28, 5, 2
    size, padded = output_size(n, k, p), n + 2 * p
    out_x, out_y = x + padded * cell + 54, y + p * cell
    middle = (x + out_x + size * cell) / 2
    _draw_grid(ax, x, y, padded, cell, kit.tint(GREY, 0.16))
    _draw_grid(ax, x + p * cell, y + p * cell, n, cell, kit.tint(BLUE, 0.2))
    _draw_grid(ax, out_x, out_y, size, cell, kit.tint(GREEN, 0.2))
    for place, colour in ((0, ORANGE), (size - 1, INK)):
        window, target = (place * cell + np.array(corner) for corner in ((x, y), (out_x, out_y)))
        face = (*kit.tint(AMBER, 0.8), 0.6)
        kit.frame(ax, *window, k * cell, k * cell, colour, 2, facecolor=face)
        kit.frame(ax, *target, cell, cell, colour, 2, facecolor=AMBER)
        for edge in (0, cell):
            ends = np.array([window + (k * cell, k * edge), target + (0, edge)])
            ax.plot(*ends.T, color=colour, linewidth=0.6, zorder=4)
    kit.write(ax, middle, 36, "填充 padding 2", 16, bold=True)
    kit.write(ax, x + padded * cell / 2, 271, f"{n}×{n} → {padded}×{padded}", 13, GREY)
    kit.write(ax, out_x + size * cell / 2, 271, f"{size}×{size}", 13, GREY)
    _write_size(ax, middle, n, k, p, 1)
    kit.write(ax, middle, 352, "5×5 卷积核，边长不变  ·  5×5 kernel, size kept", 12, GREY)


def _draw_stride(ax: Axes, x: float, y: float, cell: float = 26) -> None:
    """The places of a 2×2 window that moves by 2 over 6×6 numbers."""
    n, k, s = 6, 2, 2
    size = output_size(n, k, s=s)
    out_x, out_y = x + n * cell + 66, y + (n - size) / 2 * cell
    middle = (x + out_x + size * cell) / 2
    _draw_grid(ax, x, y, n, cell, PAPER)
    _draw_grid(ax, out_x, out_y, size, cell, PAPER)
    for row, column, colour in ((0, 0, AMBER), (0, 1, BLUE), (0, 2, GREEN), (1, 0, PURPLE)):
        for left, top, step, side in ((x, y, s * cell, k * cell), (out_x, out_y, cell, cell)):
            kit.frame(ax, left + column * step + 1, top + row * step + 1, side - 2, side - 2,
                      colour, 2.5, facecolor=(*kit.tint(colour, 0.6), 0.5))  # fmt: skip
    for first in (x + cell, x + (1 + s) * cell):
        kit.arrow(ax, (first + 3, y - 5), (first + s * cell - 3, y - 5), INK, bend=-0.4)
        kit.write(ax, first + s * cell / 2, y - 25, f"+{s}", 13, bold=True)
    kit.arrow(ax, (x - 5, y + cell + 3), (x - 5, y + (1 + s) * cell - 3), INK, bend=0.4)
    kit.write(ax, x - 27, y + (1 + s / 2) * cell, f"+{s}", 13, bold=True)
    kit.arrow(ax, (x + n * cell + 16, y + n * cell / 2), (out_x - 16, y + n * cell / 2))
    kit.write(ax, middle, 36, "步幅 stride 2", 16, bold=True)
    kit.write(ax, x + n * cell / 2, 271, f"{n}×{n}", 13, GREY)
    kit.write(ax, out_x + size * cell / 2, 271, f"{size}×{size}", 13, GREY)
    _write_size(ax, middle, n, k, 0, s)
    kit.write(ax, middle, 352, "2×2 窗口，边长减半  ·  2×2 window, size halved", 12, GREY)


def _draw_grid(ax: Axes, x: float, y: float, cells: int, cell: float, face: object) -> None:
    """An empty grid of ``cells`` × ``cells`` squares."""
    kit.frame(ax, x, y, cells * cell, cells * cell, GREY, 0, facecolor=face, zorder=1)
    kit.frame(ax, x, y, cells * cell, cells * cell, GREY, 1.2, zorder=3)
    for line in range(1, cells):
        for points in (((line, line), (0, cells)), ((0, cells), (line, line))):
            columns, rows = np.array(points) * cell
            ax.plot(x + columns, y + rows, color=FAINT, linewidth=0.4, zorder=2)


def _write_size(ax: Axes, x: float, n: int, k: int, p: int, s: int) -> None:
    """The formula with numbers in place of its letters, and what it gives."""
    fraction = rf"\dfrac{{{n}-{k}+2\times{p}}}{{{s}}}"
    result = rf"$\left\lfloor{fraction}\right\rfloor+1={output_size(n, k, p, s)}$"
    kit.write(ax, x, 313, result, 16, va="center")
