"""Train LeNet with sliders, stop it, go on with it, and compare the runs."""

from contextlib import closing
from pathlib import Path

import ipywidgets as widgets

from lenet_helpers.data.catalog import Source
from lenet_helpers.data.progress import Watch
from lenet_helpers.figures import Picture
from lenet_helpers.panels import Message
from lenet_helpers.runs.controls import SettingControls
from lenet_helpers.runs.curves import last_and_others, nothing_trained
from lenet_helpers.runs.job import BUSY, STOP, TRAIN, Job, JobPanel, button
from lenet_helpers.runs.live import LiveCurves, ProgressLine
from lenet_helpers.runs.records import Run, results
from lenet_helpers.runs.table import RunTable
from lenet_helpers.runs.training import Training, new_net
from lenet_helpers.words import SettingError, Words

CONTINUE, RESET = Words("继续", "Continue"), Words("重置", "Reset")
TIPS = {
    TRAIN: Words("用新的随机权重开始训练", "Train from new random weights"),
    STOP: Words("停下，保留网络和曲线", "Stop, and keep network and curves"),
    CONTINUE: Words(
        "用现在的学习率和轮数接着训练上一次的网络",
        "Train the last network on, at the learning rate and for the epochs shown",
    ),
    RESET: Words("恢复最初的设置和未训练的网络", "Back to the first settings, untrained"),
}
READING = Words(
    "正在读取数据（本机没有时先下载）…", "Reading the data (downloading them if need be) …"
)
WAS_RESET = Words(
    "设置已恢复，网络是新的。", "The first settings are back, and the network is new."
)
NOTHING = SettingError("没有可以继续的训练。", "There is no run to go on with.")


class TrainingPanel(JobPanel):
    """Train with sliders, stop at any time, go on, and compare the runs.

    Training runs on a thread of its own, so that other cells can be run meanwhile; where threads
    cannot change widgets, as in Google Colab, it runs in the button's callback and is stopped by
    interrupting the kernel. From code: ``panel.lr.value = 0.5``, ``panel.train_button.click()``.

    Args:
        dataset: what to begin with: a name, or data of your own as `load_data` takes them;
            ``"auto"`` is what ``LENET_DATASET`` names, or else the first that is at hand.

    Attributes:
        lr, epochs, batch_size, activation, pooling, standardize, dataset, seed, device: widgets
            with a ``value``; the sliders follow.
        train_button, stop_button, continue_button, reset_button: widgets with ``click()``.
        net, runs: the network of the last run, or an untrained one; all runs that were kept.
        error: what ended the last run early, or ``None``; ``raise panel.error`` shows where.

    Raises:
        SettingError: no data set has this name, or your data don't fit together.
    """

    style_sheet = Path(__file__).with_name("runs.css")
    _training: Training | None = None
    _count = 0

    def __init__(self, dataset: Source = "auto") -> None:
        self.controls = SettingControls(dataset)
        for name, widget in self.controls.fields.items():
            setattr(self, name, widget)
        self.net = new_net(self.controls.initial)
        self.message, self.progress, self.curves = Message(), ProgressLine(), LiveCurves()
        self.table = RunTable(self.keep_still)
        self.runs = self.table.runs
        buttons = [
            button(icon, look, words, act, TIPS[words])
            for icon, look, words, act in (
                ("play", "primary", TRAIN, lambda: self._begin(fresh=True)),
                ("stop", "danger", STOP, self._stop),
                ("forward", "", CONTINUE, lambda: self._begin(fresh=False)),
                ("undo", "", RESET, self._reset),
            )
        ]
        self.train_button, self.stop_button, self.continue_button, self.reset_button = buttons
        wrap = {"flex_flow": "row wrap"}
        left = [self.controls, widgets.HBox(buttons, layout={**wrap, "width": "21em"})]
        right = [self.message, self.progress, self.curves]
        beside = [  # where the page is wide enough
            widgets.VBox(left, layout={"margin": "0 12px 0 0"}),
            widgets.VBox(right, layout={"flex": "1 1 260px", "min_width": "0"}),
        ]
        super().__init__([widgets.HBox(beside, layout=wrap), self.table])
        self._enable()

    def still(self) -> Picture:
        """The curves of the last run, and the chosen runs compared."""
        if self._training is None or not self._training.run.points:
            return nothing_trained()
        return last_and_others(self._training.run, self.table.chosen)

    def _begin(self, *, fresh: bool) -> None:
        if self.busy or not (fresh or self._can_continue()):
            self.message.explain(BUSY if self.busy else NOTHING)
            return
        settings = self.controls.values()
        if fresh:
            self._count += 1
            self._training = Training(Run(self._count, [settings]))
            self.net = self._training.net
            self.curves.begin(settings.epochs)
        else:
            self._training.run.go_on(settings)
            self.curves.extend(self._training.run.last.epoch + settings.epochs)
        self.progress.clear()
        self.message.say(READING)
        self._start(self._training)

    def _read(self, job: Job) -> None:
        job.about.read_data(Watch(self.progress.downloading, job.should_stop))

    def _work(self, job: Job) -> None:
        run = job.about.run
        with closing(job.about.go_on(job.should_stop)) as reports:
            for report in reports:
                if run not in self.runs:
                    self.runs.append(run)
                if not job.should_stop():  # else the answer comes first, and the picture last
                    self.progress.show(run, report)
                    self.curves.add(run.last)

    def _how_it_ended(self, job: Job) -> Words:
        run = job.about.run
        if not run.points:
            return Words("已停止，还没有开始训练。", "Stopped, before training had begun.")
        zh, en, how = "完成", "finished", results(run)
        if run.ended != "finished":
            zh, en = f"停在 {run.last.epoch:.3g} 轮", f"stopped at epoch {run.last.epoch:.3g}"
        return Words(
            f"第 {run.number} 次训练{zh}：{how.zh}。“继续”从这里接着训练。",
            f"Run {run.number} {en}: {how.en}. “Continue” goes on from here.",
        )

    def _show_end(self, job: Job) -> None:
        self.progress.end(job.about.run)
        self.curves.finish(job.about.run)
        self.table.redraw()

    def _reset(self) -> None:
        if self.busy:
            self.message.explain(BUSY)
            return
        self.controls.reset()
        self._training = self.job = None
        self.net = new_net(self.controls.initial)
        self.progress.clear()
        self.curves.show(nothing_trained())
        self.message.say(WAS_RESET)
        self._enable()
        self.keep_still()

    def _can_continue(self) -> bool:
        run = self._training.run if self._training else None
        return bool(run and run.points and run.ended in ("finished", "stopped"))

    def _enable(self) -> None:
        super()._enable()
        self.reset_button.disabled = self.busy
        self.continue_button.disabled = self.busy or not self._can_continue()
