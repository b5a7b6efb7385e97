"""Work that takes long and can be stopped: on a thread of its own, or right here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from lenet_helpers.runtime import release_idle_threads


def threads_reach_widgets() -> bool:
    """Whether a thread can change widgets here. In Google Colab it cannot."""
    return "google.colab" not in sys.modules


class Job:
    """Does ``work(job)`` once and then ``at_end(job)``.

    The work asks `should_stop` whenever it can break off. What it raises is kept in ``error``.

    Attributes:
        error: what the work raised, or ``None``.
    """

    def __init__(self, work: Callable[[Job], None], at_end: Callable[[Job], None]) -> None:
        self._work, self._at_end = work, at_end
        self._stop, self._over = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def start(self, *, blocking: bool) -> None:
        """Begin on a daemon thread; or, ``blocking``, do all of it before this returns."""
        if blocking:
            self._run()
        else:
            release_idle_threads()  # this thread's own, so that the new one has the cores
            threading.Thread(target=self._run, daemon=True, name="lenet-training").start()

    def stop(self) -> None:
        """Ask the work to break off; returns at once."""
        self._stop.set()

    def should_stop(self) -> bool:
        """Whether somebody asked."""
        return self._stop.is_set()

    def wait(self, timeout: float | None) -> bool:
        """Wait until all is done, at most ``timeout`` seconds; whether it is."""
        return self._over.wait(timeout)

    def _run(self) -> None:
        try:
            self._work(self)
        except KeyboardInterrupt:  # blocking, and the kernel was interrupted
            self.stop()
        except Exception as error:
            self.error = error
        try:
            self._at_end(self)
        finally:
            self._over.set()
