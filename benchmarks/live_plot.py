"""What the live plot costs: the ten-epoch run of lesson 04 with it and without, in turns.

Run ``python benchmarks/live_plot.py [pairs]``; it prints the seconds of each run, the median of
each side, and what drawing took of the run, as measured inside it.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch

from lenet_helpers import LiveAnimator, lenet, load_data, train

NUM_EPOCHS, LR = 10, 0.9


def run(train_iter, test_iter, draw: bool) -> tuple[float, float]:
    """Seconds of one run, and the share of them spent in `LiveAnimator`."""
    torch.manual_seed(0)
    train_iter.reseed(0)
    start, spent = time.perf_counter(), 0.0
    animator = LiveAnimator(
        xlabel="epoch",
        legend=["train loss", "train acc", "test acc"],
        xlim=[0, NUM_EPOCHS],
        show=lambda picture: picture.png(),
    )
    for report in train(lenet(), train_iter, test_iter, NUM_EPOCHS, LR):
        if draw:
            before = time.perf_counter()
            animator.add(report.epoch, (report.loss, report.train_acc, report.test_acc))
            spent += time.perf_counter() - before
    if draw:
        animator.draw()
    seconds = time.perf_counter() - start
    return seconds, spent / seconds


def main(pairs: int) -> None:
    """Print the table."""
    train_iter, test_iter = load_data("fashion_mnist")
    run(train_iter, test_iter, draw=True)  # not counted: fonts, memory, threads
    results = {False: [], True: []}
    for _ in range(pairs):
        for draw in results:
            results[draw].append(run(train_iter, test_iter, draw))
    for draw, runs in results.items():
        times = " ".join(f"{seconds:.1f}" for seconds, _ in runs)
        median = statistics.median(seconds for seconds, _ in runs)
        print(f"{'with' if draw else 'without':8} {times}  median {median:.1f} s")
    share = statistics.median(share for _, share in results[True])
    print(f"drawing took {share:.1%} of a run (median)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
