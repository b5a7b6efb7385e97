"""What is shown of a run while it trains: a sentence, a bar, numbers, the time left, curves."""

import math
import time

import ipywidgets as widgets

from lenet_helpers.data.progress import DownloadProgress
from lenet_helpers.live_plot import LiveAnimator
from lenet_helpers.panels import PictureBox
from lenet_helpers.runs.curves import nothing_trained
from lenet_helpers.runs.records import Point, Run, number, results
from lenet_helpers.training import Progress
from lenet_helpers.words import Words

SECONDS_BETWEEN_UPDATES = 0.1
DOING = {
    "reading": Words("正在读取数据（本机没有时先下载）…",
                     "Reading the data (downloading them if need be) …"),
    "training": Words("正在训练…", "Training …"),
    "training here": Words("正在训练；要停下，请中断内核（工具栏上的 ■）。",
                           "Training; to stop, interrupt the kernel (■ in the toolbar)."),
    "stopping": Words("正在停下…", "Stopping …"),
    "reset": Words("设置已恢复，网络是新的。",
                   "The first settings are back, and the network is new."),
}  # fmt: skip


def how_it_ended(run: Run) -> Words:
    """A sentence about a run that finished or was stopped."""
    if not run.points:
        return Words("已停止，还没有开始训练。", "Stopped, before training had begun.")
    zh, en, how = "完成", "finished", results(run)
    if run.ended != "finished":
        zh, en = f"停在 {run.last.epoch:.3g} 轮", f"stopped at epoch {run.last.epoch:.3g}"
    return Words(
        f"第 {run.number} 次训练{zh}：{how.zh}。“继续”从这里接着训练。",
        f"Run {run.number} {en}: {how.en}. “Continue” goes on from here.",
    )


def duration(seconds: float) -> Words:
    """A time in seconds or, from two minutes on, in minutes."""
    if seconds < 120:
        return Words(f" {seconds:.0f} 秒", f"{seconds:.0f} s")
    return Words(f" {seconds / 60:,.0f} 分钟", f"{seconds / 60:,.0f} min")


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
        self._animator.add(round(point.epoch, 2), point[1:])

    def finish(self, run: Run) -> None:
        """Draw what has not been drawn yet, the run's last point included."""
        if run.points:
            self.add(run.last)
        self._animator.draw()

    def clear(self) -> None:
        """Show that nothing has been trained."""
        self.show(nothing_trained())


class ProgressLine(widgets.VBox):
    """A bar over the epochs of this stretch, with the numbers below it."""

    def __init__(self) -> None:
        self.bar = widgets.FloatProgress(min=0, max=1, layout={"width": "auto", "height": "14px"})
        self.numbers = widgets.HTML()
        self._shown_at = -math.inf
        super().__init__([self.bar, self.numbers])
        self.clear()

    def clear(self) -> None:
        """Show an empty bar."""
        self.bar.value, self.bar.bar_style, self.numbers.value = 0.0, "", ""

    def show(self, run: Run, report: Progress) -> None:
        """Show this report of the run, unless the one before was shown just now."""
        now, done = time.monotonic(), report.epoch / report.num_epochs
        if now - self._shown_at < SECONDS_BETWEEN_UPDATES and done < 1:
            return
        self._shown_at, self.bar.value = now, done
        left, speed = report.elapsed / done * (1 - done), report.examples_per_sec
        zh = [f"约剩 {left:.0f} 秒", f"每秒 {speed:,.0f} 个样例"]
        self._say(run, zh, [f"about {left:.0f} s left", f"{speed:,.0f} examples/s"])

    def downloading(self, progress: DownloadProgress) -> None:
        """Show how far a download is, its rate, and the time left."""
        came, total = progress.received / 1e6, progress.total / 1e6
        self.bar.value = min(came / total, 1) if total else 0
        fast = progress.rate >= 1e5
        rate = f"{progress.rate / 1e6:.1f} MB" if fast else f"{progress.rate / 1e3:.1f} kB"
        zh, en = "", ""
        if math.isfinite(progress.seconds_left):
            left = duration(progress.seconds_left)
            zh, en = f" · 约剩{left.zh}", f" · about {left.en} left"
        self.numbers.value = Words(
            f"正在下载 {progress.title.zh}：{came:.1f} / {total:.0f} MB · 每秒 {rate}{zh}",
            f"Downloading {progress.title.en}: {came:.1f} of {total:.0f} MB · {rate}/s{en}",
        ).html("div")

    def end(self, run: Run) -> None:
        """Show where the run ended; the colour is not the only sign of how."""
        self.bar.bar_style = {"finished": "success", "diverged": "danger"}.get(run.ended, "")
        if run.points:
            self._say(run)

    def _say(self, run: Run, zh: list[str] = (), en: list[str] = ()) -> None:
        loss, train_acc, test_acc = map(number, (run.last.loss, run.last.train_acc, run.test_acc))
        zh = [f"第 {run.number} 次", f"{run.last.epoch:.3g} 轮", f"训练损失 {loss}",
              f"训练精度 {train_acc}", f"测试精度 {test_acc}", f"已用 {run.seconds:.1f} 秒",
              *zh]  # fmt: skip
        en = [f"run {run.number}", f"{run.last.epoch:.3g} epochs", f"train loss {loss}",
              f"train acc {train_acc}", f"test acc {test_acc}", f"{run.seconds:.1f} s so far",
              *en]  # fmt: skip
        self.numbers.value = Words(" · ".join(zh), " · ".join(en)).html("div")
