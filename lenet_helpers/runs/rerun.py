"""Carry out a training run that was described by its settings, stop it, and go on with it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache

from torch import nn

from lenet_helpers.data.batches import BatchIterator, load_data
from lenet_helpers.devices import try_gpu
from lenet_helpers.models import lenet, xavier
from lenet_helpers.runs.records import Point, Run, Settings
from lenet_helpers.seeding import seeded
from lenet_helpers.training import DivergedError, Progress, train

_READING = threading.Lock()  # who asks for a data set that is being read waits for it


def recipe(dataset: str) -> Settings:
    """The settings to begin with: lesson 04's, which for the few digits has smaller batches."""
    device = try_gpu().type
    if dataset == "digits":
        return Settings(dataset, epochs=50, batch_size=32, standardize=True, device=device)
    return Settings(dataset, device=device)


def new_net(settings: Settings) -> nn.Sequential:
    """A network with the weights of this seed, the same as after ``torch.manual_seed(seed)``.

    The random numbers of the notebook are left alone.
    """
    with seeded(settings.seed):
        return lenet(settings.activation, settings.pooling).apply(xavier)


class Training:
    """A run and its network, which can be trained on and on.

    Five epochs and then five more give the same network as ten.

    Attributes:
        run: what is noted of it.
        net: the network; after the run it is what the run made of it.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.net = run, new_net(run.settings)
        self._data: tuple[BatchIterator, BatchIterator] | None = None

    def read_data(self) -> None:
        """Get hold of the data, which all runs share.

        Raises:
            LessonError: as `load_data` does.
        """
        if self._data is None:
            self._data = _batches(self.run.settings)

    def go_on(self, lr: float, epochs: int, should_stop: Callable[[], bool]) -> Iterator[Progress]:
        """Train on, note it in the run, and yield the reports of `train`.

        Raises:
            LessonError: as `load_data` and `train` do.
        """
        self.read_data()
        run, net = self.run, self.net
        start, seconds = run.last.epoch if run.points else 0.0, run.seconds
        run.lrs += [lr] if run.lrs[-1:] != [lr] else []
        run.ended = "running"
        try:
            for report in train(
                net, *self._data, epochs, lr, run.settings.device,
                init=None, should_stop=should_stop,
            ):  # fmt: skip
                run.seconds = seconds + report.elapsed
                run.add(Point(start + report.epoch, report.loss, report.train_acc, report.test_acc))
                if report.epoch == epochs and report.test_acc is not None:
                    run.ended = "finished"
                yield report
        except DivergedError:
            run.ended = "diverged"
            raise
        except Exception:
            run.ended = "failed"
            raise
        finally:
            if run.ended == "running":
                run.ended = "stopped"


def _batches(settings: Settings) -> tuple[BatchIterator, BatchIterator]:
    """Batches for training and testing, shuffled as after `load_data` with this seed.

    The images are read once and shared by all runs; each run has an order of its own.
    """
    with _READING:
        loaded = _load(settings.dataset, settings.device)
    train_iter, test_iter = map(copy.copy, loaded)
    for batches in (train_iter, test_iter):
        batches.batch_size = settings.batch_size
        batches.standardize |= settings.standardize  # the digits always are
    train_iter.reseed(settings.seed)
    return train_iter, test_iter


@lru_cache(maxsize=2)
def _load(name: str, device: str) -> tuple[BatchIterator, BatchIterator]:
    return load_data(name, device=device)
