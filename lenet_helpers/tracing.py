"""What each layer of a network does to the shape of the data, and what it costs."""

from typing import NamedTuple

import torch
from torch import nn

from lenet_helpers.inputs.networks import as_net, outputs_of, sized
from lenet_helpers.inputs.tensors import as_input, kind_of
from lenet_helpers.modes import evaluating
from lenet_helpers.tables import Table
from lenet_helpers.words import SettingError, Words


class LayerRow(NamedTuple):
    """One layer: its name, the shape of its output, and its cost.

    ``parameters`` counts the trainable and fixed parameters that no earlier row has counted;
    ``multiply_adds`` counts the products for the whole batch, without the additions of a bias.
    """

    layer: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


class ShapeTrace(NamedTuple):
    """One row per layer, in the order in which the layers ran. Prints as text or as HTML."""

    input_shape: tuple[int, ...]
    rows: tuple[LayerRow, ...]
    parameters: int

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of all layers together."""
        return sum(row.multiply_adds for row in self.rows)

    def table(self) -> Table:
        """The rows with their headings, the input above them and the totals below."""
        headings = (
            Words("层", "Layer"), Words("输出形状", "Output shape"),
            Words("参数", "Parameters"), Words("乘加运算", "Multiply-adds"),
        )  # fmt: skip
        lines = [("Input", self.input_shape, 0, 0), *self.rows]
        rows = [
            (name, " × ".join(map(str, shape)), f"{parameters:,}", f"{multiply_adds:,}")
            for name, shape, parameters, multiply_adds in lines
        ]
        total = Words("合计", "Total"), "", f"{self.parameters:,}", f"{self.multiply_adds:,}"
        return Table(headings, rows, align="llrr", foot=total)

    def __str__(self) -> str:
        return self.table().text("en")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def trace_shapes(net: nn.Module, X: torch.Tensor) -> ShapeTrace:
    """Run ``X`` through a copy of ``net`` once; one `LayerRow` for each call of a layer.

    Of ``X``, a batch such as the net expects, ``(n, 1, 28, 28)`` for LeNet, only the shape matters.
    Raises `SettingError`: a layer cannot take what reaches it; the message names that layer.
    """
    rows: list[LayerRow] = []
    counted: set[nn.Parameter] = set()

    def leave(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        if not isinstance(output, torch.Tensor):
            kind = kind_of(output)
            raise SettingError(
                f"层 {layer} 的输出应是一个张量，却是 {kind}。请让它的 forward 只返回一个张量。",
                f"The layer {layer} should put out one tensor, not {kind}. "
                "Let its forward return a tensor alone.",
            )
        new = set(layer.parameters()) - counted
        counted.update(new)
        size, cost = sum(p.numel() for p in new), 0
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            cost = output.numel() * layer.weight.shape[1:].numel()  # each is one dot product
        rows.append(LayerRow(type(layer).__name__, tuple(output.shape), size, cost))

    net = evaluating(sized(as_net(net, on_meta=True), lambda: X))
    X = as_input(net, X, look=False)
    for module in net.modules():
        if not any(module.children()):
            module.register_forward_hook(leave)
    with torch.no_grad():
        outputs_of(net, X)
    return ShapeTrace(tuple(X.shape), tuple(rows), sum(p.numel() for p in net.parameters()))
