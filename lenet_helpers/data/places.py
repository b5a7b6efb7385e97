"""Where the images of a data set lie on this machine, and how they are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import platformdirs
import torch

from lenet_helpers.data.catalog import DATA_SETS, FILES, IMAGE_SIZE, NUM_CLASSES, DataSet, data_set
from lenet_helpers.data.idx import DamagedFileError, read_idx
from lenet_helpers.words import SettingError, Words

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
FROM_SKLEARN = Words("scikit-learn 自带", "comes with scikit-learn")
FROM_LENET_DATA = Words("LENET_DATA 指定的文件夹", "the folder in LENET_DATA")
FROM_DEBIAN = Words("Debian 软件包", "Debian's package")
FROM_CACHE = Words("本机缓存", "this user's cache")


class Images(NamedTuple):
    """A data set in memory: images ``uint8 (n, 28, 28)``, ink 255, and labels ``uint8 (n,)``."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


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


def find(name: str) -> Found | None:
    """Where a data set's four files are, or ``None``; nothing is read or downloaded.

    Looks in the folder named by ``LENET_DATA``, in Debian's folder, then in the user's cache.

    Raises:
        SettingError: an unknown name, or ``LENET_DATA`` names no folder.
    """
    for found in _candidates(data_set(name)):
        if all(_file(found.folder, stem) for stem in FILES):
            return found
    return None


def datasets_at_hand() -> dict[str, Words | None]:
    """For each data set where it is on this machine, or ``None`` if it is not here."""
    found = {name: find(name) for name in DATA_SETS if name != "digits"}
    return {name: hit and hit.place for name, hit in found.items()} | {"digits": FROM_SKLEARN}


def read_folder(folder: Path, dataset: DataSet) -> Images:
    """Read the four files of a data set, plain or compressed, and check all they say.

    Raises:
        DamagedFileError: a file is unreadable, truncated, or not what its name says.
    """
    paths = [_file(folder, stem) or folder / stem for stem in FILES]
    images = Images(*map(read_idx, paths, dataset.sha256))
    for path, array in zip(paths, images, strict=True):
        _check_content(path, array)
    _check_counts(folder, images)
    return images


def read_digits() -> Images:
    """The 1,797 digits of scikit-learn, resized to 28×28; every fifth one is a test image.

    Source: Alpaydin and Kaynak, *Optical Recognition of Handwritten Digits*, 1998 (CC BY 4.0).
    """
    from sklearn.datasets import load_digits  # imported late: it takes a second

    digits = load_digits()
    grey = torch.from_numpy(digits.images)[:, None] * (255 / 16)
    images = torch.nn.functional.interpolate(grey, size=(IMAGE_SIZE, IMAGE_SIZE), mode="bilinear")
    images = images[:, 0].round().to(torch.uint8).numpy()
    labels = digits.target.astype(np.uint8)
    is_test = np.arange(len(labels)) % 5 == 4
    return Images(images[~is_test], labels[~is_test], images[is_test], labels[is_test])


def _candidates(dataset: DataSet) -> Iterator[Found]:
    chosen = os.environ.get("LENET_DATA")
    if chosen and not Path(chosen).is_dir():
        raise SettingError(
            f"环境变量 LENET_DATA 是 {chosen}，但没有这个文件夹。请改正或删除这个变量。",
            f"LENET_DATA is {chosen}, but there is no such folder. Correct or unset the variable.",
        )
    if chosen:
        yield Found(raw_folder(Path(chosen), dataset), FROM_LENET_DATA)
    if dataset.name == "fashion_mnist":
        yield Found(DEBIAN_FOLDER, FROM_DEBIAN)
    yield Found(raw_folder(cache_folder(), dataset), FROM_CACHE)


def _file(folder: Path, stem: str) -> Path | None:
    """The plain or the gzip-compressed file, whichever is there."""
    return next((p for p in (folder / stem, folder / f"{stem}.gz") if p.is_file()), None)


def _check_content(path: Path, array: np.ndarray) -> None:
    if "images" in path.name and array.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise DamagedFileError.of(path, "里面不是 28×28 的图像", "it holds no 28×28 images")
    if "labels" in path.name and (array.ndim != 1 or array.max(initial=0) >= NUM_CLASSES):
        raise DamagedFileError.of(path, "里面不是 0–9 的标签", "it holds no labels from 0 to 9")


def _check_counts(folder: Path, images: Images) -> None:
    counts = [len(array) for array in images]
    if 0 in counts or counts[0] != counts[1] or counts[2] != counts[3]:
        raise DamagedFileError.of(
            folder, f"图像与标签的数目不符 {counts}", f"counts of images and labels differ {counts}"
        )
