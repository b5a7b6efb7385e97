"""Ink from paper: background removed, threshold, ruled lines and specks dropped.

A wide window's *closing* of the paper (Serra, *Image Analysis and Mathematical Morphology*, 1982)
fills strokes up, and keeps shadows and edges of tables. How much darker than this a pixel is, as a
share of the background, does not depend on the light that falls on it.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from lenet_helpers.grey import grey_of
from lenet_helpers.handwriting.pieces import EIGHT, pieces_of, without_lines
from lenet_helpers.words import Words

ENOUGH = 256  # pixels of the longer side
WINDOW = 0.25  # of the shorter side: wider than any stroke
UNDECIDED = 0.06  # as many votes for either side, nearly
FAINT, BLURRED = 1.4, 0.08  # of the noise's limit; of the digit's length
SHARPEST = 3  # pixels over which the smoothed edge of a sharp photo changes
OTHER = 0.3  # of the digit's length: another digit
CLEAN = 0.15  # of a clean drawing is paper, at least
SMALL = 64  # pixels: up to here a picture is in a data set's form, with more edge than stroke
SMALLEST = 0.02  # of the picture's shorter side
SPECK = 0.12  # of the longest piece's length: what is smaller is no part of a digit
REMARKS = {
    "nothing": Words("没有找到墨迹：请拍得近一些、亮一些",
                     "no ink was found: come closer, with more light"),
    "several": Words("好像不止一个数字：请只留下一个",
                     "more than one digit, it seems: leave one alone in view"),
    "sides": Words("分不清哪是纸、哪是墨：请用深色笔写在白纸上",
                   "which is paper and which is ink? Write with a dark pen on white paper"),
    "edge": Words("墨迹碰到了图像的边缘，可能不完整：请把整个数字放进画面",
                  "the ink touches the picture's edge and may be cut off: leave paper all "
                  "around it"),
    "blurred": Words("照片模糊：请对好焦再拍", "the photo is blurred: focus and take it again"),
    "faint": Words("墨迹太淡，和纸差不多：请用更深的笔，或更亮的光",
                   "the ink is hardly darker than the paper: use a darker pen or more light"),
    "dot": Words("差不多只是一个点：请写大一些", "hardly more than a dot: write larger"),
    "black": Words("墨比纸还多", "more ink than paper"),
}  # fmt: skip


class Step(NamedTuple):
    """One step and what it made, ``(h, w)`` grey levels from 0 (black) to 255 or ink from 0."""

    words: Words
    picture: np.ndarray
    is_ink: bool = True


class Ink(NamedTuple):
    """Ink on blank paper: ``values`` ``float32 (h, w)``, 0 for paper, 255 for ink.

    ``steps`` say what was made of the picture, which comes first; ``remarks`` what makes the
    reading doubtful; ``is_clean`` whether it was a clean drawing, whose values are kept.
    """

    values: np.ndarray
    steps: tuple[Step, ...]
    remarks: tuple[Words, ...]
    is_clean: bool = False


def ink_of(picture) -> Ink:
    """The ink of a photo, a scan or a drawing, on blank paper.

    Paper and ink may be of any colours; which is which follows from what lies within what. A clean
    drawing (paper of exactly one grey level, which is the lightest or darkest) keeps its values.
    ``picture`` and errors are as in `grey_of`. A page without Python (photo.js) does the same, but
    neither enlarges a picture nor takes ruled lines out nor knows of blur.
    """
    grey = grey_of(picture)
    steps = [Step(Words("灰度", "grey"), grey, False)]
    clean = clean_ink(grey)
    if clean is not None:
        return Ink(clean, (*steps, Step(Words("墨迹", "ink"), clean)), (), True)
    if max(grey.shape) < ENOUGH:  # edges must be wider than a pixel
        size = [side * -(-ENOUGH // max(grey.shape)) for side in grey.shape[::-1]]
        grey = np.array(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC))
    surplus = paper_surplus(grey)
    contrast = contrast_of(grey if surplus >= 0 else 255 - grey)
    floor = floor_of(contrast)
    mask, doubts = ink_mask(contrast, floor)
    values = darkened(contrast, mask)
    steps.append(Step(Words("去掉背景", "background removed"), contrast))
    steps.append(Step(Words("阈值", "threshold"), 255.0 * (contrast > floor)))
    steps.append(Step(Words("去掉线条和斑点", "no lines, no specks"), values))
    if mask.any():
        signs = {
            "sides": abs(surplus) < UNDECIDED,
            "faint": np.median(contrast[mask]) < FAINT * floor,
            "blurred": edge_width(contrast, mask) > BLURRED,
        }
        doubts += [name for name, is_so in signs.items() if is_so]
    return Ink(values, tuple(steps), tuple(REMARKS[name] for name in doubts))


def window_of(grey: np.ndarray) -> int:
    """The side of the square that no stroke fills, in pixels; odd."""
    return 2 * int(WINDOW * min(grey.shape) / 2) + 1


def paper_surplus(grey: np.ndarray) -> float:
    """By which share the light pixels outnumber the dark ones around the ink, from -1 to 1.

    Around a stroke most is paper. Where a window sees both, each pixel votes for its own side; at
    the edge of a table, and of a shadow, both sides have equally many.
    """
    size, middle = window_of(grey), smooth(grey).astype(np.int32)
    lightest = ndimage.maximum_filter(middle, size, mode="nearest")
    darkest = ndimage.minimum_filter(middle, size, mode="nearest")
    both = 3 * (lightest - darkest) >= (lightest - darkest).max()
    votes = np.sign(2 * middle - lightest - darkest)[both]
    return float(votes.mean())


def ink_mask(contrast: np.ndarray, floor: int) -> tuple[np.ndarray, list[str]]:
    """Pieces, ``bool (h, w)``, that are no lines, no specks, not cut off; names of remarks."""
    pieces = pieces_of(without_lines(contrast > floor))
    large = pieces.lengths >= SMALLEST * min(contrast.shape)
    whole = large & ~pieces.at_edge
    chosen, doubts = (whole, []) if whole.any() else (large, ["edge"])
    if not chosen.any():
        return np.zeros(contrast.shape, bool), ["nothing"]
    dark = contrast > best_split(contrast[pieces.mask(chosen)])
    pieces = pieces_of(dark & pieces.mask(chosen))
    return pieces.mask(pieces.lengths >= SPECK * pieces.lengths.max()), doubts


def edge_width(contrast: np.ndarray, mask: np.ndarray) -> float:
    """How wide the change from paper to ink is, as a share of the longest piece's length."""
    pieces = pieces_of(mask)
    longest = pieces.lengths.argmax()
    top, left, bottom, right = pieces.boxes[longest]
    part = np.s_[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
    slopes = np.hypot(*np.gradient(contrast[part].astype(np.float32)))
    within = mask[part]
    border = ndimage.binary_dilation(within, EIGHT) & ~ndimage.binary_erosion(within, EIGHT)
    steepest = np.quantile(slopes[border], 0.75)
    width = np.median(contrast[part][within]) / max(steepest, 1e-9)
    return max(0.0, width - SHARPEST) / pieces.lengths[longest]


def darkened(contrast: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The contrast on and beside the mask, so that strokes are full ink: ``float32``, to 255."""
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    full, least = np.median(contrast[mask]), int(contrast[mask].min()) - 1
    near = ndimage.binary_dilation(mask, EIGHT)
    share = (contrast - (2.0 * least - full)) / (2.0 * max(full - least, 1))
    return (255 * np.clip(share, 0, 1) * near).astype(np.float32)


def clean_ink(grey: np.ndarray) -> np.ndarray | None:
    """The ink of a drawing on paper without any noise, or ``None`` if it is none such."""
    rim = np.r_[grey[0], grey[-1], grey[:, 0], grey[:, -1]]
    paper = int(np.bincount(rim).argmax())
    ink = np.abs(grey.astype(np.float32) - paper)
    most = int(ink.max())
    if paper not in (grey.min(), grey.max()) or not most or (ink == 0).sum() < CLEAN * ink.size:
        return None
    dark, darkest = (ink > most // 2).sum(), (ink > most * 19 // 20).sum()
    if (ink <= most // 8).sum() - (ink == 0).sum() > dark:  # noise, not the edges of strokes
        return None
    if max(ink.shape) > SMALL and 2 * darkest < dark:
        return None  # ink that a scanner saw: hardly any of it is the darkest
    return ink if most > 200 else ink * (255 / most)


def smooth(grey: np.ndarray) -> np.ndarray:
    """The mean of each pixel and its 8 neighbours, rounded: ``uint8 (h, w)``."""
    return np.rint(ndimage.uniform_filter(grey.astype(float), 3, mode="nearest")).astype(np.uint8)


def contrast_of(grey: np.ndarray) -> np.ndarray:
    """How much darker than its background each pixel is: ``uint8 (h, w)``, 255 for black.

    Where there is hardly any light, noise must not count as ink: no background counts as darker
    than a third of the brightest.
    """
    middle = smooth(grey).astype(np.int32)
    paper = ndimage.grey_closing(middle, (window_of(grey),) * 2, mode="nearest")
    darker = np.maximum(paper - middle, 0)
    light = np.maximum(paper, max(paper.max() // 3, 1))
    return ((255 * darker + light // 2) // light).astype(np.uint8)


def floor_of(contrast: np.ndarray) -> int:
    """A contrast that the paper's own noise does not reach."""
    median, low = map(int, np.quantile(contrast, (0.5, 0.16), method="inverted_cdf"))
    return median + 5 * (median - low) + 6


def best_split(contrasts: np.ndarray) -> int:
    """The contrast that parts these best into two groups (Otsu, 1979)."""
    counts = np.bincount(contrasts.ravel(), minlength=256).astype(float)
    below = counts.cumsum()
    sums = (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    gap = sums * above - (sums[-1] - sums) * below
    return int((gap**2 / np.maximum(below * above, 1)).argmax())
