"""Pictures of what happens inside a network: data in, a `Picture` out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from lenet_helpers.figures import COLORS, DPI, Picture, label, new_figure, style
from lenet_helpers.inside.map_sheet import (
    BETWEEN,
    NAMES,
    PAPER,
    WIDTH,
    Box,
    Outputs,
    Sheet,
    gray,
    kernel_sheet,
    map_sheet,
)  # fmt: skip
from lenet_helpers.words import Words


def feature_maps(
    *networks: Outputs,
    titles: Sequence[str] = (),
    caption: Words | None = None,
    marks: Sequence[Box] = (),
) -> Picture:
    """All feature maps of one picture, a row for each layer, one network beside the other.

    Args:
        networks: for each network what `layer_outputs` returned for one picture; put
            ``("input", X)`` in front to have the picture as well. All have the same shapes.
        titles: a text above each network, or none.
        caption: the alternative text; by default the layers and their shapes.
        marks: what to frame, as `Place.box` gives it.
    """
    sheet = map_sheet(*networks)
    listed = [f"{name} {shape}" for name, shape, _ in sheet.rows]
    caption = caption or Words(
        "每一层的输出（每层中白色最小、黑色最大）：" + "、".join(listed) + "。",
        "What each layer puts out (in each, white is least and black greatest): "
        + ", ".join(listed) + ".",
    )  # fmt: skip
    return _picture(sheet, titles, caption, marks)


def kernel_maps(*networks: Outputs, titles: Sequence[str] = ()) -> Picture:
    """All kernels of all convolutions, one network beside the other; colours as `kernel_sheet`.

    Args:
        networks: for each network the names and weights ``(out, in, height, width)`` of its
            convolutions, as `kernels` returns them.
        titles: a text above each network, or none.
    """
    sheet = kernel_sheet(*networks)
    listed = [f"{name} {shape}" for name, shape, _ in sheet.rows]
    return _picture(
        sheet,
        titles,
        Words(
            "卷积核（每列一个输出通道，每行一个输入通道；蓝色为正，白色为零，橙色为负）："
            + "、".join(listed) + "。",
            "Kernels (a column for each output channel, a row for each input channel; blue is "
            "positive, white zero, orange negative): " + ", ".join(listed) + ".",
        ),
    )  # fmt: skip


def confusion_matrix(counts: torch.Tensor, classes: Sequence[Words]) -> Picture:
    """How many pictures of each class (row) were taken for which (column).

    Args:
        counts: ``int64 (classes, classes)``, as `Predictions.confusion`.
        classes: the classes' names, as ``data_iter.classes``.
    """
    counts = np.asarray(counts)
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axis = new_figure(8.4, 6.0)
    with style():
        axis.imshow(rates, cmap="Blues", vmin=0, vmax=1)
        names = [label(*name) for name in classes]
        axis.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axis.set_yticks(range(len(names)), names)
        axis.set(xlabel=label("网络认为", "taken for"), ylabel=label("真实类别", "true class"))
        for (row, column), count in np.ndenumerate(counts):
            ink = "white" if rates[row, column] > 0.5 else "black"
            axis.text(column, row, f"{count}", ha="center", va="center", color=ink, fontsize=9)
    correct, total = int(np.trace(counts)), int(counts.sum())
    return Picture(
        figure,
        Words(
            f"混淆矩阵：行是真实类别，列是网络的答案；{total:,} 张中有 {correct:,} 张答对，"
            "都在对角线上。",
            "Confusion matrix: rows are the true classes, columns the network's answers; "
            f"{correct:,} of {total:,} lie on the diagonal and are correct.",
        ),
    )


def sheet_png(sheet: Sheet, titles: tuple[str, ...] = ()) -> bytes:
    """The sheet as `feature_maps` draws it, in a tenth of the time: its lettering is kept.

    Args:
        sheet: as `map_sheet` or `kernel_sheet` returns it.
        titles: a text above each network, or none.
    """
    lettering = _lettering(tuple(sheet.rows), titles, sheet.pixels.shape)
    return _png(np.minimum(lettering, sheet.pixels))


def map_png(numbers: torch.Tensor, margin: int = 0) -> bytes:
    """One map ``(h, w)`` as a PNG with one pixel for each number, and so wide a frame around it."""
    pixels = gray(numbers.detach().cpu().numpy()[None])[0]
    edges = ((margin, margin), (margin, margin), (0, 0))
    return _png(np.pad(pixels, edges, constant_values=PAPER))


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)  # fast, and large enough
    return buffer.getvalue()


@lru_cache(maxsize=8)
def _lettering(
    rows: tuple[tuple[str, str, int], ...], titles: tuple[str, ...], shape: tuple[int, ...]
) -> np.ndarray:
    """What `_picture` writes on a sheet, without the maps: ``uint8 (h, w, 3)``."""
    blank = Sheet(np.full(shape, 255, np.uint8), [], list(rows))
    canvas = FigureCanvasAgg(_picture(blank, titles, Words("", "")).figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _picture(
    sheet: Sheet, titles: Sequence[str], caption: Words, marks: Sequence[Box] = ()
) -> Picture:
    """The sheet as a figure of exactly its pixels, with names at the left and titles above."""
    high, wide = sheet.pixels.shape[:2]
    figure = Figure(figsize=(wide / DPI, high / DPI), dpi=DPI)
    figure.figimage(sheet.pixels)
    with style():
        for name, shape, top in sheet.rows:
            figure.text(0, 1 - top / high, name, weight="bold", fontsize=8, va="top")
            # below the name, or beside it where the row is as low as a strip
            beside, below = (0, 13) if " × " in shape else (76, 0)
            figure.text(beside / wide, 1 - (top + below) / high, shape, fontsize=8, va="top")
        for network, title in enumerate(titles):
            left = NAMES + network * (WIDTH + BETWEEN)
            figure.text(left / wide, 1 - 2 / high, title, va="top", fontsize=10)
        for left, top, width, height in marks:
            corner = (left, high - top - height)  # matplotlib counts from below
            figure.add_artist(
                Rectangle(corner, width, height, fill=False, ec=COLORS[1], lw=1.5, transform=None)
            )
    return Picture(figure, caption)
