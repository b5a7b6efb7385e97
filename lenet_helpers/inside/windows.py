"""Which numbers of its input a layer computes a number of its output from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from lenet_helpers.words import SettingError

POOLINGS = {nn.AvgPool2d: "average", nn.MaxPool2d: "maximum"}
# Each number of their output comes from the one at the same place of their input.
POINTWISE = (
    nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Softplus,
    nn.Dropout, nn.Identity,
)  # fmt: skip
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


def require_explorable(net: nn.Module) -> None:
    """Check that every layer is one whose numbers can be traced back to the picture.

    Raises:
        SettingError: names the first layer that is not, and says what is expected.
    """
    for number, layer in enumerate(layers_of(net), 1):
        if not _explorable(layer):
            raise SettingError(
                f"第 {number} 层 {layer} 无法追溯。可用的层：Conv2d（groups=1，补零填充）、"
                "AvgPool2d、MaxPool2d（无填充、无膨胀、ceil_mode=False）、逐元素的激活函数、"
                "Dropout、Flatten、Linear。",
                f"Layer {number}, {layer}, cannot be traced back. What can: Conv2d (groups=1, "
                "padded with zeros), AvgPool2d and MaxPool2d (no padding, no dilation, "
                "ceil_mode=False), activations that act on each number, Dropout, Flatten, Linear.",
            )


def _explorable(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Conv2d):
        return layer.groups == 1 and layer.padding_mode == "zeros"
    if type(layer) in POOLINGS:
        plain = layer.padding in (0, (0, 0)) and getattr(layer, "dilation", 1) in (1, (1, 1))
        usual = getattr(layer, "divisor_override", None) is None and not layer.ceil_mode
        return plain and usual
    return isinstance(layer, POINTWISE + VECTORS)


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


def cut_out(layer: nn.Module, inputs: torch.Tensor, window: Window) -> torch.Tensor:
    """What the window shows of each map ``(n, h, w)``, with zeros beyond the edge (padding)."""
    step_down, step_right = _pair(getattr(layer, "dilation", 1))
    top, left, high, wide = window
    down, right = top + high, left + wide
    reach = max(0, -top, -left, down - inputs.shape[1], right - inputs.shape[2])
    padded = nn.functional.pad(inputs, [reach] * 4)
    rows = slice(top + reach, down + reach, step_down)
    return padded[:, rows, left + reach : right + reach : step_right]
