"""A network's weights at chosen moments of its training, to watch it learn."""

import copy
import math
from collections.abc import Collection
from typing import NamedTuple

import torch
from torch import nn


class Checkpoint(NamedTuple):
    """One moment of a training: ``batch`` batches over all epochs, ``epoch`` epochs, are done.

    ``loss`` is the mean cross-entropy, in nats, of the batches since the checkpoint before (of the
    first: of the next batch); ``weights`` are copies of the parameters, in order, on the CPU.
    """

    batch: int
    epoch: float
    loss: float
    weights: tuple[torch.Tensor, ...]


class Checkpoints(list[Checkpoint]):
    """For ``train(..., checkpoints=…)``: collects one after each number of batches in ``when``."""

    def __init__(self, when: Collection[int] = ()) -> None:
        super().__init__()
        self.when = frozenset(when)
        self._loss, self._batches = torch.zeros((), device="cpu"), 0

    def before_batch(self, net: nn.Module, batch: int, epoch: float) -> None:
        """Keep the weights if this is one of the moments; `train` calls it."""
        if batch not in self.when:
            return
        mean = self._loss.item() / self._batches if self._batches else math.nan
        weights = tuple(p.detach().cpu().clone() for p in net.parameters())
        self.append(Checkpoint(batch, epoch, mean, weights))
        self._loss, self._batches = torch.zeros_like(self._loss), 0

    def after_batch(self, loss: torch.Tensor) -> None:
        """Count the loss of a batch; `train` calls it. (It stays on its device.)"""
        self._loss = self._loss.to(loss.device) + loss
        self._batches += 1
        if self and math.isnan(self[-1].loss) and self._batches == 1:
            self[-1] = self[-1]._replace(loss=loss.item())


def moments(batches: int, count: int = 40) -> list[int]:
    """So many moments from 0 to ``batches``, ever farther apart: a plateau lies at the start."""
    return sorted({round(batches * (i / (count - 1)) ** 2) for i in range(count)})


def net_at(net: nn.Module, checkpoint: Checkpoint) -> nn.Module:
    """A copy of ``net`` with the weights of that moment."""
    copied = copy.deepcopy(net)
    with torch.no_grad():
        for parameter, weights in zip(copied.parameters(), checkpoint.weights, strict=True):
            parameter.copy_(weights)
    return copied


def to_bytes(weights: torch.Tensor) -> tuple[float, float, bytes]:
    """The least of some numbers, the step between two of 256 levels, and their levels (bytes)."""
    least, most = weights.min().item(), weights.max().item()
    step = (most - least) / 255 or 1.0
    levels = ((weights - least) / step).round().to(torch.uint8)
    return least, step, levels.flatten().numpy().tobytes()
