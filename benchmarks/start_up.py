"""What a lesson costs before it computes, and until its first epoch has ended.

Run ``python benchmarks/start_up.py [repeats]``; it writes ``start_up.md`` beside itself. Each
measurement is a process of its own; medians. The memory of an import is what it adds to the
process's own (Linux: anonymous pages of ``smaps_rollup``). The cold start is that of a new kernel,
as JupyterLab starts it, with Fashion-MNIST at hand: the book's code and ours, in turns.
The lesson's memory is a kernel's own while lesson 07 runs in it, its optional cells left out: on
the digits, and on Fashion-MNIST in files that nobody may write to, as on a class's server.
``--lesson`` measures the lesson's memory alone, once.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
from against_d2l import machine, prepare

HERE = Path(__file__).resolve().parent
LESSON = HERE.parent / "notebooks" / "07_training.ipynb"
MOMENTS = {"load-data": "data loaded", "evaluate-accuracy": "before training", "sliders": "the end"}
IMPORTS = (
    "torch", "torchvision", "d2l.torch", "sklearn.datasets", "pandas", "matplotlib.figure",
    "ipywidgets", "lenet_helpers", "lenet_helpers.book", "lenet_helpers.data.batches",
    "lenet_helpers.training", "lenet_helpers.live_plot", "lenet_helpers.panels",
)  # fmt: skip
# Linux counts the most memory that was held since `clear_refs`; elsewhere only time is measured.
MEMORY = """
import importlib, json, re, time
from pathlib import Path
def own():
    file = Path("/proc/self/smaps_rollup")
    found = re.search(r"Anonymous:\\s+(\\d+)", file.read_text()) if file.exists() else None
    return int(found[1]) / 1000 if found else float("nan")
"""
IMPORT = (
    MEMORY
    + """
if {name!r} != "torch":
    import torch
before, start = own(), time.perf_counter()
importlib.import_module({name!r})
print(json.dumps([time.perf_counter() - start, own() - before]))
"""
)
LOAD = (
    MEMORY
    + """
import torch
from lenet_helpers import load_data
torch.zeros(9, dtype=torch.uint8).int().square().sum().item()
start = time.perf_counter()
batches = load_data("fashion_mnist")
print(json.dumps(time.perf_counter() - start))
"""
)
COLD = {
    "the book's code": [
        ("imports", "from d2l import torch as d2l\nfrom one_run import book_net"),
        ("data", "batches = d2l.load_data_fashion_mnist(256)"),
        ("first epoch, drawn", "d2l.train_ch6(book_net(), *batches, 1, 0.9, d2l.try_gpu())"),
    ],
    "ours": [
        ("imports", "from lenet_helpers import LiveAnimator, lenet, load_data, train"),
        ("data", "batches = load_data('fashion_mnist')"),
        ("first epoch, drawn",
         "animator = LiveAnimator('epoch', legend=['loss', 'train', 'test'])\n"
         "for p in train(lenet(), *batches, 1, 0.9):\n"
         "    animator.add(p.epoch, (p.loss, p.train_acc, p.test_acc))"),
    ],
}  # fmt: skip


def printed(code: str):
    return json.loads(subprocess.check_output([sys.executable, "-W", "ignore", "-c", code]))


def cold_start(side: str, folder: Path) -> dict[str, float]:
    """Seconds of each step in a new kernel, and from starting it until the last has ended."""
    from jupyter_client.manager import start_new_kernel

    environment = os.environ | {"LENET_DATA": str(folder / "data"), "PYTHONPATH": str(HERE)}
    start = time.perf_counter()
    manager, client = start_new_kernel(cwd=str(folder / "run"), env=environment)
    try:
        seconds = {"kernel": time.perf_counter() - start}
        for name, code in COLD[side]:
            begin = time.perf_counter()
            reply = client.execute_interactive(code, output_hook=lambda _: None)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(reply["content"]["traceback"])
            seconds[name] = time.perf_counter() - begin
        return seconds | {"in all": time.perf_counter() - start}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


class Peak(threading.Thread):
    """The most memory that a process has of its own, in MB, looked up ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0.0, threading.Event()

    def now(self) -> float:
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        return int(re.search(r"Anonymous:\s+(\d+)", text)[1]) / 1000

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.most = max(self.most, self.now())


def lesson_memory(dataset: str, folder: Path) -> dict[str, float]:
    """MB of its own that a kernel has at the moments of lesson 07, and at most."""
    from jupyter_client.manager import start_new_kernel

    environment = os.environ | {"LENET_DATASET": dataset, "LENET_DATA": str(folder / "data")}
    manager, client = start_new_kernel(cwd=str(LESSON.parent), env=environment)
    peak = Peak(manager.provisioner.process.pid)
    try:
        sizes = {"kernel": peak.now()}
        peak.start()
        for cell in nbformat.read(LESSON, as_version=4).cells:
            if cell.cell_type != "code" or "optional" in cell.metadata.get("tags", []):
                continue
            reply = client.execute_interactive(cell.source, output_hook=lambda _: None)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(reply["content"]["traceback"])
            if cell.id in MOMENTS:
                sizes[MOMENTS[cell.id]] = peak.now()
        return sizes | {"at most": peak.most}
    finally:
        peak.over.set()
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def read_only(folder: Path) -> None:
    """Forbid to write to the data set, as deploy/README.md does."""
    for file in (folder / "data").rglob("*-ubyte"):
        file.chmod(0o444)


def lesson_table(folder: Path) -> list[str]:
    """A row for each data set, in Markdown."""
    rows = {dataset: lesson_memory(dataset, folder) for dataset in ("digits", "fashion_mnist")}
    moments = list(rows["digits"])
    lines = ["A kernel's own memory in lesson 07, in MB:", "", "| | " + " | ".join(moments) + " |",
             "|---" * (len(moments) + 1) + "|"]  # fmt: skip
    for dataset, sizes in rows.items():
        lines.append(f"| {dataset} | " + " | ".join(f"{sizes[m]:.0f}" for m in moments) + " |")
    return lines


def main(repeats: int) -> None:
    """Measure, print and write."""
    lines = [
        "# Starting up",
        "",
        f"{datetime.date.today()}; {machine()}. Medians of {repeats}.",
        "",
        "| import, after `torch` | seconds | MB of its own |",
        "|---|---|---|",
    ]
    for name in IMPORTS:
        runs = [printed(IMPORT.format(name=name)) for _ in range(repeats)]
        seconds, size = (statistics.median(values) for values in zip(*runs, strict=True))
        lines.append(f"| `{name}` | {seconds:.2f} | {size:.0f} |")
    load = statistics.median(printed(LOAD) for _ in range(repeats))
    lines += ["", f'`load_data("fashion_mnist")`: {load:.2f} s.', ""]
    with tempfile.TemporaryDirectory() as root:
        prepare(Path(root))
        colds = {side: [] for side in COLD}
        for _ in range(repeats):
            for side, runs in colds.items():
                runs.append(cold_start(side, Path(root)))
        read_only(Path(root))
        lesson = lesson_table(Path(root))
    steps = list(colds["ours"][0])
    lines += ["From a new kernel to the end of the first epoch of Fashion-MNIST, in seconds:", "",
              "| | " + " | ".join(steps) + " |", "|---|" + "---|" * len(steps)]  # fmt: skip
    for side, runs in colds.items():
        medians = [statistics.median(run[step] for run in runs) for step in steps]
        lines.append(f"| {side} | " + " | ".join(f"{value:.2f}" for value in medians) + " |")
    lines += ["", *lesson, "", "Repeat it: `python benchmarks/start_up.py`."]
    text = "\n".join(lines) + "\n"
    (HERE / "start_up.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    if sys.argv[1:] == ["--lesson"]:
        with tempfile.TemporaryDirectory() as root:
            prepare(Path(root))
            read_only(Path(root))
            print(*lesson_table(Path(root)), sep="\n")
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
