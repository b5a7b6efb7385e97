"""What a network makes of a drawing or of a test picture, and how to say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from lenet_helpers.drawing.form import FormSteps, form_steps, normalize_digit
from lenet_helpers.inside.layers import layer_outputs
from lenet_helpers.words import SettingError, Words

if TYPE_CHECKING:
    from lenet_helpers.data import BatchIterator

SMALLEST_SHARE = 1 / 6  # of the sheet's side; what is smaller is little more than a dot
CLOTHES = Words(
    "注意：这个网络是用衣物训练的。无论画什么，它都会回答一种衣物。",
    "Note: this network was trained on clothes. Whatever is drawn, it will answer with a garment.",
)
OTHER_FORM = Words(
    "注意：这个网络学过的数字没有按 MNIST 的方式处理（大小、居中），而画的数字会这样处理，"
    "所以它可能常常认错。",
    "Note: the digits that this network knows were not brought into MNIST's form (size, centring), "
    "but what you draw is; it may often be wrong.",
)
BLANK = Words(
    "画板还是空的，没有东西可认。请画一个数字，或者选一幅测试图像。",
    "The pad is blank, so there is nothing to read. Draw a digit, or choose a test picture.",
)
TOO_BLACK = Words(
    "但是墨比纸还多：网络只见过白纸上的黑字，又不会说“都不是”，所以这个回答没有意义。请清空后重画。",
    "But there is more ink than paper. The network has only seen dark strokes on white paper and "
    "cannot say “none of these”, so its answer means nothing. Clear the pad and draw again.",
)


@dataclass(frozen=True)
class Reading:
    """What a network makes of one picture.

    ``image`` is what it sees, ``uint8 (28, 28)``; ``steps`` is how a drawing came into this form,
    ``None`` for a test picture; ``outputs`` has the network's input and every layer's output, as
    `feature_maps` takes them; ``probabilities`` has one number from 0 to 1 for each class, or is
    ``None`` if there is no ink.
    """

    image: torch.Tensor
    steps: FormSteps | None
    outputs: list[tuple[str, torch.Tensor]]
    probabilities: list[float] | None
    remark: Words

    @property
    def maps(self) -> list[tuple[str, torch.Tensor]]:
        """The outputs that are pictures themselves: all but the vectors after ``Flatten``."""
        return [(name, output) for name, output in self.outputs if output.dim() == 4]

    def verdict(self, classes: Sequence[Words]) -> Words:
        """The answer in words, and what is to be said of the picture."""
        if self.probabilities is None:
            return self.remark
        order = sorted(range(len(classes)), key=self.probabilities.__getitem__, reverse=True)
        (name, share), (other, less) = (
            (classes[k], f"{self.probabilities[k]:.1%}") for k in order[:2]
        )
        return Words(
            f"网络认为是 {name.zh}，概率 {share}；其次是 {other.zh}，{less}。{self.remark.zh}",
            f"The network takes it for {name.en}, probability {share}; next is {other.en}, {less}. "
            f"{self.remark.en}".rstrip(),
        )


def read_drawing(net: nn.Sequential, data_iter: BatchIterator, scan) -> Reading:
    """Bring a drawing into MNIST's form and let a network read it.

    Args:
        net: maps ``(n, 1, 28, 28)`` to a score for each class.
        data_iter: a data set like the one it was trained on; its ``prepare`` makes the input.
        scan: ``(h, w)`` with values from 0 (paper) to 255 (ink).

    Raises:
        SettingError: the scan or the network cannot be used, or the scores are not finite.
    """
    steps = form_steps(scan)
    image = steps.image.clamp(max=255).round().to(torch.uint8)
    return _read(net, data_iter, image, steps, _remark(steps))


def read_sample(net: nn.Sequential, data_iter: BatchIterator, index: int) -> Reading:
    """Let a network read ``data_iter.images[index]`` as it is.

    Raises:
        SettingError: the network cannot be used, or its scores are not finite.
    """
    name = data_iter.classes[data_iter.labels[index].item()]
    remark = Words(
        f"这是第 {index} 幅测试图像，标签是 {name.zh}；它原样交给网络。",
        f"This is test picture {index}, labelled {name.en}; the network gets it as it is.",
    )
    return _read(net, data_iter, data_iter.images[index].cpu(), None, remark)


def notice(data_iter: BatchIterator) -> Words | None:
    """What to know before drawing for a network that was trained on this data set, if anything."""
    if data_iter.name == "fashion_mnist":
        return CLOTHES
    images = data_iter.images[:50].cpu()
    in_form = [torch.equal(normalize_digit(image).round(), image.float()) for image in images]
    return None if sum(in_form) > len(in_form) / 2 else OTHER_FORM


def _read(net, data_iter, image, steps, remark) -> Reading:
    X = data_iter.prepare(image[None].to(data_iter.device))
    outputs = [("input", X), *layer_outputs(net, X)]
    scores = outputs[-1][1]
    _require_scores(scores, len(data_iter.classes))
    probabilities = scores[0].softmax(dim=0).tolist() if image.any() else None
    return Reading(image, steps, outputs, probabilities, remark)


def _remark(steps: FormSteps) -> Words:
    side, size = max(steps.scan.shape), max(steps.box.shape)
    if not size:
        return BLANK
    if steps.scan.mean() > 255 / 2:
        return TOO_BLACK
    if size < SMALLEST_SHARE * side:
        return Words(
            f"但这差不多只是一个点（{size} 像素，画板边长 {side} 像素）：网络不会说“都不是”，"
            "所以这个回答没有意义。请画大一些。",
            f"But this is little more than a dot ({size} pixels on a pad of {side}). The network "
            "cannot say “none of these”, so its answer means nothing. Draw larger.",
        )
    return Words("", "")


def _require_scores(scores: torch.Tensor, classes: int) -> None:
    if scores.shape != (1, classes):
        raise SettingError(
            f"网络对一幅图像应输出 {(1, classes)}（每类一个得分），却是 {tuple(scores.shape)}。",
            f"For one picture the network must put out {(1, classes)}, a score for each class, not "
            f"{tuple(scores.shape)}.",
        )
    if not scores.isfinite().all():
        raise SettingError(
            "网络的得分不是有限的数；训练大概发散了，请用更小的学习率重新训练。",
            "The network's scores are not finite; its training probably diverged. Train it again "
            "with a smaller learning rate.",
        )
