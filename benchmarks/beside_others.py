"""Training beside other kernels: *k* processes that train at the same time, and a CPU quota.

Run ``python benchmarks/beside_others.py [--repeats 3]`` on a machine that does nothing else. It
writes ``beside_others.md``, ``.csv`` (every run) and ``.png`` beside itself. What is compared:

- ``train``: `lenet_helpers.train` as everybody calls it;
- ``lesson``: the loop that stands in lesson 04;
- ``one``: `train` in processes fixed at one thread each, which is the best that sharing can do;
- ``all``: `train` with as many threads as cores, whatever happens: PyTorch's way;
- ``d2l``: the book's loop with a `DataLoader`, which does the same.

Each kernel is a process of its own; all have loaded their data and trained once before the clock
starts. The sides take turns. A side that needs longer than ``--limit`` seconds is stopped there.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime
import io
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIDES = ("train", "lesson", "one", "all", "d2l")
SHARING, COLLAPSING = ("train", "one"), ("all", "d2l")
ONE_CORE = ("taskset", "-c", "0")
WORK = {"digits": (32, 10), "fashion_mnist": (256, 1)}  # batch size, epochs
KERNELS = {"digits": (1, 2, 4, 8), "fashion_mnist": (1, 2, 4)}
FIELDS = ("what", "dataset", "side", "kernels", "repeat", "seconds")
PERIOD = 100_000  # of a quota, in microseconds


def child(side: str, dataset: str, epochs: int) -> None:
    """One kernel: get ready, wait for a line, train, print the seconds."""
    train = trainer(side, dataset)
    train(1)
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    stamps = train(epochs)
    print(json.dumps({"seconds": time.perf_counter() - start, "stamps": stamps}), flush=True)


def trainer(side: str, dataset: str):
    """A function of a number of epochs that trains a new network and returns times of reports."""
    import torch
    from one_run import Lesson, Points, Train, book_net

    from lenet_helpers import load_data, thread_count

    if side == "one":
        torch.set_num_threads(1)
    if side == "all":
        thread_count.ThreadCount.ask = lambda self, most, others=0: most
    batch_size = WORK[dataset][0]
    batches = load_data(dataset, batch_size, "cpu")
    if side == "d2l":
        from d2l import torch as d2l
        from torch.utils.data import DataLoader, TensorDataset

        d2l.Animator = Points
        loaders = [
            DataLoader(TensorDataset(data.prepare(data.images).contiguous(), data.labels),
                       batch_size, shuffle=data.shuffle)
            for data in batches
        ]  # fmt: skip

        def train(epochs: int) -> list[float]:
            with contextlib.redirect_stdout(io.StringIO()):
                d2l.train_ch6(book_net(), *loaders, epochs, 0.9, torch.device("cpu"))
            return []
    elif side == "lesson":
        lesson = Lesson()

        def train(epochs: int) -> list[float]:
            with contextlib.redirect_stdout(io.StringIO()):
                lesson.train(*batches, epochs)
            return []
    else:
        package = Train().package

        def train(epochs: int) -> list[float]:
            reports = package.train(package.lenet(), *batches, epochs, 0.9, "cpu")
            return [time.time() for _ in reports]

    return train


class Kernel:
    """A process that is ready to train and waits for the word."""

    def __init__(self, side: str, dataset: str, epochs: int, prefix: tuple[str, ...] = ()) -> None:
        command = [*prefix, sys.executable, "-W", "ignore", __file__]
        command += ["--child", side, dataset, str(epochs)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def wait_until_ready(self) -> None:
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"{self.process.args} did not get ready")

    def start(self) -> None:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def result(self, deadline: float) -> dict | None:
        """What it printed; ``None`` if it had to be stopped."""
        try:
            output, _ = self.process.communicate(timeout=max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return None
        return json.loads(output)


def side_by_side(side, dataset, kernels, *, apart=0.0, prefix=(), limit=120.0) -> float:
    """Seconds that the kernels needed, the mean over them; ``limit`` if one was stopped."""
    epochs = WORK[dataset][1]
    everybody = [Kernel(side, dataset, epochs, prefix) for _ in range(kernels)]
    for kernel in everybody:
        kernel.wait_until_ready()
    deadline = time.monotonic() + limit
    for kernel in everybody:
        kernel.start()
        time.sleep(apart)
    results = [kernel.result(deadline) for kernel in everybody]
    return statistics.mean(r["seconds"] for r in results) if all(results) else limit


def recovery(limit: float = 120.0) -> tuple[float, float]:
    """Seconds from the end of another kernel until the speed of being alone is back (0.9 of it).

    Also the share of that speed while there were two.
    """
    long, short = Kernel("train", "digits", 250), Kernel("train", "digits", 20)
    long.wait_until_ready(), short.wait_until_ready()
    long.start()
    time.sleep(3)
    begin = time.time()
    short.start()
    short.result(time.monotonic() + limit)
    end = time.time()
    stamps = long.result(time.monotonic() + limit)["stamps"]

    def speed(start: float, stop: float) -> float:
        return sum(start <= stamp < stop for stamp in stamps) / (stop - start)

    alone = speed(begin - 2, begin)
    later = [s / 20 for s in range(100)]
    fast = (s for s in later if speed(end + s, end + s + 0.3) >= 0.9 * alone)
    return next(fast, math.inf), speed(begin + 0.3, end) / alone


def quota(cores: float):
    """A command's prefix that runs it with so much processor time, or ``None`` (cgroup, root)."""
    for root, name, value in (
        ("/sys/fs/cgroup", "cpu.max", f"{int(cores * PERIOD)} {PERIOD}"),
        ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", str(int(cores * PERIOD))),
    ):
        group = Path(root, "lenet-benchmark")
        try:
            group.mkdir(exist_ok=True)
            with open(group / name, "r+", encoding="ascii") as file:  # made by the kernel, not here
                file.write(value)
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        return ("sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$0" "$@"')
    return None


def measure(repeats: int, limit: float) -> list[dict]:
    """All runs; within each situation the sides take turns.

    Those that collapse run once where there are several kernels: they are many times slower.
    """
    situations = [("at once", dataset, kernels, SIDES, {})
                  for dataset in WORK for kernels in KERNELS[dataset]]  # fmt: skip
    situations += [("one after another", "digits", kernels, SHARING, {"apart": 0.4})
                   for kernels in KERNELS["digits"][1:]]  # fmt: skip
    if (prefix := quota(1.0)) is not None:
        for dataset, kernels in (("digits", 1), ("digits", 2), ("fashion_mnist", 1)):
            situations.append(("quota of one core", dataset, kernels, SHARING, {"prefix": prefix}))
    if hasattr(os, "sched_setaffinity"):
        situations += [("taskset, one core", dataset, 1, SHARING, {"prefix": ONE_CORE})
                       for dataset in WORK]  # fmt: skip
    rows = []
    for what, dataset, kernels, sides, options in situations:
        for repeat in range(repeats):
            for side in sides:
                if repeat and kernels > 1 and side in COLLAPSING:
                    continue
                seconds = side_by_side(side, dataset, kernels, limit=limit, **options)
                rows.append({"what": what, "dataset": dataset, "side": side, "kernels": kernels,
                             "repeat": repeat, "seconds": round(seconds, 3)})  # fmt: skip
                print(*rows[-1].values(), flush=True)
    return rows


def median(rows: list[dict], **wanted) -> float | None:
    found = [row["seconds"] for row in rows if wanted.items() <= row.items()]
    return statistics.median(found) if found else None


def number(value: float | None, limit: float) -> str:
    """A cell of the table; empty where nothing was measured."""
    if value is None:
        return ""
    return f"> {limit:g}" if value == limit else f"{value:.2f}"


def table(
    rows: list[dict], recoveries: list[tuple[float, float]], repeats: int, limit: float
) -> str:
    """The results in Markdown."""
    from against_d2l import machine

    lines = [
        "# Training beside other kernels",
        "",
        f"{datetime.date.today()}; {machine()}. Seconds, medians of {repeats} (`all` and `d2l` "
        "beside others: one run), the sides taking turns: ten epochs of scikit-learn's digits in "
        "batches of 32, one epoch of Fashion-MNIST in batches of 256, the last evaluation "
        "included, the mean over the kernels. "
        f"A side that needs more than {limit:g} s is stopped.",
        "",
        "| | data set | kernels | " + " | ".join(f"`{side}`" for side in SIDES)
        + " | `train` / `one` | `train` / better of `one` and `all` |",
        "|---|---|---|" + "---|" * (len(SIDES) + 2),
    ]  # fmt: skip
    for what, dataset, kernels in dict.fromkeys(
        (row["what"], row["dataset"], row["kernels"]) for row in rows
    ):
        values = {side: median(rows, what=what, dataset=dataset, kernels=kernels, side=side)
                  for side in SIDES}  # fmt: skip
        shown = [number(value, limit) for value in values.values()]
        best = min(values[side] for side in ("one", "all") if values[side])
        ratios = [f"{values['train'] / other:.2f}" for other in (values["one"], best)]
        lines.append(f"| {what} | {dataset} | {kernels} | " + " | ".join([*shown, *ratios]) + " |")
    seconds, shares = zip(*recoveries, strict=True)
    lines += [
        "",
        "The other kernel ends: the speed of being alone (nine tenths of it, over 0.3 s) is back "
        f"after {', '.join(f'{s:.2f}' for s in seconds)} s; while there were two, the first one "
        f"had {', '.join(f'{s:.2f}' for s in shares)} of it.",
        "",
        "![Seconds against the number of kernels](beside_others.png)",
        "",
        "Repeat it: `python benchmarks/beside_others.py`. Every run stands in `beside_others.csv`.",
    ]
    return "\n".join(lines) + "\n"


def plot(rows: list[dict], limit: float):
    """Seconds against the number of kernels, a line for each side."""
    from lenet_helpers.figures import Picture, new_figure, style
    from lenet_helpers.palette import COLORS, LINES
    from lenet_helpers.words import Words

    titles = {
        "digits": "Digits, 10 epochs, batch 32",
        "fashion_mnist": "Fashion-MNIST, 1 epoch, batch 256",
    }
    figure, axes = new_figure(10.0, 3.6, 1, 2)
    with style():
        for axis, (dataset, kernels) in zip(axes, KERNELS.items(), strict=True):
            for number, side in enumerate(SIDES):
                y = [
                    median(rows, what="at once", dataset=dataset, kernels=k, side=side)
                    for k in kernels
                ]
                axis.plot(kernels, y, LINES[number % len(LINES)], marker="o", ms=4,
                          color=COLORS[number % len(COLORS)], label=side)  # fmt: skip
            axis.axhline(limit, color="gray", lw=0.8, ls=":")
            axis.set_xscale("log", base=2)
            axis.set_yscale("log")
            axis.set_xticks(kernels, [str(k) for k in kernels])
            axis.set(
                title=titles[dataset], xlabel="kernels at the same time", ylabel="seconds (log)"
            )
            axis.grid(alpha=0.4)
            axis.legend()
    return Picture(figure, Words("", ""))


def main() -> None:
    """Measure everything and write the three files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the results")
    parser.add_argument("--child", nargs=3, metavar=("SIDE", "DATASET", "EPOCHS"), help="a kernel")
    options = parser.parse_args()
    if options.child:
        side, dataset, epochs = options.child
        child(side, dataset, int(epochs))
        return
    recoveries = [recovery() for _ in range(options.repeats)]
    print("recovery", recoveries, flush=True)
    rows = measure(options.repeats, options.limit)
    with open(options.out / "beside_others.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    text = table(rows, recoveries, options.repeats, options.limit)
    (options.out / "beside_others.md").write_text(text, encoding="utf-8")
    (options.out / "beside_others.png").write_bytes(plot(rows, options.limit).small_png())
    print(text)


if __name__ == "__main__":
    main()
