"""Looking inside a network: what each layer makes of a picture, and where one number comes from."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from lenet_helpers.inside.windows import (
    POOLINGS,
    VECTORS,
    Window,
    cut_out,
    layers_of,
    require_explorable,
    seen_by,
)
from lenet_helpers.seeding import seeded
from lenet_helpers.training import xavier
from lenet_helpers.words import SettingError

Outputs = list[tuple[str, torch.Tensor]]


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
    require_explorable(net[: layer + 1])
    window = Window(row, column, 1, 1)
    for before in reversed(layers[: layer + 1]):
        window = seen_by(before, window)
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
    module, window = net[layer], seen_by(net[layer], Window(row, column, 1, 1))
    if isinstance(module, nn.Conv2d):
        rule, kernel = "convolution", module.weight[channel].detach().cpu()
        bias = 0.0 if module.bias is None else module.bias[channel].item()
    else:
        rule, kernel, bias = POOLINGS.get(type(module), type(module).__name__), None, 0.0
        inputs = inputs[channel : channel + 1]  # each map is treated by itself
    return Origin(rule, cut_out(module, inputs, window), kernel, bias, numbers[place].item(),
                  window, field)  # fmt: skip


def kernels(net: nn.Sequential) -> Outputs:
    """Name and weights ``(out, in, height, width)`` of each convolution of ``net``."""
    return [
        (f"{number} {type(layer).__name__}", layer.weight.detach())
        for number, layer in enumerate(layers_of(net), 1)
        if isinstance(layer, nn.Conv2d)
    ]


def layers_with_maps(nets: Sequence[nn.Sequential], X: torch.Tensor) -> dict[int, str]:
    """Position, counted from 0, and name with shape of each layer that puts out feature maps.

    Args:
        nets: networks of the same architecture.
        X: one picture as they see it.

    Raises:
        SettingError: a network cannot be explored (see `require_explorable`), they differ in their
            layers or shapes, or there are no feature maps.
    """
    for net in nets:
        require_explorable(net)
    first, *others = ([(name, *out.shape[1:]) for name, out in layer_outputs(n, X)] for n in nets)
    for other in others:
        if other != first:
            raise SettingError(
                f"两个网络应有相同的层和形状，却是 {other} 和 {first}。",
                f"Both networks need the same layers and shapes, but have {other} and {first}.",
            )
    found = {}
    for at, (layer, (name, *shape)) in enumerate(zip(nets[0], first, strict=True)):
        if isinstance(layer, VECTORS):
            break
        found[at] = f"{name} · {' × '.join(map(str, shape))}"
    if not found:
        raise SettingError(
            "这个网络没有特征图：它没有卷积层或汇聚层。",
            "This network has no feature maps: it has no convolution and no pooling.",
        )
    return found


def untrained_like(net: nn.Sequential, seed: int = 0) -> nn.Sequential:
    """A network of the same architecture, initialised anew as at the start of `train`.

    Raises:
        SettingError: ``net`` is no ``nn.Sequential`` with layers.
    """
    layers_of(net)  # checks that it has any
    fresh = copy.deepcopy(net)
    with seeded(seed):
        for layer in fresh.to("cpu"):
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        fresh.apply(xavier)
    return fresh.to(_device(net))


def _evaluating(net: nn.Module) -> nn.Sequential:
    """A copy in evaluation mode: the net itself may be in training elsewhere at this moment."""
    layers_of(net)  # checks that it has any
    return copy.deepcopy(net).eval()


def _device(net: nn.Module) -> torch.device:
    return next((p.device for p in net.parameters()), torch.device("cpu"))
