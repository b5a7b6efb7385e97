"""What the training panel costs: stopping, training beside `train` alone, memory, threads.

Run ``python benchmarks/panel.py [epochs] [pairs]``. Everything is measured inside a real kernel,
with the panel displayed in a cell. Overhead is measured on Fashion-MNIST if it is at hand, with
runs of ``epochs`` epochs in turns; the rest on the digits.
"""

from __future__ import annotations

import gc
import pickle
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

MANY = 20
STOPS = 15
LONG = 3600  # seconds
CELL = """
from lenet_helpers.runs import TrainingPanel
panel = TrainingPanel("digits")
panel.train_button.click()
panel
"""


def new_panel(dataset: str):
    """A panel, displayed in the running cell."""
    from IPython.display import display

    from lenet_helpers.runs import TrainingPanel

    panel = TrainingPanel(dataset)
    display(panel)
    return panel


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of all of this process's threads on the processors."""
    start, busy = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - start, time.process_time() - busy


def train_once(panel) -> None:
    """From the click until the panel has drawn everything."""
    panel.train_button.click()
    panel.wait(LONG)


def train_to_the_answer(panel) -> None:
    """From the click until the run has ended and the next can be started."""
    panel.train_button.click()
    while panel.train_button.disabled:
        time.sleep(0.002)


def stops(dataset: str) -> None:
    """From the click on Stop until the button for the next run can be pressed again."""
    panel, seconds = new_panel(dataset), []
    panel.epochs.value = 50
    for number in range(STOPS):
        panel.train_button.click()
        while len(panel.runs) <= number:
            time.sleep(0.001)
        time.sleep(0.05 + 0.13 * number)  # at any time: before, in and after an evaluation
        start = time.perf_counter()
        panel.stop_button.click()
        while panel.train_button.disabled:
            time.sleep(0.0005)
        seconds.append(time.perf_counter() - start)
        panel.wait(LONG)
    print(f"stop on {dataset}: median {statistics.median(seconds):.3f} s of",
          " ".join(f"{value:.3f}" for value in seconds))  # fmt: skip


def overhead(dataset: str, epochs: int, pairs: int) -> None:
    """A run in the panel beside the same run of `train` alone, in turns."""
    from lenet_helpers.runs.records import Run
    from lenet_helpers.runs.training import Training
    from lenet_helpers.training import train

    panel = new_panel(dataset)
    panel.epochs.value = 1
    train_once(panel)  # not counted: the data are read, matplotlib is warm
    panel.epochs.value = epochs
    settings = panel.controls.values()
    times = {"train": [], "panel": [], "panel, last pictures too": []}
    for _ in range(pairs):
        alone = Training(Run(0, [settings]))
        alone.read_data()
        reports = train(alone.net, *alone.data, epochs, settings.lr, settings.device, init=None)
        times["train"].append(timed(lambda reports=reports: list(reports)))
        times["panel"].append(timed(lambda: train_to_the_answer(panel)))
        times["panel, last pictures too"].append(
            tuple(map(sum, zip(times["panel"][-1], timed(lambda: panel.wait(LONG)), strict=True)))
        )
    for name, values in times.items():
        print(f"{name:6}", ", ".join(f"{wall:.1f} s ({cpu:.1f} s of CPU)" for wall, cpu in values))
    for index, what in enumerate(("on the clock", "of CPU time")):
        plain, *with_panel = (
            statistics.median(value[index] for value in values) for values in times.values()
        )
        shares = ", ".join(f"{value / plain - 1:+.1%}" for value in with_panel)
        print(f"overhead {what}: {shares} with the last pictures ({dataset}, {epochs} epochs)")


def memory() -> None:
    """What each of many runs leaves behind."""
    import psutil
    from ipywidgets.widgets import widget

    panel, process = new_panel("digits"), psutil.Process()
    panel.activation.value, panel.lr.value, panel.epochs.value = "relu", 0.1, 5
    train_once(panel), train_once(panel)  # not counted: fonts, data, the first comparison
    tracemalloc.start()
    seen = []
    for _ in range(MANY + 1):
        train_once(panel)
        gc.collect()
        resident = process.memory_info().rss
        seen.append((tracemalloc.get_traced_memory()[0], resident, len(widget._instances)))
    tracemalloc.stop()
    python, resident, widgets = (
        (last - first) / MANY for first, last in zip(seen[0], seen[-1], strict=True)
    )
    curves = len(pickle.dumps(panel.runs[-1]))
    print(f"memory, mean of {MANY} runs: {python / 1e3:.1f} kB of Python objects a run, of the "
          f"process {resident / 1e3:.0f} kB; a run's curves alone {curves / 1e3:.1f} kB; "
          f"widgets a run {widgets:.0f}")  # fmt: skip


def training_threads() -> int:
    """How many threads of training panels there are."""
    return sum(thread.name == "lenet-training" for thread in threading.enumerate())


def main(epochs: int, pairs: int) -> None:
    """Start a kernel and print what is measured in it."""
    from jupyter_client.manager import start_new_kernel

    from lenet_helpers import datasets_at_hand

    dataset = "fashion_mnist" if datasets_at_hand()["fashion_mnist"] else "digits"
    manager, client = start_new_kernel(kernel_name="python3")

    def run(code: str, cell: str = "") -> None:
        message = client.session.msg("execute_request", {
            "code": code, "silent": False, "store_history": False, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }, metadata={"cellId": cell})  # fmt: skip
        client.shell_channel.send(message)
        while True:
            reply = client.get_iopub_msg(timeout=LONG)
            if reply["msg_type"] == "error":
                raise RuntimeError("\n".join(reply["content"]["traceback"]))
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if reply["msg_type"] == "stream":
                print(reply["content"]["text"], end="", flush=True)
            if reply["content"].get("execution_state") == "idle":
                return

    try:
        folder = str(Path(__file__).parent)
        run(f"import sys, time; sys.path.insert(0, {folder!r}); import panel as b")
        run("b.stops('digits')", "a")
        run(f"b.stops({dataset!r})", "b")
        run("b.memory()", "c")
        for _ in range(10):
            run(CELL, "again")
        run("panel.stop_button.click(); panel.wait(); time.sleep(1); left = b.training_threads()")
        run("print('threads left after running a cell ten times:', left)")
        run(f"b.overhead({dataset!r}, {epochs}, {pairs})", "d")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    main(*(arguments + [10, 3][len(arguments) :]))
