"""What each layer of a network does to the shape of the data, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import prod
from typing import NamedTuple

import torch
from torch import nn

from lenet_helpers.modes import mode
from lenet_helpers.words import SettingError, Words

HEADINGS = (
    Words("层", "Layer"),
    Words("输出形状", "Output shape"),
    Words("参数", "Parameters"),
    Words("乘加运算", "Multiply-adds"),
)


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

    def __str__(self) -> str:
        table = [[heading.en for heading in HEADINGS], *self._cells()]
        widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in table
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        *layers, total = self._cells()
        head = "".join(f"<th>{heading.html()}</th>" for heading in HEADINGS)
        body = "".join(f"<tr>{_html_cells(row, 'td')}</tr>" for row in layers)
        foot = f"<tr><th>{Words('合计', 'Total').html()}</th>{_html_cells(total[1:], 'th')}</tr>"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}{foot}</tbody></table>"

    def _cells(self) -> list[list[str]]:
        rows = [LayerRow("Input", self.input_shape, 0, 0), *self.rows]
        cells = [
            [
                row.layer,
                " × ".join(map(str, row.output_shape)),
                f"{row.parameters:,}",
                f"{row.multiply_adds:,}",
            ]
            for row in rows
        ]
        return [*cells, ["Total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"]]


def trace_shapes(net: nn.Module, X: torch.Tensor) -> ShapeTrace:
    """Run ``X`` through ``net`` once and write down what every layer does.

    Args:
        net: the network. Its weights, gradients and train/eval modes are as before afterwards.
        X: a batch such as the net expects, ``(n, 1, 28, 28)`` for LeNet, on the net's device.

    Returns:
        A `ShapeTrace` with one `LayerRow` for each call of a layer (a module without children).

    Raises:
        SettingError: a layer cannot take what reaches it; the message names that layer.
    """
    rows: list[LayerRow] = []
    entered: list[str] = []
    counted: set[nn.Parameter] = set()

    def enter(layer: nn.Module, inputs: tuple) -> None:
        shapes = ", ".join(str(tuple(x.shape)) for x in inputs if isinstance(x, torch.Tensor))
        entered.append(f"{len(rows) + 1} ({layer}) ← {shapes}")

    def leave(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        entered.pop()
        new = set(layer.parameters()) - counted
        counted.update(new)
        name, shape = type(layer).__name__, tuple(output.shape)
        size = sum(p.numel() for p in new)
        rows.append(LayerRow(name, shape, size, _multiply_adds(layer, output)))

    leaves = [module for module in net.modules() if not any(module.children())]
    handles = [leaf.register_forward_pre_hook(enter) for leaf in leaves]
    handles += [leaf.register_forward_hook(leave) for leaf in leaves]
    try:
        with mode(net, training=False):
            net(X)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        where = entered[-1] if entered else type(net).__name__
        raise SettingError(
            f"数据无法通过第 {where} 层：{error}", f"The data cannot pass layer {where}: {error}"
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    return ShapeTrace(tuple(X.shape), tuple(rows), sum(p.numel() for p in net.parameters()))


def _multiply_adds(layer: nn.Module, output: torch.Tensor) -> int:
    """Each output number of a convolution or linear layer is one dot product with its weights."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return output.numel() * (layer.in_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.Linear):
        return output.numel() * layer.in_features
    return 0


def _html_cells(cells: Iterable[str], tag: str) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
