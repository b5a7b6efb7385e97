"""How fast the panels that look inside a network answer, on the kernel's side.

Run ``python benchmarks/inside.py [times]``; it prints the median and the slowest of so many answers
to each thing that one can do. What the browser adds is not in these numbers.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch

from lenet_helpers import lenet, load_data, train
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.network_view import NetworkView


def measure(name: str, act: Callable[[int], object], times: int) -> None:
    """Do it once unmeasured and so many times measured; print milliseconds."""
    act(0)
    spent = []
    for turn in range(1, times + 1):
        start = time.perf_counter()
        act(turn)
        spent.append(1000 * (time.perf_counter() - start))
    print(f"{name:32} median {statistics.median(spent):7.1f} ms  slowest {max(spent):7.1f} ms")


def main(times: int) -> None:
    """Print the table."""
    train_iter, test_iter = load_data("auto", prefer="mnist", standardize=True)
    torch.manual_seed(0)
    net = lenet()
    for _ in train(net, train_iter, test_iter, num_epochs=1, lr=0.9):
        pass
    measure("view: made, the test set read", lambda _: NetworkView(net, test_iter), 3)
    view = NetworkView(net, test_iter)
    measure("view: another picture", lambda n: setattr(view, "image_number", n), times)
    measure("view: another number", lambda n: view.choose("conv2", row=n % 10), times)
    measure("view: its probabilities", lambda _: view.probabilities, times)
    measure("view: its still", lambda _: view.still().small_png(), times)
    measure("mistakes: the whole test set", lambda _: MistakesPanel(net, test_iter), 3)
    panel = MistakesPanel(net, test_iter)
    measure("mistakes: another cell", lambda n: panel.choose(n % 10, n // 10 % 10), times)
    measure("mistakes: its still", lambda _: panel.still().small_png(), times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
