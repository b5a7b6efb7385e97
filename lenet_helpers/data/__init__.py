"""Data sets by name: what there is, where it lies, how it is read, and batches of it."""

from lenet_helpers.data.batches import BatchIterator, load_data
from lenet_helpers.data.download import DataUnavailableError
from lenet_helpers.data.idx import DamagedFileError
from lenet_helpers.data.places import datasets_at_hand

__all__ = [
    "BatchIterator",
    "DamagedFileError",
    "DataUnavailableError",
    "datasets_at_hand",
    "load_data",
]
