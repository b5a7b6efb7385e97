"""Pictures of any size, range and colour become ``uint8 (n, 28, 28)``; `Words` say how."""

import numpy as np
import torch
from torch.nn import functional as F

from lenet_helpers.data.catalog import IMAGE_SIZE
from lenet_helpers.words import SettingError, Words

CHUNK = 4096  # pictures that are resized at once
DIM = 64  # a set of bytes none of which is this large was made for another range
TURNED = Words("行列互换，使字立正", "rows and columns were exchanged")
EDGE = 128  # on an edge brighter than this, ink is dark


def to_mnist_form(
    images: np.ndarray, *, transposed: bool | None, dark_ink: bool | None
) -> tuple[np.ndarray, list[Words]]:
    """All pictures of a set in the form of MNIST, and what was done to them.

    ``images`` are ``(n, h, w)``, ``(n, 1, h, w)`` or have three colours before or after ``h, w``;
    ``dark_ink=None`` looks at their edges. Raises `SettingError`: they are none of these, or
    numbers that are not finite or all the same.
    """
    grey = _grey(images)
    said = [] if grey.size == images.size else [Words("颜色取平均", "colours were averaged")]
    if transposed:
        grey = grey.swapaxes(1, 2)
        said.append(TURNED)
    grey, scaled = _to_bytes(grey)
    said += scaled
    if dark_ink is None:
        dark_ink = float(np.median(edge(grey))) >= EDGE
    if dark_ink:
        grey = 255 - grey
        said.append(Words("深色笔迹反相为亮色", "dark ink on light was inverted"))
    if grey.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        size = "×".join(map(str, grey.shape[1:]))
        grey = np.concatenate([
            fit(grey[start : start + CHUNK]) for start in range(0, len(grey), CHUNK)
        ])  # fmt: skip
        said.append(Words(f"从 {size} 按比例缩放到 28×28，居中",
                          f"from {size} they were scaled to 28×28, proportions kept, in the "
                          "middle"))  # fmt: skip
    return np.ascontiguousarray(grey), said


def fit(images: np.ndarray) -> np.ndarray:
    """Bytes ``(n, h, w)`` on black, scaled into 28×28 in proportion, in the middle; bilinear."""
    h, w = images.shape[1:]
    scale = IMAGE_SIZE / max(h, w)
    size = [max(2, round(side * scale)) for side in (h, w)]  # torch 2.14 errs for a single column
    pixels = torch.from_numpy(images.astype(np.float32))[:, None]
    scaled = F.interpolate(pixels, size, mode="bilinear", antialias=True)[:, 0]
    top, left = ((IMAGE_SIZE - side) // 2 for side in size)
    around = (left, IMAGE_SIZE - size[1] - left, top, IMAGE_SIZE - size[0] - top)
    return F.pad(scaled.round().clamp(0, 255).to(torch.uint8), around).numpy()


def edge(images: np.ndarray) -> np.ndarray:
    """The pixels along the four sides of ``(n, h, w)``, ``(n, m)``."""
    sides = (images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1])
    return np.concatenate(sides, axis=1)


def _grey(images: np.ndarray) -> np.ndarray:
    """``(n, h, w)``; the same array if it has that form already."""
    shape = images.shape
    if images.ndim == 4 and 1 in (shape[1], shape[3]):
        images = images.squeeze(1 if shape[1] == 1 else 3)
    elif images.ndim == 4 and 3 in (shape[1], shape[3]):
        images = images.mean(axis=1 if shape[1] == 3 else 3)
    if images.ndim != 3 or 0 in images.shape or images.dtype.kind not in "buif":
        raise SettingError(
            f"图像应是形状为（张数，高，宽）的数字数组，却得到 {shape}，类型 {images.dtype}。",
            f"Images must be an array of numbers (n, height, width), not {shape} of "
            f"{images.dtype}.",
        )
    return images


def _to_bytes(images: np.ndarray) -> tuple[np.ndarray, list[Words]]:
    low, high = (float(extreme(images)) for extreme in (np.min, np.max))
    if images.dtype == np.uint8 and high >= DIM:
        return images, []
    if not np.isfinite([low, high]).all() or low == high:
        raise SettingError(
            f"像素值应是有限的、不全相同的数，却是 {low:g} 到 {high:g}。",
            f"Pixels must be finite and not all the same; they are from {low:g} to {high:g}.",
        )
    if low >= 0 and DIM <= high <= 255:
        low, high = 0, 255
    elif low >= 0:
        low, high = 0, max(high, 1.0)
    scaled = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].astype(np.float32)
        scaled[start : start + CHUNK] = ((part - low) * (255 / (high - low))).round()
    if (low, high) == (0, 255):
        return scaled, []
    zh, en = f"像素值 {low:g}–{high:g} 变为 0–255", f"pixels from {low:g} to {high:g} became 0–255"
    return scaled, [Words(zh, en)]
