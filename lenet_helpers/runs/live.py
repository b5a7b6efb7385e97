"""What is shown of a run while it trains: a bar, numbers, the time left, curves."""

import math
import time

import ipywidgets as widgets

from lenet_helpers.data.progress import DownloadProgress
from lenet_helpers.live_plot import LiveAnimator
from lenet_helpers.panels import PictureBox
from lenet_helpers.runs.records import Point, Run, number
from lenet_helpers.training import Progress
from lenet_helpers.words import Words

SECONDS_BETWEEN_UPDATES = 0.1


class LiveCurves(PictureBox):
    """Training loss, training accuracy and test accuracy, drawn as `LiveAnimator` does."""

    def begin(self, epochs: float) -> None:
        """Show empty axes for so many epochs."""
        self._animator = LiveAnimator(
            xlabel="epoch", legend=["train loss", "train acc", "test acc"], show=self.show
        )
        self._animator.axes[0].plot([0, 0], [0, 1], alpha=0)  # the axis holds at least 0 to 1
        self.extend(epochs)

    def extend(self, epochs: float) -> None:
        """Make room for as many epochs in all."""
        self._animator.axes[0].set_xlim(0, epochs)
        self._animator.add(0, (None, None, None))  # something to draw, if only the axes
        self._animator.draw()

    def add(self, point: Point) -> None:
        """Add a point; it is drawn now or soon."""
        recent = point.recent_loss, point.recent_acc, point.test_acc
        self._animator.add(round(point.epoch, 2), recent)

    def finish(self, run: Run) -> None:
        """Draw what has not been drawn yet, the run's last point included."""
        if run.points:
            self.add(run.last)
        self._animator.draw()


class ProgressLine(widgets.VBox):
    """A bar over the epochs of this stretch, with the numbers below it."""

    def __init__(self) -> None:
        self.bar = widgets.FloatProgress(min=0, max=1, layout={"width": "auto", "height": "14px"})
        self.numbers = widgets.HTML()
        self._shown_at = -math.inf
        super().__init__([self.bar, self.numbers])

    def clear(self) -> None:
        """Show an empty bar."""
        self.bar.value, self.bar.bar_style, self.numbers.value = 0.0, "", ""

    def show(self, run: Run, report: Progress) -> None:
        """Show this report of the run, unless the one before was shown just now."""
        now, done = time.monotonic(), report.epoch / report.num_epochs
        if now - self._shown_at < SECONDS_BETWEEN_UPDATES and done < 1:
            return
        self._shown_at, self.bar.value = now, done
        speed = report.examples_per_sec
        self._say(
            *_numbers(run),
            _time_left(report.elapsed / done * (1 - done)),
            Words(f"每秒 {speed:,.0f} 个样例", f"{speed:,.0f} examples/s"),
        )

    def downloading(self, progress: DownloadProgress) -> None:
        """Show how far a download is, its rate, and the time left."""
        title, came, total = progress.title, progress.received / 1e6, progress.total / 1e6
        self.bar.value = min(came / total, 1) if total else 0
        fast = progress.rate >= 1e5
        rate = f"{progress.rate / 1e6:.1f} MB" if fast else f"{progress.rate / 1e3:.1f} kB"
        parts = [
            Words(
                f"正在下载 {title.zh}：{came:.1f} / {total:.0f} MB",
                f"Downloading {title.en}: {came:.1f} of {total:.0f} MB",
            ),
            Words(f"每秒 {rate}", f"{rate}/s"),
        ]
        if math.isfinite(progress.seconds_left):
            parts.append(_time_left(progress.seconds_left))
        self._say(*parts)

    def end(self, run: Run) -> None:
        """Show where the run ended; the colour is not the only sign of how."""
        self.bar.bar_style = {"finished": "success", "diverged": "danger"}.get(run.ended, "")
        if run.points:
            self._say(*_numbers(run))

    def _say(self, *parts: Words) -> None:
        self.numbers.value = Words(*map(" · ".join, zip(*parts, strict=True))).html("div")


def _numbers(run: Run) -> list[Words]:
    loss, train_acc, test_acc = map(number, (run.last.loss, run.last.train_acc, run.test_acc))
    return [
        Words(f"第 {run.number} 次", f"run {run.number}"),
        Words(f"{run.last.epoch:.3g} 轮", f"{run.last.epoch:.3g} epochs"),
        Words(f"训练损失 {loss}", f"train loss {loss}"),
        Words(f"训练精度 {train_acc}", f"train acc {train_acc}"),
        Words(f"测试精度 {test_acc}", f"test acc {test_acc}"),
        Words(f"已用 {run.seconds:.1f} 秒", f"{run.seconds:.1f} s so far"),
    ]


def _time_left(seconds: float) -> Words:
    if seconds < 120:
        return Words(f"约剩 {seconds:.0f} 秒", f"about {seconds:.0f} s left")
    return Words(f"约剩 {seconds / 60:,.0f} 分钟", f"about {seconds / 60:,.0f} min left")
