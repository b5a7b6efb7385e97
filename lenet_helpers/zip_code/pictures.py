"""Fields, and the scores of a window that slides over one, as pictures."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.patches import Rectangle

from lenet_helpers.figures import Picture, label, new_figure, style
from lenet_helpers.palette import COLORS, LINES
from lenet_helpers.words import Words

WINDOW, STEP = 32, 4  # pixels


def field_rows(pictures: Sequence[torch.Tensor], titles: Sequence[str], caption: Words) -> Picture:
    """Fields ``(32, w)``, two in a row, each with its title to the left."""
    rows = -(-len(pictures) // 2)
    figure, axes = new_figure(7.8, 0.85 * rows, rows, 2, squeeze=False)
    with style():
        for axis in axes.flat[len(pictures) :]:
            axis.set_axis_off()
        for axis, picture, title in zip(axes.flat, pictures, titles, strict=False):
            axis.imshow(np.asarray(picture), cmap="gray_r", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.set_ylabel(title, rotation=0, ha="right", va="center")
            axis.spines[:].set(visible=True, color="0.6")
    return Picture(figure, caption, colors=16)


def scores_over_field(
    picture: torch.Tensor,
    probabilities: torch.Tensor,
    caption: Words,
    chosen: Sequence[tuple[int, int]] = (),
) -> Picture:
    """A field, and below it what the network says of the window at each of its positions.

    ``picture`` is ``(32, w)``, 0 for paper to 1 for ink; ``probabilities`` ``(classes,
    positions)``, the eleventh class "no digit here"; the ``chosen`` positions and digits are marked
    in both parts.
    """
    middles = [STEP * k + (WINDOW - 1) / 2 for k in range(probabilities.shape[1])]
    figure, (above, below) = new_figure(
        8.0, 3.6, 2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 1.3]}
    )
    with style():
        above.imshow(np.asarray(picture), cmap="gray_r", vmin=0, vmax=1, aspect="auto")
        above.set(yticks=[])
        edges = middles[0] - STEP / 2, middles[-1] + STEP / 2
        count = len(probabilities)
        below.imshow(
            np.asarray(probabilities), cmap="Blues", vmin=0, vmax=1, aspect="auto",
            extent=(*edges, count - 0.5, -0.5), interpolation="nearest",
        )  # fmt: skip
        names = [str(k) for k in range(10)] + [label("无", "none")] * (count - 10)
        below.set(yticks=range(count), yticklabels=names, xlim=(-0.5, picture.shape[1] - 0.5))
        below.tick_params(axis="y", labelsize=7)
        below.set_xlabel(label("窗口的正中（像素）", "middle of the window (pixels)"))
        for position, digit in chosen:
            for axis in (above, below):
                axis.axvline(middles[position], color=COLORS[1], linestyle=LINES[2], lw=1)
            corner = middles[position] - STEP / 2, digit - 0.5
            below.add_patch(Rectangle(corner, STEP, 1, fill=False, edgecolor=COLORS[1], lw=1.5))
    return Picture(figure, caption)
