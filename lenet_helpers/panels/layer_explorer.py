"""A panel to look inside a network: every layer's maps, and where one of their numbers comes from."""

from __future__ import annotations

from torch import nn

from lenet_helpers.data import BatchIterator
from lenet_helpers.panels.common import Panel


class LayerExplorer(Panel):
    """Shows what every layer of a network makes of a picture, beside an untrained network.

    Choose a picture, then one number of a feature map, by mouse or by keyboard: its receptive field
    is marked on the picture, and the arithmetic behind it is written out.

    Args:
        net: the trained network, an ``nn.Sequential`` of convolutions, poolings, activations,
            ``Flatten`` and ``Linear``. The panel reads its weights anew for every picture.
        test_iter: the pictures, as `load_data` returns them.
        untrained: a network of the same architecture; by default ``net``'s own, initialised anew.

    Raises:
        SettingError: the network cannot be explored, or does not fit the pictures.
    """

    def __init__(
        self, net: nn.Sequential, test_iter: BatchIterator, untrained: nn.Sequential | None = None
    ) -> None:
        raise NotImplementedError
