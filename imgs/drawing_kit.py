"""What all pictures of the course share: the canvas, the colours, the font and the small parts.

Lengths are CSS pixels and y grows downwards, as row numbers do. A picture is 900 pixels wide, the
width of a text cell in JupyterLab; its PNG has twice as many, for sharp screens.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle
from PIL import Image

from lenet_helpers.palette import AMBER, ORANGE

FOLDER = Path(__file__).parent
WIDTH = 900
CJK_FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC",
    "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK JP",
)  # fmt: skip

INK, GREY, FAINT, PAPER = "#1b2733", "#5d6975", "#c9d1d9", "#ffffff"


def find_cjk_font() -> str | None:
    """The name of the first installed font that has the Chinese labels, or None."""
    installed = {font.name for font in fontManager.ttflist}
    return next((name for name in CJK_FONTS if name in installed), None)


def use_style(font: str) -> None:
    """Write in ``font``, draw letters as paths, repeat the same bytes, refuse a missing glyph."""
    mpl.rcParams.update({
        "font.family": [font, "DejaVu Sans"],
        "mathtext.fontset": "stix",
        "image.composite_image": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "lenet-course",
    })  # fmt: skip
    warnings.filterwarnings("error", message="Glyph .* missing")


def canvas(height: float, width: float = WIDTH) -> Axes:
    """A white card with round corners on a transparent page, so that it suits a dark theme too."""
    figure = Figure(figsize=(width / 96, height / 96), facecolor="none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.axis("off")
    card = FancyBboxPatch(
        (1, 1), width - 2, height - 2, boxstyle="round,pad=0,rounding_size=14",
        facecolor=PAPER, edgecolor=FAINT, linewidth=0.75, zorder=-10,
    )  # fmt: skip
    ax.add_patch(card)
    return ax


def save(ax: Axes, name: str) -> None:
    """Write ``name``.svg and ``name``.png beside this file, without a date or a version in them."""
    figure = ax.figure
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None, "Creator": None})
    page = BytesIO()
    figure.savefig(page, dpi=192)
    # Few colours make a small file; octrees are the way that keeps what is transparent.
    picture = Image.open(page).quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    picture.save(FOLDER / f"{name}.png", optimize=True)


def write(
    ax: Axes, x: float, y: float, text: str, size: float = 13, colour: str = INK,
    bold: bool = False, ha: str = "center", va: str = "center_baseline", **more: object,
) -> None:  # fmt: skip
    """One line of text, ``size`` pixels high, at (x, y)."""
    ax.text(x, y, text, fontsize=0.75 * size, color=colour, ha=ha, va=va,
            weight="bold" if bold else "normal", **more)  # fmt: skip


def arrow(ax: Axes, start: Sequence[float], end: Sequence[float], colour: str = GREY,
          width: float = 1.5, style: str = "-|>", bend: float = 0) -> None:  # fmt: skip
    """An arrow from ``start`` to ``end``; ``bend`` is the height of its arc over its length."""
    ax.add_patch(FancyArrowPatch(
        start, end, arrowstyle=style, mutation_scale=9, shrinkA=0, shrinkB=0, color=colour,
        linewidth=0.75 * width, connectionstyle=f"arc3,rad={bend}", joinstyle="miter",
        capstyle="butt", zorder=6,
    ))  # fmt: skip


def box(ax: Axes, x: float, y: float, width: float, height: float, face: str, edge: str,
        line: float = 1.5, rounding: float = 7, **more: object) -> None:  # fmt: skip
    """A box with round corners whose upper left corner is (x, y)."""
    ax.add_patch(FancyBboxPatch(
        (x, y), width, height, boxstyle=f"round,pad=0,rounding_size={rounding}",
        facecolor=face, edgecolor=edge, linewidth=0.75 * line, **more,
    ))  # fmt: skip


def frame(ax: Axes, x: float, y: float, width: float, height: float, colour: str,
          line: float = 3, **more: object) -> None:  # fmt: skip
    """The outline of a window that lies on a grid."""
    more = {"facecolor": "none", "zorder": 5, "joinstyle": "miter"} | more
    ax.add_patch(Rectangle((x, y), width, height, edgecolor=colour, linewidth=0.75 * line, **more))


def polygon(ax: Axes, points: np.ndarray, **more: object) -> None:
    """A closed shape through ``points`` of shape (n, 2)."""
    ax.add_patch(Polygon(points, closed=True, **more))


def tint(colour: str, amount: float) -> tuple[float, float, float]:
    """``colour`` thinned with white: 0 is white, 1 the full colour."""
    red, green, blue = mpl.colors.to_rgb(colour)
    return tuple(1 - amount * (1 - part) for part in (red, green, blue))


def number_grid(
    ax: Axes, x: float, y: float, numbers: np.ndarray, cell: float, faces: np.ndarray,
    size: float = 20,
) -> None:  # fmt: skip
    """A grid of square cells with a number each; ``faces[row][column]`` is a cell's colour."""
    for (row, column), number in np.ndenumerate(numbers):
        corner = (x + column * cell, y + row * cell)
        ax.add_patch(Rectangle(corner, cell, cell, facecolor=faces[row][column],
                               edgecolor=GREY, linewidth=0.75, zorder=2))  # fmt: skip
        write(ax, corner[0] + cell / 2, corner[1] + cell / 2, f"{number:g}", size, zorder=7)


def sigmoid_plaque(ax: Axes, x: float, y: float) -> None:
    """A small plaque with the curve of the sigmoid and its name."""
    box(ax, x - 40, y - 11, 80, 22, tint(AMBER, 0.16), AMBER, 1, 11)
    t = np.linspace(-1, 1, 40)
    ax.plot(x - 24 + 8 * t, y + 6 - 12 / (1 + np.exp(-5 * t)), color=ORANGE, linewidth=1.2)
    write(ax, x + 12, y, "sigmoid", 11.5)
