"""Pictures of what happens inside a network: data in, a `Picture` out."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lenet_helpers.figures import Picture
from lenet_helpers.words import Words

Outputs = Sequence[tuple[str, torch.Tensor]]


def feature_maps(
    *networks: Outputs, titles: Sequence[str] = (), caption: Words | None = None
) -> Picture:
    """All feature maps of one picture, a row for each layer, one network beside the other.

    Args:
        networks: for each network what `layer_outputs` returned for one picture; put
            ``("input", X)`` in front to have the picture as well. All have the same shapes.
        titles: a text above each network, or none.
        caption: the alternative text; by default the layers and their shapes.
    """
    raise NotImplementedError


def kernel_maps(*networks: Outputs, titles: Sequence[str] = ()) -> Picture:
    """All kernels of all convolutions, one network beside the other.

    Args:
        networks: for each network the names and weights ``(out, in, height, width)`` of its
            convolutions, as `kernels` returns them.
        titles: a text above each network, or none.
    """
    raise NotImplementedError


def confusion_matrix(counts: torch.Tensor, classes: Sequence[Words]) -> Picture:
    """How many pictures of each class (row) were taken for which (column).

    Args:
        counts: ``int64 (classes, classes)``, as `Predictions.confusion`.
        classes: the classes' names, as ``data_iter.classes``.
    """
    raise NotImplementedError
