"""What is usual for a network, learned from digits: the numbers of `refuse.py`."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn
from torch.nn import functional as F

from lenet_helpers.cores import one_thread
from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.inputs.networks import as_net, outputs_of, require_finite_scores
from lenet_helpers.inputs.tensors import as_input
from lenet_helpers.modes import mode
from lenet_helpers.words import SettingError

WAYS = 12  # directions for each class
LARGEST = 0.999  # the quantile of a class's leftovers that counts as its largest
ALL_BUT = 1e-4  # of all digits, those with the least, or with the most, ink do not set the limits
MARGIN = 1.05  # what new digits may have beyond
RIDGE = 1e-3  # keeps the neurons' weights small
BATCH = 1000
LEVELS = 127  # a row of numbers travels in 8 bits each, and is rounded to them before it is used

Outputs = tuple[torch.Tensor, torch.Tensor]  # of the layer that is looked at, and the scores


@contextmanager
def one_core() -> Iterator[None]:
    """For many small steps on the CPU; as a default device it costs a third more time."""
    is_default = torch.get_default_device().type == "cpu"
    with one_thread(), nullcontext() if is_default else torch.device("cpu"):
        yield


def layer_before_linear(net: nn.Sequential) -> tuple[int, int]:
    """How many layers come before the first linear one, and in which stage they end."""
    net = as_net(net)
    for layer, module in enumerate(net if isinstance(net, nn.Sequential) else ()):
        if isinstance(module, nn.Linear):
            stages = nn.Conv2d | nn.AvgPool2d | nn.MaxPool2d
            return layer, sum(isinstance(each, stages) for each in net[:layer])
    raise SettingError(
        "要判断“不像数字”，网络须是 nn.Sequential，并且有全连接层 nn.Linear。",
        "To tell what is not a digit, the network must be an nn.Sequential with an nn.Linear.",
    )


def values_and_scores(net, layer: int, data: BatchIterator, images: torch.Tensor) -> Outputs:
    """What the first ``layer`` layers, and the whole network, make of pictures; on the CPU."""
    values, scores = [], []
    net = as_net(net)
    with mode(net, training=False):
        for some in images.split(BATCH):
            X = as_input(net, data.prepare(some.to(data.device)))
            X = outputs_of(net, X, net[:layer])
            values.append(X.flatten(1).float().cpu())
            scores.append(outputs_of(net, X, net[layer:]).float().cpu())
    values, scores = torch.cat(values), torch.cat(scores)
    require_finite_scores(values)
    require_finite_scores(scores)
    return values, scores


def class_patterns(
    values: torch.Tensor, labels: torch.Tensor, classes: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each class mean and main directions, ``(c, 13, n)``, and the largest leftover."""
    patterns, largest = [], []
    for k in range(classes):
        if not (labels == k).any():
            raise SettingError(f"没有第 {k} 类的数字：请打乱图像的次序，或者给出 valid_iter。",
                               f"There is no digit of class {k}: mix the images' order, or give a "
                               "valid_iter.")  # fmt: skip
        own = values[labels == k].double()
        unit = F.normalize(own, dim=1)
        mean = in_8_bits(unit.mean(dim=0))
        _, directions = torch.linalg.eigh((unit - mean).T @ (unit - mean))  # smallest first
        patterns.append(torch.cat([mean[None], in_8_bits(directions[:, -WAYS:].T)]))
        largest.append(leftovers(own, patterns[k]).quantile(LARGEST).clamp(min=1e-9))
    return torch.stack(patterns), torch.stack(largest)


def leftovers(values: torch.Tensor, patterns: torch.Tensor) -> torch.Tensor:
    """How far outputs at length 1 are from a class's mean, its main directions left out of it."""
    mean, ways = patterns[0], patterns[1:]
    difference = F.normalize(values, dim=1) - mean
    return (difference - difference @ ways.T @ ways).norm(dim=1)


def ink_and_side(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """All ink, in black pixels, and the longer side of its box; ``float64 (m,)`` each."""
    images = images.cpu()
    sides = []
    for dim in (1, 2):
        inked = images.amax(dim=dim) > 0
        between = inked.cummax(dim=1).values & inked.flip(1).cummax(dim=1).values.flip(1)
        sides.append(between.sum(dim=1))
    return images.sum(dim=(1, 2)).double() / 255, torch.maximum(*sides).double()


def ink_limits(images: torch.Tensor) -> torch.Tensor:
    """Least and most ink that a digit may have, and the least longer side of its box; ``(3,)``."""
    ink, side = ink_and_side(images)
    least, most = ink.quantile(torch.tensor([ALL_BUT, 1 - ALL_BUT]).double())
    return torch.stack([least / MARGIN, most * MARGIN, side.quantile(ALL_BUT).floor()])


def collage_neurons(digits: Outputs, wrong: Outputs) -> tuple[torch.Tensor, torch.Tensor]:
    """For each class weights and bias: −1 for digits named so, 1 for what is none; least squares.

    The fit is to standardised outputs; its solution is written for the outputs as they are.
    """
    mean, spread = digits[0].double().mean(dim=0), digits[0].double().std(dim=0)
    spread = spread.clamp(min=max(0.1 * spread.mean().item(), 1e-9))
    weights, biases = [], []
    for k in range(digits[1].shape[1]):
        parts = [values[scores.argmax(dim=1) == k] for values, scores in (digits, wrong)]
        X = (torch.cat(parts).double() - mean) / spread
        X = torch.cat([X, torch.ones(len(X), 1)], dim=1)
        y = torch.cat([-torch.ones(len(parts[0])), torch.ones(len(parts[1]))]).double()
        left = X.T @ X / max(len(X), 1) + RIDGE * torch.eye(X.shape[1])
        solution = torch.linalg.solve(left, X.T @ y / max(len(X), 1))
        weights.append(in_8_bits(solution[:-1] / spread))
        biases.append(solution[-1] - weights[k] @ mean)
    return torch.stack(weights), torch.stack(biases)


def steps(rows: torch.Tensor) -> torch.Tensor:
    """The size of a step for each row, ``(…, n)`` to ``(…, 1)``, so that 127 reach its largest."""
    return rows.abs().amax(dim=-1, keepdim=True).clamp(min=1e-12) / LEVELS


def in_8_bits(rows: torch.Tensor) -> torch.Tensor:
    """Each row rounded to whole steps."""
    return (rows / steps(rows)).round() * steps(rows)
