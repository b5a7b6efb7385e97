"""What happens inside a network as HTML: mix-ups, and pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import torch
from PIL import Image

from lenet_helpers.words import Words

# Never so deep that the theme's own text, black or white, could not be read on it.
BLUE, DEEPEST = "0, 114, 178", 0.7
STYLE = """<style>
.lenet-gallery { display: flex; flex-wrap: wrap; gap: 8px; }
.lenet-gallery figure { margin: 0; width: 94px; font-size: 12px; line-height: 1.3; }
.lenet-gallery img { width: 84px; height: 84px; image-rendering: pixelated; background: white; }
.lenet-confusion { border-collapse: collapse; font-size: 12px; }
.lenet-confusion th { padding: 1px 4px; font-weight: normal; }
.lenet-confusion tbody th { text-align: right; white-space: nowrap; }
.lenet-confusion .tall span { writing-mode: vertical-rl; }
.lenet-confusion thead th { vertical-align: bottom; }
.lenet-confusion td { padding: 0; border: 1px solid var(--jp-border-color2, silver); }
.lenet-confusion button { width: 42px; height: 28px; padding: 0; border: 0; cursor: pointer;
  font: inherit; color: var(--jp-ui-font-color1, black); }
.lenet-confusion button:hover, .lenet-confusion button:focus-visible {
  outline: 2px dashed var(--jp-ui-font-color1, black); outline-offset: -2px; }
.lenet-confusion button[aria-pressed=true] {
  outline: 3px solid rgb(213, 94, 0); outline-offset: -3px; font-weight: bold; }
</style>"""


def confusion_html(counts: torch.Tensor, classes: Sequence[Words]) -> str:
    """The confusion matrix as a table of buttons, each with ``data-cell="row,column"``.

    The deeper the blue, the larger the share of the row's class; the square root of that share,
    so that rare mix-ups show.

    Args:
        counts: ``int64 (classes, classes)``, rows are the true classes.
        classes: the classes' names.
    """
    rates = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    tall = " class=tall" if any(len(name.en) > 3 for name in classes) else ""
    head = "".join(f"<th scope=col{tall}>{class_html(name)}</th>" for name in classes)
    rows = []
    for row, name in enumerate(classes):
        cells = "".join(
            _cell(row, column, counts[row, column].item(), rates[row, column].item(), classes)
            for column in range(len(classes))
        )
        rows.append(f"<tr><th scope=row>{class_html(name)}</th>{cells}</tr>")
    corner = Words("真实 ↓ 网络认为 →", "true ↓ taken for →")
    return (
        f"{STYLE}<table class=lenet-confusion><thead><tr><th>{corner.html('div')}</th>{head}</tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def gallery_html(images: torch.Tensor, captions: Iterable[Sequence[Words]]) -> str:
    """Pictures side by side, each with lines of text below, its alternative text too.

    Args:
        images: ``(n, h, w)``; the least number is white, the greatest black.
        captions: the lines below each.
    """
    figures = "".join(
        f"<figure>{image_html(map_png(image), '; '.join(map(str, lines)))}<figcaption>"
        f"{''.join(f'<div>{class_html(line)}</div>' for line in lines)}</figcaption></figure>"
        for image, lines in zip(images, captions, strict=True)
    )
    return f"{STYLE}<div class=lenet-gallery>{figures}</div>"


def class_html(name: Words) -> str:
    """A class's name: once if it is the same in both languages, else one for each."""
    return escape(name.zh) if name.zh == name.en else name.html()


def image_html(png: bytes, alt: str) -> str:
    """A PNG file as an HTML element, with its alternative text."""
    data = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'


def _cell(row: int, column: int, count: int, rate: float, classes: Sequence[Words]) -> str:
    what = Words(
        f"真实类别 {classes[row].zh}，网络认为 {classes[column].zh}：{count} 张",
        f"{classes[row].en} taken for {classes[column].en}: {count}",
    )
    color = f"rgba({BLUE}, {DEEPEST * rate**0.5:.2f})"
    return (
        f'<td><button type=button data-cell="{row},{column}" aria-label="{escape(str(what))}" '
        f'style="background: {color}">{count or "·"}</button></td>'
    )


def map_png(numbers: torch.Tensor) -> bytes:
    """One map ``(h, w)`` as a PNG with one pixel for each number: least white, greatest black."""
    numbers = numbers.detach().cpu().numpy().astype(float)
    low, high = numbers.min(), numbers.max()
    pixels = 255 - 255 * (numbers - low) / ((high - low) or 1)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG", compress_level=1)  # fast
    return buffer.getvalue()
