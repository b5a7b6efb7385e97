"""From what is asked for (a name, ``"auto"``, data of one's own) to a data set and its images."""

import os
from pathlib import Path

from lenet_helpers.data.catalog import DATA_SETS, OWN, ClassNames, DataSet, Images, Source, data_set
from lenet_helpers.data.files import DataUnavailableError, read_folder
from lenet_helpers.data.places import find, looked_in, place_of
from lenet_helpers.data.progress import Watch
from lenet_helpers.words import SettingError, Words

IN_LENET_DATASET = Words("数据集（环境变量 LENET_DATASET）", "data set in LENET_DATASET")
DOWNLOADED = Words("刚刚下载", "just downloaded")


def data_set_of(
    source: Source,
    *,
    classes: ClassNames | None = None,
    transposed: bool | None = None,
    dark_ink: bool | None = None,
) -> DataSet:
    """The data set of this name; or one's own, which is read, named, and told of in one line.

    Arguments and errors are those of `load_data`.
    """
    if not isinstance(source, str) or _is_path(source):
        from lenet_helpers.data.own import read_own  # imported late: with all formats of files

        return read_own(source, classes, transposed=transposed, dark_ink=dark_ink)
    options = {"classes": classes, "transposed": transposed, "dark_ink": dark_ink}
    if given := [name for name, value in options.items() if value is not None]:
        raise SettingError(
            f"{'、'.join(given)} 只用于自己的数据（文件夹或数组），不用于 {source!r}。",
            f"{', '.join(given)} can be given for data of your own (a folder, arrays) only, "
            f"not for {source!r}.",
        )
    return data_set(source)


def _is_path(source: str) -> bool:
    """Whether this means a folder, there or not, and no data set's name."""
    if source in DATA_SETS or source in OWN or not source.strip():
        return False
    return any(mark in source for mark in "/\\~") or Path(source).is_dir()


def chosen_for_all() -> DataSet | None:
    """The data set, or folder with data of one's own, that ``LENET_DATASET`` names, if it is set.

    Raises `SettingError`: there is none.
    """
    chosen = os.environ.get("LENET_DATASET", "").strip()
    if chosen in ("", "auto"):
        return None
    return data_set_of(chosen) if _is_path(chosen) else data_set(chosen, IN_LENET_DATASET)


def bring(dataset: DataSet, watch: Watch | None = None) -> Words:
    """Where a data set is; if nowhere, it is downloaded, which ``watch`` can follow and stop."""
    if place := place_of(dataset):
        return place
    from lenet_helpers.data.downloads import download  # imported late: few ever need it

    download(dataset, watch)
    return DOWNLOADED


def images_of(dataset: DataSet) -> tuple[Images, Words]:
    """The images of a data set, and where they came from: read, or else downloaded."""
    place = bring(dataset)
    if dataset.read:
        return dataset.read(), place
    return read_folder(find(dataset).folder, dataset), place


def choose(prefer: str) -> tuple[DataSet, Images]:
    """What ``"auto"`` stands for; says which data set it is in one line."""
    wanted = chosen_for_all()
    if wanted is None or (prefer, wanted.name) == ("mnist", "fashion_mnist"):
        wanted = data_set(prefer)
    dataset, zh, en = wanted, "", ""
    try:
        images, place = images_of(dataset)
    except DataUnavailableError:
        dataset = data_set("digits")
        images, place = images_of(dataset)
        zh, en = f"；没有 {wanted.title.zh}", f"; {wanted.title.en} cannot be had"
        if os.environ.get("LENET_DATA"):  # somebody expects it there
            looked = looked_in(wanted)
            zh, en = f"{zh}：{looked.zh}", f"{en}: {looked.en}"
    zh = f"数据集：{dataset.title.zh}（{place.zh}{zh}）"
    print(Words(zh, f"Data set: {dataset.title.en} ({place.en}{en})"))
    return dataset, images
