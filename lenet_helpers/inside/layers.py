"""Looking inside a network: what each layer makes of a picture, and its kernels."""

from __future__ import annotations

import copy

import torch
from torch import nn

from lenet_helpers.inside.windows import Window, layers_of, seen_by
from lenet_helpers.words import SettingError

Outputs = list[tuple[str, torch.Tensor]]


def layer_outputs(net: nn.Sequential, X: torch.Tensor) -> Outputs:
    """What each layer makes of ``X``: its name (``"1 Conv2d"``, counted from 1) and its output.

    Args:
        net: any ``nn.Sequential``; neither its weights nor its train/eval mode change.
        X: a batch such as the net expects, ``(n, 1, 28, 28)`` for LeNet, as
            ``data_iter.prepare(images)`` makes it; it is moved to the net's device.

    Raises:
        SettingError: ``net`` is no ``nn.Sequential``, or a layer cannot take what reaches it.
    """
    layers = _evaluating(net)
    X, outputs = X.to(_device(net)), []
    with torch.no_grad():
        for number, layer in enumerate(layers, 1):
            try:
                X = layer(X.clone())  # a layer may work in place
            except (RuntimeError, ValueError, IndexError, TypeError) as error:
                raise SettingError(
                    f"数据无法通过第 {number} 层（{layer}）：{error}",
                    f"The data cannot pass layer {number} ({layer}): {error}",
                ) from error
            outputs.append((f"{number} {type(layer).__name__}", X))
    return outputs


def receptive_field(net: nn.Sequential, layer: int, row: int, column: int) -> Window:
    """The pixels of the picture that one number of a feature map depends on.

    Args:
        net: convolutions, poolings and activations, as far as ``layer``.
        layer: which layer's output, counted from 0 as in ``net[layer]``.
        row, column: the number's place on the map, counted from 0.

    Raises:
        SettingError: a layer on the way is none of these, or there is no such layer.
    """
    layers = layers_of(net)
    if not 0 <= layer < len(layers):
        raise SettingError(
            f"网络有 {len(layers)} 层，没有第 {layer} 层（从 0 数起）。",
            f"The network has {len(layers)} layers, and no layer {layer}, counted from 0.",
        )
    window = Window(row, column, 1, 1)
    for before in reversed(layers[: layer + 1]):
        window = seen_by(before, window)
    return window


def kernels(net: nn.Sequential) -> Outputs:
    """Name and weights ``(out, in, height, width)`` of each convolution of ``net``."""
    return [
        (f"{number} {type(layer).__name__}", layer.weight.detach())
        for number, layer in enumerate(layers_of(net), 1)
        if isinstance(layer, nn.Conv2d)
    ]


def _evaluating(net: nn.Module) -> nn.Sequential:
    """A copy in evaluation mode: the net itself may be in training elsewhere at this moment."""
    layers_of(net)  # checks that it has any
    return copy.deepcopy(net).eval()


def _device(net: nn.Module) -> torch.device:
    return next((p.device for p in net.parameters()), torch.device("cpu"))
