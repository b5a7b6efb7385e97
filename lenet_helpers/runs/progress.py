"""How far a run is: a bar, the numbers of this moment, and the time left."""

from __future__ import annotations

import math
import time

import ipywidgets as widgets

from lenet_helpers.runs.records import Run
from lenet_helpers.training import Progress
from lenet_helpers.words import Words

SECONDS_BETWEEN_UPDATES = 0.1


class ProgressLine(widgets.VBox):
    """A bar over the epochs of this stretch, with the numbers below it."""

    def __init__(self) -> None:
        self.bar = widgets.FloatProgress(min=0, max=1, layout={"width": "100%", "height": "14px"})
        self.numbers = widgets.HTML()
        self._shown_at = -math.inf
        super().__init__([self.bar, self.numbers])
        self.clear()

    def clear(self) -> None:
        """Show an empty bar."""
        self.bar.value, self.bar.bar_style, self.numbers.value = 0.0, "", ""

    def show(self, run: Run, report: Progress) -> None:
        """Show this report of the run, unless the one before was shown just now."""
        now = time.monotonic()
        if now - self._shown_at < SECONDS_BETWEEN_UPDATES and report.epoch < report.num_epochs:
            return
        self._shown_at = now
        self.bar.value = done = report.epoch / report.num_epochs
        left = report.elapsed / done * (1 - done)
        self.numbers.value = _numbers(run, report.examples_per_sec, left).html("div")

    def end(self, run: Run) -> None:
        """Show where the run ended; the colour is not the only sign of how."""
        self.bar.bar_style = {"finished": "success", "diverged": "danger"}.get(run.ended, "")
        if run.points:
            self.numbers.value = _numbers(run).html("div")


def _numbers(run: Run, speed: float | None = None, left: float | None = None) -> Words:
    loss, train_acc = f"{run.last.loss:.3f}", f"{run.last.train_acc:.3f}"
    test_acc = "–" if run.test_acc is None else f"{run.test_acc:.3f}"
    zh = [f"第 {run.number} 次", f"{run.last.epoch:.3g} 轮", f"训练损失 {loss}"]
    zh += [f"训练精度 {train_acc}", f"测试精度 {test_acc}", f"已用 {run.seconds:.1f} 秒"]
    en = [f"run {run.number}", f"{run.last.epoch:.3g} epochs", f"train loss {loss}"]
    en += [f"train acc {train_acc}", f"test acc {test_acc}", f"{run.seconds:.1f} s so far"]
    if left is not None:
        zh += [f"约剩 {left:.0f} 秒", f"每秒 {speed:,.0f} 个样例"]
        en += [f"about {left:.0f} s left", f"{speed:,.0f} examples/s"]
    return Words(" · ".join(zh), " · ".join(en))
