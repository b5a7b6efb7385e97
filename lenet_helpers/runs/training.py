"""Carry out a training run on a thread of its own or right here, stop it, and go on with it."""

from __future__ import annotations

import copy
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache

import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator, load_data
from lenet_helpers.data.catalog import OWN, DataSet, data_set
from lenet_helpers.data.downloads import bring
from lenet_helpers.devices import try_gpu
from lenet_helpers.models import lenet, xavier
from lenet_helpers.runs.records import Point, Run, Settings
from lenet_helpers.runtime import release_idle_threads, return_freed_memory
from lenet_helpers.seeding import seeded
from lenet_helpers.training import DivergedError, Progress, train

FEW = 10_000  # with fewer pictures than this, lesson 07's recipe does not leave its plateau
_READING = defaultdict(threading.Lock)  # who asks for a data set that is being read waits for it


def recipe(dataset: str) -> Settings:
    """The settings to begin with: lesson 07's, with smaller batches for the few digits.

    So it is for few pictures of one's own.
    """
    device, known = str(try_gpu()), data_set(dataset)
    if dataset == "digits" or (known.name in OWN and len(known.read().train_labels) < FEW):
        return Settings(dataset, epochs=50, batch_size=32, standardize=True, device=device)
    return Settings(dataset, device=device)


def new_net(settings: Settings) -> nn.Sequential:
    """A network with the weights of this seed, the same as after ``torch.manual_seed(seed)``.

    The random numbers of the notebook are left alone.
    """
    with torch.device("cpu"), seeded(settings.seed):  # on a GPU the same seed gives others
        classes = len(data_set(settings.dataset).classes)
        return lenet(settings.activation, settings.pooling, classes).apply(xavier)


class Training:
    """A run and its network ``net``, which can be trained on and on.

    Five epochs and then five more give the same network as ten.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.net = run, new_net(run.settings)
        self.data: tuple[BatchIterator, BatchIterator] | None = None

    def read_data(self) -> None:
        """Get hold of the data, unless it was done; raises what `load_data` does."""
        if self.data is None:
            self.data = _batches(self.run.settings)

    def go_on(self, should_stop: Callable[[], bool]) -> Iterator[Progress]:
        """Train as the run's newest settings say, note it in the run, and yield what `train` does.

        Raises:
            LessonError: as `load_data` and `train` do.
        """
        self.read_data()
        run, settings = self.run, self.run.settings
        start, seconds = run.last.epoch if run.points else 0.0, run.seconds
        run.ended = "running"
        try:
            for report in train(
                self.net, *self.data, settings.epochs, settings.lr, settings.device,
                init=None, should_stop=should_stop,
            ):  # fmt: skip
                run.seconds = seconds + report.elapsed
                run.add(Point(
                    start + report.epoch, report.loss, report.train_acc,
                    report.recent_loss, report.recent_acc, report.test_acc,
                ))  # fmt: skip
                if report.epoch == settings.epochs and report.test_acc is not None:
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
    dataset = data_set(settings.dataset)
    bring(dataset)
    with _READING[dataset.name]:
        both = loaded(dataset, settings.device)
    train_iter, test_iter = map(copy.copy, both)
    for batches in (train_iter, test_iter):
        batches.batch_size = settings.batch_size
        batches.standardize |= settings.standardize  # the digits always are
    train_iter.reseed(settings.seed)
    return train_iter, test_iter


@lru_cache(maxsize=2)
def loaded(dataset: DataSet, device: str) -> tuple[BatchIterator, BatchIterator]:
    """A data set on a device, read once; whoever uses it makes a copy for its own order."""
    return load_data(dataset.name, device=device)


def threads_reach_widgets() -> bool:
    """Whether a thread can change widgets here. In Google Colab it cannot."""
    return "google.colab" not in sys.modules


class Job:
    """Does ``work(job)`` once and then ``at_end(job)``; what the work raises is in ``error``.

    ``reading`` says whether the work has yet to get hold of its data, for which nobody waits.
    """

    def __init__(self, work: Callable[[Job], None], at_end: Callable[[Job], None]) -> None:
        self._work, self._at_end = work, at_end
        self._stop, self._over = threading.Event(), threading.Event()
        self.stop, self.should_stop, self.wait = self._stop.set, self._stop.is_set, self._over.wait
        self.reading, self.error = True, None

    def start(self, *, blocking: bool) -> None:
        """Begin on a daemon thread; or, ``blocking``, do all of it before this returns."""
        if blocking:
            self._run()
        else:
            release_idle_threads()  # this thread's own, so that the new one has the cores
            threading.Thread(target=self._run, daemon=True, name="lenet-training").start()

    def _run(self) -> None:
        try:
            self._work(self)
        except KeyboardInterrupt:  # blocking, and the kernel was interrupted
            self.stop()
        except Exception as error:
            self.error = error
        try:
            self._at_end(self)
        finally:
            return_freed_memory()
            self._over.set()
