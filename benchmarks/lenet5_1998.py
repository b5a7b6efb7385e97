"""Run the 1998 paper's comparison again: every method of its lesson on the real MNIST.

``python benchmarks/lenet5_1998.py`` runs what is not yet in ``notebooks/results/12_runs.jsonl`` and
adds one line to it whenever a run has ended: it may be stopped and started at will. Options:

    METHOD ...    only these (``--list`` names them); all by default
    --seeds N     how many runs of each network (5)
    --sizes N ... only these sizes of the training set (60000 15000 30000)
    --again       forget the lines of these methods first
    --file PATH   read and write another file

Settings were chosen on the last 10,000 training images by networks that learned from the other
50,000; each run here learns from the training set and looks at the test set once, at its end.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from methods_1998 import (
    RBFNetwork,
    deslanted,
    fully_connected,
    lenet1,
    linear,
    mean_squared_loss,
    nearest_neighbors,
    pairwise_linear,
    pca_and_quadratic,
    polynomial_svm,
    to_lenet1_input,
)

from lenet_helpers import BatchIterator, load_data
from lenet_helpers.paper1998.distortions import Distortion, affine_matrices, distort
from lenet_helpers.paper1998.lenet5 import PAPER, lenet5_1998, to_lenet5_input
from lenet_helpers.paper1998.mini_batches import predict, train_minibatches
from lenet_helpers.paper1998.per_pattern import train_per_pattern
from lenet_helpers.paper1998.results import FULL_SIZE

RESULTS = Path(__file__).parents[1] / "notebooks" / "results" / "12_runs.jsonl"
SIZES = (FULL_SIZE, 15_000, 30_000)  # as in the paper
SEEDS_OF_SMALLER_SETS = 3
MEAN, STD = 0.1307, 0.3081  # of the training pixels, from 0 to 1


class Run(NamedTuple):
    """One line of the results file before it has been run."""

    method: str
    seed: int
    train_size: int


class Result(NamedTuple):
    """What a trained classifier answers: for the training set it learned from and the test set."""

    train_predicted: torch.Tensor
    test_predicted: torch.Tensor


# Networks


def distorted(X: torch.Tensor, paper: float = PAPER) -> torch.Tensor:
    """Each image in another random distortion."""
    return distort(X, affine_matrices(len(X), X.shape[-1], Distortion()), paper)


def network(build, prepare, train, train_images, labels, test_images) -> Result:
    """Build a network, train it, and let it answer."""
    net = build().to(memory_format=torch.channels_last)
    X, test_X = prepare(train_images), prepare(test_images)
    for report in train(net, X, labels):
        print(f"    pass {report.number}: loss {report.loss:.3f}", flush=True)
    return Result(predict(net, X), predict(net, test_X))


def standardised(images: torch.Tensor) -> torch.Tensor:
    """``float32 (n, 1, 28, 28)`` of mean 0 and deviation 1, for the fully connected networks."""
    return (images[:, None].to(torch.float32) / 255 - MEAN) / STD


def upright(method: Callable[..., Result], train_images, labels, test_images) -> Result:
    """What a method answers when all images are deslanted first."""
    return method(deslanted(train_images), labels, deslanted(test_images))


def classical(build, train_images, labels, test_images) -> Result:
    """Fit one of scikit-learn's classifiers, and let it answer."""

    def flat(images: torch.Tensor) -> np.ndarray:
        return images.flatten(1).numpy().astype(np.float32) / 255

    model = build().fit(flat(train_images), labels.numpy())
    parts = train_images[:10_000], test_images  # the training error of the first 10,000
    return Result(*(torch.from_numpy(model.predict(flat(part))) for part in parts))


def per_pattern(net, X, labels):
    """The paper's 20 passes, in one thread and without oneDNN: so single images go fastest."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings(), torch.backends.mkldnn.flags(enabled=False):
            warnings.simplefilter("ignore")  # of Intel's GPUs
            yield from train_per_pattern(net, X, labels, mu=84 * 0.02)  # with 0.02 it diverges
    finally:
        torch.set_num_threads(threads)


minibatches = partial(train_minibatches, passes=16, max_lr=0.005)
squared = partial(minibatches, loss=mean_squared_loss)
faster = partial(squared, max_lr=0.01)


def layers(*hidden: int, train: Callable = faster) -> Callable[..., Result]:
    """A fully connected network, with hidden layers of these sizes."""
    return partial(network, partial(fully_connected, *hidden), standardised, train)


METHODS: dict[str, Callable[..., Result]] = {
    "linear": partial(classical, linear),
    "pairwise": partial(classical, pairwise_linear),
    "knn": partial(classical, nearest_neighbors),
    "pca_quadratic": partial(classical, pca_and_quadratic),
    "rbf": partial(classical, RBFNetwork),
    "svm": partial(classical, polynomial_svm),
    "linear_deslanted": partial(upright, partial(classical, linear)),
    "knn_deslanted": partial(upright, partial(classical, nearest_neighbors)),
    "two_layer_300": layers(300),
    "two_layer_300_deslanted": partial(upright, layers(300)),
    "two_layer_300_distorted": layers(
        300, train=partial(faster, passes=30, augment=partial(distorted, paper=-MEAN / STD))
    ),
    "two_layer_1000": layers(1000),
    "three_layer_300": layers(300, 100),
    "three_layer_500": layers(500, 150),
    "lenet1": partial(network, lenet1, to_lenet1_input, partial(squared, max_lr=0.015)),
    "lenet5": partial(network, lenet5_1998, to_lenet5_input, minibatches),
    "lenet5_distorted": partial(
        network, lenet5_1998, to_lenet5_input, partial(minibatches, passes=30, augment=distorted)
    ),
    "lenet5_per_pattern": partial(network, lenet5_1998, to_lenet5_input, per_pattern),
}
ONCE = {
    "linear", "linear_deslanted", "pairwise", "knn", "knn_deslanted", "pca_quadratic", "rbf", "svm",
    "lenet5_per_pattern",
}  # fmt: skip
SMALLER_SETS = {"lenet5", "lenet5_distorted"}


def wanted_runs(methods: list[str], seeds: int, sizes: list[int]) -> Iterator[Run]:
    """All runs of these methods on training sets of these sizes, seed by seed."""
    for seed in range(seeds):
        for size in sizes:
            for method in methods:
                smaller = method in SMALLER_SETS and seed < SEEDS_OF_SMALLER_SETS
                if (size == FULL_SIZE or smaller) and (seed == 0 or method not in ONCE):
                    yield Run(method, seed, size)


def finish(run: Run, train_iter: BatchIterator, test_iter: BatchIterator) -> dict:
    """Run it, and return its line: errors in percent, and which test images it gets wrong."""
    torch.manual_seed(run.seed)
    chosen = torch.arange(FULL_SIZE)
    if run.train_size < FULL_SIZE:
        chosen = torch.randperm(FULL_SIZE)[: run.train_size]
    start, labels = time.perf_counter(), train_iter.labels[chosen]
    result = METHODS[run.method](train_iter.images[chosen], labels, test_iter.images)
    train_right = result.train_predicted == labels[: len(result.train_predicted)]
    wrong = (result.test_predicted != test_iter.labels).nonzero().flatten()
    return run._asdict() | {
        "test_error": 100 * len(wrong) / len(test_iter.labels),
        "train_error": round(100 - 100 * train_right.double().mean().item(), 3),
        "seconds": round(time.perf_counter() - start),
        "mistakes": [[i, int(result.test_predicted[i])] for i in wrong.tolist()]
        if run.method.startswith("lenet5") and run.train_size == FULL_SIZE
        else [],
    }


def read(path: Path) -> list[dict]:
    """The lines of the results file; none if there is no such file yet."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main() -> None:
    """Run what is wanted and not yet there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", metavar="METHOD")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--file", type=Path, default=RESULTS)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print(*METHODS, sep="\n")
        return
    methods = options.methods or list(METHODS)
    if unknown := set(methods) - METHODS.keys():
        parser.error(f"no such method: {', '.join(sorted(unknown))}; see --list")
    lines = read(options.file)
    if options.again:
        lines = [line for line in lines if line["method"] not in methods]
        options.file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = {Run(line["method"], line["seed"], line["train_size"]) for line in lines}
    torch.set_flush_denormal(True)  # numbers next to zero are slow
    train_iter, test_iter = load_data("mnist", device="cpu")
    for run in wanted_runs(methods, options.seeds, options.sizes):
        if run in done:
            continue
        print(*run, flush=True)
        line = finish(run, train_iter, test_iter)
        print(f"  test error {line['test_error']:.2f} %, {line['seconds']} s", flush=True)
        with options.file.open("a") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
