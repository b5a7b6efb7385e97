"""From the ink of a picture to one digit in MNIST's form, with remarks where that is doubtful."""

from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage

from lenet_helpers.handwriting.form import LONGEST_SIDE, crop, normalize_digit
from lenet_helpers.handwriting.ink import OTHER, REMARKS, Step, ink_of
from lenet_helpers.handwriting.pieces import EIGHT, Pieces, pieces_of
from lenet_helpers.words import Words

PENS = (2.0, 4.0)  # how wide strokes are in MNIST, in its pixels: eight of ten digits
NEAR, PART = 0.3, 0.7  # of the digit's length: a gap in it, the height of a part of it
WIDEST, DOT = 1.6, 0.03  # width by height of a digit; its length by the picture's shorter side
FINE = 8 * LONGEST_SIDE  # pixels of the longer side, to widen or narrow strokes at


class Digit(NamedTuple):
    """A picture's digit: ``image``, ``uint8 (28, 28)`` in MNIST's form, blank if there is none.

    ``values`` are its ink before it was cut out and shrunk, ``float32 (h, w)``, 0 to 255; ``steps``
    what was made of the picture, which comes first; ``remarks`` say why a reading is not sure.
    """

    image: torch.Tensor
    values: np.ndarray
    steps: tuple[Step, ...]
    remarks: tuple[Words, ...]


def digit_of(picture, deskew: bool = False) -> Digit:
    """The one digit of what `grey_of` takes; ``deskew`` sets a slanting one upright."""
    ink = ink_of(picture)
    values, steps, remarks = ink.values, list(ink.steps), list(ink.remarks)
    pieces = pieces_of(values >= 128)
    if len(pieces.boxes):
        own, box = _own_pieces(pieces)
        remarks += _remarks_on(pieces, own, box)
        if not ink.is_clean:
            values = values * ndimage.binary_dilation(pieces.mask(own), EIGHT)
            values = with_usual_pen(values)
            steps.append(Step(Words("一个数字，笔的粗细适中", "one digit, usual pen"), values))
        if deskew:
            box = crop(values)
            values = upright(np.pad(box, max(2, (max(box.shape) - 1) // 5)))
            steps.append(Step(Words("扶正", "deskewed"), values))
    image = normalize_digit(values).clamp(max=255).round().to(torch.uint8)
    steps.append(Step(Words("MNIST 的形式", "MNIST's form"), image.numpy()))
    return Digit(image, values, tuple(steps), tuple(remarks))


def _own_pieces(pieces: Pieces) -> tuple[np.ndarray, np.ndarray]:
    """The digit's pieces, the longest and those close to it that are no digit beside; its box."""
    own = np.zeros(len(pieces.boxes), bool)
    own[pieces.lengths.argmax()] = True
    while True:
        box = np.r_[pieces.boxes[own, :2].min(axis=0), pieces.boxes[own, 2:].max(axis=0)]
        length = max(box[2:] - box[:2])
        gaps = np.maximum(pieces.boxes[:, :2] - box[2:], box[:2] - pieces.boxes[:, 2:])
        high = pieces.boxes[:, 2] - pieces.boxes[:, 0]
        beside = (gaps[:, 1] > 0) & (high > PART * (box[2] - box[0]))
        more = own | ((gaps.max(axis=1) <= NEAR * length) & ~beside)
        if (more == own).all():
            return own, box
        own = more


def _remarks_on(pieces: Pieces, own: np.ndarray, box: np.ndarray) -> list[Words]:
    high, wide = box[2:] - box[:2]
    others = pieces.lengths[~own].max(initial=0)
    signs = {
        "several": others >= OTHER * max(high, wide) or wide > WIDEST * high,
        "dot": max(high, wide) < DOT * min(pieces.numbers.shape),
        "black": np.mean(pieces.numbers > 0) > 0.5,
    }
    return [REMARKS[name] for name, is_so in signs.items() if is_so]


def with_usual_pen(values: np.ndarray) -> np.ndarray:
    """Cropped, with strokes about as wide as MNIST's: ``float32``, longer side about 220."""
    box = crop(values)
    values = np.pad(box, max(2, (max(box.shape) - 1) // 5))
    zoom = FINE / max(values.shape) * 1.4
    fine = ndimage.zoom(values, zoom, order=1, grid_mode=True, mode="nearest")
    inside = fine > 127
    if not inside.any():
        return values
    depth, outside = (ndimage.distance_transform_edt(each) for each in (inside, ~inside))
    width = 4 * depth[inside].mean()  # of a band, whose mean depth is a quarter of it
    grown = (np.clip(width, *(FINE / LONGEST_SIDE * pen for pen in PENS)) - width) / 2
    middle = ndimage.maximum_filter(depth, int(width) | 1) - 1  # where a stroke at least stays
    edge = np.minimum(-grown, middle)
    return (255 * np.clip(0.5 + depth - outside - edge, 0, 1)).astype(np.float32)


def upright(values: np.ndarray) -> np.ndarray:
    """The rows of ``(h, w)`` moved sideways until the ink no longer leans to one side."""
    y, x = np.mgrid[: values.shape[0], : values.shape[1]]
    total = values.sum()
    y, x = y - (y * values).sum() / total, x - (x * values).sum() / total
    slant = (x * y * values).sum() / max((y * y * values).sum(), 1e-9)
    matrix, middle = np.array([[1, 0], [slant, 1]]), (np.array(values.shape) - 1) / 2
    return ndimage.affine_transform(values, matrix, middle - matrix @ middle, order=1)
