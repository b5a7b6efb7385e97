"""A lesson's own training loop behind sliders: train again, stop, and compare the curves."""

from collections.abc import Callable, Iterator
from itertools import count, cycle

import ipywidgets as widgets

from lenet_helpers.figures import Picture
from lenet_helpers.inputs.batches import require_batches
from lenet_helpers.live_plot import LiveAnimator, drawing_on
from lenet_helpers.panels import Message, PictureBox
from lenet_helpers.runs.curves import nothing_trained
from lenet_helpers.runs.job import STOP, TRAIN, Job, JobPanel, button
from lenet_helpers.words import SettingError, Words

READY = Words("移动滑块，然后按“训练”", "Move the sliders, then press Train")
STOPPED, DONE = Words("已停止", "Stopped"), Words("训练完成", "Finished")
NO_CURVES = Words("没有画出曲线", "no curves were drawn")
GREY = "0.75"


class _UntilStopped:
    """Batches that end, as if somebody interrupted, once ``job`` is asked to stop."""

    def __init__(self, batches, job: Job) -> None:
        self._batches, self._job = batches, job

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator:
        for batch in self._batches:
            if self._job.should_stop():
                raise KeyboardInterrupt
            yield batch


class TrainAgain(JobPanel):
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
        self._lines: list[Words] = []
        self._animator: LiveAnimator | None = None
        self.train_button = button("play", "primary", TRAIN, self._begin, TRAIN)
        self.stop_button = button("stop", "", STOP, self._stop, STOP)
        self.message, self.box, self.results = Message(), PictureBox(), widgets.HTML()
        buttons = widgets.HBox([self.train_button, self.stop_button])
        super().__init__([*controls.values(), buttons, self.message, self.box, self.results])
        self.message.say(READY)
        self._enable()

    def still(self) -> Picture:
        """The curves of the last run, with the earlier ones."""
        return self.box.picture or nothing_trained()

    def _begin(self) -> None:
        if self.busy:
            return  # a second click, before the button was seen to be grey
        self._animator = None
        self._start({name: control.value for name, control in self._controls.items()})

    def _work(self, job: Job) -> None:
        batches = (_UntilStopped(each, job) for each in self._batches)
        with drawing_on(self._begin_plot):
            self._train(*batches, **job.about)

    def _begin_plot(self, animator: LiveAnimator) -> Callable[[Picture], None]:
        """The curves of earlier runs go behind a run's plot, which is shown here."""
        self._animator = animator
        for xs, ys in self._earlier:
            for x, y in zip(xs, ys, strict=True):
                animator.axes[0].plot(x, y, color=GREY, linewidth=1, zorder=0.5)
        return self.box.show

    def _how_it_ended(self, job: Job) -> Words:
        return STOPPED if job.should_stop() else DONE

    def _show_end(self, job: Job) -> None:
        last = NO_CURVES
        if self._animator is not None:
            self._animator.draw()
            self._earlier.append((self._animator.X, self._animator.Y))
            last = self._animator.last_values()
        settings = ", ".join(f"{name} = {value:.3g}" for name, value in job.about.items())
        self._lines.append(Words(f"{settings}：{last.zh}", f"{settings}: {last.en}"))
        rows = "".join(f"<li>{line.html('div')}</li>" for line in self._lines)
        self.results.value = f"<ol>{rows}</ol>"
