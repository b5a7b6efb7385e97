"""Training runs as they are kept: what was set and how it went, as plain data."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import NamedTuple

from lenet_helpers.words import Words

ENDINGS = {
    "running": Words("训练中", "running"),
    "finished": Words("完成", "finished"),
    "stopped": Words("已停止", "stopped"),
    "diverged": Words("发散", "diverged"),
    "failed": Words("出错", "failed"),
}


@dataclass(frozen=True)
class Settings:
    """What one can choose before training; ``epochs`` counts those of one press of the button."""

    dataset: str
    lr: float = 0.9
    epochs: int = 10
    batch_size: int = 256
    activation: str = "sigmoid"
    pooling: str = "average"
    standardize: bool = False
    seed: int = 0
    device: str = "cpu"


OTHERS = [f.name for f in fields(Settings) if f.name not in ("lr", "epochs")]


class Point(NamedTuple):
    """Where a run stood: epochs finished (as a fraction), mean loss of the epoch so far (nats),
    accuracies from 0 to 1; ``test_acc`` is there only at the end of an epoch."""

    epoch: float
    loss: float
    train_acc: float
    test_acc: float | None


@dataclass
class Run:
    """One run: its settings and its curves.

    ``lrs`` has the learning rates in the order of their use: more than one if the run was
    continued with another. ``ended`` is one of `ENDINGS`; ``seconds`` are those of training,
    evaluation included.
    """

    number: int
    settings: Settings
    lrs: list[float] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    seconds: float = 0.0
    ended: str = "running"

    def add(self, point: Point) -> None:
        """Add a point; at an epoch's end the one with the test accuracy replaces the one before.

        Either is one step for a thread that reads ``points`` meanwhile.
        """
        if self.points and self.points[-1].epoch == point.epoch:
            self.points[-1] = point
        else:
            self.points.append(point)

    @property
    def last(self) -> Point:
        """The newest point."""
        return self.points[-1]

    @property
    def tests(self) -> list[tuple[float, float]]:
        """Epoch and test accuracy, where it was measured."""
        return [(p.epoch, p.test_acc) for p in list(self.points) if p.test_acc is not None]

    @property
    def test_acc(self) -> float | None:
        """The newest test accuracy, or ``None`` before the first epoch has ended."""
        return self.tests[-1][1] if self.tests else None

    @property
    def rates(self) -> str:
        """The learning rate, or all of them in order if it was changed on the way."""
        return " → ".join(f"{lr:.3g}" for lr in self.lrs)


def to_csv(runs: Sequence[Run]) -> str:
    """One line for each run, with a heading, as a spreadsheet reads it."""
    results = ["loss", "train_acc", "test_acc", "seconds", "ended"]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["run", "lr", "epochs", *OTHERS, *results])
    for run in runs:
        settings = asdict(run.settings)
        numbers = (run.last.loss, run.last.train_acc, run.test_acc)
        table.writerow(
            [run.number, run.rates, f"{run.last.epoch:.3g}", *(settings[name] for name in OTHERS)]
            + ["" if number is None else f"{number:.4f}" for number in numbers]
            + [f"{run.seconds:.1f}", run.ended]
        )
    return text.getvalue()


def labels(runs: Sequence[Run]) -> list[str]:
    """A short name for each run: its number, its learning rate, and what else tells them apart."""
    differ = [n for n in OTHERS if len({getattr(run.settings, n) for run in runs}) > 1]
    return [_label(run, differ) for run in runs]


def full_label(run: Run) -> str:
    """A run's number and all its settings."""
    return _label(run, OTHERS)


def _label(run: Run, names: Sequence[str]) -> str:
    return ", ".join([f"{run.number}: lr {run.rates}", *(_setting(run, name) for name in names)])


def _setting(run: Run, name: str) -> str:
    value = getattr(run.settings, name)
    if name == "standardize":
        return "standardised" if value else "raw pixels"
    return value if isinstance(value, str) else f"{name.removesuffix('_size')} {value}"
