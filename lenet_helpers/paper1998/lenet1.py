"""LeNet-1, the small network of 1989 that the 1998 paper compares LeNet-5 with."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from lenet_helpers.paper1998.lenet5 import (
    INK,
    PAPER,
    RBFOutput,
    ScaledTanh,
    SparseConv2d,
    TrainableSubsampling,
    initialize,
)

# The counts that are published ask for 20 links between four maps (rows) and twelve (columns).
H3_TABLE = """
XXX.XX......
.XXXXX......
......XXX.XX
.......XXXXX
"""


def place_codes(classes: int = 10) -> torch.Tensor:
    """One code a class, ``(classes, classes)``: +1 at the class's own place and −1 elsewhere."""
    return 2 * torch.eye(classes) - 1


def lenet1() -> nn.Sequential:
    """LeNet-1: 2,578 trainable parameters, 98,442 connections.

    Read as the network of LeCun et al., *Handwritten Digit Recognition with a Back-Propagation
    Network*, NIPS 1989, whose counts these are; the 1998 paper says "about 2,600" parameters.
    Four 5×5 maps, subsampled, twelve sparse 5×5 maps, subsampled, ten output units. The counts fix
    everything but *which* of the 48 possible links between H2 and H3 are the 20 that exist: we take
    two halves of six maps, each over two maps, as it is usually retold.

    It takes ``float32 (n, 1, 28, 28)`` as `to_lenet1_input` makes them. Like `lenet5_1998` it
    returns penalties ``(n, 10)``: the squared distance of its ten output units to +1 at the class's
    own place and −1 elsewhere.
    """
    net = nn.Sequential()
    net.H1 = nn.Sequential(nn.Conv2d(1, 4, kernel_size=5), ScaledTanh())
    net.H2 = nn.Sequential(TrainableSubsampling(4), ScaledTanh())
    net.H3 = nn.Sequential(SparseConv2d(H3_TABLE), ScaledTanh())
    net.H4 = nn.Sequential(TrainableSubsampling(12), ScaledTanh())
    net.H5 = nn.Sequential(nn.Flatten(), nn.Linear(12 * 4 * 4, 10), ScaledTanh())
    net.distance = RBFOutput(place_codes())
    return net.apply(initialize)


def two_layer_network(hidden: int) -> nn.Sequential:
    """A fully connected network with one hidden layer, for ``float32 (n, 1, 28, 28)``.

    Returns penalties ``(n, 10)`` as `lenet1` does.
    """
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(28 * 28, hidden), ScaledTanh(),
        nn.Linear(hidden, 10), ScaledTanh(),
        RBFOutput(place_codes()),
    )  # fmt: skip
    return net.apply(initialize)


def to_lenet1_input(images: torch.Tensor) -> torch.Tensor:
    """``uint8 (n, 28, 28)`` to ``float32 (n, 1, 28, 28)``: the digit shrunk from 20×20 to 16×16.

    The paper shrinks the digits for LeNet-1 and centres them in its 28×28 input.
    """
    ink = images[:, None].to(torch.float32) / 255
    small = F.interpolate(ink, size=(22, 22), mode="bilinear", antialias=True)
    return F.pad(small, (3, 3, 3, 3)) * (INK - PAPER) + PAPER
