"""Looking inside a network: what each layer makes of a picture, and its kernels."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from lenet_helpers.inputs.networks import as_net, outputs_of, sized
from lenet_helpers.inputs.tensors import as_input
from lenet_helpers.modes import evaluating
from lenet_helpers.words import SettingError

Outputs = list[tuple[str, torch.Tensor]]

# Each number of their output comes from the one at the same place of their input.
POINTWISE = (nn.Sigmoid, nn.Tanh, nn.ReLU)
VECTORS = (nn.Flatten, nn.Linear)  # no maps: each number depends on all of the input


class Window(NamedTuple):
    """A rectangle of pixels. It may reach over the picture's edge into the padding."""

    top: int
    left: int
    height: int
    width: int


def layers_of(net: nn.Module, *, plain: bool = False) -> list[nn.Module]:
    """The layers of an ``nn.Sequential``, in order; `SettingError` if ``net`` is none or empty.

    A subclass may compute anything: it is refused where a ``plain`` one is needed.
    """
    net = as_net(net)
    is_one = type(net) is nn.Sequential if plain else isinstance(net, nn.Sequential)
    if is_one and len(net):
        return list(net)
    raise SettingError(
        f"这里需要一个 nn.Sequential（例如 lenet()），得到的却是 {type(net).__name__}。",
        f"An nn.Sequential with layers (lenet(), say) is needed here, not {type(net).__name__}.",
    )


def seen_by(layer: nn.Module, window: Window) -> Window:
    """The part of the layer's input maps that this part of its output maps depends on."""
    if isinstance(layer, POINTWISE):
        return window
    (top, high), (left, wide) = (
        (at * stride - pad, (size - 1) * stride + dilation * (kernel - 1) + 1)
        for at, size, kernel, stride, pad, dilation in zip(
            window[:2], window[2:], *geometry(layer), strict=True
        )
    )
    return Window(top, left, high, wide)


def field_of(net: nn.Sequential, layer: int, row: int, column: int) -> Window | None:
    """The number's receptive field on the picture; ``None`` if it is all of it, or a pixel."""
    window = Window(row, column, 1, 1)
    if layer < 0:
        return None  # a pixel of the picture itself
    for before in reversed(net[: layer + 1]):
        if isinstance(before, VECTORS):
            return None
        window = seen_by(before, window)
    return window


def geometry(layer: nn.Module) -> tuple[tuple[int, int], ...]:
    """A window's size, stride, padding before and dilation, each for rows and for columns."""
    kernel, stride = _pair(layer.kernel_size), _pair(layer.stride)
    dilation = _pair(getattr(layer, "dilation", 1))
    padding = layer.padding
    if padding == "same":
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    return kernel, stride, _pair(0 if padding == "valid" else padding), dilation


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    return tuple(map(int, value)) if isinstance(value, tuple | list) else (int(value),) * 2


def layer_outputs(net: nn.Sequential, X: torch.Tensor) -> Outputs:
    """What each layer makes of ``X``: its name (``"1 Conv2d"``, counted from 1) and its output.

    ``X`` is a batch such as the net expects, as ``data_iter.prepare(images)`` makes it, on any
    device; the net is left as it is. Raises `SettingError`: ``net`` is no ``nn.Sequential``, or a
    layer cannot take what reaches it.
    """
    net = evaluating(sized(as_net(net), lambda: X))
    X = images = as_input(net, X)
    outputs = []
    with torch.no_grad():
        for number, layer in enumerate(layers_of(net), 1):
            X = outputs_of(net, X.clone(), layer, images)  # a layer may work in place
            outputs.append((f"{number} {type(layer).__name__}", X))
    return outputs


def kernels(net: nn.Sequential) -> Outputs:
    """Name (``"conv1"``) and weights ``(out, in, height, width)`` of each convolution."""
    layers = layers_of(sized(as_net(net)))
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    return [(f"conv{n}", layer.weight.detach()) for n, layer in enumerate(convolutions, 1)]
