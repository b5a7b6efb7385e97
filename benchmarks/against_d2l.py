"""The lesson's training beside the book's, in one go: time, accuracy, memory, and how they grow.

Run ``python benchmarks/against_d2l.py [--epochs 10] [--repeats 3]`` on a machine that does nothing
else. It writes ``against_d2l.md``, ``.csv`` (every run) and ``.png`` beside itself.

Each run is a process of its own (``one_run.py``); the sides take turns. All have the same network,
seeds, batch size, learning rate, device and files: the book reads them through torchvision and a
`DataLoader` with four workers, as it does everywhere. The time is from the call that loads the
data to the final accuracy. No side draws: that is left out in favour of the book, whose animator
costs more than ours.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from lenet_helpers.data.catalog import FILES, data_set
from lenet_helpers.data.places import find
from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.palette import COLORS
from lenet_helpers.words import Words

HERE = Path(__file__).resolve().parent
SIDES = {"d2l": "d2l.train_ch6", "lesson": "lesson 04's loop", "train": "lenet_helpers.train"}
BATCH_SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
PARTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
FIELDS = ("what", "side", "batch_size", "part", "epochs", "seed", "seconds", "load_seconds",
          "loss", "train_acc", "test_acc", "peak_mb", "elsewhere")  # fmt: skip


def prepare(root: Path) -> None:
    """Fashion-MNIST where the book looks for it: ``../data`` from the folder ``root/run``."""
    found = find(data_set("fashion_mnist"))
    if found is None:
        sys.exit("Fashion-MNIST is not at hand: lenet_helpers.load_data('fashion_mnist') gets it.")
    raw = root / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    (root / "run").mkdir()
    for stem in FILES:
        plain, packed = found.folder / stem, found.folder / f"{stem}.gz"
        content = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
        (raw / stem).write_bytes(content)


def run(root: Path, what: str, side: str, *, memory: bool = False, **options) -> dict:
    """One run; returns a row for the table."""
    options = {"batch_size": 256, "part": 1.0, "epochs": 1, "seed": 0} | options
    command = [sys.executable, "-W", "ignore", str(HERE / "one_run.py"), side]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    environment = os.environ | {"LENET_DATA": str(root / "data")}
    before, start = busy_seconds(), time.perf_counter()
    process = subprocess.Popen(
        command, cwd=root / "run", env=environment, stdout=subprocess.PIPE, text=True
    )
    peak = peak_mb(process) if memory else ""
    output, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    wall, after = time.perf_counter() - start, busy_seconds()
    elsewhere = (after - before) / (wall * os.cpu_count()) if before else ""
    row = {"what": what, "side": side, "peak_mb": peak, "elsewhere": elsewhere}
    row |= options | json.loads(output)
    print(what, side, options, f"{row['seconds']:.2f} s", f"test acc {row['test_acc']:.3f}")
    return row


def busy_seconds() -> float:
    """Seconds of work that processors did for other programs so far; 0 where nobody counts."""
    try:
        user, nice, system, _, _, irq, soft, steal = map(
            int, Path("/proc/stat").read_text().split()[1:9]
        )
    except OSError:
        return 0.0
    mine = sum(os.times()[:4])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK") - mine


def peak_mb(process: subprocess.Popen) -> float | str:
    """Most memory that a process and its workers held together; shared pages count once."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(held, [process.pid, *children(process.pid)])))
        time.sleep(0.05)
    return peak / 1e3 or ""


def children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found]


def held(pid: int) -> int:
    """A process's share of memory in kB, by Linux's count."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def measure(root: Path, epochs: int, repeats: int) -> list[dict]:
    """All runs, the sides taking turns."""
    rows = []
    for seed in range(repeats):
        rows += [run(root, "run", side, epochs=epochs, seed=seed) for side in SIDES]
    rows += [run(root, "memory", side, memory=True) for side in SIDES]
    for size in BATCH_SIZES:
        rows += [run(root, "batch", side, batch_size=size) for side in ("d2l", "train")]
    for part in PARTS:
        rows += [run(root, "part", side, part=part) for side in ("d2l", "train")]
    return rows


def values(rows: list[dict], what: str, side: str, field: str) -> list[float]:
    return [row[field] for row in rows if (row["what"], row["side"]) == (what, side)]


def machine() -> str:
    """Processor, number of cores and threads, and versions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return (
        f"{name}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, {device}; "
        f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"
    )


def table(rows: list[dict], epochs: int, repeats: int) -> str:
    """The results in Markdown."""
    book = statistics.median(values(rows, "run", "d2l", "seconds"))
    lines = [
        f"# {epochs} epochs of Fashion-MNIST, beside the book's own code",
        "",
        f"{datetime.date.today()}; {machine()}. Medians over {repeats} runs, taken in turns; "
        f"batch size 256, learning rate 0.9, seeds 0 to {repeats - 1}. Time is from the call that "
        "loads the data to the final accuracy; nobody draws. Memory is that of the process and its "
        "workers at the peak of one epoch, `import torch` included.",
        "",
        "| | seconds | times as fast as d2l | train loss | test accuracy | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    for side, name in SIDES.items():
        seconds = statistics.median(values(rows, "run", side, "seconds"))
        losses = values(rows, "run", side, "loss")
        accuracies = values(rows, "run", side, "test_acc")
        (peak,) = values(rows, "memory", side, "peak_mb")
        lines.append(
            f"| `{name}` | {seconds:.1f} | {book / seconds:.2f} | "
            f"{min(losses):.3f}–{max(losses):.3f} | {min(accuracies):.3f}–{max(accuracies):.3f} | "
            + (f"{peak:.0f} MB |" if peak else "not measured |")
        )
    elsewhere = [row["elsewhere"] for row in rows if row["what"] == "run"]
    if all(elsewhere):
        lines += ["", f"Other programs took {statistics.median(elsewhere):.0%} of the processors "
                  f"meanwhile (median; at most {max(elsewhere):.0%})."]  # fmt: skip
    lines += ["", "![Seconds of each side, and of one epoch against batch size and training-set "
              "size](against_d2l.png)", "",
              "Repeat it: `python benchmarks/against_d2l.py`. Every run stands in "
              "`against_d2l.csv`."]  # fmt: skip
    return "\n".join(lines) + "\n"


def plot(rows: list[dict], epochs: int) -> Picture:
    """Three plots side by side: the runs, an epoch by batch size, an epoch by training-set size."""
    figure, axes = new_figure(11.0, 3.4, 1, 3)
    with style():
        for color, (side, name) in zip(COLORS, SIDES.items(), strict=False):
            seconds = values(rows, "run", side, "seconds")
            axes[0].barh(name, statistics.median(seconds), color=color)
            axes[0].plot(seconds, [name] * len(seconds), "k|", ms=12)
            text = f"  {statistics.median(seconds):.1f} s"
            axes[0].annotate(text, (max(seconds), name), va="center")
        axes[0].invert_yaxis()
        axes[0].set(title=f"Whole run, epochs: {epochs}", xlabel="seconds")
        axes[0].margins(x=0.25)
        scales = (
            ("batch", "batch_size", "batch size", [str(size) for size in BATCH_SIZES]),
            ("part", "part", "part of the training set", ["1/16", "1/8", "1/4", "1/2", "1"]),
        )
        for axis, (what, field, xlabel, names) in zip(axes[1:], scales, strict=True):
            for side, color, line in (("d2l", COLORS[0], "o--"), ("train", COLORS[2], "s-")):
                load = values(rows, what, side, "load_seconds")
                seconds = values(rows, what, side, "seconds")
                y = [total - loading for total, loading in zip(seconds, load, strict=True)]
                x = values(rows, what, side, field)
                axis.plot(x, y, line, color=color, label=SIDES[side])
            axis.set_xscale("log", base=2)
            axis.set_xticks(x, names, fontsize=8)
            axis.set(title="One epoch and its evaluation", xlabel=xlabel, ylabel="seconds")
            axis.set_ylim(bottom=0, top=1.3 * axis.get_ylim()[1])
            axis.grid(alpha=0.4)
            axis.legend()
    return Picture(figure, Words("", ""))


def main() -> None:
    """Measure everything and write the three files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        rows = measure(Path(folder), options.epochs, options.repeats)
    with open(options.out / "against_d2l.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
                         for row in rows)  # fmt: skip
    text = table(rows, options.epochs, options.repeats)
    (options.out / "against_d2l.md").write_text(text, encoding="utf-8")
    (options.out / "against_d2l.png").write_bytes(plot(rows, options.epochs).small_png())
    print(text)


if __name__ == "__main__":
    main()
