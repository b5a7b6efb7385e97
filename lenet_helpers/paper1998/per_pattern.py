"""Training as the paper did it: one pattern at a time, each weight with a step size of its own.

Source: LeCun, Bottou, Bengio and Haffner (1998), section III-B and appendix C (the "stochastic
diagonal Levenberg-Marquardt" method).
"""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.func import functional_call, vjp

from lenet_helpers.cores import on_free_cores
from lenet_helpers.modes import mode
from lenet_helpers.paper1998.lenet5 import RBFOutput, ScaledTanh
from lenet_helpers.paper1998.mini_batches import PassReport, map_loss

SAMPLES = 500
# The global learning rate of each of the paper's 20 passes.
SCHEDULE = (*[5e-4] * 2, *[2e-4] * 3, *[1e-4] * 3, *[5e-5] * 4, *[1e-5] * 8)


def second_derivatives(net: nn.Sequential, X: torch.Tensor) -> dict[str, torch.Tensor]:
    """Estimate for each weight the second derivative of the loss, mean over the batch, never < 0.

    The diagonal Gauss-Newton approximation of the paper: second derivatives are propagated back
    like gradients, but with the squares of the weights, inputs and slopes. For a layer that is
    linear in both this is an ordinary backward pass with everything squared. ``net`` ends in an
    `RBFOutput`; the labels of ``X`` do not matter. By the parameters' names, in their shapes.
    """
    *layers, (_, output) = [
        (name, layer) for name, layer in net.named_modules() if not any(layer.children())
    ]
    inputs = [X]
    with torch.no_grad():
        for _, layer in layers:
            inputs.append(layer(inputs[-1]))
    h = loss_curvature(inputs.pop(), output)
    found = {}
    for (name, layer), x in zip(reversed(layers), reversed(inputs), strict=True):
        h, of_weights = _back_through(layer, x, h)
        found |= {f"{name}.{own}": value / len(X) for own, value in of_weights.items()}
    return found


def loss_curvature(x: torch.Tensor, output: RBFOutput, j: float = 10.0) -> torch.Tensor:
    """The exact second derivative of `map_loss` for each input of the output layer, never < 0.

    With the probabilities p of the classes, and what is left for "rubbish", it is the variance of
    the penalties' slopes plus twice the probability of rubbish. ``x`` and the result are
    ``(n, features)``.
    """
    scores = torch.cat([-output(x), torch.full_like(x[:, :1], -j)], dim=1)
    p = scores.softmax(dim=1)[:, :, None]
    slopes = 2 * (x[:, None, :] - output.codes)
    mean = (p[:, :-1] * slopes).sum(dim=1)
    square = (p[:, :-1] * slopes.square()).sum(dim=1)
    return (square - mean.square()).clamp_min(0) + 2 * p[:, -1]


def _back_through(layer: nn.Module, x: torch.Tensor, h: torch.Tensor):
    """From the second derivatives at a layer's output to those at its input and its weights."""
    if isinstance(layer, ScaledTanh):
        slope = vjp(layer, x)[1](torch.ones_like(x))[0]
        return h * slope.square(), {}
    squares = {name: p.detach().square() for name, p in layer.named_parameters()}
    _, back = vjp(lambda weights, x: functional_call(layer, weights, x), squares, x.square())
    of_weights, of_x = back(h)
    return of_x, of_weights


def train_per_pattern(
    net: nn.Sequential,
    X: torch.Tensor,
    labels: torch.Tensor,
    schedule: Sequence[float] = SCHEDULE,
    mu: float = 0.02,
) -> Iterator[PassReport]:
    """Train as the paper did, in place, with one η of ``schedule`` a pass; reports after each.

    Before each pass the second derivatives h are estimated from 500 patterns; then every pattern
    moves each weight by its gradient times η / (μ + h). Their order follows ``torch.manual_seed``.
    The paper leaves the scale of the loss open. `map_loss` is a sum over the 84 units of F6; were
    it their mean, gradient and h would be 84 times as small: ``mu`` = 84 × 0.02 comes to that.
    """
    weights, gradients = _flat(net)
    for number, eta in enumerate(schedule, start=1):
        sample = torch.randperm(len(X), device="cpu")[:SAMPLES]
        h = second_derivatives(net, X[sample])
        flat_h = torch.cat([h[name].flatten() for name, _ in net.named_parameters()])
        rates, total = eta / (mu + flat_h), torch.zeros((), device=X.device)
        with mode(net, training=True):
            for i in on_free_cores(torch.randperm(len(X), device="cpu").tolist()):
                loss = map_loss(net(X[i : i + 1]), labels[i : i + 1])
                loss.backward()
                weights.addcmul_(gradients, rates, value=-1)
                gradients.zero_()
                total += loss.detach()
        yield PassReport(number, total.item() / len(X))


def _flat(net: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """All weights and all gradients as two vectors, so that a step is two operations."""
    weights = torch.cat([p.detach().flatten() for p in net.parameters()])
    gradients = torch.zeros_like(weights)
    sizes = [p.numel() for p in net.parameters()]
    parts = zip(net.parameters(), weights.split(sizes), gradients.split(sizes), strict=True)
    for p, weight, gradient in parts:
        p.data, p.grad = weight.view_as(p), gradient.view_as(p)
    return weights, gradients
