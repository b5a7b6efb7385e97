"""Carry out a training run, stop it, and go on with it."""

from collections.abc import Callable, Iterator

import torch
from torch import nn

from lenet_helpers.checks import DivergedError
from lenet_helpers.data.batches import BatchIterator, load_for_run
from lenet_helpers.data.catalog import OWN, data_set
from lenet_helpers.data.progress import Watch
from lenet_helpers.devices import try_gpu
from lenet_helpers.models import lenet, xavier
from lenet_helpers.runs.records import Point, Run, Settings
from lenet_helpers.seeding import seeded
from lenet_helpers.training import Progress, train

FEW = 10_000  # with fewer pictures than this, lesson 07's recipe does not leave its plateau


def recipe(dataset: str) -> Settings:
    """The settings to begin with: lesson 07's; smaller batches where there are few pictures."""
    device, known = str(try_gpu()), data_set(dataset)
    if dataset == "digits" or (known.name in OWN and len(known.read().train_labels) < FEW):
        return Settings(dataset, epochs=50, batch_size=32, standardize=True, device=device)
    return Settings(dataset, device=device)


def new_net(settings: Settings) -> nn.Sequential:
    """A network as after ``torch.manual_seed(seed)``; the notebook's random numbers stay."""
    with torch.device("cpu"), seeded(settings.seed):  # on a GPU the same seed gives others
        classes = len(data_set(settings.dataset).classes)
        return lenet(settings.activation, settings.pooling, classes).apply(xavier)


class Training:
    """A run and its network ``net``: five epochs and then five more are the same as ten."""

    def __init__(self, run: Run) -> None:
        self.run, self.net = run, new_net(run.settings)
        self.data: tuple[BatchIterator, BatchIterator] | None = None

    def read_data(self, watch: Watch | None = None) -> None:
        """Get hold of the data, unless it was done; raises what `load_data` does.

        ``watch`` can follow and stop a download.
        """
        if self.data is None:
            s = self.run.settings
            self.data = load_for_run(
                s.dataset,
                s.batch_size,
                s.device,
                standardize=s.standardize,
                seed=s.seed,
                watch=watch,
            )

    def go_on(self, should_stop: Callable[[], bool]) -> Iterator[Progress]:
        """Train as the newest settings say, note it, yield what `train` does; errors as there."""
        run, settings = self.run, self.run.settings
        start, seconds = run.last.epoch if run.points else 0.0, run.seconds
        run.ended = "running"
        try:
            for report in train(
                self.net, *self.data, settings.epochs, settings.lr, settings.device,
                init=None, should_stop=should_stop,
            ):  # fmt: skip
                run.seconds = seconds + report.elapsed
                values = [getattr(report, name) for name in Point._fields[1:]]
                run.add(Point(start + report.epoch, *values))
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
