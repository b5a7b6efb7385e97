"""Data of one's own: a folder of IDX files, a folder of pictures, or arrays."""

import re
import zlib
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lenet_helpers.data.catalog import OWN, ClassNames, DataSet, Images, Source
from lenet_helpers.data.idx_sets import idx_files, read_idx_set
from lenet_helpers.data.labels import FOR_TESTING, every_fifth, named, names_beside, numbered
from lenet_helpers.data.pictures import class_folders, part_folders, read_pictures
from lenet_helpers.data.places import entries, listed
from lenet_helpers.data.shapes import to_mnist_form
from lenet_helpers.words import SettingError, Words

PREFIX = "own:"  # of the names: no path begins like this


class Found(NamedTuple):
    """Images ``uint8 (n, 28, 28)``, ink 255, and what else is known of data of one's own.

    Their labels count from 0. ``is_test`` is ``None`` if nothing says which are for testing;
    ``classes`` are the classes as they were found; ``said`` is what was done.
    """

    images: np.ndarray
    labels: np.ndarray
    is_test: np.ndarray | None
    classes: list[str]
    said: list[Words]


def read_own(source: Source, classes: ClassNames | None, **how: bool | None) -> DataSet:
    """Read data of one's own, give them a name, and say in one line what they are.

    ``classes``, and ``how``, which is ``transposed`` and ``dark_ink``, are as in `load_data`.
    """
    if isinstance(source, str | Path):
        folder = Path(source).expanduser()
        found = _read_folder(folder, **how)
        folder = folder.resolve()
        title, place = folder.name, Words(f"文件夹 {folder}", f"the folder {folder}")
    else:
        found, given = _read_arrays(source, **how)
        classes = given if classes is None else classes
        checksum = f"{zlib.crc32(found.labels, zlib.crc32(found.images)):08x}"
        title, place = "arrays", Words(f"数组 {checksum}", f"arrays {checksum}")
    names, title = named(found.classes, classes), _title(title, place)
    is_test, said = found.is_test, found.said
    if is_test is None:
        is_test, said = every_fifth(found.labels), [*said, FOR_TESTING]
    images = Images(*(a[chosen] for chosen in (~is_test, is_test) for a in found[:2]))
    dataset = DataSet(
        name=f"{PREFIX}{title}", title=Words.same(title), classes=names, comes_with=place,
        read=lambda: Images(*(array.copy() for array in images)),  # whoever reads may write
    )  # fmt: skip
    OWN[dataset.name] = dataset
    print(_sentence(title, images, names, said))
    return dataset


def _title(wanted: str, place: Words) -> str:
    """This title, or with a number if this session has other data under it."""
    taken = {name for name, dataset in OWN.items() if dataset.comes_with != place}
    titles = chain([wanted], (f"{wanted} {number}" for number in count(2)))
    return next(title for title in titles if PREFIX + title not in taken)


def _read_folder(folder: Path, **how: bool | None) -> Found:
    prefix = ""
    if not folder.exists() and any(
        path.is_file() and path.name.lower().startswith(folder.name.lower())
        for path in entries(folder.parent)
    ):  # one of several sets in a folder: …/gzip/emnist-letters
        folder, prefix = folder.parent, folder.name.lower()
    if not folder.is_dir():
        parent, there = folder.parent, listed(folder.parent) or "—"
        raise SettingError(
            f"没有文件夹 {folder}。请改正路径；{parent} 里有：{there}。",
            f"There is no folder {folder}. Correct the path; in {parent} there are: {there}.",
        )
    if files := [path for path in idx_files(folder) if path.name.lower().startswith(prefix)]:
        return _read_idx(files, **how)
    folders = part_folders(folder)
    parts = [class_folders(place) for place in folders]
    if len(parts[0]) < 2:
        there = listed(folders[0]) or "—"
        raise SettingError(
            f"{folders[0]} 里既没有 IDX 文件，也没有至少两个装着图片的子文件夹（每类一个，"
            f"以类名命名）。那里有：{there}。",
            f"In {folders[0]} there are neither IDX files nor two or more subfolders with "
            f"pictures, one for each class and called as it is. There are: {there}.",
        )
    images, labels, part, classes, said = read_pictures(parts, **how)
    return Found(images, labels, part == 1 if part.any() else None, classes, said)


def _read_idx(files: list[Path], transposed: bool | None, dark_ink: bool | None) -> Found:
    images, labels, is_test, name = read_idx_set(files)
    if transposed is None:
        called = " ".join([name, *(folder.name for folder in files[0].parents[:2])]).lower()
        transposed = "emnist" in re.split(r"[^a-z]+", called)
    labels, values, said = numbered(labels, wide=True)
    images, done = to_mnist_form(images, transposed=transposed, dark_ink=dark_ink)
    return Found(images, labels, is_test, names_beside(files[0], name, values), [*said, *done])


def _read_arrays(source: Sequence, **how: bool | None) -> tuple[Found, ClassNames | None]:
    try:
        images, labels, *classes = source
        images, labels = (
            array.detach().cpu().numpy() if hasattr(array, "detach") else np.asarray(array)
            for array in (images, labels)
        )
        if len(classes) > 1 or not images.ndim or not labels.ndim:
            raise ValueError(f"{2 + len(classes)}")
    except (TypeError, ValueError, RuntimeError) as error:
        raise SettingError(
            f"数据集应是名字、文件夹，或数组 (images, labels) 或 (images, labels, classes)，"
            f"却得到 {type(source).__name__}（{error}）。",
            "A data set is a name, a folder, or arrays (images, labels) or (images, labels, "
            f"classes), not {type(source).__name__} ({error}).",
        ) from error
    if len(images) != len(labels):
        raise SettingError(
            f"有 {len(images)} 张图像，却有 {len(labels)} 个标签。每张图像应有一个标签。",
            f"There are {len(images)} images but {len(labels)} labels. Give each image one.",
        )
    images, done = to_mnist_form(images, **how)
    labels, values, said = numbered(labels, wide=False)
    found = Found(images, labels, None, list(map(str, values)), [*said, *done])
    return found, classes[0] if classes else None


def _sentence(title: str, images: Images, names: tuple[Words, ...], said: list[Words]) -> Words:
    train, test, count = len(images.train_labels), len(images.test_labels), len(names)
    if unseen := sorted(set(range(count)) - set(images.train_labels.tolist())):
        without = ", ".join(names[label].en for label in unseen)
        said = [*said, Words(f"没有训练图片的类：{without}", f"nothing to train with: {without}")]
    zh, en = ("".join(f"；{w.zh}" for w in said), "".join(f"; {w.en}" for w in said))
    return Words(
        f"自己的数据 {title}：{count} 类，{train:,} 张训练，{test:,} 张测试{zh}。",
        f"Data of your own, {title}: {count} classes, {train:,} images to train with, {test:,} to "
        f"test with{en}.",
    )
