"""A network, or two to compare, as the living view computes with them: layers, weights, names."""

from collections.abc import Sequence

import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.inputs.networks import as_net, outputs_of, sized
from lenet_helpers.inputs.tensors import as_input
from lenet_helpers.layers import geometry, layers_of
from lenet_helpers.words import SettingError, Words

ACTIVATIONS = {nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.ReLU: "relu"}
KINDS = ACTIVATIONS | {
    nn.Conv2d: "conv", nn.AvgPool2d: "avgpool", nn.MaxPool2d: "maxpool", nn.Flatten: "flatten",
    nn.Linear: "linear",
}  # fmt: skip
SUPPORTED = Words(
    "只支持 Conv2d、AvgPool2d、MaxPool2d、Sigmoid、Tanh、ReLU、Flatten 和 Linear。",
    "only Conv2d, AvgPool2d, MaxPool2d, Sigmoid, Tanh, ReLU, Flatten and Linear are supported.",
)
NEEDED = {
    nn.Conv2d: Words(
        "卷积须为 groups=1、dilation=1、用零填充；padding='same' 须配奇数大小的卷积核。",
        "a convolution needs groups=1, dilation=1 and zeros as padding, and a kernel of odd size "
        "with padding='same'.",
    ),
    nn.AvgPool2d: Words(
        "平均汇聚须为 ceil_mode=False、count_include_pad=True，且没有 divisor_override。",
        "average pooling needs ceil_mode=False, count_include_pad=True and no divisor_override.",
    ),
    nn.MaxPool2d: Words(
        "最大汇聚须为 ceil_mode=False、dilation=1、return_indices=False。",
        "max pooling needs ceil_mode=False, dilation=1 and return_indices=False.",
    ),
    nn.Flatten: Words(
        "只支持不带参数的 nn.Flatten()。", "only nn.Flatten() without arguments is supported."
    ),
}
LONE_ACTIVATION = Words(
    "激活函数须紧跟在卷积、汇聚或全连接层之后，每层一个。",
    "an activation follows a convolution, a pooling or a linear layer, one for each.",
)
NOT_FLAT = Words("它前面须有 nn.Flatten()。", "nn.Flatten() must stand before it.")
TRAINED = Words("训练过的网络", "trained network")
UNTRAINED = Words("未训练的网络", "untrained network")


def describe(net: nn.Sequential, data: BatchIterator) -> tuple[dict, bytes]:
    """What ``readNetwork`` in ``network.js`` takes: a description for JSON, and the weights.

    ``net`` makes of a one-channel image a score for each class of ``data``, which is like what it
    was trained on. Raises `SettingError`: names the first layer that cannot be shown, and why; or
    the net does not fit the data.
    """
    height, width = data.images.shape[-2:]
    X = torch.zeros(1, 1, height, width, device="cpu")
    net = sized(as_net(net), lambda: X)
    layers = layers_of(net, plain=True)
    described = [_described(number, layer) for number, layer in enumerate(layers, 1)]
    _require_order(layers)
    with torch.no_grad():
        found, needed = tuple(outputs_of(net, as_input(net, X)).shape), (1, len(data.classes))
    if found != needed:
        raise SettingError(
            f"网络对一幅图像应输出 {needed}（每类一个得分），却是 {found}。",
            f"For one picture the network must put out {needed}, a score for each class, not "
            f"{found}.",
        )
    mean, std = (float(data.mean), float(data.std)) if data.standardize else (0.0, 1.0)
    description = {"layers": described, "input": [height, width], "mean": mean, "std": std}
    return description | {"classes": [name._asdict() for name in data.classes]}, weight_bytes(net)


def weights_of(net: nn.Sequential) -> list[torch.Tensor]:
    """Weight and bias of layer after layer, on the CPU; a missing bias is zeros."""
    parts = []
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            zeros = torch.zeros(len(layer.weight), device="cpu")
            parts += [layer.weight, zeros if layer.bias is None else layer.bias]
    return [part.detach().cpu() for part in parts]


def weight_bytes(net: nn.Sequential) -> bytes:
    """`weights_of` as little-endian ``float32``."""
    return b"".join(part.float().numpy().astype("<f4").tobytes() for part in weights_of(net))


def _refused(number: int, layer: nn.Module, why: Words) -> SettingError:
    return SettingError(
        f"第 {number} 层 {layer} 无法显示：{why.zh}",
        f"Layer {number}, {layer}, cannot be shown: {why.en}",
    )


def _described(number: int, layer: nn.Module) -> dict:
    """One layer as ``network.js`` reads it. A subclass may compute anything, so it is refused."""
    if type(layer) not in KINDS or not _is_usual(layer):
        raise _refused(number, layer, NEEDED.get(type(layer), SUPPORTED))
    description = {"kind": KINDS[type(layer)]}
    if isinstance(layer, nn.Conv2d):
        description |= {"in": layer.in_channels, "out": layer.out_channels}
    elif isinstance(layer, nn.Linear):
        description |= {"in": layer.in_features, "out": layer.out_features}
    if hasattr(layer, "kernel_size"):
        kernel, stride, padding, _ = map(list, geometry(layer))
        description |= {"kernel": kernel, "stride": stride, "padding": padding}
    return description


def _is_usual(layer: nn.Module) -> bool:
    """Whether it has the settings that ``network.js`` computes with, as `NEEDED` says them."""
    match layer:
        case nn.Conv2d(groups=1, padding_mode="zeros"):
            is_whole = layer.padding != "same" or all(size % 2 for size in layer.kernel_size)
            return is_whole and geometry(layer)[3] == (1, 1)
        case nn.AvgPool2d(ceil_mode=False, divisor_override=None):
            return layer.count_include_pad or geometry(layer)[2] == (0, 0)
        case nn.MaxPool2d(ceil_mode=False, return_indices=False):
            return geometry(layer)[3] == (1, 1)
        case nn.Flatten(start_dim=1):
            return layer.end_dim in (-1, 3)
    return type(layer) not in NEEDED


def _require_order(layers: Sequence[nn.Module]) -> None:
    """An activation has a layer of its own to follow; maps are flattened before a linear layer."""
    for number, layer in enumerate(layers, 1):
        before = [type(each) for each in layers[: number - 1]]
        if type(layer) is nn.Linear and nn.Flatten not in before:
            raise _refused(number, layer, NOT_FLAT)
        computing = [kind for kind in before if kind is not nn.Flatten]
        if type(layer) in ACTIVATIONS and (not computing or computing[-1] in ACTIVATIONS):
            raise _refused(number, layer, LONE_ACTIVATION)


def as_networks(nets: Sequence[nn.Sequential], data: BatchIterator) -> list[dict]:
    """Networks, one or two, as ``widget.js`` takes them: description, weights and name of each.

    Their names are "trained" and "untrained", or the activations where these differ. Raises
    `SettingError`: as `describe`, or they differ in more than their activations.
    """
    described = [describe(net, data) for net in nets]
    kinds = set(ACTIVATIONS.values())
    layers = [description["layers"] for description, _ in described]
    shapes = [[each["kind"] in kinds or each for each in one] for one in layers]
    if any(shape != shapes[0] for shape in shapes):
        raise SettingError(
            "要比较的两个网络只可以有不同的激活函数，其余各层都应相同。",
            "Two networks to compare may differ in their activations alone.",
        )
    names = [TRAINED, UNTRAINED]
    if any(one != layers[0] for one in layers):
        used = [[each["kind"] for each in one if each["kind"] in kinds] for one in layers]
        names = [Words.same(", ".join(dict.fromkeys(each))) for each in used]
    return [
        {"description": description, "weights": weights, "name": name._asdict()}
        for (description, weights), name in zip(described, names, strict=False)
    ]
