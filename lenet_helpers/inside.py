"""Looking inside a network: what each layer makes of a picture, and where one number comes from."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from lenet_helpers.training import xavier
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


@dataclass(frozen=True)
class Origin:
    """One number of a feature map and what it was computed from.

    ``rule`` is ``"convolution"``, ``"average"``, ``"maximum"`` or the name of an activation;
    ``patch`` is ``(channels, height, width)``, the numbers of the layer's input that it was
    computed from, zeros of the padding included; ``kernel`` has the same shape, ``None`` where the
    layer has no weights; ``number`` is what torch computed. ``window`` is the patch's place on
    each map of the layer's input, ``field`` the number's receptive field on the picture.
    """

    rule: str
    patch: torch.Tensor
    kernel: torch.Tensor | None
    bias: float
    number: float
    window: Window
    field: Window

    @property
    def products(self) -> torch.Tensor:
        """``patch × kernel``, number by number: ``(channels, height, width)``, in ``float64``."""
        return self.patch.double() * self.kernel.double()

    @property
    def total(self) -> float:
        """The sum of all products and the bias, as one would add them by hand."""
        return self.products.sum().item() + self.bias


def layer_outputs(net: nn.Sequential, X: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
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
    layers = _layers(net)
    if not 0 <= layer < len(layers):
        raise SettingError(
            f"网络有 {len(layers)} 层，没有第 {layer} 层（从 0 数起）。",
            f"The network has {len(layers)} layers, and no layer {layer}, counted from 0.",
        )
    require_explorable(net[: layer + 1])
    window = Window(row, column, 1, 1)
    for before in reversed(layers[: layer + 1]):
        window = _seen_by(before, window)
    return window


def origin(
    net: nn.Sequential, X: torch.Tensor, layer: int, channel: int, row: int, column: int
) -> Origin:
    """Where one number of a feature map comes from: patch × kernel + bias for a convolution.

    Args:
        net: as in `receptive_field`.
        X: one picture as the net sees it, ``(1, 1, 28, 28)`` for LeNet.
        layer, channel, row, column: which number, all counted from 0.

    Raises:
        SettingError: the layer has no feature maps, or the number lies outside of them.
    """
    field = receptive_field(net, layer, row, column)
    outputs = [X.to(_device(net)), *(output for _, output in layer_outputs(net, X))]
    inputs, numbers = outputs[layer][0].cpu(), outputs[layer + 1][0].cpu()
    place, sizes = (channel, row, column), tuple(numbers.shape)
    if not all(0 <= at < size for at, size in zip(place, sizes, strict=True)):
        raise SettingError(
            f"第 {layer + 1} 层的输出形状是 {sizes}，没有位置 {place}（从 0 数起）。",
            f"Layer {layer + 1} puts out {sizes}: there is no place {place}, counted from 0.",
        )
    module, window = net[layer], _seen_by(net[layer], Window(row, column, 1, 1))
    if isinstance(module, nn.Conv2d):
        rule, kernel = "convolution", module.weight[channel].detach().cpu()
        bias = 0.0 if module.bias is None else module.bias[channel].item()
    else:
        rule, kernel, bias = POOLINGS.get(type(module), type(module).__name__), None, 0.0
        inputs = inputs[channel : channel + 1]  # each map is treated by itself
    return Origin(rule, _cut(module, inputs, window), kernel, bias, numbers[place].item(),
                  window, field)  # fmt: skip


def require_explorable(net: nn.Module) -> None:
    """Check that every layer is one whose numbers can be traced back to the picture.

    Raises:
        SettingError: names the first layer that is not, and says what is expected.
    """
    _layers(net)
    for number, layer in enumerate(net, 1):
        if not _explorable(layer):
            raise SettingError(
                f"第 {number} 层 {layer} 无法追溯。可用的层：Conv2d（groups=1，补零填充）、"
                "AvgPool2d、MaxPool2d（无填充、无膨胀、ceil_mode=False）、逐元素的激活函数、"
                "Dropout、Flatten、Linear。",
                f"Layer {number}, {layer}, cannot be traced back. What can: Conv2d (groups=1, "
                "padded with zeros), AvgPool2d and MaxPool2d (no padding, no dilation, "
                "ceil_mode=False), activations that act on each number, Dropout, Flatten, Linear.",
            )


def untrained_like(net: nn.Sequential, seed: int = 0) -> nn.Sequential:
    """A network of the same architecture, initialised anew as at the start of `train`."""
    fresh = copy.deepcopy(net)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in fresh.to("cpu"):
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        fresh.apply(xavier)
    return fresh.to(_device(net))


def _layers(net: nn.Module) -> list[nn.Module]:
    if isinstance(net, nn.Sequential) and len(net):
        return list(net)
    raise SettingError(
        f"这里需要一个 nn.Sequential（例如 lenet()），得到的却是 {type(net).__name__}。",
        f"An nn.Sequential with layers (lenet(), say) is needed here, not {type(net).__name__}.",
    )


def _evaluating(net: nn.Module) -> nn.Sequential:
    """A copy in evaluation mode: the net itself may be in training elsewhere at this moment."""
    _layers(net)
    return copy.deepcopy(net).eval()


def _device(net: nn.Module) -> torch.device:
    return next((p.device for p in net.parameters()), torch.device("cpu"))


def _explorable(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Conv2d):
        return layer.groups == 1 and layer.padding_mode == "zeros"
    if type(layer) in POOLINGS:
        plain = layer.padding in (0, (0, 0)) and getattr(layer, "dilation", 1) in (1, (1, 1))
        return plain and not layer.ceil_mode
    return isinstance(layer, POINTWISE + VECTORS)


def _seen_by(layer: nn.Module, window: Window) -> Window:
    """The part of the layer's input that this part of its output depends on."""
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


def _cut(layer: nn.Module, inputs: torch.Tensor, window: Window) -> torch.Tensor:
    """What the window shows of each map, with the zeros of the padding around it."""
    step_down, step_right = _pair(getattr(layer, "dilation", 1))
    top, left, high, wide = window
    down, right = top + high, left + wide
    reach = max(0, -top, -left, down - inputs.shape[1], right - inputs.shape[2])
    padded = nn.functional.pad(inputs, [reach] * 4)
    rows = slice(top + reach, down + reach, step_down)
    return padded[:, rows, left + reach : right + reach : step_right]
