"""What the machines were to read: the zip code on an envelope, the amount on a check."""

from __future__ import annotations

import drawing_kit as kit
import numpy as np
from drawing_kit import FAINT, GREY, INK
from matplotlib.axes import Axes

from lenet_helpers.palette import AMBER, BLUE, GREEN

# Each digit as one pen would write it: strokes of points (x, y) in a box 10 wide and 16 high.
STROKES = {
    "0": [[(6, 0.5), (2, 3), (0.5, 8), (2, 14), (5, 15.5), (8.5, 12), (9, 6), (7, 1), (5, 0.6)]],
    "1": [[(3, 3.5), (6.5, 0.5), (5.6, 8), (4.8, 15.5)]],
    "2": [[(1, 4), (3.5, 0.8), (7.5, 1.5), (8, 5), (4.5, 10), (0.5, 15), (4, 14), (9.5, 15.2)]],
    "4": [[(3, 0.5), (1.8, 5), (0.8, 9), (5, 9.2), (9.5, 8.4)], [(7.4, 2), (6.6, 9), (5.8, 15.8)]],
    "5": [[(8.5, 0.8), (3, 1), (2, 6.4), (6, 6), (8.8, 9.5), (7, 14), (3, 15.5), (0.5, 13.6)]],
    "7": [[(0.8, 1.6), (5, 1), (9, 0.8), (6.4, 7), (4, 15.6)], [(2.6, 8.4), (7.6, 7.6)]],
    "9": [[(9, 3), (5, 0.6), (1.4, 3.4), (2.6, 7), (6.6, 6.6), (9, 2.4), (8.2, 9), (6.4, 15.6)]],
}  # fmt: skip


def draw_mail() -> None:
    """Draw mail.svg and .png: an envelope and a check, with what is to be read framed."""
    ax = kit.canvas(316)
    _envelope(ax, 28, 64)
    _check(ax, 466, 64)
    for x, zh, en in ((28, "邮局：邮政编码", "post office: the zip code"),
                      (466, "银行：支票的金额", "bank: the amount of a check")):  # fmt: skip
        kit.write(ax, x, 34, f"{zh}  {en}", 15, bold=True, ha="left")
    kit.save(ax, "mail")


def _envelope(ax: Axes, x: float, y: float) -> None:
    kit.box(ax, x, y, 406, 222, "#fbf6ea", GREY, rounding=4)
    kit.box(ax, x + 336, y + 16, 52, 60, kit.tint(GREEN, 0.16), GREEN, rounding=2)
    kit.write(ax, x + 362, y + 46, "✉", 26, GREEN)
    for radius in (22, 28):
        angle = np.linspace(0, 2 * np.pi, 60)
        ax.plot(x + 316 + radius * np.cos(angle), y + 48 + radius * np.sin(angle), color=GREY, lw=1)
    for row, wide in enumerate((120, 150)):  # name and street, as scribbles
        _scribble(ax, x + 130, y + 112 + 26 * row, wide)
    _number(ax, x + 144, y + 162, "40219", 2.0)
    kit.frame(ax, x + 132, y + 153, 150, 50, AMBER)


def _check(ax: Axes, x: float, y: float) -> None:
    kit.box(ax, x, y, 406, 222, "#eef4f8", GREY, rounding=4)
    kit.write(ax, x + 22, y + 30, "BANK", 15, GREY, bold=True, ha="left")
    kit.write(ax, x + 22, y + 96, "支付 pay", 12.5, GREY, ha="left")
    ax.plot((x + 86, x + 262), (y + 102, y + 102), color=GREY, lw=0.8)
    _scribble(ax, x + 96, y + 92, 140)
    ax.plot((x + 22, x + 384), (y + 144, y + 144), color=GREY, lw=0.8)
    _scribble(ax, x + 30, y + 134, 300)
    kit.box(ax, x + 276, y + 72, 112, 44, "white", FAINT, rounding=2)
    kit.write(ax, x + 286, y + 95, "$", 17)
    _number(ax, x + 302, y + 80, "75", 1.7)
    ax.plot([x + 343], [y + 106], "o", color=INK, ms=2.6)
    _number(ax, x + 350, y + 84, "20", 1.3)
    kit.frame(ax, x + 274, y + 70, 116, 48, AMBER)
    ax.plot((x + 232, x + 384), (y + 198, y + 198), color=GREY, lw=0.8)
    _scribble(ax, x + 250, y + 188, 110)


def _number(ax: Axes, x: float, y: float, digits: str, size: float) -> None:
    """Digits as if written by hand, side by side from (x, y), 16 × ``size`` pixels high."""
    for place, digit in enumerate(digits):
        for stroke in STROKES[digit]:
            points = _smooth(np.array(stroke, float))
            up = (-1, 1)[place % 2] * 0.6
            ax.plot(x + size * (points[:, 0] + 13 * place), y + size * (points[:, 1] + up),
                    color=INK, lw=1.05 * size, solid_capstyle="round", zorder=7)  # fmt: skip


def _smooth(points: np.ndarray) -> np.ndarray:
    """A curve through all points (Catmull–Rom), ``(n, 2)`` to ``(12 (n - 1), 2)``."""
    before, after = points[[0, *range(len(points) - 1)]], points[[*range(1, len(points)), -1]]
    slope = (after - before) / 2
    t = np.linspace(0, 1, 12)[:, None]
    return np.concatenate([
        (2 * t**3 - 3 * t**2 + 1) * points[i] + (t**3 - 2 * t**2 + t) * slope[i]
        + (3 * t**2 - 2 * t**3) * points[i + 1] + (t**3 - t**2) * slope[i + 1]
        for i in range(len(points) - 1)
    ])  # fmt: skip


def _scribble(ax: Axes, x: float, y: float, width: float) -> None:
    """A line of writing that nobody has to read."""
    t = np.linspace(0, 1, int(2 * width))
    wave = 5 * np.sin(0.55 * width * t) * (0.6 + 0.4 * np.sin(9 * t)) + 1.5 * np.sin(
        0.2 * width * t
    )
    ax.plot(x + width * t, y + wave, color=BLUE, lw=1.1, alpha=0.75)
