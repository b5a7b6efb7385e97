"""What hangs together in a mask."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

EIGHT = np.ones((3, 3), int)  # pieces hang together by corners too


class Pieces(NamedTuple):
    """What hangs together in a mask; ``numbers`` is 0 outside, each piece has its own from 1 on."""

    numbers: np.ndarray
    boxes: np.ndarray  # (n, 4): top, left, bottom, right; the last two are just outside
    areas: np.ndarray

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
    numbers, count = ndimage.label(mask, EIGHT)
    found = ndimage.find_objects(numbers)
    boxes = [[rows.start, columns.start, rows.stop, columns.stop] for rows, columns in found]
    areas = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    return Pieces(numbers, np.array(boxes, int).reshape(-1, 4), areas)
