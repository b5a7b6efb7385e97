"""Training runs as they are kept: what was set and how it went, as plain data."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import groupby
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
    accuracies from 0 to 1; the recent ones are means since the point before; ``test_acc`` is there
    only at the end of an epoch."""

    epoch: float
    loss: float
    train_acc: float
    recent_loss: float
    recent_acc: float
    test_acc: float | None


@dataclass(eq=False)
class Run:
    """One run: its settings and its curves.

    ``stretches`` has the settings of each press of Train or Continue, which differ in learning rate
    and epochs alone; ``ended`` is one of `ENDINGS`; ``seconds`` include evaluation.
    """

    number: int
    stretches: list[Settings]
    points: list[Point] = field(default_factory=list)
    seconds: float = 0.0
    ended: str = "running"

    def add(self, point: Point) -> None:
        """Add a point, or put the one with an epoch's test accuracy in place of the one before."""
        if self.points and self.points[-1].epoch == point.epoch:
            self.points[-1] = point  # one step, for a thread that reads them meanwhile
        else:
            self.points.append(point)

    def go_on(self, settings: Settings) -> None:
        """Begin another stretch, with the learning rate and the epochs of these settings."""
        newest = replace(self.settings, lr=settings.lr, epochs=settings.epochs)
        self.stretches.append(newest)

    @property
    def settings(self) -> Settings:
        """The settings of the newest stretch."""
        return self.stretches[-1]

    @property
    def last(self) -> Point:
        """The newest point."""
        return self.points[-1]

    def curve(self, name: str) -> tuple[list[float], list[float]]:
        """Epochs, and this field of the points there, where it was measured."""
        found = [(p.epoch, y) for p in list(self.points) if (y := getattr(p, name)) is not None]
        return [x for x, _ in found], [y for _, y in found]

    @property
    def test_acc(self) -> float | None:
        """The newest test accuracy, or ``None`` before the first epoch has ended."""
        _, values = self.curve("test_acc")
        return values[-1] if values else None

    @property
    def rates(self) -> str:
        """The learning rate, or all of them in order if it was changed on the way."""
        return " → ".join(f"{lr:.3g}" for lr, _ in groupby(s.lr for s in self.stretches))

    def row(self) -> dict[str, object]:
        """What a table says of it: settings and results by their names."""
        how_far = {"lr": self.rates, "epochs": f"{self.last.epoch:.3g}"}
        return {
            "run": self.number, **asdict(self.settings), **how_far, "loss": self.last.loss,
            "train_acc": self.last.train_acc, "test_acc": self.test_acc,
            "seconds": f"{self.seconds:.1f}", "ended": self.ended,
        }  # fmt: skip


def number(value: float | None) -> str:
    """A loss or an accuracy as text; a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def results(run: Run) -> Words:
    """Where a run stands, in a few words."""
    loss, test_acc = number(run.last.loss), number(run.test_acc)
    return Words(f"损失 {loss}，测试精度 {test_acc}", f"loss {loss}, test accuracy {test_acc}")


def labels(runs: Sequence[Run], names: Sequence[str] | None = None) -> list[str]:
    """A short name for each run: its number, its learning rate, and these other settings.

    By default those that tell the runs apart.
    """
    if names is None:
        names = [n for n in OTHERS if len({getattr(run.settings, n) for run in runs}) > 1]
    return [
        ", ".join([f"{run.number}: lr {run.rates}", *(_setting(run, name) for name in names)])
        for run in runs
    ]


def _setting(run: Run, name: str) -> str:
    value = getattr(run.settings, name)
    if name == "standardize":
        return "standardised" if value else "raw pixels"
    return value if isinstance(value, str) else f"{name.removesuffix('_size')} {value}"
