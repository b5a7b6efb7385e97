"""A folder of IDX files of any name, type and size: EMNIST, KMNIST, QMNIST, one's own."""

import re
from pathlib import Path

import numpy as np

from lenet_helpers.data.files import TYPES, read_idx
from lenet_helpers.data.places import UNREADABLE, content_of, entries
from lenet_helpers.words import SettingError, Words

MOST_BYTES = 2**32  # the largest part of EMNIST has 547 MB
TEST, TRAIN = r"t10k|test|valid|val", r"training|train"
_WORDS = re.compile(rf"(?:{TEST}|{TRAIN}|images?|imgs?|labels?|idx\d|(?<![a-z])[xy](?![a-z]))")


def idx_files(folder: Path) -> list[Path]:
    """A folder's IDX files; else those of its one subfolder (or ``raw`` in it) that has some."""
    if found := list(filter(_is_idx, entries(folder))):
        return found
    below = [place for place in entries(folder) if place.is_dir()]
    below += [place / "raw" for place in below]
    found = [some for place in below if (some := list(filter(_is_idx, entries(place))))]
    return found[0] if len(found) == 1 else []


def read_idx_set(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, str]:
    """A set's images, labels, which are for testing (``None`` if it has one part), and its name.

    Raises `SettingError` (several sets, or files that don't match) and `DamagedFileError`.
    """
    sets = sorted({_set(path.name.lower()) for path in paths})
    if len(sets) > 1:
        example = str(paths[0].parent / sets[0])
        raise SettingError(
            f"{paths[0].parent} 里有几个数据集：{'、'.join(sets)}。"
            f"请写出要哪一个，例如 load_data({example!r})。",
            f"There are several data sets in {paths[0].parent}: {', '.join(sets)}. Say which, "
            f"load_data({example!r}) for instance.",
        )
    by_part = [[path for path in paths if _is_test(path) is test] for test in (False, True)]
    parts = [_part(files) for files in by_part if files]
    all_images, all_labels = zip(*parts, strict=True)
    images = _joined(all_images, Words("图像", "images"))
    labels = _joined(all_labels, Words("标签", "labels"))
    counts = [len(some) for some in all_labels]
    return images, labels, np.repeat([False, True], counts) if len(parts) == 2 else None, sets[0]


def _is_test(path: Path) -> bool:
    return bool(re.search(TEST, path.name.lower()))


def _part(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    arrays = {path: _read(path) for path in paths}
    images = [array for array in arrays.values() if array.ndim > 2]
    labels = [array for array in arrays.values() if array.ndim <= 2]  # and what else is known
    if len(images) == len(labels) == 1 and len(images[0]) == len(labels[0]):
        return images[0], labels[0]
    found = ", ".join(f"{path.name} {array.shape}" for path, array in arrays.items())
    raise SettingError(
        f"每一部分应有一个图像文件和一个同样长的标签文件，却有：{found}。",
        f"Each part needs one file of images and one of as many labels; there are: {found}.",
    )


def _joined(parts: tuple[np.ndarray, ...], what: Words) -> np.ndarray:
    train, test = parts[0].shape[1:], parts[-1].shape[1:]
    if train == test:
        return np.concatenate(parts)
    raise SettingError(
        f"训练{what.zh}是 {train}，测试{what.zh}却是 {test}：它们应一样大。",
        f"The training {what.en} are {train}, the test {what.en} {test}: they must be of one size.",
    )


def _is_idx(path: Path) -> bool:
    """Whether this is such a file by its name or by what it begins with."""
    if not path.is_file() or re.search(r"idx\d|ubyte", path.name.lower()):
        return path.is_file()
    try:
        start = content_of(path, 4)
    except UNREADABLE:
        return False
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in TYPES and 0 < start[3] < 5


def _read(path: Path) -> np.ndarray:
    array = read_idx(path, most=MOST_BYTES)
    if array.ndim == 2 and not re.search("label", path.name.lower()):
        side = round(array.shape[1] ** 0.5)
        if side >= 8 and side**2 == array.shape[1]:  # pictures whose rows were put in one line
            return array.reshape(-1, side, side)
    return array


def _set(name: str) -> str:
    """What a name says before it comes to the part: ``emnist-letters`` of EMNIST's files."""
    return name[: match.start()].strip("-_. ") if (match := _WORDS.search(name)) else ""
