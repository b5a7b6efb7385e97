"""Where the files of a data set lie on this machine, and what was seen where they do not."""

import gzip
import hashlib
import mmap
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import platformdirs

from lenet_helpers.data.catalog import DATA_SETS, FILES, DataSet
from lenet_helpers.words import SettingError, Words

DEBIAN_FOLDER = Path("/usr/share/datasets")
FROM_LENET_DATA = Words("LENET_DATA 指定的文件夹", "the folder in LENET_DATA")
WITHOUT_BLANKS = Words("（不计其首尾的空格或引号）", " (without the blanks or quotes around it)")
FROM_DEBIAN = Words("Debian 软件包", "Debian's package")
FROM_CACHE = Words("本机缓存", "this user's cache")
MOST_NAMES = 8  # of a folder, in a message
GZIP_MAGIC = b"\x1f\x8b"
WRITABLE = 0o222  # the bits of a file's mode that let anybody write
UNREADABLE = (OSError, EOFError, ValueError, zlib.error)  # what `content_of` raises
MOST_BYTES = 2**28  # five times the largest file of MNIST; a few damaged bytes can unpack to more


class Found(NamedTuple):
    """The folder that holds a data set's files, and what to call that place."""

    folder: Path
    place: Words


def cache_folder() -> Path:
    """This user's folder for downloaded data sets, in torchvision's layout."""
    return platformdirs.user_cache_path("lenet-course", appauthor=False)


def raw_folder(root: Path, dataset: DataSet) -> Path:
    """The folder below ``root`` in which torchvision keeps the files of a data set."""
    return root / dataset.torchvision_class / "raw"


def file_in(folder: Path, stem: str) -> Path | None:
    """The plain or the gzip-compressed file; ``train-images.idx3-ubyte`` and capitals count too."""
    for path in entries(folder):  # the plain one comes first
        if path.name.lower().removesuffix(".gz").replace(".", "-") == stem and path.is_file():
            return path
    return None


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, in order and without hidden files; nothing if it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def listed(folder: Path) -> str:
    """What lies in a folder, for a message; empty if nothing does."""
    names = [path.name + "/" * path.is_dir() for path in entries(folder)]
    return ", ".join(names[:MOST_NAMES]) + ", …" * (len(names) > MOST_NAMES)


def content_of(path: Path, most: int | None = None) -> bytearray | mmap.mmap:
    """What a plain or gzip-compressed file holds; its content, not its name, says which it is.

    A plain file that nobody may write to (``chmod a-w``, as on a class's server) is mapped instead:
    all kernels then share its pages. Any other might change, or be unplugged, while it is in use.
    Both are writable, as torch likes it; the file stays as it is. Raises one of `UNREADABLE`.
    """
    most = most or MOST_BYTES
    with path.open("rb") as file:
        packed, status = file.peek(2).startswith(GZIP_MAGIC), os.fstat(file.fileno())
        if packed or status.st_mode & WRITABLE:
            unpacked = gzip.GzipFile(fileobj=file) if packed else file
            return bytearray(unpacked.read(most))
        return mmap.mmap(file.fileno(), min(status.st_size, most), access=mmap.ACCESS_COPY)


def checksum(path: Path) -> str:
    """The SHA-256 of what a file holds, unpacked. Raises one of `UNREADABLE`."""
    return hashlib.sha256(content_of(path)).hexdigest()


def find(dataset: DataSet) -> Found | None:
    """Where a data set's four files are, or ``None``: in ``LENET_DATA``, at Debian's, in the cache.

    Where a folder does not bear the name of the data set, its smallest file has to be that set's.
    Raises `SettingError`: ``LENET_DATA`` names no folder.
    """
    for _, place, folders in _roots(dataset):
        for folder, is_named in folders:
            if _missing(folder) == [] and (is_named or _whose(folder) == dataset.title):
                return Found(folder, place)
    return None


def place_of(dataset: DataSet) -> Words | None:
    """Where a data set is, or ``None``; a `SettingError` if ``LENET_DATA`` is no folder."""
    found = None if dataset.read else find(dataset)
    return found.place if found else dataset.comes_with


def datasets_at_hand() -> dict[str, Words | None]:
    """Where each data set is, or ``None``; a `SettingError` if ``LENET_DATA`` is no folder."""
    return {name: place_of(dataset) for name, dataset in DATA_SETS.items()}


def looked_in(dataset: DataSet) -> Words:
    """Each place that `find` looked in, what was there, and what was missing."""
    seen = [_seen(dataset, *root) for root in _roots(dataset)]
    if not os.environ.get("LENET_DATA"):
        seen.insert(0, Words("LENET_DATA 没有设置", "LENET_DATA is not set"))
    return Words("；".join(one.zh for one in seen), "; ".join(one.en for one in seen))


def _seen(dataset: DataSet, root: Path, place: Words, folders: list) -> Words:
    folder = min((folder for folder, _ in folders), key=lambda folder: len(_missing(folder)))
    missing, there = _missing(folder), listed(root)
    lacking, below = ", ".join(missing), f"{dataset.torchvision_class}/raw"
    if not root.is_dir():
        zh, en = "没有这个文件夹", "no such folder"
    elif not missing:
        whose = _whose(folder) or Words("别的数据集", "another data set")
        zh, en = f"有四个文件，所属数据集是：{whose.zh}", f"has four files, of {whose.en}"
    elif len(missing) < len(FILES):
        zh, en = f"{folder} 中缺少 {lacking}", f"{folder} lacks {lacking}"
    else:
        zh = f"有 {there or '（空）'}，但那里和 {below} 中都没有 {lacking}"
        en = f"has {there or 'nothing'}, but neither there nor in {below} {lacking}"
    return Words(f"{place.zh} {root}：{zh}", f"{place.en}, {root}: {en}")


def _roots(dataset: DataSet) -> Iterator[tuple[Path, Words, list[tuple[Path, bool]]]]:
    """Each place to look in, what to call it, and its folders: whether they bear the set's name."""
    if chosen := _lenet_data():
        root, place = chosen
        named = [p for p in entries(root) if _plain(p.name) == _plain(dataset.torchvision_class)]
        below = [(folder, True) for name in named for folder in (name / "raw", name)]
        yield root, place, [*below, (root / "raw", False), (root, False)]
    if dataset.debian:
        folder = DEBIAN_FOLDER / dataset.debian
        yield folder, FROM_DEBIAN, [(folder, True)]
    yield cache_folder(), FROM_CACHE, [(raw_folder(cache_folder(), dataset), True)]


def _lenet_data() -> Found | None:
    given = os.environ.get("LENET_DATA")
    if not given:
        return None
    if Path(given).is_dir():
        return Found(Path(given), FROM_LENET_DATA)
    meant = Path(given.strip(" \t\"'") or given).expanduser()
    if meant.is_dir():  # `set LENET_DATA=D:\data && …` on Windows takes the blank along
        zh, en = (one + other for one, other in zip(FROM_LENET_DATA, WITHOUT_BLANKS, strict=True))
        return Found(meant, Words(zh, en))
    raise SettingError(
        f"环境变量 LENET_DATA 是“{given}”，但没有这个文件夹。请改正或删除这个变量。",
        f'LENET_DATA is "{given}", but there is no such folder. Correct or unset the variable.',
    )


def _missing(folder: Path) -> list[str]:
    return [stem for stem in FILES if file_in(folder, stem) is None]


def _whose(folder: Path) -> Words | None:
    """Which known data set the smallest of the four files is of."""
    try:
        found = checksum(file_in(folder, FILES[-1]))
    except UNREADABLE:
        return None
    return next((known.title for known in DATA_SETS.values() if found in known.sha256), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
