"""A data set that is not at hand: fetched by a program of its own that can be ended at any time."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict, deque
from contextlib import suppress
from pathlib import Path

from lenet_helpers.data.catalog import FILES, DataSet
from lenet_helpers.data.files import DataUnavailableError, read_folder
from lenet_helpers.data.places import (
    UNREADABLE,
    cache_folder,
    content_of,
    find,
    looked_in,
    raw_folder,
)
from lenet_helpers.data.progress import DownloadProgress, Watch
from lenet_helpers.words import LessonError, Words

PROGRAM = Path(__file__).with_name("fetch.py")
TIMEOUT_S = 20  # a server that is silent for so long is given up
PATIENCE_S = 45  # so long a download may be slow before it is judged
LONGEST_S = 30 * 60  # what would take longer than this from now on is given up
POLL_S = 0.1

_DOWNLOADING = defaultdict(threading.Lock)  # held, by a data set's name, while it is downloaded


def download(dataset: DataSet, watch: Watch | None = None) -> None:
    """Download a data set into the user's cache, or wait until it turns up from wherever.

    ``watch`` is told and asked every `POLL_S`; without it a line below the cell says progress, rate
    and time left. Only when all four files have the right checksums are they moved into the cache.
    Raises `DataUnavailableError`: no network, a broken, damaged or endless download, no room, or
    stopped.
    """
    if watch is None:
        return _with_a_bar(dataset)
    lock = _DOWNLOADING[dataset.name]
    while not lock.acquire(timeout=POLL_S):
        if find(dataset):
            return
        _end_if_stopped(dataset, watch)
    try:
        if not find(dataset):
            _into_the_cache(dataset, watch)
    finally:
        lock.release()


def _with_a_bar(dataset: DataSet) -> None:
    from tqdm import tqdm  # imported late: only a download needs it

    with tqdm(desc=dataset.title.en, unit="B", unit_scale=True) as bar:

        def report(progress: DownloadProgress) -> None:
            bar.total = progress.total
            bar.update(progress.received - bar.n)

        download(dataset, Watch(report, lambda: False))


def _into_the_cache(dataset: DataSet, watch: Watch) -> None:
    cache, title = cache_folder(), dataset.title
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=cache, prefix="download-", ignore_cleanup_errors=True
        ) as folder:
            raw = raw_folder(Path(folder), dataset)
            fetch(dataset, Path(folder), watch)
            for stem in FILES:
                (raw / stem).write_bytes(content_of(raw / f"{stem}.gz"))
            read_folder(raw, dataset)
            _keep(raw, raw_folder(cache, dataset))
    except DataUnavailableError:  # stopped
        raise
    except (*UNREADABLE, LessonError) as error:
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


def fetch(dataset: DataSet, root: Path, watch: Watch) -> None:
    """Download the four files to `raw_folder` below ``root``; an `OSError` if they don't come."""
    from torchvision import datasets  # imported late: only a download needs it

    known = getattr(datasets, dataset.torchvision_class)
    raw = raw_folder(root, dataset)
    raw.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-I", PROGRAM, root, str(TIMEOUT_S)]
    for name, _ in known.resources:  # each file's path, then its addresses
        command += [raw / name, ",".join(mirror + name for mirror in known.mirrors)]
    pace: deque[tuple[float, int]] = deque()
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as child:
        try:
            while child.poll() is None:
                _end_if_stopped(dataset, watch)
                watch.report(progress := _progress(dataset, raw, pace))
                if progress.seconds_left > LONGEST_S and pace[-1][0] - pace[0][0] >= PATIENCE_S:
                    raise _too_slow(progress.rate)
                with suppress(subprocess.TimeoutExpired):
                    child.wait(POLL_S)
        finally:
            child.kill()  # does nothing to one that has ended
        if child.returncode:
            raise OSError(child.stderr.read().decode(errors="replace").strip())
    received = _progress(dataset, raw, pace).received
    watch.report(DownloadProgress(dataset.title, received, received, 0))


def _end_if_stopped(dataset: DataSet, watch: Watch) -> None:
    if watch.should_stop():
        title = dataset.title
        raise DataUnavailableError(
            f"{title.zh} 的下载已停止。", f"Downloading {title.en} was stopped."
        )


def _too_slow(rate: float) -> LessonError:
    kilobytes = f"{rate / 1000:.1f} kB/s"
    return LessonError(
        f"{PATIENCE_S:g} 秒以来只有 {kilobytes}，要等半个多小时",
        f"only {kilobytes} for {PATIENCE_S:g} s: it would take more than half an hour",
    )


def _progress(dataset: DataSet, folder: Path, pace: deque) -> DownloadProgress:
    """Also notes it in ``pace``, the times and bytes of the last `PATIENCE_S` seconds."""
    received = sum(path.stat().st_size for path in folder.iterdir())
    pace.append((time.monotonic(), received))
    while len(pace) > 2 and pace[-1][0] - pace[1][0] >= PATIENCE_S:
        pace.popleft()
    (start, before), (now, received) = pace[0], pace[-1]
    rate = (received - before) / (now - start) if now > start else 0.0
    return DownloadProgress(dataset.title, received, dataset.megabytes * 1_000_000, rate)


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
