"""What a network thinks of every picture of a data set, and which of them it gets wrong."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from lenet_helpers.cores import on_free_cores
from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.inputs.batches import net_for, say_if_other_data
from lenet_helpers.inputs.networks import require_finite_scores, scores_of
from lenet_helpers.modes import evaluating

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
        """Pictures of ``label`` taken for ``predicted``: surest mistakes first, or least sure."""
        found = ((self.labels == label) & (self.predicted == predicted)).nonzero().flatten()
        return found[self.sureness[found].argsort(descending=label != predicted, stable=True)]

    def mistakes(self) -> torch.Tensor:
        """Indices of all pictures that the network gets wrong, the surest first."""
        found = (self.labels != self.predicted).nonzero().flatten()
        return found[self.sureness[found].argsort(descending=True, stable=True)]


def predict_all(net: nn.Module, data_iter: BatchIterator) -> Predictions:
    """What ``net`` thinks of every picture in ``data_iter.images``, in that order.

    ``data_iter`` has pictures, labels and classes, as `load_data` returns them. Raises
    `SettingError`: no picture, or the net does not fit them; `DivergedError`: not finite.
    """
    net = net_for(net, data_iter)
    say_if_other_data(net, data_iter)
    parts = [
        probabilities(net, data_iter, images)
        for images in on_free_cores(data_iter.images.split(BATCH))
    ]
    labels = data_iter.labels.cpu().to(torch.int64).flatten()
    return Predictions(labels, torch.cat(parts))


def probabilities(net: nn.Module, data_iter: BatchIterator, images: torch.Tensor) -> torch.Tensor:
    """The probability of each class, softmax of the scores: ``float32 (n, classes)``, on the CPU.

    ``images`` are ``uint8 (n, 28, 28)``; ``data_iter``, where they come from, knows how a network
    sees them. ``net`` and errors are as in `predict_all`.
    """
    net = evaluating(net_for(net, data_iter))
    with torch.no_grad():
        scores = scores_of(net, data_iter.prepare(images), len(data_iter.classes)).float().cpu()
    require_finite_scores(scores)
    return scores.softmax(dim=1)
