"""Pictures of what happens inside a network: data in, a `Picture` out."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from lenet_helpers.figures import Picture, label, new_figure, style
from lenet_helpers.inside.map_sheet import SIGNED, mosaic
from lenet_helpers.words import Words

Outputs = Sequence[tuple[str, torch.Tensor]]
# A bank of kernels is drawn up to here, so that a wide network still fits.
MOST_KERNELS, MOST_CHANNELS = 16, 8


def kernel_maps(*networks: Outputs, titles: Sequence[str] = ()) -> Picture:
    """All kernels of all convolutions, one network beside the other.

    A column for each output channel, a row for each input channel. Blue is positive, white is zero,
    orange is negative; the deepest colour is the largest weight of the layer in that network.

    Args:
        networks: for each network the names and weights ``(out, in, height, width)`` of its
            convolutions, as `kernels` returns them. A layer with more than 16 × 8 kernels shows
            the first of them.
        titles: a text above each network, or none.
    """
    shown = [[_bank(weights) for _, weights in network] for network in networks]
    heights = [len(bank) / bank.shape[1] for bank in shown[0]]
    size = 4.2 * len(networks), 0.5 + 0.35 * len(heights) + 4.0 * sum(heights)
    figure, axes = new_figure(
        *size, len(heights), len(networks), squeeze=False, height_ratios=heights
    )
    with style():
        for column, banks in enumerate(shown):
            for row, bank in enumerate(banks):
                axis, reach = axes[row, column], np.nanmax(np.abs(bank)) or 1
                axis.imshow(bank, cmap=SIGNED, vmin=-reach, vmax=reach)
                axis.set_axis_off()
                axis.set_title(networks[column][row][0], fontsize=9)
        for axis, title in zip(axes[0], titles, strict=False):
            axis.set_title(f"{title}\n{axis.get_title()}", fontsize=10)
    listed = [f"{name} {' × '.join(map(str, weights.shape))}" for name, weights in networks[0]]
    return Picture(
        figure,
        Words(
            "卷积核（每列一个输出通道，每行一个输入通道；蓝色为正，白色为零，橙色为负）："
            + "、".join(listed) + "。",
            "Kernels (a column for each output channel, a row for each input channel; blue is "
            "positive, white zero, orange negative): " + ", ".join(listed) + ".",
        ),
    )  # fmt: skip


def _bank(weights: torch.Tensor) -> np.ndarray:
    first = weights.detach().cpu()[:MOST_KERNELS, :MOST_CHANNELS].swapaxes(0, 1)
    return mosaic(first.flatten(0, 1), columns=first.shape[1])


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


def map_png(numbers: torch.Tensor) -> bytes:
    """One map ``(h, w)`` as a PNG with one pixel for each number: least white, greatest black."""
    numbers = numbers.detach().cpu().numpy().astype(float)
    low, high = numbers.min(), numbers.max()
    pixels = 255 - 255 * (numbers - low) / ((high - low) or 1)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG", compress_level=1)  # fast
    return buffer.getvalue()
