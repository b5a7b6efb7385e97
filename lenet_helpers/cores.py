"""As many threads as this process is really given cores; asked before every batch.

PyTorch takes one thread for each core, as if no other program were there. Where one is, the
threads wait for each other at every small loop, and training becomes many times slower instead of
half as fast. So: **a loop whose threads get less of the processors than they ask for goes on with
fewer, and takes more again when cores lie idle.** The batches of `load_data` see to it by
themselves. A number of threads set with ``torch.set_num_threads`` is never exceeded, and there
again when the loop has ended; with one thread, the same seed gives the same numbers to the last
digit, whatever else the machine does.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import psutil
import torch

Batch = TypeVar("Batch")
# In seconds. Windows counts a process's time in steps of 1/64 s and needs a longer look.
LOOK = 0.2 if sys.platform == "win32" else 0.05
LONG_LOOK = max(0.3, LOOK)
SHORTEST_WAIT, LONGEST_WAIT = 0.1, 1.2


class Clocks(NamedTuple):
    """Seconds: on the clock, of work by this thread, by this process, and of all cores' idleness.

    As a difference, `ThreadCount` divides the last three by the first: they become cores.
    """

    wall: float
    thread: float
    process: float
    idle: float


def read_clocks() -> Clocks:
    """The four clocks now."""
    idle = psutil.cpu_times().idle
    return Clocks(time.perf_counter(), time.thread_time(), time.process_time(), idle)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def threads_at_work(file: Path = Path("/proc/loadavg")) -> int | None:
    """How many threads of the whole machine are on a core or wait for one; only Linux tells."""
    words = " ".join(_lines(file)).split()
    return int(words[3].split("/")[0]) if len(words) > 3 else None


class ThreadCount:
    """Decides how many threads one loop takes; knows nothing of torch.

    Args:
        count: how many to begin with.
        wall, read, at_work: the clock, what reads all clocks, and `threads_at_work`; called in
            the loop's own thread.

    Attributes:
        count: how many to take now.
    """

    def __init__(
        self,
        count: int,
        wall: Callable[[], float] = time.perf_counter,
        read: Callable[[], Clocks] = read_clocks,
        at_work: Callable[[], int | None] = threads_at_work,
    ) -> None:
        self.count, self._wall, self._read, self._at_work = count, wall, read, at_work
        self._asked = -math.inf
        self.begin(count)

    def ask(self, most: int, others: int = 0) -> int:
        """How many threads to take for the next batch, from 1 to ``most``.

        ``others`` is how many threads the other loops of this process take.
        """
        self.count = min(self.count, most)
        if most == 1:
            return 1
        self._asked = self._wall()
        if self._asked - self._look.wall >= LOOK:
            self._judge(self._read(), most, others)
        return self.count

    def begin(self, most: int) -> None:
        """A loop begins. Look before its first batch: a crowded one can take a second."""
        if self._wall() - self._asked < LOOK:
            return  # it goes on where another ended
        if (at_work := self._at_work()) is not None:
            self.count = max(1, most - (at_work - 1))
        self._look = self._long_look = self._read()
        self._wait, self._next_try, self._trying = SHORTEST_WAIT, 0.0, False

    def _judge(self, now: Clocks, most: int, others: int) -> None:
        short, long = _cores(self._look, now), _cores(self._long_look, now)
        self._look = now
        asked = self.count + others
        if self.count > 1 and (_are_taken(short, asked) or _are_refused(long, asked)):
            self._wait = min(2 * self._wait, LONGEST_WAIT) if self._trying else SHORTEST_WAIT
            self._next_try, self._trying = now.wall + self._wait, False
            got = round(short.process * self.count / asked)
            self._take(now, min(max(1, got), self.count - 1))
        elif self.count < most and now.wall >= self._next_try and _lie_idle(long):
            self._trying = True
            self._take(now, min(most, self.count + max(1, int(long.idle))))
        elif long.wall >= LONG_LOOK:
            self._long_look, self._trying = now, False

    def _take(self, now: Clocks, count: int) -> None:
        self.count, self._long_look = count, now


def _cores(before: Clocks, now: Clocks) -> Clocks:
    wall = now.wall - before.wall
    return Clocks(wall, *((b - a) / wall for a, b in zip(before[1:], now[1:], strict=True)))


def _are_taken(look: Clocks, asked: int) -> bool:
    """Whether others have the cores that were asked for: half of one is missing, and none idle."""
    missing = asked - look.process
    return missing >= 0.5 and look.idle < missing / 2


def _are_refused(look: Clocks, asked: int) -> bool:
    """Whether cores are missing though some lie idle, and this thread itself has to wait: a quota.

    (A thread that works alone for a while, drawing for instance, does not wait.)
    """
    return look.wall >= LONG_LOOK and asked - look.process >= 0.5 and look.thread < 0.75


def _lie_idle(look: Clocks) -> bool:
    return look.wall >= SHORTEST_WAIT and look.idle > 0.75


def allowed_cores(root: Path = Path("/")) -> int:
    """How many cores this process may use at most: by its affinity and its control groups' quotas.

    Source: ``cpu.max`` and ``cpu.cfs_quota_us`` in the documentation of Linux's control groups.
    """
    cores = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()]
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controllers
        group = mount / path.strip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mount):
                break
            quota = " ".join(_lines(folder / "cpu.max")).split() or [
                *_lines(folder / "cpu.cfs_quota_us"), *_lines(folder / "cpu.cfs_period_us")
            ]  # fmt: skip
            if len(quota) == 2 and quota[0] not in ("max", "-1"):
                cores.append(math.ceil(int(quota[0]) / int(quota[1])))
    return max(1, min(cores))


class _Loop:
    """The loops of one thread, which may be nested, and torch's number of threads meanwhile."""

    latest: int | None = None  # what any loop of this process took last

    def __init__(self) -> None:
        self.thread, self.depth = threading.get_ident(), 0
        self.most = self.found = self.ours = torch.get_num_threads()
        self.chooser = ThreadCount(min(_Loop.latest or self.most, self.most))

    def begin(self) -> None:
        self.depth += 1
        if self.depth > 1:
            return
        self.most = self.found = self.ours = torch.get_num_threads()
        with _lock:
            for other in _running:  # a new thread inherits the number that a loop has set
                if self.found == other.ours:
                    self.most = self.found = max(self.found, other.found)
            _running.append(self)
        self.most = min(self.most, allowed_cores())
        self.chooser.begin(self.most)

    def adjust(self) -> None:
        now = torch.get_num_threads()
        if now != self.ours:  # somebody's own choice
            self.most = self.found = now
        with _lock:
            others = sum(loop.ours for loop in _running if loop is not self)
        self.ours = _Loop.latest = self.chooser.ask(self.most, others)
        if self.ours != now:
            torch.set_num_threads(self.ours)

    def end(self) -> None:
        self.depth -= 1
        if self.depth:
            return
        with _lock:
            _running.remove(self)
        if threading.get_ident() == self.thread and torch.get_num_threads() == self.ours:
            torch.set_num_threads(self.found)


_here, _lock = threading.local(), threading.Lock()
_running: list[_Loop] = []


@contextmanager
def free_cores() -> Iterator[Callable[[], None]]:
    """Around a loop over batches, which before each of them calls what this yields.

    The call sets PyTorch's number of threads, for the calling thread, to the cores that are free.
    At the end of the thread's outermost block the number is what it was before; one that somebody
    else sets meanwhile stays, and is not exceeded.
    """
    if not hasattr(_here, "loop"):
        _here.loop = _Loop()
    loop = _here.loop
    loop.begin()
    try:
        yield loop.adjust
    finally:
        loop.end()


def shared(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same batches, with PyTorch's threads adjusted before each: `free_cores` as a loop."""
    with free_cores() as adjust_threads:
        for batch in batches:
            adjust_threads()
            yield batch
