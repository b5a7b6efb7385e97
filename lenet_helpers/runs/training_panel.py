"""Train LeNet with sliders, stop it, go on with it, and compare the runs."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial

from lenet_helpers.figures import Picture
from lenet_helpers.panels import Message, Panel
from lenet_helpers.runs import run_buttons as words
from lenet_helpers.runs.controls import SettingControls
from lenet_helpers.runs.curves import last_and_others, nothing_trained
from lenet_helpers.runs.live_curves import LiveCurves
from lenet_helpers.runs.progress import ProgressLine
from lenet_helpers.runs.records import Run, Settings
from lenet_helpers.runs.rerun import Training, new_net
from lenet_helpers.runs.run_buttons import RunButtons, how_it_ended
from lenet_helpers.runs.run_table import RunTable
from lenet_helpers.runs.worker import Job, threads_reach_widgets
from lenet_helpers.words import SettingError


class TrainingPanel(Panel):
    """Train with sliders, stop at any time, go on, and compare the runs.

    Training runs on a thread of its own, so that other cells can be run meanwhile; where threads
    cannot change widgets, as in Google Colab, it runs in the button's callback and is stopped by
    interrupting the kernel. Everything can be done from code as well: set ``panel.lr.value`` and
    the others, call ``panel.train_button.click()``, ``panel.wait()``.

    Args:
        dataset: the data set to begin with; ``"auto"`` is the one that the environment variable
            ``LENET_DATASET`` names, or else the first that is at hand.
        blocking: whether to train in the callback; by default only where there is no other way.

    Attributes:
        lr, epochs, batch_size, activation, pooling, standardize, dataset, seed, device: widgets
            with a ``value``; the sliders follow.
        train_button, stop_button, continue_button, reset_button: widgets with ``click()``.
        net: the network of the last run; before the first one, and after a reset, an untrained one.
        runs: all runs that were kept (`Run`).
        error: what ended the last run early, or ``None``; ``raise panel.error`` shows where.

    Raises:
        SettingError: no data set has this name.
    """

    def __init__(self, dataset: str = "auto", *, blocking: bool | None = None) -> None:
        self.controls = SettingControls(dataset)
        for name in Settings.__dataclass_fields__:
            setattr(self, name, getattr(self.controls, name))
        self.buttons = RunButtons(
            partial(self._begin, fresh=True), self._stop, partial(self._begin, fresh=False),
            self._reset,
        )  # fmt: skip
        self.train_button, self.stop_button = self.buttons.train, self.buttons.stop
        self.continue_button, self.reset_button = self.buttons.go_on, self.buttons.reset
        self.message, self.progress, self.curves = Message(), ProgressLine(), LiveCurves()
        self.table = RunTable(self.keep_still)
        self.blocking = not threads_reach_widgets() if blocking is None else blocking
        self.net = new_net(self.controls.initial)
        self.error: Exception | None = None
        self._lock, self._job, self._latest_job = threading.Lock(), None, None
        self._training: Training | None = None
        self._count, self._reading = 0, False
        super().__init__(
            [self.controls, self.buttons, self.message, self.progress, self.curves, self.table]
        )
        self._enable()

    @property
    def runs(self) -> list[Run]:
        """All runs that were kept, in order."""
        return self.table.runs

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until training has ended, at most ``timeout`` seconds; whether it has.

        Also saves the still picture with the notebook, for a notebook run without a browser.
        """
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
        settings, job = self.controls.values(), Job(self._work, self._end)
        with self._lock:
            refusal = self._refusal(fresh)
            if refusal is None:
                self._job = self._latest_job = job
                self._reading, self.error = True, None
        if refusal is not None:
            self.message.explain(refusal)
            return
        try:
            self._prepare(settings, fresh)
        except BaseException:  # an interrupt, most likely
            self._job = None
            self._enable()
            raise
        job.start(blocking=self.blocking)

    def _refusal(self, fresh: bool) -> SettingError | None:
        if self._job is not None:
            return words.BUSY
        return None if fresh or self._can_continue() else words.NOTHING

    def _prepare(self, settings: Settings, fresh: bool) -> None:
        self._lr, self._epochs = settings.lr, settings.epochs
        if fresh:
            self._count += 1
            self._training = Training(Run(self._count, settings))
            self.net = self._training.net
            self.curves.begin(settings.epochs)
        else:
            self.curves.extend(self._training.run.last.epoch + settings.epochs)
        self.progress.clear()
        self.message.say(words.READING)
        self._enable()

    def _work(self, job: Job) -> None:
        training = self._training
        training.read_data()
        with self._lock:
            if self._job is not job:
                return  # stopped while reading: the panel may be about another run by now
            self._reading = False
        self.message.say(words.TRAINING_HERE if self.blocking else words.TRAINING)
        reports = training.go_on(self._lr, self._epochs, job.should_stop)
        with closing(reports):
            for report in reports:
                self.table.keep(training.run)
                if not job.should_stop():  # else the answer comes first, and the picture last
                    self.progress.show(training.run, report)
                    self.curves.add(training.run.last)

    def _stop(self) -> None:
        with self._lock:
            job, reading = self._job, self._reading
        if job is None:
            return
        self.message.say(words.STOPPING)
        self.stop_button.disabled = True
        job.stop()
        if reading:  # which cannot be broken off: it goes on unseen, for the next run
            self._latest_job = None
            self._end(job)

    def _end(self, job: Job) -> None:
        """Show how it ended: the words and the buttons first, then the pictures."""
        with self._lock:
            if self._job is not job:
                return
            self._job, self._reading, self.error = None, False, job.error
            run = self._training.run
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
            self.message.explain(words.BUSY)
            return
        self.controls.reset()
        self._training, self.error = None, None
        self.net = new_net(self.controls.initial)
        self.progress.clear()
        self.curves.clear()
        self.message.say(words.RESET_DONE)
        self._enable()
        self.keep_still()

    def _can_continue(self) -> bool:
        run = self._training.run if self._training else None
        return bool(run and run.points and run.ended in ("finished", "stopped"))

    def _enable(self) -> None:
        busy, on = self._job is not None, self._can_continue()
        self.buttons.enable(busy=busy, can_stop=not self.blocking, can_go_on=on)
