"""Labels of one's own data: counted from 0, with names, and which of them are for testing."""

import csv
from pathlib import Path

import numpy as np

from lenet_helpers.data.catalog import ClassNames
from lenet_helpers.data.places import entries
from lenet_helpers.words import SettingError, Words

TEST_EVERY = 5  # of each class every fifth picture is for testing, as with scikit-learn's digits
FOR_TESTING = Words("每类每五张取一张作测试", "of each class every fifth picture is for testing")


def numbered(labels: np.ndarray, *, wide: bool) -> tuple[np.ndarray, list, list[Words]]:
    """Labels counted from 0, the values that they had, and what was done.

    ``(n, classes)`` may be one-hot; if they are ``wide``, the first of several columns counts.
    Raises `SettingError`: they are no whole numbers or texts, or all the same.
    """
    said = []
    if labels.ndim == 2 and _is_one_hot(labels):
        said.append(Words("标签由独热向量得出", "labels were given as one-hot vectors"))
        labels = labels.argmax(axis=1)
    elif labels.ndim == 2 and (wide or labels.shape[1] == 1):  # QMNIST: then who wrote it, when
        said.append(Words(f"标签取 {labels.shape[1]} 列中的第一列",
                          f"the first of {labels.shape[1]} columns are the labels"))  # fmt: skip
        labels = labels[:, 0]
    whole = labels.dtype.kind in "iuUS" or (labels.dtype.kind == "f" and (labels % 1 == 0).all())
    values, numbers = np.unique(labels, return_inverse=True)
    if labels.ndim != 1 or not whole or len(values) < 2:
        raise SettingError(
            f"标签应是整数或类名，至少两类，每张图像一个，却得到 {labels.shape}，类型 "
            f"{labels.dtype}，{len(values)} 个不同的值。",
            "Labels must be whole numbers or names of classes, one for each image, of two classes "
            f"or more; not {labels.shape} of {labels.dtype} with {len(values)} different values.",
        )
    values = values.tolist() if labels.dtype.kind in "US" else values.astype(int).tolist()
    if values != list(range(len(values))) and labels.dtype.kind not in "US":
        said.append(Words(f"标签 {values[0]}–{values[-1]} 改为 0–{len(values) - 1}",
                          f"labels {values[0]} to {values[-1]} became 0 to "
                          f"{len(values) - 1}"))  # fmt: skip
    return numbers, values, said


def _is_one_hot(labels: np.ndarray) -> bool:
    numbers = labels.dtype.kind in "buif" and labels.shape[1] > 1
    return numbers and bool(np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all())


def every_fifth(labels: np.ndarray) -> np.ndarray:
    """Which pictures are for testing: of each class every fifth; of fewer than five, the last."""
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        is_test[where[TEST_EVERY - 1 :: TEST_EVERY]] = True
        if 1 < len(where) < TEST_EVERY:
            is_test[where[-1]] = True
    if not is_test.any():
        raise SettingError(
            "每类只有一张图像，没有可以用来测试的。每类至少要两张。",
            "There is one image of each class, so none to test on. Give two of each or more.",
        )
    return is_test


def names_beside(file: Path, name: str, values: list) -> list[str]:
    """The classes' names: from a mapping beside the files, EMNIST's letters, or the labels."""
    for path in entries(file.parent):
        if path.name.lower() == f"{name}-mapping.txt":  # label, then the characters' codes
            rows = [line.split() for line in path.read_text().splitlines()]
            known = {int(label): chr(int(code)) for label, code, *_ in filter(None, rows)}
        elif path.name.lower().endswith("_classmap.csv"):  # index, codepoint, char
            with path.open(encoding="utf-8", newline="") as rows:
                known = {int(row["index"]): row["char"] for row in csv.DictReader(rows)}
        else:
            continue
        return [known.get(value, str(value)) for value in values]
    if name == "emnist-letters" and set(values) <= set(range(1, 27)):
        return [chr(ord("A") - 1 + value) for value in values]
    return list(map(str, values))


def named(found: list[str], given: ClassNames | None) -> tuple[Words, ...]:
    """The classes' names in both languages: the given ones, one for each that was found."""
    names = list(found if given is None else given)
    if len(names) != len(found):
        raise SettingError(
            f"classes 有 {len(names)} 个名字，数据却有 {len(found)} 类：{'、'.join(found)}。",
            f"{len(names)} classes are named, but the data have {len(found)} classes: "
            f"{', '.join(found)}.",
        )
    return tuple(Words.same(str(n)) if not isinstance(n, tuple) else Words(*n) for n in names)
