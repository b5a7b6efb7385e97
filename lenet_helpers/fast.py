"""The same network with fewer passes over memory, for `train` alone.

On a CPU a third of LeNet's training step goes into the sigmoid and the average pooling after it:
cheap arithmetic on the largest tensors of the network, which are written and read again and again.
Done as one operation, they leave out the pass that writes the pooling's gradient at full size and
the one that reads it back. What is computed stays the same up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.autograd.function import once_differentiable

Forward = Callable[[torch.Tensor], torch.Tensor]


def fewer_passes(net: nn.Module) -> Forward:
    """What computes ``net(X)`` in fewer passes: a stand-in with the net's own layers and weights.

    Only a plain ``nn.Sequential`` is looked at; in it, each ``Sigmoid`` followed by an
    ``AvgPool2d`` of 2×2 is taken as one operation. The net itself comes back where there is
    nothing to gain, and where somebody listens to its layers with a hook.
    """
    if type(net) is not nn.Sequential or any(map(_has_hooks, net.modules())):
        return net
    layers: list[Forward] = []
    for layer in net:
        if _is_2x2_average(layer) and layers and type(layers[-1]) is nn.Sigmoid:
            layers[-1] = _sigmoid_average(layers[-1], layer)
        else:
            layers.append(layer)
    return _chain(layers) if len(layers) < len(net) else net


def _chain(layers: list[Forward]) -> Forward:
    def forward(X: torch.Tensor) -> torch.Tensor:
        for layer in layers:
            X = layer(X)
        return X

    return forward


def _sigmoid_average(sigmoid: nn.Sigmoid, pool: nn.AvgPool2d) -> Forward:
    def forward(X: torch.Tensor) -> torch.Tensor:
        return _SigmoidAverage.apply(X) if _is_suited(X) else pool(sigmoid(X))

    return forward


class _SigmoidAverage(torch.autograd.Function):
    """Sigmoid, then the mean of each 2×2 square: ``(n, c, h, w)`` to ``(n, c, h/2, w/2)``."""

    @staticmethod
    def forward(ctx, X: torch.Tensor) -> torch.Tensor:
        outputs = torch.sigmoid(X)
        ctx.save_for_backward(outputs)
        outputs = outputs.permute(0, 2, 3, 1)  # (n, h, w, c), as it lies in memory
        rows = outputs[:, 0::2] + outputs[:, 1::2]
        return (rows[:, :, 0::2] + rows[:, :, 1::2]).mul_(1 / 4).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: torch.Tensor) -> torch.Tensor:
        (outputs,) = ctx.saved_tensors
        n, c, h, w = outputs.shape
        each = (gradient / 4).permute(0, 2, 3, 1)  # (n, h/2, w/2, c)
        row = each.unsqueeze(3).expand(n, h // 2, w // 2, 2, c).reshape(n, h // 2, 1, w * c)
        rows = outputs.permute(0, 2, 3, 1).view(n, h // 2, 2, w * c)
        result = torch.ops.aten.sigmoid_backward(row.expand_as(rows), rows)
        return result.view(n, h, w, c).permute(0, 3, 1, 2)


def _is_suited(X: torch.Tensor) -> bool:
    """On a CPU, in the layout of `BatchIterator`, with nothing left over at the edges."""
    return (
        X.device.type == "cpu"
        and X.ndim == 4
        and X.shape[2] % 2 == X.shape[3] % 2 == 0
        and X.is_contiguous(memory_format=torch.channels_last)
    )


def _is_2x2_average(layer: nn.Module) -> bool:
    return (
        type(layer) is nn.AvgPool2d
        and layer.kernel_size in (2, (2, 2))
        and layer.stride in (2, (2, 2))
        and layer.padding in (0, (0, 0))
        and layer.divisor_override in (None, 4)
    )


def _has_hooks(module: nn.Module) -> bool:
    return any(
        (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
    )
