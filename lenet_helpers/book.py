"""The book's package ``d2l``, for a lesson: ``import lenet_helpers.book as d2l``.

What a training loop needs stands here, as in *Dive into Deep Learning* (MIT-0; the tests compare);
any other name is taken from ``d2l.torch`` when first asked for: that module loads torchvision,
pandas and pyplot, 40 MB for each kernel of a class and seconds before the first epoch.
"""

import time
from itertools import accumulate

import torch

from lenet_helpers.devices import try_gpu

__all__ = ["Accumulator", "Timer", "accuracy", "size", "try_gpu"]


def accuracy(y_hat: torch.Tensor, y: torch.Tensor) -> float:
    """How many predictions are right: scores ``(n, classes)``, or classes ``(n,)``, and labels."""
    if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    cmp = y_hat.type(y.dtype) == y
    return float(cmp.type(y.dtype).sum())


def size(x: torch.Tensor) -> int:
    """How many numbers a tensor holds."""
    return x.numel()


class Accumulator:
    """``n`` sums that grow together."""

    def __init__(self, n: int) -> None:
        self.data = [0.0] * n

    def add(self, *args: float) -> None:
        """Add one number to each sum; a tensor of one number will do."""
        self.data = [a + float(b) for a, b in zip(self.data, args, strict=False)]

    def reset(self) -> None:
        """Begin again at zero."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, idx: int) -> float:
        return self.data[idx]


class Timer:
    """A stopwatch, which runs at once: ``times`` holds what it measured, in seconds."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Start it again."""
        self.tik = time.time()

    def stop(self) -> float:
        """Stop, and keep the seconds since `start`."""
        self.times.append(time.time() - self.tik)
        return self.times[-1]

    def avg(self) -> float:
        """The mean of all measurements, in seconds."""
        return sum(self.times) / len(self.times)

    def sum(self) -> float:
        """All seconds together."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """The seconds until the end of each measurement."""
        return list(accumulate(self.times))


def __getattr__(name: str):
    if name.startswith("__"):
        raise AttributeError(name)
    from d2l import torch as d2l

    return getattr(d2l, name)
