"""Pictures in a row, each with what is to be said of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import torch
from PIL import Image

from lenet_helpers.mistakes.matrix import class_html
from lenet_helpers.words import Words


def gallery_html(images: torch.Tensor, captions: Iterable[Sequence[Words]]) -> str:
    """Pictures side by side, each with lines of text below, its alternative text too.

    Args:
        images: ``(n, h, w)``; the least number is white, the greatest black.
        captions: the lines below each.
    """
    figures = []
    for image, lines in zip(images, captions, strict=True):
        data = base64.b64encode(map_png(image)).decode()
        alt = escape("; ".join(map(str, lines)))
        caption = "".join(f"<div>{class_html(line)}</div>" for line in lines)
        figures.append(
            f'<figure><img src="data:image/png;base64,{data}" alt="{alt}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return f"<div class=lenet-gallery>{''.join(figures)}</div>"


def map_png(numbers: torch.Tensor) -> bytes:
    """One map ``(h, w)`` as a PNG with one pixel for each number: least white, greatest black."""
    numbers = numbers.detach().double().cpu().numpy()
    low, high = numbers.min(), numbers.max()
    pixels = 255 - 255 * (numbers - low) / ((high - low) or 1)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG", compress_level=1)  # fast
    return buffer.getvalue()
