"""Where the files of a data set lie on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import platformdirs

from lenet_helpers.data.catalog import DATA_SETS, FILES, DataSet
from lenet_helpers.words import SettingError, Words

DEBIAN_FOLDER = Path("/usr/share/datasets")
FROM_LENET_DATA = Words("LENET_DATA 指定的文件夹", "the folder in LENET_DATA")
FROM_DEBIAN = Words("Debian 软件包", "Debian's package")
FROM_CACHE = Words("本机缓存", "this user's cache")


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
    """The plain or the gzip-compressed file, whichever is there."""
    return next((p for p in (folder / stem, folder / f"{stem}.gz") if p.is_file()), None)


def find(dataset: DataSet) -> Found | None:
    """Where a data set's four files are, or ``None``; nothing is read or downloaded.

    Looks in the folder named by ``LENET_DATA``, in Debian's folder, then in the user's cache.

    Raises:
        SettingError: ``LENET_DATA`` names no folder.
    """
    for found in _candidates(dataset):
        if all(file_in(found.folder, stem) for stem in FILES):
            return found
    return None


def datasets_at_hand() -> dict[str, Words | None]:
    """For each data set where it is on this machine, or ``None`` if it is not here.

    Raises:
        SettingError: ``LENET_DATA`` names no folder.
    """
    places = {}
    for name, dataset in DATA_SETS.items():
        found = None if dataset.comes_with else find(dataset)
        places[name] = found.place if found else dataset.comes_with
    return places


def _candidates(dataset: DataSet) -> Iterator[Found]:
    chosen = os.environ.get("LENET_DATA")
    if chosen and not Path(chosen).is_dir():
        raise SettingError(
            f"环境变量 LENET_DATA 是 {chosen}，但没有这个文件夹。请改正或删除这个变量。",
            f"LENET_DATA is {chosen}, but there is no such folder. Correct or unset the variable.",
        )
    if chosen:
        yield Found(raw_folder(Path(chosen), dataset), FROM_LENET_DATA)
    if dataset.debian:
        yield Found(DEBIAN_FOLDER / dataset.debian, FROM_DEBIAN)
    yield Found(raw_folder(cache_folder(), dataset), FROM_CACHE)
