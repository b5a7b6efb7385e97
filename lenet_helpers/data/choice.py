"""Which data set ``"auto"`` and ``LENET_DATASET`` stand for, and its images."""

import os

from lenet_helpers.data.catalog import DATA_SETS, DataSet, Images, data_set
from lenet_helpers.data.downloads import download
from lenet_helpers.data.files import DataUnavailableError, read_folder
from lenet_helpers.data.places import find, looked_in
from lenet_helpers.words import Words

IN_LENET_DATASET = Words("数据集（环境变量 LENET_DATASET）", "data set in LENET_DATASET")
DOWNLOADED = Words("刚刚下载", "just downloaded")


def images_of(dataset: DataSet) -> tuple[DataSet, Images, Words]:
    """The data set, its images, and where they came from: read, or else downloaded."""
    if dataset.read:
        return dataset, dataset.read(), dataset.comes_with
    if found := find(dataset):
        return dataset, read_folder(found.folder, dataset), found.place
    return dataset, download(dataset), DOWNLOADED


def chosen_for_all() -> DataSet | None:
    """What ``LENET_DATASET`` names, if it is set: a data set, or a folder with data of one's own.

    Raises:
        SettingError: there is no such data set, or no such folder.
    """
    chosen = os.environ.get("LENET_DATASET", "").strip()
    if chosen in ("", "auto"):
        return None
    if chosen not in DATA_SETS:
        # Imported late: it reads all formats of files.
        from lenet_helpers.data.own import data_set_of, is_path

        if is_path(chosen):
            return data_set_of(chosen)
    return data_set(chosen, IN_LENET_DATASET)


def choose(prefer: str) -> tuple[DataSet, Images, Words]:
    """What ``"auto"`` stands for; says which data set it is in one line."""
    wanted = chosen_for_all() or data_set(prefer)
    if (prefer, wanted.name) == ("mnist", "fashion_mnist"):
        wanted = data_set(prefer)
    try:
        dataset, images, place = images_of(wanted)
        note = Words.same("")
    except DataUnavailableError:
        dataset, images, place = images_of(data_set("digits"))
        note = Words(f"；没有 {wanted.title.zh}", f"; {wanted.title.en} cannot be had")
        if os.environ.get("LENET_DATA"):  # somebody expects it there
            looked = looked_in(wanted)
            note = Words(f"{note.zh}：{looked.zh}", f"{note.en}: {looked.en}")
    zh = f"数据集：{dataset.title.zh}（{place.zh}{note.zh}）"
    print(Words(zh, f"Data set: {dataset.title.en} ({place.en}{note.en})"))
    return dataset, images, place
