"""Many small maps side by side, as one table of numbers to be drawn."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from lenet_helpers.figures import COLORS

PAPER = "0.88"  # between maps: grey, for white is zero
SIGNED = LinearSegmentedColormap.from_list("signed", [COLORS[1], "white", COLORS[0]]).with_extremes(
    bad=PAPER
)


def mosaic(maps, columns: int) -> np.ndarray:
    """Maps ``(n, h, w)``, so many in a row, with one blank number (``nan``) between any two."""
    maps = np.asarray(maps, dtype=float)
    count, height, width = maps.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for number, each in enumerate(maps):
        top, left = corner(number, height, width, columns)
        sheet[top : top + height, left : left + width] = each
    return sheet


def corner(number: int, height: int, width: int, columns: int) -> tuple[int, int]:
    """Row and column of a `mosaic` where this map begins."""
    row, column = divmod(number, columns)
    return row * (height + 1), column * (width + 1)
