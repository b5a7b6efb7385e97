"""Batches of images that already live on the device."""

import copy
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import InitVar, dataclass
from functools import lru_cache

import numpy as np
import torch

from lenet_helpers.checks import memory_explained
from lenet_helpers.cores import on_free_cores
from lenet_helpers.data.catalog import ClassNames, DataSet, Source, data_set
from lenet_helpers.data.choice import bring, choose, data_set_of, images_of
from lenet_helpers.data.progress import Watch
from lenet_helpers.devices import on_device, require_device, try_gpu
from lenet_helpers.runtime import keep_freed_memory
from lenet_helpers.words import Words, require_positive_integer

BATCH_SIZE = Words("批量大小 batch_size ", "batch_size")
_READING = defaultdict(threading.Lock)  # who asks for a data set that is being read waits for it


@dataclass(repr=False, eq=False)
class BatchIterator:
    """Goes through a data set in batches ``(X, y)`` that are on the device already.

    ``X`` is ``(n, 1, 28, 28)`` of torch's default type, ``float32`` unless somebody chose another,
    from 0 (paper) to 1 (ink) or standardised; ``y`` is ``int64 (n,)``. Every ``for`` loop is one
    epoch, in another order if ``shuffle``; the last batch may be smaller. There are no worker
    processes: all images stay on the device as bytes, and a batch is one indexing operation. On a
    CPU ``X`` is channels-last; see `on_device`.

    Attributes:
        name, title, classes: the data set in code; it and its classes in words (`Words`).
        images, labels: all of them, ``uint8 (n, 28, 28)`` and ``int64 (n,)``, on the device.
        mean, std: of the pixels of the *training* set, in the range from 0 to 1.
        standardize: whether ``X`` has this mean subtracted and is divided by this deviation.
    """

    name: str
    title: Words
    classes: tuple[Words, ...]
    images: torch.Tensor
    labels: torch.Tensor
    mean: float
    std: float
    batch_size: int
    standardize: bool
    shuffle: bool
    seed: InitVar[int]

    def __post_init__(self, seed: int) -> None:
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
        count = len(self.labels)
        order = torch.arange(count, device="cpu")  # whatever the default device is
        if self.shuffle:
            order = torch.randperm(count, generator=self._generator, device="cpu")
        for chosen in on_free_cores(order.to(self.device).split(self.batch_size)):
            yield self.prepare(self.images[chosen]), self.labels[chosen]

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Turn ``uint8 (n, 28, 28)`` images into a net's input, ``(n, 1, 28, 28)``."""
        X = images.to(torch.float32).div_(255)
        if self.standardize:
            X.sub_(self.mean).div_(self.std)
        X = X.to(torch.get_default_dtype())  # rounded in the same way, whatever that is
        return on_device(X.unsqueeze(-1).permute(0, 3, 1, 2), X.device)  # channels last at first

    def __repr__(self) -> str:
        return (
            f"<{self.title.en}: {len(self.labels):,} images in {len(self)} batches "
            f"of {self.batch_size} on {self.device}>"
        )


def load_data(
    name: Source = "auto",
    batch_size: int = 256,
    device: torch.device | str | None = None,
    *,
    prefer: str = "fashion_mnist",
    standardize: bool = False,
    seed: int = 0,
    classes: ClassNames | None = None,
    transposed: bool | None = None,
    dark_ink: bool | None = None,
) -> tuple[BatchIterator, BatchIterator]:
    """Load a data set as batches for training (shuffled) and for testing (in file order).

    Looks in the folder named by the environment variable ``LENET_DATA``, in Debian's folder and in
    the user's cache, and otherwise downloads through torchvision into that cache.

    Args:
        name: ``"fashion_mnist"``, ``"mnist"``, ``"digits"`` or ``"auto"``. ``"auto"`` takes
            ``prefer`` if it is at hand or can be had, else the digits, and says so in one line;
            the environment variable ``LENET_DATASET`` makes this choice for a whole class. Or data
            of your own: a folder of IDX files or with a subfolder of pictures for each class, or
            arrays ``(images, labels)`` or ``(images, labels, classes)``; one line says how they
            were brought to 28×28. ``LENET_DATASET`` takes such a folder, too.
        batch_size, seed: examples in a batch; decides the shuffled orders.
        device: where the batches live; by default the fastest device at hand.
        prefer: what ``"auto"`` would like: ``"mnist"`` in a lesson on handwriting, which then also
            passes over ``LENET_DATASET=fashion_mnist``.
        standardize: whether pixels get the training set's mean 0 and deviation 1 instead of the
            range from 0 to 1. The digits always do.
        classes: the names of your own classes, in the order of their labels.
        transposed: whether your own pictures lie on their side, as EMNIST's do; by default they do
            in files called ``emnist-…``.
        dark_ink: whether your ink is darker than paper; by default that is seen from the edges.

    Raises:
        SettingError: an unknown name or device, a wrong batch size, or data that don't fit.
        AnotherDataSetError: the files at hand are whole, but another data set's.
        DamagedFileError: a file is unreadable, truncated, or has the wrong checksum.
        DataUnavailableError: the data set is not at hand and cannot be downloaded.
        NoMemoryError: the images do not fit into the device's memory.
    """
    batch_size = require_positive_integer(batch_size, BATCH_SIZE)
    device = try_gpu() if device is None else require_device(device)
    if isinstance(name, str) and name == "auto":
        dataset, images = choose(prefer)
    else:
        dataset = data_set_of(name, classes=classes, transposed=transposed, dark_ink=dark_ink)
        images, _ = images_of(dataset)
    mean, std = pixel_statistics(torch.from_numpy(images.train_images))

    keep_freed_memory()
    with memory_explained():
        return tuple(
            BatchIterator(
                dataset.name, dataset.title, dataset.classes,
                torch.from_numpy(X).to(device), torch.from_numpy(y.astype(np.int64)).to(device),
                mean, std, batch_size, standardize or dataset.always_standardized, shuffle, seed,
            )
            for X, y, shuffle in ((*images[:2], True), (*images[2:], False))
        )  # fmt: skip


def load_for_run(
    name: str,
    batch_size: int,
    device: torch.device | str,
    *,
    standardize: bool = False,
    seed: int = 0,
    watch: Watch | None = None,
) -> tuple[BatchIterator, BatchIterator]:
    """`load_data` for one run of many: they share the images, read once; none may write there.

    ``watch`` can follow and stop a download, which keeps no other data set's runs waiting.
    """
    batch_size, dataset = require_positive_integer(batch_size, BATCH_SIZE), data_set(name)
    bring(dataset, watch)
    with _READING[name]:
        train_iter, test_iter = map(copy.copy, read_once(dataset, str(device)))
    for batches in (train_iter, test_iter):
        batches.batch_size = batch_size
        batches.standardize |= standardize  # some always are
    train_iter.reseed(seed)
    return train_iter, test_iter


@lru_cache(maxsize=2)
def read_once(dataset: DataSet, device: str) -> tuple[BatchIterator, BatchIterator]:
    """What `load_for_run` keeps; ``cache_clear`` forgets it."""
    return load_data(dataset.name, device=device)


def pixel_statistics(images: torch.Tensor) -> tuple[float, float]:
    """Mean and standard deviation of all pixels of ``uint8`` images, in the range from 0 to 1."""
    counts = torch.bincount(images.flatten(), minlength=256).double()
    levels = torch.arange(256, dtype=torch.float64, device=images.device)
    mean = (counts @ levels).item() / images.numel()  # sums of integers: exact
    return mean / 255, ((counts @ levels**2).item() / images.numel() - mean**2) ** 0.5 / 255
