"""Which numbers of its input a layer computes a number of its output from."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from lenet_helpers.words import SettingError

# Each number of their output comes from the one at the same place of their input.
POINTWISE = (nn.Sigmoid, nn.Tanh, nn.ReLU)
VECTORS = (nn.Flatten, nn.Linear)


class Window(NamedTuple):
    """A rectangle of pixels. It may reach over the picture's edge into the padding."""

    top: int
    left: int
    height: int
    width: int


def layers_of(net: nn.Module) -> list[nn.Module]:
    """The layers of an ``nn.Sequential``, in order.

    Raises:
        SettingError: it is none, or has no layers.
    """
    if isinstance(net, nn.Sequential) and len(net):
        return list(net)
    raise SettingError(
        f"这里需要一个 nn.Sequential（例如 lenet()），得到的却是 {type(net).__name__}。",
        f"An nn.Sequential with layers (lenet(), say) is needed here, not {type(net).__name__}.",
    )


def seen_by(layer: nn.Module, window: Window) -> Window:
    """The part of the layer's input that this part of its output depends on.

    Raises:
        SettingError: the layer's output is no feature map.
    """
    if isinstance(layer, POINTWISE):
        return window
    if isinstance(layer, VECTORS):
        raise SettingError(
            f"{type(layer).__name__} 的输出没有特征图：每个数都取决于整张图片。",
            f"{type(layer).__name__} puts out no feature maps: each number depends on the whole "
            "picture.",
        )
    (top, high), (left, wide) = (
        (at * stride - pad, (size - 1) * stride + dilation * (kernel - 1) + 1)
        for at, size, kernel, stride, pad, dilation in zip(
            window[:2], window[2:], *_geometry(layer), strict=True
        )
    )
    return Window(top, left, high, wide)


def _geometry(layer: nn.Module) -> tuple[tuple[int, int], ...]:
    """Kernel size, stride, padding before and dilation, each for rows and for columns."""
    kernel, stride = _pair(layer.kernel_size), _pair(layer.stride)
    dilation = _pair(getattr(layer, "dilation", 1))
    padding = layer.padding
    if padding == "same":
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    return kernel, stride, _pair(0 if padding == "valid" else padding), dilation


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)
