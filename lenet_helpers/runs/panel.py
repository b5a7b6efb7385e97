"""Train LeNet with sliders, stop it, go on with it, and compare the runs."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import ipywidgets as widgets

from lenet_helpers.data.catalog import Source
from lenet_helpers.data.progress import Watch
from lenet_helpers.figures import Picture
from lenet_helpers.language import say
from lenet_helpers.panels import Message, Panel
from lenet_helpers.runs.controls import SettingControls
from lenet_helpers.runs.curves import last_and_others, nothing_trained
from lenet_helpers.runs.live import DOING, LiveCurves, ProgressLine, how_it_ended
from lenet_helpers.runs.records import Run
from lenet_helpers.runs.table import RunTable
from lenet_helpers.runs.training import Job, Training, new_net, threads_reach_widgets
from lenet_helpers.words import SettingError, Words

BUTTONS = {  # icon, look, name, and what it does
    "train": ("play", "primary", Words("训练", "Train"),
              Words("用新的随机权重开始训练", "Train from new random weights")),
    "stop": ("stop", "danger", Words("停止", "Stop"),
             Words("停下，保留网络和曲线", "Stop, and keep network and curves")),
    "continue": ("forward", "", Words("继续", "Continue"),
                 Words("用现在的学习率和轮数接着训练上一次的网络",
                       "Train the last network on, at the learning rate and for the epochs shown")),
    "reset": ("undo", "", Words("重置", "Reset"),
              Words("恢复最初的设置和未训练的网络", "Back to the first settings, untrained")),
}  # fmt: skip
BUSY = SettingError("正在训练：请先停止。", "Training is going on: stop it first.")
NOTHING = SettingError("没有可以继续的训练。", "There is no run to go on with.")


class TrainingPanel(Panel):
    """Train with sliders, stop at any time, go on, and compare the runs.

    Training runs on a thread of its own, so that other cells can be run meanwhile; where threads
    cannot change widgets, as in Google Colab, it runs in the button's callback and is stopped by
    interrupting the kernel. From code: ``panel.lr.value = 0.5``, ``panel.train_button.click()``.

    Args:
        dataset: what to begin with: a name, or data of your own as `load_data` takes them;
            ``"auto"`` is what ``LENET_DATASET`` names, or else the first that is at hand.
        blocking: whether to train in the callback; by default only where there is no other way.

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

    def __init__(self, dataset: Source = "auto", *, blocking: bool | None = None) -> None:
        self.controls = SettingControls(dataset)
        for name, widget in self.controls.fields.items():
            setattr(self, name, widget)
        self.train_button = _button("train", lambda: self._begin(fresh=True))
        self.stop_button = _button("stop", self._stop)
        self.continue_button = _button("continue", lambda: self._begin(fresh=False))
        self.reset_button = _button("reset", self._reset)
        self.message, self.progress, self.curves = Message(), ProgressLine(), LiveCurves()
        self.table = RunTable(self.keep_still)
        self.blocking = not threads_reach_widgets() if blocking is None else blocking
        self.net = new_net(self.controls.initial)
        self.error: Exception | None = None
        self._lock, self._job, self._latest_job = threading.Lock(), None, None
        self._training, self._count = None, 0
        wrap = {"flex_flow": "row wrap"}
        buttons = [self.train_button, self.stop_button, self.continue_button, self.reset_button]
        left = [self.controls, widgets.HBox(buttons, layout={**wrap, "width": "21em"})]
        right = [self.message, self.progress, self.curves]
        beside = [  # where the page is wide enough
            widgets.VBox(left, layout={"margin": "0 12px 0 0"}),
            widgets.VBox(right, layout={"flex": "1 1 260px", "min_width": "0"}),
        ]
        super().__init__([widgets.HBox(beside, layout=wrap), self.table])
        self._enable()

    @property
    def runs(self) -> list[Run]:
        """All runs that were kept, in order."""
        return self.table.runs

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, at most ``timeout`` seconds, until training has ended; keep the still if it has."""
        ended = self._latest_job is None or self._latest_job.wait(timeout)
        if ended:
            self.keep_still()
        return ended

    def close(self) -> None:
        """Stop training and take the panel off the page; its network and runs remain."""
        if self._job is not None:
            self._job.stop()
        super().close()

    def still(self) -> Picture:
        """The curves of the last run, and the chosen runs compared."""
        if self._training is None or not self._training.run.points:
            return nothing_trained()
        return last_and_others(self._training.run, self.table.chosen)

    def _begin(self, *, fresh: bool) -> None:
        if self._job is not None or not (fresh or self._can_continue()):
            self.message.explain(NOTHING if self._job is None else BUSY)
            return
        settings, self.error = self.controls.values(), None
        self._job = self._latest_job = job = Job(self._work, self._end)
        try:
            if fresh:
                self._count += 1
                self._training = Training(Run(self._count, [settings]))
                self.net = self._training.net
                self.curves.begin(settings.epochs)
            else:
                self._training.run.go_on(settings)
                self.curves.extend(self._training.run.last.epoch + settings.epochs)
            self.progress.clear()
            self.message.say(DOING["reading"])
            self._enable()
        except BaseException:  # an interrupt, most likely
            self._job = None
            self._enable()
            raise
        job.start(blocking=self.blocking)

    def _work(self, job: Job) -> None:
        training = self._training
        training.read_data(Watch(self.progress.downloading, job.should_stop))
        with self._lock:
            if self._job is not job:
                return  # stopped while reading: the panel may be about another run by now
            job.reading = False
        self.message.say(DOING["training here" if self.blocking else "training"])
        with closing(training.go_on(job.should_stop)) as reports:
            for report in reports:
                self.table.keep(training.run)
                if not job.should_stop():  # else the answer comes first, and the picture last
                    self.progress.show(training.run, report)
                    self.curves.add(training.run.last)

    def _stop(self) -> None:
        with self._lock:
            job = self._job
            unseen = job is not None and job.reading
        if job is None:
            return
        self.message.say(DOING["stopping"])
        self.stop_button.disabled = True
        job.stop()
        if unseen:  # a download ends, a file is read for the next run; nobody waits for either
            self._latest_job = None
            self._end(job)

    def _end(self, job: Job) -> None:
        """Show how it ended: the words and the buttons first, then the pictures."""
        with self._lock:
            if self._job is not job:
                return
            self._job, self.error, run = None, job.error, self._training.run
        self._enable()
        self.progress.end(run)
        if job.error is not None:
            self.message.explain(job.error)
        else:
            self.message.say(how_it_ended(run))
        if self.comm is None:
            return  # the panel was closed
        try:
            self.curves.finish(run)
            self.table.redraw()
            self.keep_still()
        except Exception as error:  # on a thread, nobody else would hear of it
            self.error = error
            self.message.explain(error)

    def _reset(self) -> None:
        if self._job is not None:
            self.message.explain(BUSY)
            return
        self.controls.reset()
        self._training, self.error = None, None
        self.net = new_net(self.controls.initial)
        self.progress.clear()
        self.curves.clear()
        self.message.say(DOING["reset"])
        self._enable()
        self.keep_still()

    def _can_continue(self) -> bool:
        run = self._training.run if self._training else None
        return bool(run and run.points and run.ended in ("finished", "stopped"))

    def _enable(self) -> None:
        """Let only those buttons be pressed that do something now."""
        busy = self._job is not None
        self.train_button.disabled = self.reset_button.disabled = busy
        self.stop_button.disabled = not busy or self.blocking
        self.continue_button.disabled = busy or not self._can_continue()


def _button(name: str, act: Callable[[], None]) -> widgets.Button:
    icon, look, words, tip = BUTTONS[name]
    button = widgets.Button(icon=icon, button_style=look)
    button.layout.width, button.layout.min_width = "auto", "10em"
    say(button, "description", words)
    say(button, "tooltip", tip)
    button.on_click(lambda _: act())
    return button
