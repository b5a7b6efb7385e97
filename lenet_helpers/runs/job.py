"""A panel that trains at the press of a button: on a thread of its own, or right here."""

import sys
import threading
from collections.abc import Callable

import ipywidgets as widgets

from lenet_helpers.language import say
from lenet_helpers.panels import Panel
from lenet_helpers.runtime import release_idle_threads, return_freed_memory
from lenet_helpers.words import SettingError, Words

TRAIN, STOP = Words("训练", "Train"), Words("停止", "Stop")
RUNNING = Words("正在训练…", "Training …")
RUNNING_HERE = Words(
    "正在训练；要停下，请中断内核（工具栏上的 ■）。",
    "Training; to stop, interrupt the kernel (■ in the toolbar).",
)
STOPPING = Words("正在停下…", "Stopping …")
BUSY = SettingError("正在训练：请先停止。", "Training is going on: stop it first.")
_LOCK = threading.Lock()


def button(
    icon: str, look: str, words: Words, act: Callable[[], None], tip: Words
) -> widgets.Button:
    """A button with these words, which calls ``act()``; ``look`` is its ``button_style``."""
    made = widgets.Button(icon=icon, button_style=look)
    made.layout.width, made.layout.min_width = "auto", "10em"
    say(made, "description", words)
    say(made, "tooltip", tip)
    made.on_click(lambda _: act())
    return made


class Job:
    """A training ``about`` something: ``busy`` until it has ended, at times with an ``error``."""

    def __init__(self, about: object) -> None:
        self.about, self.error = about, None
        self.busy = self.reading = True
        self.stopped, self.over = threading.Event(), threading.Event()
        self.should_stop = self.stopped.is_set
        self.blocking = "google.colab" in sys.modules  # there no thread can change a widget


class JobPanel(Panel):
    """A panel with a ``train_button``, a ``stop_button``, a ``message``, and one job at a time.

    A job is on a thread of its own, or ``blocking``. A panel begins one by `_start` and defines
    ``_work(job)``; then ``_how_it_ended(job)``, in `Words`, and ``_show_end(job)``, the pictures.
    """

    job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is going on, so that no other can begin."""
        return self.job is not None and self.job.busy

    @property
    def error(self) -> Exception | None:
        """What ended the last job early, or ``None``; ``raise panel.error`` shows where."""
        return None if self.job is None else self.job.error

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, at most ``timeout`` seconds, until training has ended; keep the still if it has."""
        ended = self.job is None or self.job.over.wait(timeout)
        if ended:
            self.keep_still()
        return ended

    def close(self) -> None:
        """Stop training and take the panel off the page; what was trained remains."""
        super().close()
        if self.job is not None:
            self.job.stopped.set()

    def _read(self, job: Job) -> None:
        """What comes before the work; who stops it then does not wait for it."""

    def _start(self, about: object) -> None:
        self.job = job = Job(about)
        self._enable()
        if job.blocking:
            self._run(job)
        else:
            release_idle_threads()  # this thread's own, so that the new one has the cores
            name = "lenet-training"
            threading.Thread(target=self._run, args=(job,), daemon=True, name=name).start()

    def _run(self, job: Job) -> None:
        error = None
        try:
            self._read(job)
            with _LOCK:
                job.reading = False
            if job.busy:
                self.message.say(RUNNING_HERE if job.blocking else RUNNING)
                self._work(job)
        except KeyboardInterrupt:
            job.stopped.set()
        except Exception as caught:
            error = caught
        self._end(job, error)

    def _stop(self) -> None:
        if self.busy:
            self.message.say(STOPPING)
            self.stop_button.disabled = True
            self.job.stopped.set()
            self._end(self.job, if_reading=True)

    def _end(self, job: Job, error: Exception | None = None, if_reading: bool = False) -> None:
        """Show, once, how it ended: the words and the buttons first, then the pictures."""
        with _LOCK:
            if not job.busy or (if_reading and not job.reading):
                return
            job.busy, job.error = False, error
        try:
            self._enable()
            if error is None:
                self.message.say(self._how_it_ended(job))
            else:
                self.message.explain(error)
            if self.comm is not None:  # else the panel was closed
                self._show_end(job)
                self.keep_still()
        except Exception as caught:  # on a thread, nobody else would hear of it
            job.error = caught
            self.message.explain(caught)
        finally:
            return_freed_memory()
            job.over.set()

    def _enable(self) -> None:
        """Let only those buttons be pressed that do something now."""
        self.train_button.disabled = self.busy
        self.stop_button.disabled = not self.busy or self.job.blocking
