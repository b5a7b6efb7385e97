"""Fetching a data set through torchvision, so that the cache never holds half of one."""

from __future__ import annotations

import os
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from lenet_helpers.data.catalog import FILES, DataSet
from lenet_helpers.data.idx import DamagedFileError
from lenet_helpers.data.places import Images, cache_folder, raw_folder, read_folder
from lenet_helpers.words import LessonError

TIMEOUT_S = 20
_FAILURES = (OSError, RuntimeError, EOFError, HTTPException, zlib.error, DamagedFileError)


class DataUnavailableError(LessonError):
    """A data set that is not on this machine and could not be downloaded."""


def download(dataset: DataSet) -> Images:
    """Download a data set into the user's cache, show a progress bar, and read it.

    torchvision fetches the files and compares their checksums, in a folder of their own; only
    when all four could be read are they moved into the cache.

    Raises:
        DataUnavailableError: no network, a refused, broken or damaged download, no room, …; the
            cache then holds nothing that was not checked.
    """
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="download-") as folder:
            _fetch(dataset, Path(folder))
            images = read_folder(raw_folder(Path(folder), dataset), dataset)
            _keep(raw_folder(Path(folder), dataset), raw_folder(cache, dataset))
            return images
    except _FAILURES as error:
        title, reason = dataset.title, " ".join(str(error).split())
        raise DataUnavailableError(
            f"无法下载 {title.zh}（{reason}）。请检查网络和磁盘空间后重试；"
            "或者把环境变量 LENET_DATA 设为已有数据的文件夹；"
            "或者使用自带的数据：load_data('digits')。",
            f"{title.en} could not be downloaded ({reason}). Check the network and the free disk "
            "space and try again; or set LENET_DATA to a folder that has the data; or use the "
            "data that is always there: load_data('digits').",
        ) from error


def _fetch(dataset: DataSet, root: Path) -> None:
    from torchvision import datasets  # imported late: only a download needs it

    with _timeout(TIMEOUT_S):
        getattr(datasets, dataset.torchvision_class)(root, download=True)


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


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """torchvision sets no time limit; without one, bad Wi-Fi stops a class for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
