"""Data of one's own: a folder of IDX files, a folder of pictures, or arrays."""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lenet_helpers.data.catalog import DATA_SETS, OWN, ClassNames, DataSet, Images, Source, data_set
from lenet_helpers.data.idx_sets import idx_files, read_idx_set
from lenet_helpers.data.labels import FOR_TESTING, named, names_beside, numbered, split
from lenet_helpers.data.pictures import class_folders, parts, read_pictures
from lenet_helpers.data.places import entries, listed
from lenet_helpers.data.shapes import to_mnist_form
from lenet_helpers.words import SettingError, Words

PREFIX = "own:"  # of the names: no path begins like this


def data_set_of(
    source: Source,
    *,
    classes: ClassNames | None = None,
    transposed: bool | None = None,
    dark_ink: bool | None = None,
) -> DataSet:
    """The data set of this name; or one's own, which is read, named, and told of in one line.

    Args:
        source: a name; a folder of IDX files, or of subfolders with the pictures of a class each;
            or arrays ``(images, labels)`` or ``(images, labels, classes)``.
        classes: the names of the classes, in the order of their labels.
        transposed: whether the pictures lie on their side, as EMNIST's do; by default they do in
            files called ``emnist-…``.
        dark_ink: whether ink is darker than paper; by default that is seen from the edges.

    Raises:
        SettingError: an unknown name, no such folder, or data that don't fit together.
        DamagedFileError: a file that cannot be read.
    """
    how = {"transposed": transposed, "dark_ink": dark_ink}
    if isinstance(source, str) and not is_path(source):
        given = [name for name, value in {"classes": classes, **how}.items() if value is not None]
        if given:
            raise SettingError(
                f"{'、'.join(given)} 只用于自己的数据（文件夹或数组），不用于 {source!r}。",
                f"{', '.join(given)} can be given for data of your own (a folder, arrays) only, "
                f"not for {source!r}.",
            )
        return data_set(source)
    if isinstance(source, str | Path):
        folder = Path(source).expanduser()
        place = Words(f"文件夹 {folder.resolve()}", f"the folder {folder.resolve()}")
        title = folder.resolve().name
        images, names, said = _read_folder(folder, how)
    else:
        images, names, said, classes = _read_arrays(source, classes, how)
        checksum = f"{zlib.crc32(images.train_labels, zlib.crc32(images.train_images)):08x}"
        title, place = "arrays", Words(f"数组 {checksum}", f"arrays {checksum}")
    names, title = named(names, classes), _title(title, place)
    dataset = DataSet(
        name=f"{PREFIX}{title}", title=Words.same(title), classes=names,
        read=lambda: Images(*(array.copy() for array in images)),  # whoever reads may write
        comes_with=place, said=_sentence(title, images, names, said),
    )  # fmt: skip
    OWN[dataset.name] = dataset
    print(dataset.said)
    return dataset


def _title(wanted: str, place: Words) -> str:
    """This title, or with a number if this session has other data under it."""
    titles = [wanted, *(f"{wanted} {number}" for number in range(2, len(OWN) + 3))]
    taken = {name for name, dataset in OWN.items() if dataset.comes_with != place}
    return next(title for title in titles if PREFIX + title not in taken)


def is_path(source: str) -> bool:
    """Whether this means a folder, there or not, and no data set's name."""
    if source in DATA_SETS or source in OWN or not source.strip():
        return False
    return any(mark in source for mark in "/\\~") or Path(source).is_dir()


def _read_folder(folder: Path, how: dict) -> tuple[Images, list[str], list[Words]]:
    """The pictures, the names of their classes as the folder has them, and what was done."""
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
        return _read_idx(files, how)
    train_folder, test_folder = parts(folder)
    train = class_folders(train_folder)
    test = class_folders(test_folder) if test_folder else {}
    if len(train) < 2:
        there = listed(train_folder) or "—"
        raise SettingError(
            f"{train_folder} 里既没有 IDX 文件，也没有至少两个装着图片的子文件夹（每类一个，"
            f"以类名命名）。那里有：{there}。",
            f"In {train_folder} there are neither IDX files nor two or more subfolders with "
            f"pictures, one for each class and called as it is. There are: {there}.",
        )
    names = [*train, *(name for name in test if name not in train)]
    first = read_pictures(train, names, **_default(how))
    if not test:
        return split(first.images, first.labels), names, [*first.said, FOR_TESTING]
    other = read_pictures(test, names, **_default(how))
    images = Images(first.images, first.labels, other.images, other.labels)
    return images, names, [*first.said, *other.said]


def _read_idx(files: list[Path], how: dict) -> tuple[Images, list[str], list[Words]]:
    train, test, name = read_idx_set(files)
    called = " ".join([name, *(folder.name for folder in files[0].parents[:2])]).lower()
    how = _default(how, transposed="emnist" in re.split(r"[^a-z]+", called))
    labels, values, said = numbered([part.labels for part in (train, test) if part], wide=True)
    together = train.images if test is None else _joined(train.images, test.images)
    images, done = to_mnist_form(together, **how)
    names = names_beside(files[0], name, values)
    if test is None:
        return split(images, labels), names, [*said, *done, FOR_TESTING]
    cut = len(train.labels)
    return Images(images[:cut], labels[:cut], images[cut:], labels[cut:]), names, [*said, *done]


def _read_arrays(source: Sequence, classes: ClassNames | None, how: dict):
    try:
        images, labels, *rest = source
        images, labels = (
            array.detach().cpu().numpy() if hasattr(array, "detach") else np.asarray(array)
            for array in (images, labels)
        )
        if len(rest) > 1 or not images.ndim or not labels.ndim:
            raise ValueError(f"{2 + len(rest)}")
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
    form, done = to_mnist_form(images, **_default(how))
    numbers, values, said = numbered([labels])
    classes = rest[0] if rest and classes is None else classes
    return split(form, numbers), list(map(str, values)), [*said, *done, FOR_TESTING], classes


def _default(how: dict, transposed: bool = False) -> dict:
    return how | {"transposed": transposed if how["transposed"] is None else how["transposed"]}


def _joined(first: np.ndarray, other: np.ndarray) -> np.ndarray:
    if first.shape[1:] == other.shape[1:]:
        return np.concatenate([first, other])
    raise SettingError(
        f"训练图像是 {first.shape[1:]}，测试图像却是 {other.shape[1:]}：它们应一样大。",
        f"The training images are {first.shape[1:]}, the test images {other.shape[1:]}: they must "
        "be of one size.",
    )


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
