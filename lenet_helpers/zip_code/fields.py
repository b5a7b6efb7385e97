"""Fields of five digits, composed from single images: how large, how high, how close is varied."""

from typing import NamedTuple

import torch
from torch.nn import functional as F

from lenet_helpers.data.catalog import IMAGE_SIZE
from lenet_helpers.handwriting.form import as_scan, crop
from lenet_helpers.words import SettingError

DIGITS = 5
HEIGHT, WIDTH = 32, 160
MARGIN = 16  # half a window: the first and the last digit can be in the middle of one
SCALES = 0.8, 1.1  # of a digit whose longer side has 20 pixels: 16 to 22
RISE = 3  # at most so many pixels above or below the middle
INK_HEIGHT = 24  # of a written line: from its highest digit to its lowest
INK = 0.3  # a pixel from here on, of 1, counts as ink


class Fields(NamedTuple):
    """Some fields: ``pictures`` ``float32 (n, 32, 160)``, 0 paper to 1 ink; their ``digits``
    ``int64 (n, 5)``; ``middles`` ``float32 (n, 5)``, the column in the middle of each digit's ink.
    """

    pictures: torch.Tensor
    digits: torch.Tensor
    middles: torch.Tensor


def compose(
    images: torch.Tensor, labels: torch.Tensor, gaps: torch.Tensor, generator: torch.Generator
) -> Fields:
    """Set five random digits side by side in each of ``n`` fields; ``generator`` is the chance.

    Each digit is enlarged by 0.8 to 1.1 and moved up or down by up to 3 pixels; where two overlap,
    the darker pixel is seen. The field begins somewhere between the margins.

    Args:
        images, labels: ``uint8 (m, 28, 28)`` in MNIST's form, ink 255; ``int64 (m,)``.
        gaps: ``int64 (n,)``, for each field the columns of paper between the ink of one digit and
            that of the next; below 0 they overlap by so many.

    Raises:
        SettingError: images or gaps that are none of these.
    """
    if images.dtype != torch.uint8 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise SettingError(
            "images 应是 uint8、形状为 (m, 28, 28) 的张量（例如 train_iter.images），"
            f"却得到 {images.dtype} {tuple(images.shape)}。",
            "images must be uint8 of shape (m, 28, 28), such as train_iter.images, "
            f"not {images.dtype} {tuple(images.shape)}.",
        )
    if gaps.dim() != 1 or gaps.is_floating_point():
        raise SettingError(
            f"gaps 应是整数，每个字段一个（例如 torch.full((1000,), 3)），却得到 {gaps!r}。",
            f"gaps must be integers, one for each field (torch.full((1000,), 3)), not {gaps!r}.",
        )
    count = len(gaps)
    chosen = torch.randint(len(images), (count * DIGITS,), generator=generator)
    strips = _varied(images[chosen] / 255, generator)  # (5n, 32, 32)
    inked = (strips > INK).any(dim=1).int()  # (5n, 32)
    first, last = inked.argmax(dim=1), HEIGHT - 1 - inked.flip(1).argmax(dim=1)
    first, widths = first.view(count, DIGITS), (last - first + 1).view(count, DIGITS)
    starts = widths.cumsum(dim=1) - widths + gaps[:, None] * torch.arange(DIGITS)
    room = (WIDTH - 2 * MARGIN - starts[:, -1] - widths[:, -1]).clamp(min=0)
    starts += MARGIN + (room * torch.rand(count, generator=generator)).long()[:, None]
    pictures = _side_by_side(strips.view(count, DIGITS, HEIGHT, HEIGHT), starts - first)
    return Fields(pictures, labels[chosen].view(count, DIGITS), starts + (widths - 1) / 2)


def _varied(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """``(n, 28, 28)`` to ``(n, 32, 32)``, each enlarged about its middle and moved up or down."""
    random = torch.rand(2, len(images), generator=generator)
    scale = SCALES[0] + (SCALES[1] - SCALES[0]) * random[0]
    transforms = torch.zeros(len(images), 2, 3)  # from a pixel of the result to where it lay
    transforms[:, 0, 0] = transforms[:, 1, 1] = HEIGHT / IMAGE_SIZE / scale
    transforms[:, 1, 2] = RISE * (2 * random[1] - 1) * 2 / IMAGE_SIZE / scale
    size = (len(images), 1, HEIGHT, HEIGHT)
    grid = F.affine_grid(transforms, size, align_corners=False)
    return F.grid_sample(images[:, None], grid, align_corners=False)[:, 0]


def _side_by_side(strips: torch.Tensor, lefts: torch.Tensor) -> torch.Tensor:
    """``(n, 5, 32, 32)``, each strip with its first column at ``lefts`` ``(n, 5)``, in fields."""
    count, digits, height, width = strips.shape
    pictures = torch.zeros(count, height, WIDTH)
    for k in range(digits):
        columns = torch.arange(WIDTH) - lefts[:, k, None]  # (n, 160): columns of the strip
        inside = (columns >= 0) & (columns < width)
        taken = columns.clamp(0, width - 1)[:, None].expand(-1, height, -1)
        pictures = torch.maximum(pictures, strips[:, k].gather(2, taken) * inside[:, None])
    return pictures


def to_field(scan) -> torch.Tensor:
    """A written line of digits, as `as_scan` takes it: floats ``(32, w)``, ink 24 pixels high.

    Raises `SettingError`: it is none, or has no ink.
    """
    scan = as_scan(scan)
    if not scan.any():
        raise SettingError(
            "图中没有墨迹。数字应比 0 大，纸应为 0；浅底深字的照片请先用 255 减去它。",
            "There is no ink in this picture. Paper must be 0 and ink larger: take a photo of dark "
            "ink on light paper from 255 first.",
        )
    ink = crop(scan)
    width = max(2, round(INK_HEIGHT * ink.shape[1] / ink.shape[0]))
    line = F.interpolate(ink[None, None], (INK_HEIGHT, width), mode="bilinear", antialias=True)
    edge, dtype = (HEIGHT - INK_HEIGHT) // 2, torch.get_default_dtype()
    return F.pad(line[0, 0] / line.max(), (MARGIN, MARGIN, edge, edge)).to(dtype)
