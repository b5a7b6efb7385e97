"""The four files of a data set: read and checked, or fetched through torchvision first."""

from __future__ import annotations

import gzip
import hashlib
import mmap
import os
import socket
import tempfile
import zlib
from http.client import HTTPException
from pathlib import Path

import numpy as np

from lenet_helpers.data.catalog import FILES, DataSet, Images
from lenet_helpers.data.places import cache_folder, file_in, raw_folder
from lenet_helpers.words import LessonError

GZIP_MAGIC = b"\x1f\x8b"
MOST_BYTES = 2**28  # five times the largest file of MNIST; a few damaged bytes can unpack to more
TIMEOUT_S = 20
WRITABLE = 0o222  # the bits of a file's mode that let anybody write


class DamagedFileError(LessonError):
    """A data file that is unreadable, truncated, or not what its name says."""

    def __init__(self, path: Path, zh: str, en: str) -> None:
        super().__init__(
            f"数据文件 {path} 已损坏：{zh}。请删除它，然后重新运行这个单元格。",
            f"The data file {path} is damaged: {en}. Delete it, then run this cell again.",
        )


class DataUnavailableError(LessonError):
    """A data set that is not on this machine and could not be downloaded."""


def read_folder(folder: Path, dataset: DataSet) -> Images:
    """Read the four files of a data set, plain or compressed.

    Raises:
        DamagedFileError: a file cannot be read, or has another checksum than the published one.
    """
    paths = (file_in(folder, stem) or folder / stem for stem in FILES)
    return Images(*map(read_idx, paths, dataset.sha256))


def read_idx(path: Path, sha256: str) -> np.ndarray:
    """Read one IDX file of unsigned bytes, plain or gzip-compressed, into a ``uint8`` array.

    The file is a header (two zero bytes, the type of a number, the number of axes, then each axis's
    length as a big-endian 32-bit integer) followed by the numbers. Source: the description on the
    MNIST page by LeCun, Cortes and Burges.

    A plain file that nobody may write to (``chmod a-w``, as on a class's server) is mapped instead:
    all kernels then share its pages. Any other might change, or be unplugged, while it is in use.
    The array is writable, as torch likes it; the file stays as it is.

    Args:
        path: the file; whether it is compressed is seen from its content, not from its name.
        sha256: the checksum of the uncompressed content; what has it needs no other check.

    Raises:
        DamagedFileError: the file cannot be read, or has another checksum.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            packed = file.peek(2).startswith(GZIP_MAGIC)
            if packed or status.st_mode & WRITABLE:
                unpacked = gzip.GzipFile(fileobj=file) if packed else file
                content = bytearray(unpacked.read(MOST_BYTES))
            else:
                length = min(status.st_size, MOST_BYTES)
                content = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_COPY)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DamagedFileError(
            path, f"无法读取（{reason}）", f"it cannot be read ({reason})"
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedFileError(
            path,
            "校验和不符，文件不完整、被改动过，或属于另一个数据集",
            "its checksum is wrong; it is incomplete, was changed, or belongs to another data set",
        )
    axes = content[3]
    shape = np.frombuffer(content, ">u4", axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def download(dataset: DataSet) -> Images:
    """Download a data set into the user's cache, show a progress bar, and read it.

    torchvision fetches the files in a folder of their own; only when all four could be read and
    have the right checksums are they moved into the cache.

    Raises:
        DataUnavailableError: no network, a refused, broken or damaged download, no room, …; the
            cache then holds nothing that was not checked.
    """
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="download-") as folder:
            fetch(dataset, Path(folder))
            images = read_folder(raw_folder(Path(folder), dataset), dataset)
            _keep(raw_folder(Path(folder), dataset), raw_folder(cache, dataset))
            return images
    except (OSError, RuntimeError, EOFError, HTTPException, zlib.error, DamagedFileError) as error:
        title, reason = dataset.title, " ".join(str(error).split())
        raise DataUnavailableError(
            f"无法下载 {title.zh}（{reason}）。请检查网络和磁盘空间后重试；"
            "或者把环境变量 LENET_DATA 设为已有数据的文件夹；"
            "或者使用自带的数据：load_data('digits')。",
            f"{title.en} could not be downloaded ({reason}). Check the network and the free disk "
            "space and try again; or set LENET_DATA to a folder that has the data; or use the "
            "data that is always there: load_data('digits').",
        ) from error


def fetch(dataset: DataSet, root: Path) -> None:
    """Let torchvision download the four files into `raw_folder` below ``root``."""
    from torchvision import datasets  # imported late: only a download needs it

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)  # torchvision sets none: bad Wi-Fi would stop a class
    try:
        getattr(datasets, dataset.torchvision_class)(root, download=True)
    finally:
        socket.setdefaulttimeout(before)


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
