"""LeNet-5 as published, layer by layer.

Source of everything here: LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to
Document Recognition*, Proceedings of the IEEE 86(11), 1998, section II.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from lenet_helpers.words import SettingError

PAPER, INK = -0.1, 1.175  # the input's values for white and black
# Table I: which of the six maps of S2 (rows) feed which of the sixteen maps of C3 (columns).
C3_TABLE = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""
# The targets of the output layer, 0 to 9 side by side, each 7 wide and 12 high: drawn for this
# course in the manner of a printed font. The paper shows its own in a figure.
DRAWINGS = """
.......  .......  .......  .......  .......  .......  .......  .......  .......  .......
..XXX..  ...X...  ..XXX..  XXXXXXX  .....X.  XXXXXXX  ...XXX.  XXXXXXX  ..XXX..  ..XXX..
.XX.XX.  ..XX...  .X...X.  .....X.  ....XX.  X......  ..X....  ......X  .X...X.  .X...X.
XX...XX  .X.X...  X.....X  ....X..  ...X.X.  X......  .X.....  .....X.  X.....X  X.....X
X.....X  ...X...  ......X  ...XX..  ..X..X.  X.XXX..  X......  .....X.  X.....X  X.....X
X.....X  ...X...  .....X.  .....X.  ..X..X.  XX...X.  X.XXX..  ....X..  .X...X.  X....XX
X.....X  ...X...  ....X..  ......X  .X...X.  ......X  XX...X.  ....X..  ..XXX..  .XXXX.X
X.....X  ...X...  ...X...  ......X  X....X.  ......X  X.....X  ...X...  .X...X.  ......X
XX...XX  ...X...  ..X....  ......X  XXXXXXX  ......X  X.....X  ...X...  X.....X  .....X.
.XX.XX.  ...X...  .X.....  X.....X  .....X.  X....X.  .X...X.  ..X....  .X...X.  ....X..
..XXX..  .XXXXX.  XXXXXXX  .XXXXX.  .....X.  .XXXX..  ..XXX..  ..X....  ..XXX..  .XXX...
.......  .......  .......  .......  .......  .......  .......  .......  .......  .......
"""


def digit_bitmaps() -> torch.Tensor:
    """The bitmaps as numbers, ``float32 (10, 12, 7)``: +1 for ink and −1 for paper."""
    dots = torch.tensor([[dot == "X" for dot in row] for row in DRAWINGS.split()])
    return 2.0 * dots.view(12, 10, 7).transpose(0, 1) - 1


class ScaledTanh(nn.Module):
    """The squashing function f(a) = 1.7159 tanh(2a/3), for which f(1) = 1 and f(−1) = −1."""

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Squash each number by itself; any shape."""
        return 1.7159 * torch.tanh(a * (2 / 3))


class TrainableSubsampling(nn.Module):
    """Sum each 2×2 block, times a trainable coefficient, plus a trainable bias; one pair a map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        initialize(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(n, channels, height, width)`` to half the height and width."""
        scale = 4 * self.coefficient  # the mean of four is a quarter of their sum
        return torch.addcmul(self.bias[:, None, None], F.avg_pool2d(x, 2), scale[:, None, None])


class SparseConv2d(nn.Module):
    """A 5×5 convolution in which each output map sees only some of the input maps.

    The parameters are one kernel a link and one bias a map, put into a dense weight, zero
    elsewhere. ``table`` has a line an input map, a column an output map, ``X`` for each link.
    """

    def __init__(self, table: str) -> None:
        super().__init__()
        links = torch.tensor([[mark == "X" for mark in line] for line in table.split()]).T
        self.shape = (*links.shape, 5, 5)  # (out, in, 5, 5)
        self.register_buffer("links", links.flatten().nonzero().flatten(), persistent=False)
        self.register_buffer("fan_in", 25 * links.sum(dim=1), persistent=False)
        self.kernels = nn.Parameter(torch.empty(len(self.links), 5, 5))
        self.bias = nn.Parameter(torch.empty(len(links)))
        initialize(self)

    @property
    def weight(self) -> torch.Tensor:
        """The dense weight ``(out, in, 5, 5)``, zero where there is no link."""
        dense = self.kernels.new_zeros(self.shape).flatten(0, 1)
        return dense.index_copy(0, self.links, self.kernels).view(self.shape)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(n, in, height, width)`` to ``(n, out, height − 4, width − 4)``."""
        return F.conv2d(x, self.weight, self.bias)


class RBFOutput(nn.Module):
    """One radial basis unit a class: the squared distance from the input to the class's code.

    The ``codes``, ``(classes, features)`` of +1 and −1, are fixed. The smallest output wins.
    """

    def __init__(self, codes: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(n, features)`` to the penalties ``(n, classes)``, each at least 0."""
        return (x[:, None, :] - self.codes).square().sum(dim=2)


def lenet5_1998() -> nn.Sequential:
    """LeNet-5 exactly as published: 60,000 trainable parameters, 340,908 connections.

    It takes ``float32 (n, 1, 32, 32)`` as `to_lenet5_input` makes them, and returns penalties
    ``(n, 10)`` of which the *smallest* marks the class. The layers bear the paper's names, and each
    but the last ends with the squashing function. Two things the paper leaves open are decided
    here: C1 and C3 are squashed like all other units "up to F6", and the ten bitmaps are our own
    drawing. The weights are drawn anew on every call, uniform in ±2.4 / fan-in.
    """
    net = nn.Sequential()
    net.C1 = nn.Sequential(nn.Conv2d(1, 6, kernel_size=5), ScaledTanh())
    net.S2 = nn.Sequential(TrainableSubsampling(6), ScaledTanh())
    net.C3 = nn.Sequential(SparseConv2d(C3_TABLE), ScaledTanh())
    net.S4 = nn.Sequential(TrainableSubsampling(16), ScaledTanh())
    net.C5 = nn.Sequential(nn.Conv2d(16, 120, kernel_size=5), ScaledTanh())
    net.F6 = nn.Sequential(nn.Flatten(), nn.Linear(120, 84), ScaledTanh())
    net.output = RBFOutput(digit_bitmaps().flatten(1))
    return net.apply(initialize)


def initialize(layer: nn.Module) -> None:
    """Weights and biases uniform in ±2.4 / fan-in (in C3 a map's own); other modules are left."""
    bounds = {}
    if isinstance(layer, nn.Conv2d | nn.Linear):
        bounds = dict.fromkeys(("weight", "bias"), 2.4 / layer.weight[0].numel())
    elif isinstance(layer, TrainableSubsampling):
        bounds = dict.fromkeys(("coefficient", "bias"), 2.4 / 4)
    elif isinstance(layer, SparseConv2d):
        of_map = 2.4 / layer.fan_in
        of_link = of_map[layer.links // layer.shape[1]]  # the map that each kernel belongs to
        bounds = {"kernels": of_link[:, None, None], "bias": of_map}
    for name, bound in bounds.items():
        nn.init.uniform_(layer.get_parameter(name), -1, 1).data.mul_(bound)


def to_lenet5_input(images: torch.Tensor) -> torch.Tensor:
    """``uint8 (n, 28, 28)`` to LeNet-5's input ``(n, 1, 32, 32)``: paper −0.1, ink 1.175.

    It is of torch's default type. The image is extended by two pixels of paper on each side, not
    enlarged. Raises `SettingError`: the images are no bytes of 28×28 pixels.
    """
    if images.dtype != torch.uint8 or images.shape[1:] != (28, 28):
        shape = f"{images.dtype}, {tuple(images.shape)}"
        raise SettingError(
            f"LeNet-5 的图像应为 uint8 (n, 28, 28)，却得到 {shape}。请用 BatchIterator.images。",
            f"LeNet-5 wants images uint8 (n, 28, 28), not {shape}. Take BatchIterator.images.",
        )
    scaled = images[:, None].to(torch.float32).mul_((INK - PAPER) / 255).add_(PAPER)
    return F.pad(scaled, (2, 2, 2, 2), value=PAPER).to(torch.get_default_dtype())


class LayerCount(NamedTuple):
    """A layer, the shape of its output for one image, its free parameters and its connections."""

    layer: str
    output: tuple[int, ...]
    parameters: int
    connections: int


def layer_counts(net: nn.Sequential, X: torch.Tensor) -> tuple[LayerCount, ...]:
    """Parameters and connections of each named layer, counted as the paper counts them.

    A connection is one input of one unit, the bias included: a convolution uses each of its
    parameters once at every place of its output. ``X`` is a batch of one image.
    """
    rows = []
    for name, layer in net.named_children():
        with torch.no_grad():
            X = layer(X)
        parameters = sum(p.numel() for p in layer.parameters())
        connections = parameters * X[0, 0].numel()  # once at each place of a map
        if any(isinstance(part, TrainableSubsampling) for part in layer.modules()):
            connections = X.numel() * (4 + 1)
        elif isinstance(layer, RBFOutput):
            connections = layer.codes.numel()
        rows.append(LayerCount(name, tuple(X.shape[1:]), parameters, connections))
    return tuple(rows)
