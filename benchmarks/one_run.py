"""One training run in a process of its own; ``against_d2l.py`` starts it and reads what it prints.

Run ``python benchmarks/one_run.py SIDE TASK``; the working folder has the data set in ``../data``,
where the book's functions look for it. A side is ``d2l`` (the book's functions as they are),
``lesson`` (the loop that stands in lesson 04) or ``train`` (the function of `lenet_helpers`).
"""

from __future__ import annotations

import argparse
import io
import json
import time
from contextlib import redirect_stdout
from pathlib import Path

LR = 0.9
LESSON = Path(__file__).resolve().parents[1] / "notebooks" / "07_training.ipynb"


class Points:
    """In the place of ``d2l.Animator`` and `LiveAnimator`: keeps the points and draws nothing.

    No side is charged with drawing: only a notebook draws, and there the book's animator costs
    more than ours, so that this comparison is to the advantage of the book.
    """

    last: dict[int, float]

    def __init__(self, *_, **__) -> None:
        Points.last = {}

    def add(self, x: float, y: tuple) -> None:
        Points.last |= {line: value for line, value in enumerate(y) if value is not None}


def book_net():
    """The network as the book writes it out."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), nn.Sigmoid(),
        nn.Linear(120, 84), nn.Sigmoid(),
        nn.Linear(84, 10),
    )  # fmt: skip


class D2l:
    """The book: torchvision's data set, a `DataLoader` with four workers, ``d2l.train_ch6``."""

    def __init__(self) -> None:
        from d2l import torch as d2l

        d2l.Animator = Points
        self.d2l = d2l

    def load(self, batch_size: int, part: float):
        from torch.utils.data import DataLoader, Subset

        train_iter, test_iter = self.d2l.load_data_fashion_mnist(batch_size)
        if part < 1:
            some = Subset(train_iter.dataset, range(int(part * len(train_iter.dataset))))
            workers = self.d2l.get_dataloader_workers()
            train_iter = DataLoader(some, batch_size, shuffle=True, num_workers=workers)
        return train_iter, test_iter

    def train(self, train_iter, test_iter, num_epochs: int) -> None:
        self.d2l.train_ch6(book_net(), train_iter, test_iter, num_epochs, LR, self.d2l.try_gpu())


class Ours:
    """What both of our sides share: `load_data`."""

    def load(self, batch_size: int, part: float):
        from lenet_helpers import load_data

        train_iter, test_iter = load_data("fashion_mnist", batch_size)
        count = int(part * len(train_iter.labels))
        train_iter.images = train_iter.images[:count]
        train_iter.labels = train_iter.labels[:count]
        return train_iter, test_iter


class Lesson(Ours):
    """The loop that the reader of lesson 04 sees, taken from the notebook's own cells."""

    def __init__(self) -> None:
        import torch
        from torch import nn

        self.names = {"torch": torch, "nn": nn, "net": nn.Sequential()}
        cells = {cell["id"]: cell for cell in json.loads(LESSON.read_text("utf-8"))["cells"]}
        for cell in ("xavier", "evaluate-accuracy", "train-loop"):
            exec("".join(cells[cell]["source"]), self.names)
        self.names["LiveAnimator"] = Points

    def train(self, train_iter, test_iter, num_epochs: int) -> None:
        device = train_iter.device
        self.names["train_ch6"](book_net(), train_iter, test_iter, num_epochs, LR, device)


class Train(Ours):
    """`lenet_helpers.train`."""

    def __init__(self) -> None:
        import lenet_helpers

        self.package = lenet_helpers

    def train(self, train_iter, test_iter, num_epochs: int) -> None:
        net, points = self.package.lenet(), Points()
        for report in self.package.train(net, train_iter, test_iter, num_epochs, LR):
            points.add(report.epoch, (report.loss, report.train_acc, report.test_acc))


SIDES = {"d2l": D2l, "lesson": Lesson, "train": Train}


def main() -> None:
    """Print the seconds from the call to the final accuracy, and the last point of each line.

    Importing is not counted; `load_seconds` is what of the seconds went into loading.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--part", type=float, default=1.0, help="of the training set")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    side = SIDES[options.side]()

    import torch

    with redirect_stdout(io.StringIO()):  # train_ch6 prints too
        torch.manual_seed(options.seed)
        start = time.perf_counter()
        batches = side.load(options.batch_size, options.part)
        load_seconds = time.perf_counter() - start
        side.train(*batches, options.epochs)
        seconds = time.perf_counter() - start
    loss, train_acc, test_acc = (Points.last[line] for line in range(3))
    result = {
        "seconds": seconds,
        "load_seconds": load_seconds,
        "loss": loss,
        "train_acc": train_acc,
        "test_acc": test_acc,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
