"""A panel on what a network mixes up: its confusion matrix and the pictures in each cell."""

from __future__ import annotations

from torch import nn

from lenet_helpers.data import BatchIterator
from lenet_helpers.panels.common import Panel


class MistakesPanel(Panel):
    """The confusion matrix of a test set; choose a cell to see its pictures.

    The whole test set is looked at once, when the panel is made.

    Args:
        net: the trained network; it maps ``(n, 1, 28, 28)`` to a score for each class.
        test_iter: the pictures, as `load_data` returns them.

    Raises:
        SettingError: there is no picture, or the network does not fit the pictures.
    """

    def __init__(self, net: nn.Module, test_iter: BatchIterator) -> None:
        raise NotImplementedError
