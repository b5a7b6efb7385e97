"""A folder of IDX files of any name, type and size: EMNIST, KMNIST, QMNIST, one's own."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lenet_helpers.data.files import TYPES, DamagedFileError, parse_idx
from lenet_helpers.data.places import UNREADABLE, content_of, entries
from lenet_helpers.words import SettingError, Words

MOST_BYTES = 2**32  # the largest part of EMNIST has 547 MB
TEST, TRAIN = r"t10k|test|valid|val", r"training|train"
_WORDS = re.compile(rf"(?:{TEST}|{TRAIN}|images?|imgs?|labels?|idx\d|(?<![a-z])[xy](?![a-z]))")


class IdxFile(NamedTuple):
    """One file: the set and the part that its name says, and what is in it."""

    path: Path
    set: str
    is_test: bool
    array: np.ndarray


class Part(NamedTuple):
    """Pictures and labels of training or testing, as the files have them."""

    images: np.ndarray
    labels: np.ndarray


def idx_files(folder: Path) -> list[Path]:
    """A folder's IDX files; else those of its one subfolder (or ``raw`` in it) that has some."""
    if found := [path for path in entries(folder) if path.is_file() and _looks_like_idx(path)]:
        return found
    below = [place for place in entries(folder) if place.is_dir()]
    below += [place / "raw" for place in below]
    named = [[p for p in entries(place) if _is_named_like_idx(p)] for place in below]
    found = list(filter(None, named))
    return found[0] if len(found) == 1 else []


def read_idx_set(paths: list[Path]) -> tuple[Part, Part | None, str]:
    """Both parts of a set (the second may be ``None``) and its name; or a `SettingError`."""
    sets = sorted({_set(path) for path in paths})
    if len(sets) > 1:
        example = str(paths[0].parent / sets[0])
        raise SettingError(
            f"{paths[0].parent} 里有几个数据集：{'、'.join(sets)}。"
            f"请写出要哪一个，例如 load_data({example!r})。",
            f"There are several data sets in {paths[0].parent}: {', '.join(sets)}. Say which, "
            f"load_data({example!r}) for instance.",
        )
    files = [_read(path) for path in paths]
    train, test = ([f for f in files if f.is_test is part] for part in (False, True))
    if not train:
        train, test = test, []
    return _part(train), _part(test) if test else None, sets[0]


def _part(files: list[IdxFile]) -> Part:
    images = [file for file in files if file.array.ndim > 2]
    labels = [file for file in files if file.array.ndim <= 2]  # and what else is known of each
    if len(images) == len(labels) == 1 and len(images[0].array) == len(labels[0].array):
        return Part(images[0].array, labels[0].array)
    found = ", ".join(f"{file.path.name} {file.array.shape}" for file in files)
    raise SettingError(
        f"每一部分应有一个图像文件和一个同样长的标签文件，却有：{found}。",
        f"Each part needs one file of images and one of as many labels; there are: {found}.",
    )


def _is_named_like_idx(path: Path) -> bool:
    return bool(re.search(r"idx\d|ubyte", path.name.lower())) and path.is_file()


def _looks_like_idx(path: Path) -> bool:
    if _is_named_like_idx(path):
        return True
    try:
        start = content_of(path, 4)
    except UNREADABLE:
        return False
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in TYPES and 0 < start[3] < 5


def _read(path: Path) -> IdxFile:
    try:
        array, reason = parse_idx(content_of(path, MOST_BYTES)), None
    except UNREADABLE as error:
        array, reason = None, str(error)
    if array is None:
        about = Words(f"（{reason}）", f" ({reason})") if reason else Words.same("")
        raise DamagedFileError(
            path, f"不是完整的 IDX 文件{about.zh}", f"it is not a whole IDX file{about.en}"
        )
    if array.ndim == 2 and not re.search("label", path.name.lower()):
        side = round(array.shape[1] ** 0.5)
        if side >= 8 and side**2 == array.shape[1]:  # pictures whose rows were put in one line
            array = array.reshape(-1, side, side)
    return IdxFile(path, _set(path), bool(re.search(TEST, path.name.lower())), array)


def _set(path: Path) -> str:
    """What the name says before it comes to the part: ``emnist-letters`` of EMNIST's files."""
    name = path.name.lower()
    return name[: match.start()].strip("-_. ") if (match := _WORDS.search(name)) else ""
