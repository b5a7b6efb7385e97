"""What hangs together in a mask; and its ruled lines, taken out except under strokes.

They are found by votes: Duda and Hart, *Use of the Hough Transformation to Detect Lines and Curves
in Pictures*, 1972. Staff lines too are taken out of scanned music where they are thin.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

EIGHT = np.ones((3, 3), int)  # pieces hang together by corners too
STEEPEST = 15  # degrees from the picture's own rows and columns
COVERED = 0.5  # of the picture's width: no stroke of one digit is as straight for so long
MARGIN = 0.03  # of the width: so close to the picture's edge a line ends
THICKEST = 1 / 50  # of the shorter side


class Pieces(NamedTuple):
    """What hangs together in a mask; ``numbers`` is 0 outside, each piece has its own from 1 on."""

    numbers: np.ndarray
    boxes: np.ndarray  # (n, 4): top, left, bottom, right; the last two are just outside

    @property
    def lengths(self) -> np.ndarray:
        """The longer side of each box."""
        return np.maximum(self.boxes[:, 2] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 1])

    @property
    def at_edge(self) -> np.ndarray:
        """Which pieces touch the picture's edge."""
        least, most = self.boxes[:, :2], self.boxes[:, 2:] - self.numbers.shape
        return (least == 0).any(axis=1) | (most == 0).any(axis=1)

    def mask(self, chosen: np.ndarray) -> np.ndarray:
        """Where the pieces are for which ``chosen``, ``bool (n,)``, is true."""
        return np.concatenate([[False], chosen])[self.numbers]


def pieces_of(mask: np.ndarray) -> Pieces:
    """The pieces of a mask ``bool (h, w)``; pixels that touch by a corner hang together."""
    numbers, _ = ndimage.label(mask, EIGHT)
    found = ndimage.find_objects(numbers)
    boxes = [[rows.start, columns.start, rows.stop, columns.stop] for rows, columns in found]
    return Pieces(numbers, np.array(boxes, int).reshape(-1, 4))


def without_lines(mask: np.ndarray) -> np.ndarray:
    """A mask ``bool (h, w)`` without straight lines that run through most of it."""
    return mask & ~(level_lines(mask) | level_lines(mask.T).T)


def level_lines(mask: np.ndarray) -> np.ndarray:
    """Which pixels belong to lines that are nearly level and not to strokes across them."""
    h, w = mask.shape
    ends = np.diff(np.pad(mask.T, [(0, 0), (1, 1)]).astype(np.int8), axis=1)
    x, top = (ends == 1).nonzero()  # upright runs of the mask, column by column
    bottom = (ends == -1).nonzero()[1]
    thick = bottom - top
    thin = thick <= max(2, THICKEST * min(h, w))
    x, top, bottom, thick = x[thin], top[thin], bottom[thin], thick[thin]
    on_line = np.zeros(len(x), bool)
    middle = (top + bottom) / 2
    for slope in np.tan(np.deg2rad(np.arange(-STEEPEST, STEEPEST + 0.1, 0.5))):
        row = (middle - slope * (x - w / 2) + w / 4).astype(int)
        votes = np.convolve(np.bincount(row, minlength=h + w), np.ones(5), "same")
        if votes.max() > COVERED * w:
            on_line |= (votes[row] > COVERED * w) & _reach_edge(row, x, h + w, w)[row]
    if not on_line.any():
        return np.zeros_like(mask)
    usual = np.median(thick[on_line])
    on_line &= thick <= 1.6 * usual + 1
    change = np.zeros((h + 1, w), np.int8)
    change[top[on_line], x[on_line]] += 1
    change[bottom[on_line], x[on_line]] -= 1
    return change.cumsum(axis=0)[:-1] > 0


def _reach_edge(row: np.ndarray, x: np.ndarray, rows: int, w: int) -> np.ndarray:
    """Of each row, whether its runs come close to an edge: around a digit there is paper."""
    first, last = np.full(rows, w), np.zeros(rows, int)
    np.minimum.at(first, row, x)
    np.maximum.at(last, row, x)
    first, last = ndimage.minimum_filter1d(first, 5), ndimage.maximum_filter1d(last, 5)
    return (first < MARGIN * w) | (last >= (1 - MARGIN) * w)
