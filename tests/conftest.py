"""Fixtures for the unit tests: a machine without data, network or settings, and tiny data sets."""

import copy
import gzip
import hashlib
import os
import struct
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import nbformat
import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import Checkpoints, lenet, load_data, train
from lenet_helpers.data import downloads
from lenet_helpers.data import places as sources
from lenet_helpers.data.catalog import DATA_SETS, FILES, DataSet
from lenet_helpers.language import CHOICE

# Generated examples have no time limit: the machine may be busy.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")

SETTINGS = ("LENET_DATA", "LENET_DATASET", "LENET_DEVICE", "LENET_LANG")
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
REAL_LENET_DATA = os.environ.get("LENET_DATA")
REAL_DEBIAN_FOLDER = sources.DEBIAN_FOLDER
REAL_PLATFORMDIRS = sources.platformdirs


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Batches this small are slower on two threads, and far slower beside another test process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path_factory) -> Path:
    """No settings, no data set at hand, no download; both languages. Returns the empty cache."""
    CHOICE.language = "both"
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path_factory.mktemp("machine")
    cache = empty / "cache" / "lenet-course"
    monkeypatch.setattr(
        sources, "platformdirs", SimpleNamespace(user_cache_path=lambda *_, **__: cache)
    )
    monkeypatch.setattr(sources, "DEBIAN_FOLDER", empty / "debian")
    monkeypatch.setattr(downloads, "download", _no_download)
    return cache


def _no_download(dataset: DataSet, watch):
    raise AssertionError(f"a unit test must not download {dataset.name}")


@pytest.fixture
def real_places(monkeypatch):
    """Look for data sets where this machine really has them; still downloads nothing."""
    monkeypatch.setattr(sources, "DEBIAN_FOLDER", REAL_DEBIAN_FOLDER)
    monkeypatch.setattr(sources, "platformdirs", REAL_PLATFORMDIRS)
    if REAL_LENET_DATA:
        monkeypatch.setenv("LENET_DATA", REAL_LENET_DATA)


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The site as it is built from the lessons, once for all workers."""
    from filelock import FileLock

    from tests.site_pages import Site
    from web.build import build

    folder = tmp_path_factory.getbasetemp()
    folder = (folder if worker_id == "master" else folder.parent) / "site"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            build(new := folder.with_suffix(".new"))
            new.rename(folder)
    return Site(folder)


IDX_KINDS = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def idx_bytes(array: np.ndarray) -> bytes:
    """An array in the IDX format, written independently of the package."""
    kind = IDX_KINDS[array.dtype.name]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def assert_holds(both, arrays) -> None:
    """Both parts of a data set hold these: training images and labels, then those for testing."""
    found = [array for data in both for array in (data.images, data.labels)]
    for array, expected in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(array.cpu(), expected)


def cells_of(lesson: str) -> dict[str, str]:
    """What stands in each cell of a lesson."""
    cells = nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4).cells
    return {cell.id: cell.source for cell in cells}


def diverged() -> nn.Sequential:
    """A LeNet after a training that went wrong: its scores are no numbers."""
    net = lenet()
    nn.init.constant_(net[-1].bias, torch.nan)
    return net


def wait_until(condition) -> None:
    """Until it is true; fails where only a hang takes that long."""
    pause = threading.Event()
    for _ in range(60_000):
        if condition():
            return
        pause.wait(0.002)
    raise AssertionError("it never came true")


def part(data, chosen):
    """The same data with these pictures alone."""
    some = copy.copy(data)
    some.images, some.labels = data.images[chosen], data.labels[chosen]
    return some


@dataclass(frozen=True)
class TinySet:
    """A small stand-in for a real data set: its four arrays and what their files hold."""

    dataset: DataSet
    arrays: tuple[np.ndarray, ...]
    contents: dict[str, bytes]

    def write(self, folder: Path, *, compressed: bool = False) -> Path:
        """Put the four files straight into ``folder``, as Debian does."""
        folder.mkdir(parents=True, exist_ok=True)
        for stem, content in self.contents.items():
            if compressed:
                (folder / f"{stem}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / stem).write_bytes(content)
        return folder

    def write_below(self, root: Path, *, compressed: bool = False) -> Path:
        """Put the four files where torchvision would below ``root``."""
        return self.write(root / self.dataset.torchvision_class / "raw", compressed=compressed)


@pytest.fixture
def tiny_sets(monkeypatch) -> dict[str, TinySet]:
    """Tiny Fashion-MNIST (70 + 30) and MNIST (50 + 20) whose checksums the package now expects."""
    sets = {}
    for name, many, few in (("fashion_mnist", 70, 30), ("mnist", 50, 20)):
        random = np.random.default_rng(many)
        arrays = tuple(
            array
            for count in (many, few)
            for array in (
                random.integers(0, 256, (count, 28, 28), np.uint8),
                (np.arange(count) % 10).astype(np.uint8),
            )
        )
        contents = dict(zip(FILES, map(idx_bytes, arrays), strict=True))
        sums = tuple(hashlib.sha256(content).hexdigest() for content in contents.values())
        dataset = replace(DATA_SETS[name], sha256=sums)
        monkeypatch.setitem(DATA_SETS, name, dataset)
        sets[name] = TinySet(dataset, arrays, contents)
    return sets


@pytest.fixture(scope="session")
def _digits_once():
    return load_data("digits", 32, "cpu")


@pytest.fixture(scope="session")
def trained(_digits_once):
    """A LeNet that has learned some digits and gets some wrong, and its checkpoints."""
    torch.manual_seed(0)
    _digits_once[0].reseed(0)
    net, checkpoints = lenet("tanh"), Checkpoints([0, 3, 45])
    list(train(net, *_digits_once, 1, 0.1, "cpu", checkpoints=checkpoints))
    return net, checkpoints


@pytest.fixture
def digits(_digits_once):
    """scikit-learn's digits in batches of 32 on the CPU, as if just loaded with seed 0."""
    train_iter, test_iter = _digits_once
    train_iter.reseed(0)
    return train_iter, test_iter
