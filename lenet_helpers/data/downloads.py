"""A data set that is not at hand: fetched into memory, then into the user's cache."""

import os
import tempfile
import threading
import time
import zlib
from collections import defaultdict, deque
from concurrent.futures import Future, wait
from pathlib import Path
from urllib.request import urlopen

from lenet_helpers.data.catalog import FILES, DataSet
from lenet_helpers.data.files import DataUnavailableError, read_folder
from lenet_helpers.data.places import cache_folder, content_of, find, looked_in, raw_folder
from lenet_helpers.data.progress import DownloadProgress, Watch
from lenet_helpers.words import LessonError, Words

TIMEOUT_S = 20  # a server that is silent for so long is given up
PATIENCE_S = 45  # so long a download may be slow before it is judged
LONGEST_S = 30 * 60  # what would take longer than this from now on is given up
POLL_S = 0.1
CHUNK = 2**14

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
        tempfile.TemporaryFile(dir=cache).close()  # if it cannot be written to, nobody need wait
        files = fetch(dataset, watch)
        with tempfile.TemporaryDirectory(
            dir=cache, prefix="download-", ignore_cleanup_errors=True
        ) as folder:
            raw = raw_folder(Path(folder), dataset)
            raw.mkdir(parents=True)
            for stem in FILES:
                (raw / f"{stem}.gz").write_bytes(files[f"{stem}.gz"])
                (raw / stem).write_bytes(content_of(raw / f"{stem}.gz"))
            read_folder(raw, dataset)
            _keep(raw, raw_folder(cache, dataset))
    except DataUnavailableError:  # stopped
        raise
    except (OSError, EOFError, zlib.error, LessonError) as error:
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


def fetch(dataset: DataSet, watch: Watch) -> dict[str, bytearray]:
    """What the four files hold, packed, by their names; an `OSError` if they don't come."""
    from torchvision import datasets  # imported late: only a download needs it

    known = getattr(datasets, dataset.torchvision_class)
    files = {name: bytearray() for name, _ in known.resources}
    wanted, all_came = threading.Event(), Future()

    def take_all() -> None:
        try:
            for name, content in files.items():
                _take(content, [mirror + name for mirror in known.mirrors], wanted)
            all_came.set_result(None)
        except OSError as error:
            all_came.set_exception(error)

    wanted.set()
    threading.Thread(target=take_all, daemon=True, name="lenet-download").start()
    seen = deque(maxlen=round(PATIENCE_S / POLL_S))  # the times and the bytes that had come
    try:
        while not all_came.done():
            _end_if_stopped(dataset, watch)
            seen.append((time.monotonic(), sum(map(len, files.values()))))
            (start, before), (now, came) = seen[0], seen[-1]
            rate = (came - before) / (now - start) if now > start else 0.0
            progress = DownloadProgress(dataset.title, came, dataset.megabytes * 1_000_000, rate)
            watch.report(progress)
            if progress.seconds_left > LONGEST_S and len(seen) == seen.maxlen:
                raise _too_slow(rate)
            wait([all_came], POLL_S)
    finally:
        wanted.clear()
    all_came.result()
    came = sum(map(len, files.values()))
    watch.report(DownloadProgress(dataset.title, came, came, 0))
    return files


def _take(content: bytearray, urls: list[str], wanted: threading.Event) -> None:
    """Fetch a file, while it is wanted, from the first address that has it; or an `OSError`."""
    failures = []
    for url in urls:
        content.clear()
        try:
            with urlopen(url, timeout=TIMEOUT_S) as answer:
                while wanted.is_set() and (chunk := answer.read1(CHUNK)):  # no more than has come
                    content += chunk
                if answer.length:
                    raise OSError(f"{answer.length} bytes are missing")
                return
        except Exception as error:  # a server can answer anything; the next address may do better
            failures.append(f"{url}: {error}")
    raise OSError("; ".join(failures))


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
