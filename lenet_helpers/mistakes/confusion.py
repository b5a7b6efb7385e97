"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lenet_helpers.figures import Picture, label, new_figure, style
from lenet_helpers.words import Words


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
