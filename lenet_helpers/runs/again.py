"""A lesson's own training loop behind sliders: train again, stop, and compare the curves."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, cycle, starmap

import ipywidgets as widgets

from lenet_helpers.figures import Picture
from lenet_helpers.inputs.batches import require_batches
from lenet_helpers.language import say
from lenet_helpers.live_plot import LiveAnimator, drawing_on
from lenet_helpers.panels import Message, Panel, PictureBox
from lenet_helpers.runs.curves import nothing_trained
from lenet_helpers.runs.training import Job, threads_reach_widgets
from lenet_helpers.words import SettingError, Words

TRAIN, STOP = Words("训练", "Train"), Words("停止", "Stop")
READY = Words("移动滑块，然后按“训练”", "Move the sliders, then press Train")
RUNNING = Words("正在训练……", "Training …")
STOPPING = Words("正在停止……", "Stopping …")
STOPPED, DONE = Words("已停止", "Stopped"), Words("训练完成", "Finished")
NO_CURVES = Words("没有画出曲线", "no curves were drawn")
GREY = "0.75"


class Stopped(Exception):
    """Raised where the loop asks for its next batch, when somebody has pressed Stop."""


class _UntilStopped:
    """Batches that end with `Stopped` as soon as ``job`` is asked to stop."""

    def __init__(self, batches, job: Job) -> None:
        self._batches, self._job = batches, job

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator:
        for batch in self._batches:
            if self._job.should_stop():
                raise Stopped
            yield batch


class TrainAgain(Panel):
    """Calls a lesson's own training loop with what the sliders say, as often as one likes.

    What the loop draws with `LiveAnimator` appears here, with the curves of earlier runs behind it
    in grey. It runs on a thread of its own; Stop ends it before its next batch, so that the loop
    needs to know nothing of it. Where threads cannot change widgets, as in Google Colab, it runs in
    the button's callback and is stopped by interrupting the kernel.

    Args:
        train: called as ``train(train_iter, test_iter, **values)``; the network is its own affair.
        train_iter, test_iter: batches, as `load_data` or a ``DataLoader`` gives them.
        controls: for each further argument of ``train`` a widget with a ``value``.

    ``train_button`` and ``stop_button`` can be clicked by ``click()``; ``error`` is what ended the
    last run early, or ``None``. Raises `SettingError`: no control, or batches for one use.
    """

    _job: Job | None = None

    def __init__(
        self, train: Callable, train_iter, test_iter, **controls: widgets.ValueWidget
    ) -> None:
        if not controls:
            raise SettingError(
                "至少需要一个控件，例如 lr=widgets.FloatLogSlider(0.9)。",
                "At least one control is needed, such as lr=widgets.FloatLogSlider(0.9).",
            )
        for name, batches in (("train_iter", train_iter), ("test_iter", test_iter)):
            is_endless = isinstance(batches, count | cycle)
            require_batches(batches, name, again=not is_endless)
        for name, control in controls.items():
            control.description = control.description or name
            control.style = {"description_width": "initial"}
        self._train, self._batches, self._controls = train, (train_iter, test_iter), controls
        self._earlier: list[tuple[list, list]] = []
        self._animator: LiveAnimator | None = None
        self._picture, self.error = nothing_trained(), None
        self.train_button = widgets.Button(button_style="primary", icon="play")
        self.stop_button = widgets.Button(icon="stop", disabled=True)
        say(self.train_button, "description", TRAIN)
        say(self.stop_button, "description", STOP)
        self.train_button.on_click(lambda _: self._begin())
        self.stop_button.on_click(lambda _: self._stop())
        self.message, self.box, self.results = Message(), PictureBox(), widgets.HTML()
        self._lines: list[Words] = []
        buttons = widgets.HBox([self.train_button, self.stop_button])
        super().__init__([*controls.values(), buttons, self.message, self.box, self.results])
        self.message.say(READY)

    def begin(self, animator: LiveAnimator) -> None:
        """A run's plot begins: the curves of earlier runs go behind it."""
        self._animator = animator
        for xs, ys in self._earlier:
            for x, y in zip(xs, ys, strict=True):
                animator.axes[0].plot(x, y, color=GREY, linewidth=1, zorder=0.5)

    def show(self, picture: Picture) -> None:
        """Show the plot of the run as it is now."""
        self._picture = picture
        self.box.show(picture)

    def still(self) -> Picture:
        """The curves of the last run, with the earlier ones."""
        return self._picture

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until training has ended, at most ``timeout`` seconds; whether it has."""
        return self._job is None or self._job.wait(timeout)

    def close(self) -> None:
        """Stop training and take the panel off the page."""
        if self._job is not None:
            self._job.stop()
        super().close()

    def _begin(self) -> None:
        if not self.wait(0):
            return  # a second click, before the button was seen to be grey
        values = {name: control.value for name, control in self._controls.items()}
        self.train_button.disabled, self.stop_button.disabled = True, False
        self.error, self._animator = None, None
        self.message.say(RUNNING)
        self._job = Job(lambda job: self._work(job, values), lambda job: self._end(job, values))
        self._job.start(blocking=not threads_reach_widgets())

    def _work(self, job: Job, values: dict) -> None:
        batches = (_UntilStopped(each, job) for each in self._batches)
        with drawing_on(self), suppress(Stopped):
            self._train(*batches, **values)

    def _stop(self) -> None:
        self.message.say(STOPPING)
        self.stop_button.disabled = True
        self._job.stop()

    def _end(self, job: Job, values: dict) -> None:
        self.train_button.disabled, self.stop_button.disabled = False, True
        self.error = job.error
        if job.error is not None:
            self.message.explain(job.error)
        else:
            self.message.say(STOPPED if job.should_stop() else DONE)
        if self._animator is not None:
            self._animator.draw()
            self._earlier.append((self._animator.X, self._animator.Y))
        settings = ", ".join(starmap("{} = {:.3g}".format, values.items()))
        last = self._last_values()
        self._lines.append(Words(f"{settings}：{last.zh}", f"{settings}: {last.en}"))
        rows = "".join(f"<li>{line.html('div')}</li>" for line in self._lines)
        self.results.value = f"<ol>{rows}</ol>"
        self.keep_still()

    def _last_values(self) -> Words:
        if self._animator is None:
            return NO_CURVES
        lines = zip(self._animator.legend, self._animator.Y, strict=False)
        text = ", ".join(f"{name} {y[-1]:.3f}" for name, y in lines if y)
        return Words(text, text)
