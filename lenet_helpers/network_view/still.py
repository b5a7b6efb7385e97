"""The living view without a kernel: one picture of what every layer makes of an image."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.patches import Rectangle
from torch import nn

from lenet_helpers.figures import Picture, label, new_figure, style
from lenet_helpers.layers import Window, layer_outputs
from lenet_helpers.maps import PAPER, SIGNED, corner, mosaic
from lenet_helpers.palette import COLORS
from lenet_helpers.words import Words

SHORT = {nn.Conv2d: "conv", nn.AvgPool2d: "pool", nn.MaxPool2d: "pool", nn.Linear: "fc"}
SHADES = 32  # of two colours, grey and black: a lesson holds several stills
BLANK = Words("画板还是空的。", "The pad is blank.")
INK = dict(cmap="gray_r", interpolation="nearest")
TALLEST = 30  # a vector is folded into columns of so many numbers


class Stage(NamedTuple):
    """A layer with weights or a pooling, its activation included, and what it puts out.

    ``layer`` is its place in the net, -1 for the picture itself; ``numbers`` is
    ``(channels, h, w)``, of a vector ``(1, 1, n)``.
    """

    layer: int
    numbers: torch.Tensor


def stages_of(net: nn.Sequential, X: torch.Tensor) -> dict[str, Stage]:
    """The stages of one picture ``X``, ``(1, 1, h, w)``, by the names that ``network.js`` gives."""
    stages = {"input": Stage(-1, X[0].float().cpu())}
    counts = Counter()
    for at, (layer, (_, output)) in enumerate(zip(net, layer_outputs(net, X), strict=True)):
        if short := SHORT.get(type(layer)):
            counts[short] += 1
            name, place = f"{short}{counts[short]}", at
            shape = output.shape[1:] if output.dim() == 4 else (1, 1, -1)
        if not isinstance(layer, nn.Flatten):  # an activation takes the place of its layer
            stages[name] = Stage(place, output.reshape(shape).float().cpu())
    return stages


def caption_of(
    stages: dict[str, Stage],
    probabilities: Sequence[float] | None,
    classes: Sequence[Words],
    number: int | None,
    truth: Words | None,
    chosen: tuple[str, int, int, int] | None,
    judged: tuple[float, float] | None = None,
) -> Words:
    """What the network reads, the chosen number, and if ``judged`` (score, threshold) refuses."""
    if probabilities is None:
        return BLANK
    best = max(range(len(classes)), key=probabilities.__getitem__)
    name, share = classes[best], f"{probabilities[best]:.1%}"
    what = Words("一幅画", "A drawing")
    if truth is not None:
        what = Words(f"测试图像 {number}（{truth.zh}）", f"Test picture {number} ({truth.en})")
    zh, en = f"{what.zh}，读作 {name.zh}（{share}）", f"{what.en}, read as {name.en} ({share})"
    if judged is not None and judged[0] > judged[1]:
        zh = f"{zh}，但不算回答：不像数字（分数 {judged[0]:.2f}，高于阈值 {judged[1]:.2f}）"
        en = f"{en}, but this is no answer: not a digit "
        en += f"(score {judged[0]:.2f}, above the threshold {judged[1]:.2f})"
    if chosen is not None:
        stage, *place = chosen
        value = f"{stage}[{', '.join(map(str, place))}] = {stages[stage].numbers[tuple(place)]:.3f}"
        zh, en = f"{zh}；{value}，它的感受野画有框", f"{en}; {value}, its receptive field framed"
    return Words(f"{zh}。", f"{en}.")


def still_picture(
    stages: dict[str, Stage],
    probabilities: Sequence[float] | None,
    classes: Sequence[Words],
    caption: Words,
    chosen: tuple[str, int, int, int] | None = None,
    field: Window | None = None,
) -> Picture:
    """The picture, maps of every stage and bars; the chosen number and its field are framed."""
    widths = [1.4, *([1] * (len(stages) - 1)), 1.3]
    figure, axes = new_figure(7.2, 2.0, 1, len(widths), width_ratios=widths)
    with style():
        for axis, (name, stage) in zip(axes, stages.items(), strict=False):
            is_chosen = chosen is not None and chosen[0] == name
            shown, boxes = _fold(stage.numbers, chosen[1:] if is_chosen else None)
            reach = np.nan_to_num(np.abs(shown)).max() or 1  # gaps, and what has diverged
            look = dict(cmap=SIGNED, vmin=-reach, vmax=reach, interpolation="nearest")
            axis.imshow(shown, **(look if name != "input" else INK))
            axis.set_title(label("图像", "input") if name == "input" else name, fontsize=9)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set(visible=True, color=PAPER)
            if name == "input" and field is not None:
                boxes.append(field)
            for top, left, height, width in boxes:
                box = Rectangle((left - 0.5, top - 0.5), width, height, clip_on=False)
                axis.add_patch(box).set(fill=False, edgecolor=COLORS[2], linewidth=1.5)
        _bars(axes[-1], probabilities, classes)
    return Picture(figure, caption, SHADES)


def _fold(numbers: torch.Tensor, place: tuple | None) -> tuple[np.ndarray, list[tuple]]:
    """A stage as one table, and the boxes of one of its numbers, and of its map, in it."""
    channels, height, width = numbers.shape
    if channels == height == 1:  # a vector
        columns = math.ceil(width / TALLEST)
        shown = np.full(math.ceil(width / columns) * columns, np.nan)
        shown[:width] = numbers.flatten()
        boxes = [(*divmod(place[2], columns), 1, 1)] if place else []
        return shown.reshape(-1, columns), boxes
    columns = math.ceil(0.77 * channels**0.5)
    shown = mosaic(numbers, columns)
    if place is None:
        return shown, []
    top, left = corner(place[0], height, width, columns)
    return shown, [(top + place[1], left + place[2], 1, 1), (top, left, height, width)]


def _bars(axis, probabilities: Sequence[float] | None, classes: Sequence[Words]) -> None:
    names = [label(*name) for name in classes]
    values = list(probabilities or [0.0] * len(names))
    colors = [COLORS[value == max(values) > 0] for value in values]
    bars = axis.barh(names, values, color=colors)
    if probabilities is not None:
        axis.bar_label(bars, [f"{value:.1%}" for value in values], padding=2, fontsize=7)
    axis.set(xlim=(0, 1.6), xticks=[])
    axis.tick_params(labelsize=8)
    axis.set_title(label("概率", "probability"), fontsize=9, loc="right")
    axis.spines.bottom.set_visible(False)
    axis.invert_yaxis()
