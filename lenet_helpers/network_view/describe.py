"""A network, or two to compare, as the living view computes with them: layers, weights, names."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.inputs.networks import as_net, sized
from lenet_helpers.inputs.tensors import as_input
from lenet_helpers.layers import geometry, layers_of
from lenet_helpers.words import SettingError, Words

ACTIVATIONS = {nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.ReLU: "relu"}
KINDS = tuple(ACTIVATIONS.values())
POOLINGS = {nn.AvgPool2d: "avgpool", nn.MaxPool2d: "maxpool"}
SUPPORTED = Words(
    "只支持 Conv2d、AvgPool2d、MaxPool2d、Sigmoid、Tanh、ReLU、Flatten 和 Linear。",
    "only Conv2d, AvgPool2d, MaxPool2d, Sigmoid, Tanh, ReLU, Flatten and Linear are supported.",
)
TRAINED = Words("训练过的网络", "trained network")
UNTRAINED = Words("未训练的网络", "untrained network")


def describe(net: nn.Sequential, data: BatchIterator) -> tuple[dict, bytes]:
    """What ``readNetwork`` in ``network.js`` takes: a description for JSON, and the weights.

    ``net`` makes of a one-channel image a score for each class of ``data``, which is like what it
    was trained on. Raises `SettingError`: names the first layer that cannot be shown, and why.
    """
    height, width = data.images.shape[-2:]
    X = torch.zeros(1, 1, height, width, device="cpu")
    net = sized(as_net(net), lambda: X)
    layers = [
        _described(number, layer) for number, layer in enumerate(layers_of(net, plain=True), 1)
    ]
    _require_order(net, layers)
    _require_scores(net, X, len(data.classes))
    mean, std = (float(data.mean), float(data.std)) if data.standardize else (0.0, 1.0)
    classes = [name._asdict() for name in data.classes]
    description = {"layers": layers, "input": [height, width], "mean": mean, "std": std}
    return {**description, "classes": classes}, weight_bytes(net)


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
    kind = type(layer)
    if kind in ACTIVATIONS:
        return {"kind": ACTIVATIONS[kind]}
    if kind not in DESCRIPTIONS:
        raise _refused(number, layer, SUPPORTED)
    usual, needs, description = DESCRIPTIONS[kind]
    if not usual(layer):
        raise _refused(number, layer, needs)
    return description(layer)


def _is_usual_convolution(layer: nn.Conv2d) -> bool:
    whole = layer.padding != "same" or all(size % 2 for size in layer.kernel_size)
    plain = layer.groups == 1 and layer.padding_mode == "zeros"
    return whole and plain and geometry(layer)[3] == (1, 1)


def _is_usual_average(layer: nn.AvgPool2d) -> bool:
    counts_all = layer.count_include_pad or geometry(layer)[2] == (0, 0)
    return counts_all and layer.divisor_override is None and not layer.ceil_mode


def _is_usual_maximum(layer: nn.MaxPool2d) -> bool:
    return geometry(layer)[3] == (1, 1) and not (layer.ceil_mode or layer.return_indices)


def _window(layer: nn.Module) -> dict[str, list[int]]:
    kernel, stride, padding, _ = map(list, geometry(layer))
    return {"kernel": kernel, "stride": stride, "padding": padding}


def _convolution(layer: nn.Conv2d) -> dict:
    return {"kind": "conv", "in": layer.in_channels, "out": layer.out_channels, **_window(layer)}


def _pooling(layer: nn.AvgPool2d | nn.MaxPool2d) -> dict:
    return {"kind": POOLINGS[type(layer)], **_window(layer)}


def _linear(layer: nn.Linear) -> dict:
    return {"kind": "linear", "in": layer.in_features, "out": layer.out_features}


# Of each kind: which of its settings can be shown, what to say of the others, its description.
DESCRIPTIONS: dict[type[nn.Module], tuple[Callable, Words, Callable]] = {
    nn.Conv2d: (
        _is_usual_convolution,
        Words(
            "卷积须为 groups=1、dilation=1、用零填充；padding='same' 须配奇数大小的卷积核。",
            "a convolution needs groups=1, dilation=1 and zeros as padding, and a kernel of odd "
            "size with padding='same'.",
        ),
        _convolution,
    ),
    nn.AvgPool2d: (
        _is_usual_average,
        Words(
            "平均汇聚须为 ceil_mode=False、count_include_pad=True，且没有 divisor_override。",
            "average pooling needs ceil_mode=False, count_include_pad=True and no "
            "divisor_override.",
        ),
        _pooling,
    ),
    nn.MaxPool2d: (
        _is_usual_maximum,
        Words(
            "最大汇聚须为 ceil_mode=False、dilation=1、return_indices=False。",
            "max pooling needs ceil_mode=False, dilation=1 and return_indices=False.",
        ),
        _pooling,
    ),
    nn.Flatten: (
        lambda layer: layer.start_dim == 1 and layer.end_dim in (-1, 3),
        Words(
            "只支持不带参数的 nn.Flatten()。", "only nn.Flatten() without arguments is supported."
        ),
        lambda layer: {"kind": "flatten"},
    ),
    nn.Linear: (lambda layer: True, SUPPORTED, _linear),
}


def _require_order(net: nn.Sequential, layers: list[dict]) -> None:
    """An activation has a layer of its own to follow; maps are flattened before a linear layer."""
    has_activation, flat = True, False  # the picture can't take an activation
    for number, (layer, description) in enumerate(zip(net, layers, strict=True), 1):
        kind = description["kind"]
        if kind in KINDS and has_activation:
            why = "激活函数须紧跟在卷积、汇聚或全连接层之后，每层一个。"
            also = "an activation follows a convolution, a pooling or a linear layer, one for each."
            raise _refused(number, layer, Words(why, also))
        if kind == "linear" and not flat:
            why = Words("它前面须有 nn.Flatten()。", "nn.Flatten() must stand before it.")
            raise _refused(number, layer, why)
        flat = flat or kind == "flatten"
        if kind != "flatten":
            has_activation = kind in KINDS


def _require_scores(net: nn.Sequential, X: torch.Tensor, classes: int) -> None:
    """A picture must get through every layer and come out as one score for each class."""
    X = as_input(net, X)
    for number, layer in enumerate(net, 1):
        try:
            with torch.no_grad():
                X = layer(X)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            why = Words(f"数据无法通过：{error}", f"the data cannot pass: {error}")
            raise _refused(number, layer, why) from error
    if X.shape != (1, classes):
        raise _refused(number, layer, Words(
            f"网络对一幅图像应输出 {(1, classes)}（每类一个得分），却是 {tuple(X.shape)}。",
            f"for one picture the network must put out {(1, classes)}, a score for each class, "
            f"not {tuple(X.shape)}.",
        ))  # fmt: skip


def as_networks(
    nets: Sequence[nn.Sequential], data: BatchIterator, names: Sequence[Words] | None = None
) -> list[dict]:
    """Networks, one or two, as ``widget.js`` takes them: description, weights and name of each.

    Names are by default "trained" and "untrained", or the activations where these differ. Raises
    `SettingError`: as `describe`, or they differ in more than their activations.
    """
    described = [describe(net, data) for net in nets]
    layers = [description["layers"] for description, _ in described]
    shapes = [["activation" if each["kind"] in KINDS else each for each in one] for one in layers]
    if any(shape != shapes[0] for shape in shapes):
        raise SettingError(
            "要比较的两个网络只可以有不同的激活函数，其余各层都应相同。",
            "Two networks to compare may differ in their activations alone.",
        )
    return [
        {"description": description, "weights": weights, "name": name._asdict()}
        for (description, weights), name in zip(described, names or _names_of(layers), strict=False)
    ]


def _names_of(layers: list[list[dict]]) -> list[Words]:
    """Of networks that differ in their activations, these; else what they mostly are."""
    if all(one == layers[0] for one in layers):
        return [TRAINED, UNTRAINED]
    kinds = (dict.fromkeys(each["kind"] for each in one if each["kind"] in KINDS) for one in layers)
    return [Words(kind, kind) for kind in map(", ".join, kinds)]
