"""A data set that is not at hand: fetched by a program of its own that can be ended at any time."""

import math
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from lenet_helpers.data import fetch as program
from lenet_helpers.data.catalog import FILES, DataSet, Images
from lenet_helpers.data.files import DamagedFileError, DataUnavailableError, read_folder
from lenet_helpers.data.places import cache_folder, content_of, find, looked_in, raw_folder
from lenet_helpers.words import Words

TIMEOUT_S = 20  # a server that is silent for so long is given up
PATIENCE_S = 45  # so long a download may be slow before it is judged
LONGEST_S = 30 * 60  # what would take longer than this from now on is given up
POLL_S = 0.1


class DownloadProgress(NamedTuple):
    """How far a download is: bytes that came, of about so many, and bytes per second lately."""

    title: Words
    received: int
    total: int
    rate: float

    @property
    def seconds_left(self) -> float:
        """How long it takes from now on at this rate; infinite while nothing comes."""
        left = max(self.total - self.received, 0)
        return left / self.rate if self.rate else math.inf


class _TooSlow(OSError):
    """The download would take longer than anybody waits."""

    def __init__(self, rate: float) -> None:
        kilobytes = f"{rate / 1000:.1f} kB/s"
        self.words = Words(
            f"{PATIENCE_S:g} 秒以来只有 {kilobytes}，要等半个多小时",
            f"only {kilobytes} for {PATIENCE_S:g} s: it would take more than half an hour",
        )


class Watch(NamedTuple):
    """Who is told of a download's progress, and who is asked whether it should end."""

    report: Callable[[DownloadProgress], None]
    should_stop: Callable[[], bool]


_RUNNING: set[str] = set()  # the data sets that `bring` is downloading
_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watching(
    report: Callable[[DownloadProgress], None], should_stop: Callable[[], bool]
) -> Iterator[None]:
    """Inside the block, this thread's downloads report here and can be stopped, every `POLL_S`."""
    token = _WATCH.set(Watch(report, should_stop))
    try:
        yield
    finally:
        _WATCH.reset(token)


def bring(dataset: DataSet) -> None:
    """Download a data set, or wait until it turns up from wherever; both can be stopped."""
    watch = _WATCH.get()
    while not (dataset.read or find(dataset)):
        if watch and watch.should_stop():
            raise _stopped(dataset)
        if dataset.name in _RUNNING:
            time.sleep(POLL_S)  # no lock is held, so that this can be stopped
            continue
        _RUNNING.add(dataset.name)
        try:
            download(dataset)
            return
        finally:
            _RUNNING.discard(dataset.name)


def download(dataset: DataSet) -> Images:
    """Download a data set into the user's cache, report how far it is, and read it.

    Only when all four files have the right checksums are they moved into the cache. Raises
    `DataUnavailableError`: no network, a broken, damaged or endless download, no room, or stopped.
    """
    cache, title = cache_folder(), dataset.title
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=cache, prefix="download-", ignore_cleanup_errors=True
        ) as folder:
            raw = raw_folder(Path(folder), dataset)
            fetch(dataset, Path(folder))
            for stem in FILES:
                (raw / stem).write_bytes(content_of(raw / f"{stem}.gz"))
            images = read_folder(raw, dataset)
            _keep(raw, raw_folder(cache, dataset))
            return images
    except (OSError, EOFError, zlib.error, DamagedFileError) as error:
        reason = getattr(error, "words", None) or Words.same(" ".join(str(error).split()))
        looked = looked_in(dataset)
        raise DataUnavailableError(
            f"无法下载 {title.zh}（{reason.zh}）。请检查网络和磁盘空间后重试；"
            "或者把环境变量 LENET_DATA 设为已有数据的文件夹；"
            "或者使用自带的数据：load_data('digits')。"
            f"找过的地方：{looked.zh}。",
            f"{title.en} could not be downloaded ({reason.en}). Check the network and the free "
            "disk space and try again; or set LENET_DATA to a folder that has the data; or use "
            f"the data that is always there: load_data('digits'). Looked in: {looked.en}.",
        ) from error


def fetch(dataset: DataSet, root: Path) -> None:
    """Download the four files to `raw_folder` below ``root``; an `OSError` if they don't come."""
    from torchvision import datasets  # imported late: only a download needs it

    known = getattr(datasets, dataset.torchvision_class)
    raw = raw_folder(root, dataset)
    raw.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-I", program.__file__, str(root), str(TIMEOUT_S)]
    for name, _ in known.resources:  # each file's path, then its addresses
        command += [str(raw / name), ",".join(mirror + name for mirror in known.mirrors)]
    with _watch(dataset) as watch:
        _run(dataset, command, raw, watch)


def _run(dataset: DataSet, command: list[str], folder: Path, watch: Watch) -> None:
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    pace: deque[tuple[float, int]] = deque()
    with subprocess.Popen(command, **pipes) as child:
        try:
            while not _ended(child):
                if watch.should_stop():
                    raise _stopped(dataset)
                progress = _progress(dataset, folder, pace)
                watch.report(progress)
                slow = progress.seconds_left > LONGEST_S
                if slow and pace[-1][0] - pace[0][0] >= PATIENCE_S:
                    raise _TooSlow(progress.rate)
        finally:
            child.kill()  # does nothing to one that has ended
        if child.returncode:
            raise OSError(child.stderr.read().decode(errors="replace").strip())
    received = _progress(dataset, folder, pace).received
    watch.report(DownloadProgress(dataset.title, received, received, 0))


def _ended(child: subprocess.Popen) -> bool:
    try:
        child.wait(POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _progress(dataset: DataSet, folder: Path, pace: deque) -> DownloadProgress:
    """Also notes it in ``pace``, the times and bytes of the last `PATIENCE_S` seconds."""
    received = sum(path.stat().st_size for path in folder.iterdir())
    pace.append((time.monotonic(), received))
    while len(pace) > 2 and pace[-1][0] - pace[1][0] >= PATIENCE_S:
        pace.popleft()
    (start, before), (now, received) = pace[0], pace[-1]
    rate = (received - before) / (now - start) if now > start else 0.0
    return DownloadProgress(dataset.title, received, dataset.megabytes * 1_000_000, rate)


@contextmanager
def _watch(dataset: DataSet) -> Iterator[Watch]:
    """Who watches; if nobody does, a line of progress, rate and time left below the cell."""
    if watch := _WATCH.get():
        yield watch
        return
    from tqdm import tqdm  # imported late: only a download needs it

    with tqdm(desc=dataset.title.en, unit="B", unit_scale=True) as bar:

        def report(progress: DownloadProgress) -> None:
            bar.total = progress.total
            bar.update(progress.received - bar.n)

        yield Watch(report, lambda: False)


def _stopped(dataset: DataSet) -> DataUnavailableError:
    title = dataset.title
    return DataUnavailableError(
        f"{title.zh} 的下载已停止。", f"Downloading {title.en} was stopped."
    )


def _keep(source: Path, target: Path) -> None:
    """Move the files one by one, each at once: two kernels may do so at the same time."""
    target.mkdir(parents=True, exist_ok=True)
    for stem in FILES:
        try:
            os.replace(source / stem, target / stem)
        except PermissionError:
            # Windows replaces no open file: there another kernel has just put the same one.
            if not (target / stem).is_file():
                raise
