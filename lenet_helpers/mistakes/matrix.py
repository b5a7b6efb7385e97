"""The confusion matrix: as a table to click on, and as a picture."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import anywidget
import numpy as np
import torch
import traitlets

from lenet_helpers.figures import Picture, label, new_figure, style
from lenet_helpers.words import Words

# Never so deep that the theme's own text, black or white, could not be read on it.
BLUE, DEEPEST = "0, 114, 178", 0.7
CORNER = Words("真实 ↓ 网络认为 →", "true ↓ taken for →")


class ClickableTable(anywidget.AnyWidget):
    """A table of buttons, ``data-cell="row,column"``; ``cell`` is the chosen one."""

    # As text: given a path, anywidget keeps every such widget for ever, to tell it of edits.
    _esm = Path(__file__).with_name("clicks.js").read_text("utf-8")
    html = traitlets.Unicode().tag(sync=True)
    cell = traitlets.List([0, 0]).tag(sync=True)


def confusion_html(counts: torch.Tensor, classes: Sequence[Words]) -> str:
    """The confusion matrix as a table of buttons, each with ``data-cell="row,column"``.

    ``counts`` are ``int64 (classes, classes)``, rows the true classes. The deeper the blue, the
    larger the share of the row; its square root, so that rare mix-ups show.
    """
    rates = (counts / counts.sum(dim=1, keepdim=True).clamp(min=1)).tolist()
    tall = " class=tall" if any(len(name.en) > 3 for name in classes) else ""
    head = "".join(f"<th scope=col{tall}>{name.html()}</th>" for name in classes)
    rows = []
    for row, truth in enumerate(classes):
        cells = []
        for column, answer in enumerate(classes):
            count = counts[row, column].item()
            what = Words(
                f"真实类别 {truth.zh}，网络认为 {answer.zh}：{count} 张",
                f"{truth.en} taken for {answer.en}: {count}",
            )
            color = f"rgba({BLUE}, {DEEPEST * rates[row][column] ** 0.5:.2f})"
            cells.append(
                f'<td><button type=button data-cell="{row},{column}" '
                f'aria-label="{escape(str(what))}" style="background: {color}">'
                f"{count or '·'}</button></td>"
            )
        rows.append(f"<tr><th scope=row>{truth.html()}</th>{''.join(cells)}</tr>")
    return (
        f"<table class=lenet-confusion><thead><tr><th>{CORNER.html('div')}</th>{head}</tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def confusion_matrix(counts: torch.Tensor, classes: Sequence[Words]) -> Picture:
    """The same as a picture that needs no kernel."""
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
    caption = Words(
        f"混淆矩阵：行是真实类别，列是网络的答案；{total:,} 张中有 {correct:,} 张答对，"
        "都在对角线上。",
        "Confusion matrix: rows are the true classes, columns the network's answers; "
        f"{correct:,} of {total:,} lie on the diagonal and are correct.",
    )
    return Picture(figure, caption)
