"""Data sets by name: what there is, where it lies, how it is read, and batches of it."""

from lenet_helpers.data.batches import BatchIterator, load_data, load_for_run
from lenet_helpers.data.files import AnotherDataSetError, DamagedFileError, DataUnavailableError
from lenet_helpers.data.places import datasets_at_hand

__all__ = [
    "AnotherDataSetError", "BatchIterator", "DamagedFileError", "DataUnavailableError",
    "datasets_at_hand", "load_data", "load_for_run",
]  # fmt: skip
