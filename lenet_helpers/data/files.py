"""The four files of a data set: read and checked, and told apart from another set's."""

import hashlib
import math
import mmap
from pathlib import Path

import numpy as np

from lenet_helpers.data.catalog import DATA_SETS, FILES, IMAGE_SIZE, DataSet, Images
from lenet_helpers.data.places import UNREADABLE, checksum, content_of, file_in
from lenet_helpers.words import LessonError, Words

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}  # IDX's names for them


class DamagedFileError(LessonError):
    """A data file that is unreadable, truncated, or not what its name says."""

    def __init__(self, path: Path, zh: str, en: str) -> None:
        super().__init__(
            f"数据文件 {path} 已损坏：{zh}。请删除它，然后重新运行这个单元格。",
            f"The data file {path} is damaged: {en}. Delete it, then run this cell again.",
        )


class AnotherDataSetError(LessonError):
    """The files are whole, but of another data set than was asked for."""

    def __init__(self, folder: Path, wanted: DataSet, found: Words) -> None:
        title = wanted.title
        super().__init__(
            f"{folder} 里的文件是完好的，但不属于 {title.zh}，而属于{found.zh}。要使用它们，请写 "
            f"load_data({str(folder)!r})；要使用 {title.zh}，请把这个文件夹移到别处。",
            f"The files in {folder} are whole, but they are not {title.en}'s: they belong to "
            f"{found.en}. To use them, write load_data({str(folder)!r}); to use {title.en}, move "
            "this folder elsewhere.",
        )


class DataUnavailableError(LessonError):
    """A data set that is not on this machine and could not be downloaded."""


def read_folder(folder: Path, dataset: DataSet) -> Images:
    """Read a data set's four files, or raise `AnotherDataSetError` or `DamagedFileError`."""
    paths = [file_in(folder, stem) or folder / stem for stem in FILES]
    try:
        return Images(*map(read_idx, paths, dataset.sha256))
    except DamagedFileError as error:
        if another := _another(paths, dataset):
            raise AnotherDataSetError(folder, dataset, another) from error
        raise


def read_idx(path: Path, sha256: str | None = None, most: int | None = None) -> np.ndarray:
    """The array in an IDX file, plain or compressed as its content says, in its type, shape, order.

    Raises `DamagedFileError`: it cannot be read, is no whole IDX file, has more than ``most`` bytes
    or another checksum than ``sha256``.
    """
    try:
        content = content_of(path, most)
    except UNREADABLE as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DamagedFileError(
            path, f"无法读取（{reason}）", f"it cannot be read ({reason})"
        ) from error
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedFileError(
            path,
            "校验和不符，文件不完整、被改动过，或属于另一个数据集",
            "its checksum is wrong; it is incomplete, was changed, or belongs to another data set",
        )
    array = _parse(content)
    if array is None:
        raise DamagedFileError(path, "不是完整的 IDX 文件", "it is not a whole IDX file")
    return array


def _parse(content: bytearray | mmap.mmap) -> np.ndarray | None:
    """The array that an IDX file holds, or ``None`` if this is not exactly one such file.

    A header (two zero bytes, the type of a number, the number of axes, each axis's length in 32
    bits) and the numbers, all big-endian: the MNIST page by LeCun, Cortes and Burges.
    """
    if len(content) < 8 or content[:2] != b"\0\0" or content[2] not in TYPES or not content[3]:
        return None
    kind, axes = np.dtype(TYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        return None
    shape = np.frombuffer(content, ">u4", axes, offset=4).tolist()
    if len(content) != start + kind.itemsize * math.prod(shape):
        return None
    return np.frombuffer(content, kind, offset=start).reshape(shape)


def _another(paths: list[Path], dataset: DataSet) -> Words | None:
    """What the files are if they are whole and another set's; ``None`` if one may be damaged."""
    try:
        arrays = [read_idx(path) for path in paths]
    except DamagedFileError:
        return None
    sums = [checksum(path) for path in paths]
    wrong = [i for i in range(len(FILES)) if sums[i] != dataset.sha256[i]]
    if len(wrong) == 1 and _fits(arrays, wrong[0]):  # no length shows that a bit has flipped
        return None
    for known in DATA_SETS.values():
        if {sums[i] for i in wrong} <= set(known.sha256):
            exchanged = known.name == dataset.name  # its own files, under each other's names
            return None if exchanged else Words(f" {known.title.zh}", known.title.en)
    shapes = ", ".join(f"{paths[i].name} {arrays[i].shape} {arrays[i].dtype.name}" for i in wrong)
    return Words(f"另一个数据集（{shapes}）", f"another data set ({shapes})")


def _fits(arrays: list[np.ndarray], index: int) -> bool:
    """Whether this file has the type, the form and the length that its neighbour asks for."""
    form = (IMAGE_SIZE, IMAGE_SIZE) if index % 2 == 0 else ()
    array, neighbour = arrays[index], arrays[index ^ 1]
    return array.dtype == np.uint8 and array.shape == (len(neighbour), *form)
