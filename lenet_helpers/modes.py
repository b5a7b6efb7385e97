"""A network's mode: for the length of a block, or of a copy where others may be training it."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def mode(net: nn.Module, *, training: bool) -> Iterator[None]:
    """Train, with gradients, or evaluate, without, inside the block; then all is as before."""
    modes = {module: module.training for module in net.modules()}
    gradients = torch.is_grad_enabled()
    try:
        try:
            net.train(training)
            torch.set_grad_enabled(training)
            yield
        finally:
            _set(modes, gradients)
    finally:  # once more: the stop button may have struck within the first time
        _set(modes, gradients)


def evaluating(net: nn.Module) -> nn.Module:
    """A copy in evaluation mode: another thread may be training ``net`` at this very moment."""
    return copy.deepcopy(net).eval()


def _set(modes: dict[nn.Module, bool], gradients: bool) -> None:
    torch.set_grad_enabled(gradients)
    for module, training in modes.items():
        module.training = training
