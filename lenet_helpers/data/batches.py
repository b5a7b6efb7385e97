"""Batches of images that already live on the device."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import torch

from lenet_helpers.checks import memory_explained
from lenet_helpers.cores import on_free_cores
from lenet_helpers.data.catalog import DATA_SETS, DataSet, data_set
from lenet_helpers.data.download import DataUnavailableError, download
from lenet_helpers.data.places import FROM_SKLEARN, Images, find, read_digits, read_folder
from lenet_helpers.devices import require_device, try_gpu
from lenet_helpers.runtime import keep_freed_memory
from lenet_helpers.words import SettingError, Words, require_positive_integer

DOWNLOADED = Words("刚刚下载", "just downloaded")


class BatchIterator:
    """Goes through a data set in batches ``(X, y)`` that are on the device already.

    ``X`` is ``float32 (n, 1, 28, 28)``, from 0 (paper) to 1 (ink) or standardised; ``y`` is
    ``int64 (n,)``. Every ``for`` loop is one epoch; each epoch has another order if ``shuffle``.
    The last batch may be smaller. There are no worker processes: all images stay on the device as
    bytes, and a batch is one indexing operation. ``X`` comes in the channels-last layout, which
    the convolutions pass on and which makes them about twice as fast on a CPU.

    Attributes:
        name, title: the data set, in code and in words (`Words`).
        place: where its files came from (`Words`).
        images: all images, ``uint8 (n, 28, 28)``, on the device.
        labels: all labels, ``int64 (n,)``, on the device.
        classes: the name of each class (`Words`).
        mean, std: of the pixels of the *training* set, in the range from 0 to 1.
        standardize: whether ``X`` has this mean subtracted and is divided by this deviation.
    """

    def __init__(
        self,
        dataset: DataSet,
        place: Words,
        images: torch.Tensor,
        labels: torch.Tensor,
        statistics: tuple[float, float],
        batch_size: int,
        *,
        standardize: bool,
        shuffle: bool,
        seed: int,
    ) -> None:
        self.name, self.title, self.classes = dataset.name, dataset.title, dataset.classes
        self.place = place
        self.images, self.labels = images, labels
        self.mean, self.std = statistics
        self.batch_size, self.standardize, self.shuffle = batch_size, standardize, shuffle
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Begin the sequence of shuffled orders anew, as right after `load_data`."""
        self._generator = torch.Generator().manual_seed(seed)

    @property
    def device(self) -> torch.device:
        """Where the images are."""
        return self.images.device

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for chosen in on_free_cores(self._order().split(self.batch_size)):
            yield self.prepare(self.images[chosen]), self.labels[chosen]

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Turn ``uint8 (n, 28, 28)`` images into a net's input, ``float32 (n, 1, 28, 28)``."""
        X = images.to(torch.float32).div_(255)
        if self.standardize:
            X.sub_(self.mean).div_(self.std)
        return X.unsqueeze(-1).permute(0, 3, 1, 2)  # channels last: strides (784, 1, 28, 1)

    def _order(self) -> torch.Tensor:
        count = len(self.labels)
        if not self.shuffle:
            return torch.arange(count, device=self.device)
        return torch.randperm(count, generator=self._generator).to(self.device)

    def __repr__(self) -> str:
        return (
            f"<{self.title.en}: {len(self.labels):,} images in {len(self)} batches "
            f"of {self.batch_size} on {self.device}>"
        )


def load_data(
    name: str = "auto",
    batch_size: int = 256,
    device: torch.device | str | None = None,
    *,
    prefer: str = "fashion_mnist",
    standardize: bool = False,
    seed: int = 0,
) -> tuple[BatchIterator, BatchIterator]:
    """Load a data set as batches for training (shuffled) and for testing (in file order).

    Looks in the folder named by the environment variable ``LENET_DATA``, in Debian's folder and in
    the user's cache, and otherwise downloads through torchvision into that cache. Plain and gzip
    IDX files are read; a bad file or download is never used.

    Args:
        name: ``"fashion_mnist"``, ``"mnist"``, ``"digits"`` or ``"auto"``. ``"auto"`` takes
            ``prefer`` if it is at hand or can be had, else the digits, and says so in one line;
            the environment variable ``LENET_DATASET`` makes this choice for a whole class.
        batch_size: examples in a batch.
        device: where the batches live; by default the fastest device at hand.
        prefer: what ``"auto"`` would like: ``"mnist"`` in a lesson on handwriting, which then also
            passes over ``LENET_DATASET=fashion_mnist``.
        standardize: whether pixels get the training set's mean 0 and deviation 1 instead of the
            range from 0 to 1. The digits always are: without it the lesson's LeNet does not learn
            from so few.
        seed: decides the shuffled orders.

    Raises:
        SettingError: an unknown name or device, or a batch size that is no positive integer.
        DamagedFileError: a file is unreadable, truncated, or has the wrong checksum.
        DataUnavailableError: the data set is not at hand and cannot be downloaded.
        NoMemoryError: the images do not fit into the device's memory.
    """
    batch_size = require_positive_integer(batch_size, Words("批量大小 batch_size ", "batch_size"))
    device = try_gpu() if device is None else require_device(device)
    dataset, images, place = _choose(prefer) if name == "auto" else _read(data_set(name))
    train_images = torch.from_numpy(images.train_images)
    statistics = pixel_statistics(train_images)

    def batches(images: torch.Tensor, labels: np.ndarray, shuffle: bool) -> BatchIterator:
        return BatchIterator(
            dataset,
            place,
            images.to(device),
            torch.from_numpy(labels.astype(np.int64)).to(device),
            statistics,
            batch_size,
            standardize=standardize or dataset.name == "digits",
            shuffle=shuffle,
            seed=seed,
        )

    keep_freed_memory()
    with memory_explained():
        return (
            batches(train_images, images.train_labels, shuffle=True),
            batches(torch.from_numpy(images.test_images), images.test_labels, shuffle=False),
        )


def pixel_statistics(images: torch.Tensor) -> tuple[float, float]:
    """Mean and standard deviation of all pixels of ``uint8`` images, in the range from 0 to 1.

    Sums exact integers in pieces, so that no copy of all images in floating point is needed.
    """
    total = sum(part.sum(dtype=torch.int64) for part in images.split(1024)).item()
    squares = sum(part.int().square().sum() for part in images.split(1024)).item()
    mean = total / images.numel()
    return mean / 255, (squares / images.numel() - mean**2) ** 0.5 / 255


def _read(dataset: DataSet) -> tuple[DataSet, Images, Words]:
    if dataset.name == "digits":
        return dataset, read_digits(), FROM_SKLEARN
    if found := find(dataset.name):
        return dataset, read_folder(found.folder, dataset), found.place
    return dataset, download(dataset), DOWNLOADED


def _from_environment() -> str | None:
    chosen = os.environ.get("LENET_DATASET", "auto") or "auto"
    if chosen == "auto" or chosen in DATA_SETS:
        return None if chosen == "auto" else chosen
    known = ", ".join([*DATA_SETS, "auto"])
    raise SettingError(
        f"环境变量 LENET_DATASET 是 {chosen!r}，没有这个数据集；可选：{known}。",
        f"LENET_DATASET is {chosen!r}, which is no data set; choose one of: {known}.",
    )


def _choose(prefer: str) -> tuple[DataSet, Images, Words]:
    """What ``"auto"`` stands for; says which data set it is in one line."""
    wanted = data_set(_from_environment() or prefer)
    if prefer == "mnist" and wanted.name == "fashion_mnist":
        wanted = data_set(prefer)
    try:
        dataset, images, place = _read(wanted)
        note = Words("", "")
    except DataUnavailableError:
        dataset, images, place = _read(data_set("digits"))
        note = Words(f"；没有 {wanted.title.zh}", f"; {wanted.title.en} cannot be had")
    zh = f"数据集：{dataset.title.zh}（{place.zh}{note.zh}）"
    print(zh, f"Data set: {dataset.title.en} ({place.en}{note.en})", sep=" / ")
    return dataset, images, place
