"""``python -m web.train_lesson_07 [DATA SET …]`` writes the networks that lesson 09 looks into.

They are what lesson 07 trains and saves, by the same statements from the same seeds, for readers
who come to lesson 09 without a network of their own. Rounded to 16 bits, each takes 130 kB.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from lenet_helpers import lenet, load_data, save_net, train

RESULTS = Path(__file__).parents[1] / "notebooks/results"
RECIPES = {  # batch size, epochs
    "fashion_mnist": (256, 10),
    "digits": (32, 50),
}


def main(name: str) -> None:
    """Train, measure, write."""
    batch_size, num_epochs = RECIPES[name]
    train_iter, test_iter = load_data(name, batch_size, "cpu")
    next(iter(train_iter))  # lesson 07 looks at a batch before it trains
    torch.manual_seed(0)
    net = lenet()
    torch.manual_seed(0)
    *_, last = train(net, train_iter, test_iter, num_epochs, 0.9, "cpu")
    path = RESULTS / f"lenet_{name}.pt"
    save_net(net.half(), path, train_iter, 0.9, num_epochs)
    print(f"{path}: test accuracy {last.test_acc:.4f}")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or RECIPES:
        main(chosen)
