"""Bring a drawing or a scan into the form of MNIST, step by step, as lesson 02 does it."""

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from lenet_helpers.cores import one_thread
from lenet_helpers.data.catalog import IMAGE_SIZE
from lenet_helpers.words import SettingError

LONGEST_SIDE = 20
MIDDLE = 14  # the pixel, counted from 0, that the centres of mass of MNIST's images are set to


@one_thread()  # beside another program, two threads took a hundred times as long for a small scan
def normalize_digit(scan) -> torch.Tensor:
    """Crop, shrink into 20×20 with the aspect ratio kept, place the centre of mass at (14, 14).

    Source: LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document
    Recognition*, 1998; that the middle is pixel 14 was measured on MNIST in lesson 02. ``scan`` and
    errors are as in `as_scan`; where ink would go over the edge, the centre is another. The result
    is ``(28, 28)`` of torch's default type, in the units of the scan; blank for blank paper.
    """
    scan = as_scan(scan)
    image = scan.new_zeros(IMAGE_SIZE, IMAGE_SIZE)
    if scan.any():
        image = place_by_mass(scale_to_fit(crop(scan)))
    return image.to(torch.get_default_dtype())


def crop(scan):
    """The part of a scan ``(h, w)``, tensor or array, with ink in its first and last rows and
    columns; ``(0, 0)`` of blank paper.
    """
    boxes = ndimage.find_objects(np.asarray(scan != 0, np.uint8))
    return scan[boxes[0] if boxes else np.s_[:0, :0]]


def scale_to_fit(box: torch.Tensor) -> torch.Tensor:
    """Shrink ``(h, w)`` until its longer side is at most 20; anti-aliased, and never enlarged."""
    longer = max(box.shape)
    scale = min(1, LONGEST_SIDE / longer)
    size = [max(1, round(side * scale)) for side in box.shape]
    if size[1] == 1 < size[0]:  # torch 2.14 repeats the first row where the result is one column
        return scale_to_fit(box.T).T
    return F.interpolate(box[None, None], size, mode="bilinear", antialias=True)[0, 0]


def center_of_mass(image: torch.Tensor) -> tuple[float, float]:
    """Row and column, counted from 0, on which an image ``(h, w)`` with some ink would balance."""
    h, w = image.shape
    total = image.sum()
    row = (image.sum(dim=1) * torch.arange(h, device=image.device)).sum() / total
    column = (image.sum(dim=0) * torch.arange(w, device=image.device)).sum() / total
    return row.item(), column.item()


def place_by_mass(digit: torch.Tensor) -> torch.Tensor:
    """Put a digit of at most 28×28 into 28×28, moved by whole pixels and never over the edge."""
    # Half a pixel is common, as in any symmetric digit; rounding errors must not decide it.
    top, left = (
        min(max(round(MIDDLE - round(center, 3)), 0), IMAGE_SIZE - side)
        for center, side in zip(center_of_mass(digit), digit.shape, strict=True)
    )
    h, w = digit.shape
    image = digit.new_zeros(IMAGE_SIZE, IMAGE_SIZE)
    image[top : top + h, left : left + w] = digit
    return image


def as_scan(scan) -> torch.Tensor:
    """A table of numbers from 0 as ``float32 (h, w)`` on the CPU; else a `SettingError`."""
    try:
        scan = torch.as_tensor(scan, device="cpu").detach()
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise _not_a_scan(f"{type(scan).__name__}: {error}") from error
    if scan.dim() != 2 or not scan.numel() or scan.is_complex() or scan.layout != torch.strided:
        raise _not_a_scan(f"{tuple(scan.shape)}")
    scan = scan.float()
    if not (scan.isfinite() & (scan >= 0)).all():
        raise _not_a_scan(f"{scan.min().item():g} … {scan.max().item():g}")
    return scan


def _not_a_scan(found: str) -> SettingError:
    return SettingError(
        f"一幅图应是形状为（高，宽）的数字表，0 是白纸，越大越黑，却得到 {found}。",
        "A scan must be a table of numbers (height, width), 0 for paper and larger for ink, "
        f"not {found}.",
    )
