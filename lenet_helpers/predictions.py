"""What a network thinks of every picture of a data set, and which of them it gets wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import nn

from lenet_helpers.cores import on_free_cores
from lenet_helpers.modes import evaluating
from lenet_helpers.words import SettingError

if TYPE_CHECKING:
    from lenet_helpers.data.batches import BatchIterator

BATCH = 1024


@dataclass(frozen=True)
class Predictions:
    """What a network thinks of every picture of a data set, in the order of its ``images``.

    ``labels`` is ``int64 (n,)`` and ``probabilities`` (softmax of the scores) ``float32
    (n, classes)``; both are on the CPU.
    """

    labels: torch.Tensor
    probabilities: torch.Tensor

    @cached_property
    def predicted(self) -> torch.Tensor:
        """The likeliest class of each picture, ``int64 (n,)``."""
        return self.probabilities.argmax(dim=1)

    @cached_property
    def sureness(self) -> torch.Tensor:
        """The probability of the likeliest class, from 0 to 1, ``float32 (n,)``."""
        return self.probabilities.amax(dim=1)

    @cached_property
    def confusion(self) -> torch.Tensor:
        """How many pictures of each class (row) were taken for which (column), ``int64``."""
        classes = self.probabilities.shape[1]
        cells = self.labels * classes + self.predicted
        return cells.bincount(minlength=classes**2).reshape(classes, classes)

    def cell(self, label: int, predicted: int) -> torch.Tensor:
        """Indices of the pictures of class ``label`` that were taken for ``predicted``.

        The most interesting come first: of mistakes the surest, of correct ones the least sure.
        """
        found = ((self.labels == label) & (self.predicted == predicted)).nonzero().flatten()
        return found[self.sureness[found].argsort(descending=label != predicted, stable=True)]

    def mistakes(self) -> torch.Tensor:
        """Indices of all pictures that the network gets wrong, the surest first."""
        found = (self.labels != self.predicted).nonzero().flatten()
        return found[self.sureness[found].argsort(descending=True, stable=True)]


def predict_all(net: nn.Module, data_iter: BatchIterator) -> Predictions:
    """What ``net`` thinks of every picture in ``data_iter.images``, in that order.

    Args:
        net: maps ``(n, 1, 28, 28)`` to a score for each class; it is left as it is.
        data_iter: pictures, labels and classes, as `load_data` returns them.

    Raises:
        SettingError: there is no picture, the number of scores is not the number of classes, or
            the scores are not finite.
    """
    if len(data_iter.labels) == 0:
        raise SettingError("数据集是空的，没有图片可看。", "The data set is empty: no picture.")
    parts = [
        probabilities(net, data_iter, images)
        for images in on_free_cores(data_iter.images.split(BATCH))
    ]
    return Predictions(data_iter.labels.cpu(), torch.cat(parts))


def probabilities(net: nn.Module, data_iter: BatchIterator, images: torch.Tensor) -> torch.Tensor:
    """The probability of each class, softmax of the scores: ``float32 (n, classes)``, on the CPU.

    ``images`` are ``uint8 (n, 28, 28)``; ``data_iter``, where they come from, knows how a network
    sees them. ``net`` and errors are as in `predict_all`.
    """
    classes, device = len(data_iter.classes), next(net.parameters()).device
    with torch.no_grad():
        scores = evaluating(net)(data_iter.prepare(images).to(device)).cpu()
    if scores.shape != (len(images), classes):
        raise SettingError(
            f"网络对每张图片应给出 {classes} 个得分（每类一个），输出形状却是 "
            f"{tuple(scores.shape)}。",
            f"The network should give {classes} scores for a picture, one for each class, but "
            f"its output has the shape {tuple(scores.shape)}.",
        )
    if not scores.isfinite().all():
        raise SettingError(
            "网络的输出不是有限的数：训练很可能发散了，请用更小的学习率重新训练。",
            "The network's output is not finite: its training probably diverged; train it "
            "again with a smaller learning rate.",
        )
    return scores.softmax(dim=1)
