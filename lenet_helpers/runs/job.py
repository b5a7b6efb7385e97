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
Act = Callable[["Job"], None]


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
    """Calls ``read(job)`` and ``work(job)``, then once, however these ended, ``at_end(job)``.

    ``about`` is what they need to know; ``busy`` until ``at_end`` begins; ``error`` is what went
    wrong. Where threads cannot change widgets, as in Google Colab, it is ``blocking``.
    """

    def __init__(self, about: object, read: Act, work: Act, at_end: Act) -> None:
        self.about, self._read, self._work, self._at_end = about, read, work, at_end
        self._lock, self._stop, self._over = threading.Lock(), threading.Event(), threading.Event()
        self.should_stop, self.wait = self._stop.is_set, self._over.wait
        self.blocking = "google.colab" in sys.modules
        self.busy, self._reading, self.error = True, True, None

    def start(self) -> None:
        """Begin on a daemon thread; or, ``blocking``, do all of it before this returns."""
        if self.blocking:
            self._run()
        else:
            release_idle_threads()  # this thread's own, so that the new one has the cores
            threading.Thread(target=self._run, daemon=True, name="lenet-training").start()

    def stop(self) -> None:
        """Ask it to stop. While it reads it ends at once: nobody waits for what is read."""
        self._stop.set()
        self._end(if_reading=True)

    def _run(self) -> None:
        error = None
        try:
            self._read(self)
            with self._lock:
                self._reading = False
            if self.busy:
                self._work(self)
        except KeyboardInterrupt:  # blocking, and the kernel was interrupted
            self._stop.set()
        except Exception as caught:
            error = caught
        self._end(error)

    def _end(self, error: Exception | None = None, if_reading: bool = False) -> None:
        with self._lock:
            if not self.busy or if_reading and not self._reading:
                return
            self.busy, self.error = False, error
        try:
            self._at_end(self)
        finally:
            return_freed_memory()
            self._over.set()


class JobPanel(Panel):
    """A panel with a ``train_button``, a ``stop_button``, a ``message``, and one job at a time.

    A panel defines what is to be done, ``_work(job)``; then ``_how_it_ended(job)`` in `Words`, and
    ``_show_end(job)``, the pictures. It begins by `_start`, with what the job is about.
    """

    job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether something is going on, so that nothing else can be begun."""
        return self.job is not None and self.job.busy

    @property
    def error(self) -> Exception | None:
        """What ended the last job early, or ``None``; ``raise panel.error`` shows where."""
        return None if self.job is None else self.job.error

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, at most ``timeout`` seconds, until training has ended; keep the still if it has."""
        ended = self.job is None or self.job.wait(timeout)
        if ended:
            self.keep_still()
        return ended

    def close(self) -> None:
        """Stop training and take the panel off the page; what was trained remains."""
        super().close()
        if self.job is not None:
            self.job.stop()

    def _read(self, job: Job) -> None:
        """What nobody waits for who stops the job."""

    def _start(self, about: object) -> None:
        self.job = Job(about, self._read, self._work, self._at_end)
        self._enable()
        self.job.start()

    def _stop(self) -> None:
        if self.busy:
            self.message.say(STOPPING)
            self.stop_button.disabled = True
            self.job.stop()

    def _at_end(self, job: Job) -> None:
        """The words and the buttons first, then the pictures."""
        self._enable()
        if job.error is None:
            self.message.say(self._how_it_ended(job))
        else:
            self.message.explain(job.error)
        if self.comm is None:
            return  # the panel was closed
        try:
            self._show_end(job)
            self.keep_still()
        except Exception as error:  # on a thread, nobody else would hear of it
            job.error = error
            self.message.explain(error)

    def _enable(self) -> None:
        """Let only those buttons be pressed that do something now."""
        self.train_button.disabled = self.busy
        self.stop_button.disabled = not self.busy or self.job.blocking
