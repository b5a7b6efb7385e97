"""The paper's loss, and mini-batches for a class hour; as the paper trained: `per_pattern`."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import nn

from lenet_helpers.cores import on_free_cores
from lenet_helpers.modes import mode


class PassReport(NamedTuple):
    """A finished pass through the training set: its number from 1, and its mean loss."""

    number: int
    loss: float


def map_loss(penalties: torch.Tensor, labels: torch.Tensor, j: float = 10.0) -> torch.Tensor:
    """The paper's discriminative loss (equation 9), mean over the batch.

    The penalty of the right class, plus ``log(exp(-j) + sum of exp(-penalty))``: it pulls the
    right class down and pushes the others up, until they are well above ``j``. Penalties are
    ``(n, classes)``, labels ``int64 (n,)``. The paper gives no ``j``: of 1 and 10, 10 gave the
    smaller error on held-out training images.
    """
    right = penalties.gather(1, labels[:, None])
    rubbish = torch.full_like(right, -j)
    return (right.squeeze(1) + torch.cat([-penalties, rubbish], dim=1).logsumexp(dim=1)).mean()


def train_minibatches(
    net: nn.Module,
    X: torch.Tensor,
    labels: torch.Tensor,
    passes: int,
    *,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = map_loss,
    augment: Callable[[torch.Tensor], torch.Tensor] = lambda X: X,
    batch_size: int = 64,
    max_lr: float = 0.003,
) -> Iterator[PassReport]:
    """Train with momentum 0.9 and a one-cycle learning rate; reports after every pass.

    This is not how the paper trained; it is what fits a class hour. The order of the examples
    follows ``torch.manual_seed``.

    Args:
        net: returns penalties ``(n, classes)``; trained in place.
        X, labels: all inputs, on the net's device, and ``int64 (n,)``; ``passes`` times.
        loss, augment: of penalties and labels; applied to each batch of inputs.
        batch_size, max_lr: examples in a batch, and the highest learning rate of the cycle.
    """
    steps = passes * -(-len(X) // batch_size)
    optimizer = torch.optim.SGD(net.parameters(), lr=max_lr, momentum=0.9, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr, total_steps=steps)
    for number in range(1, passes + 1):
        total = torch.zeros((), device=X.device)
        order = torch.randperm(len(X), device="cpu").to(X.device)
        with mode(net, training=True):
            for chosen in on_free_cores(order.split(batch_size)):
                optimizer.zero_grad()
                value = loss(net(augment(X[chosen])), labels[chosen])
                value.backward()
                optimizer.step()
                schedule.step()
                total += value.detach() * len(chosen)
        yield PassReport(number, total.item() / len(X))


def predict(net: nn.Module, X: torch.Tensor, batch_size: int = 1000) -> torch.Tensor:
    """The class with the smallest penalty for each input, ``int64 (n,)``."""
    with mode(net, training=False):
        return torch.cat([net(part).argmin(dim=1) for part in on_free_cores(X.split(batch_size))])


def error_rate(net: nn.Module, X: torch.Tensor, labels: torch.Tensor) -> float:
    """The fraction of inputs, from 0 to 1, that are classified wrongly."""
    return (predict(net, X) != labels).float().mean().item()
