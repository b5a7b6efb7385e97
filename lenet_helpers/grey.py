"""Whatever holds a picture (a file, Pillow's image, a table of numbers) as grey levels."""

import io
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from lenet_helpers.words import SettingError

LONGEST = 1024  # pixels; a phone's photo is made smaller before anything else is done to it
PEAKS = (1, 255, 65535)  # white, for fractions and masks, for bytes, for 16 bits


def grey_of(picture) -> np.ndarray:
    """The grey levels of a picture, ``uint8 (h, w)``, 0 black and 255 white, at most 1024 a side.

    It is a file's name or its bytes (PNG, JPEG, WebP, BMP, …), Pillow's image in any mode, or
    numbers: ``(h, w)``, ``(h, w, c)`` or ``(c, h, w)`` with ``c`` from 1 to 4 (grey, grey and
    alpha, RGB, RGBA), from 0 to 1, to 255 or to 65,535, or booleans. A photo that a phone took
    sideways is turned upright. Raises `SettingError`: it is no picture, or cannot be read.
    """
    if isinstance(picture, str | PathLike | bytes | bytearray):
        return _grey_of_file(picture)
    if isinstance(picture, Image.Image):
        return _grey_of_image(picture)
    return _grey_of_table(picture)


def _grey_of_file(file: str | PathLike | bytes | bytearray) -> np.ndarray:
    is_name = isinstance(file, str | PathLike)
    try:
        with Image.open(Path(file).expanduser() if is_name else io.BytesIO(file)) as image:
            image.draft(None, (LONGEST, LONGEST))  # a JPEG is decoded at a fraction of its size
            return _grey_of_image(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        name = file if is_name else "…"
        raise SettingError(
            f"读不出图像文件 {name}：{error}。请换成 PNG、JPEG、WebP 或 BMP 文件"
            "（HEIC 照片可先在手机上导出为 JPEG）。",
            f"The picture file {name} cannot be read: {error}. Use a PNG, JPEG, WebP or BMP file "
            "(a phone exports its HEIC photos as JPEG).",
        ) from error


def _grey_of_image(image: Image.Image) -> np.ndarray:
    if image.mode[0] in "IF":  # more than 8 bits
        return _grey_of_table(np.asarray(ImageOps.exif_transpose(image)))
    shrink = max(1, -(-max(image.size) // LONGEST))
    if image.mode not in ("L", "RGB", "RGBA", "LA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = ImageOps.exif_transpose(image.reduce(shrink))
    if "A" not in image.getbands():
        return np.array(image.convert("L"))
    return _over_paper(np.asarray(image.convert("L")), np.asarray(image.getchannel("A")))


def _over_paper(grey: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """What shows through is paper: white behind dark ink, black behind light ink."""
    weight = alpha / 255.0
    seen = (grey * weight).sum() / max(weight.sum(), 1)
    paper = 255 if seen < 128 or alpha.min() == 255 else 0
    return np.round(grey * weight + paper * (1 - weight)).astype(np.uint8)


def _grey_of_table(table) -> np.ndarray:
    try:
        if isinstance(table, torch.Tensor):
            table = table.detach().to("cpu", torch.float32 if table.is_floating_point() else None)
        numbers = np.asarray(table)
        if numbers.dtype.kind == "c":
            raise TypeError("complex")
        numbers = numbers if numbers.dtype.kind in "buif" else numbers.astype(np.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _not_a_picture(f"{type(table).__name__}: {error}") from error
    while numbers.ndim > 2 and numbers.shape[0] == 1:
        numbers = numbers[0]
    if numbers.ndim == 3 and numbers.shape[2] > 4 >= numbers.shape[0]:
        numbers = numbers.transpose(1, 2, 0)
    if numbers.ndim not in (2, 3) or numbers.shape[2:] > (4,) or not numbers.size:
        raise _not_a_picture(f"{numbers.shape}")
    least, most = numbers.min(), numbers.max()
    if not 0 <= least <= most <= PEAKS[-1]:  # nor if they are not numbers
        raise _not_a_picture(f"{least:g} … {most:g}")
    peak = next(peak for peak in PEAKS if most <= peak)
    if numbers.dtype != np.uint8 or peak == 1:
        step = max(1, max(numbers.shape) * 2 // (3 * LONGEST))  # so many are never wanted
        numbers = numbers[::step, ::step]
        numbers = np.round(numbers * np.float32(255 / peak)).astype(np.uint8)
    if numbers.shape[2:] == (1,):
        numbers = numbers[:, :, 0]
    return _grey_of_image(Image.fromarray(numbers))


def _not_a_picture(found: str) -> SettingError:
    return SettingError(
        "一幅图应是图像文件名、PIL 图像或数字表，形状为（高，宽）或（高，宽，1 至 4 个通道），"
        f"数值 0–1、0–255 或 0–65535，却得到 {found}。",
        "A picture must be the name of a picture file, a PIL image, or a table of numbers (height, "
        "width) or (height, width, 1 to 4 channels) from 0 to 1, 255 or 65535, not "
        f"{found}.",
    )
