"""As many threads as this process is really given cores; asked before every batch.

PyTorch takes one thread for each core, as if no other program were there. Where one is, the
threads wait for each other, and training becomes many times slower instead of half as fast. So: **a
loop whose threads get less of the processors than they ask for goes on with fewer, and takes more
again when cores lie idle.** A number set with ``torch.set_num_threads`` is never exceeded, and
there again when the loop has ended; with one thread, a seed gives the same numbers exactly.
"""

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil
import torch

from lenet_helpers.thread_count import Clocks, ThreadCount

Batch = TypeVar("Batch")


def read_clocks() -> Clocks:
    """The four clocks now."""
    idle = psutil.cpu_times().idle
    return Clocks(time.perf_counter(), time.thread_time(), time.process_time(), idle)


def cores_free_now(file: Path = Path("/proc/loadavg")) -> int | None:
    """The cores left over by all other threads that compute or wait to; only Linux tells."""
    at_work = re.search(r"(\d+)/", " ".join(_lines(file)))  # this thread included
    return (os.cpu_count() or 1) - (int(at_work[1]) - 1) if at_work else None


def allowed_cores(root: Path = Path("/")) -> int:
    """How many cores this process may use at most: by its affinity and its control groups' quotas.

    Source: ``cpu.max`` and ``cpu.cfs_quota_us`` in the documentation of Linux's control groups.
    (``joblib.cpu_count`` reads them too, but takes most of a second to import.)
    """
    cores = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()]
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controllers
        group = mount / path.strip("/")
        for folder in (group, *group.parents[: len(group.relative_to(mount).parts)]):
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
        self.thread, self.depth, most = threading.get_ident(), 0, torch.get_num_threads()
        first = min(_Loop.latest or most, most)
        self.chooser = ThreadCount(first, time.perf_counter, read_clocks)

    def begin(self) -> None:
        self.found = self.ours = torch.get_num_threads()
        with _lock:
            for other in _running:  # a new thread inherits the number that a loop has set
                if self.found == other.ours:
                    self.found = max(self.found, other.found)
            _running.append(self)
        self.most = min(self.found, allowed_cores())
        self.chooser.begin(self.most, cores_free_now())

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
        with _lock:
            _running.remove(self)
        if threading.get_ident() == self.thread and torch.get_num_threads() == self.ours:
            torch.set_num_threads(self.found)


_here, _lock = threading.local(), threading.Lock()
_running: list[_Loop] = []


@contextmanager
def free_cores() -> Iterator[Callable[[], None]]:
    """Around a loop over batches, which before each of them calls what this yields.

    The call sets PyTorch's number of threads to the cores that are free. After the thread's
    outermost block it is as before; a number that somebody else sets stays, and is not exceeded.
    """
    if not hasattr(_here, "loop"):
        _here.loop = _Loop()
    loop = _here.loop
    if loop.depth == 0:
        loop.begin()
    loop.depth += 1
    try:
        yield loop.adjust
    finally:
        loop.depth -= 1
        if loop.depth == 0:
            loop.end()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread inside the block: for small steps, which many threads only wait for."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def on_free_cores(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same batches, with PyTorch's threads adjusted before each: `free_cores` as a loop."""
    with free_cores() as adjust_threads:
        for batch in batches:
            adjust_threads()
            yield batch


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
