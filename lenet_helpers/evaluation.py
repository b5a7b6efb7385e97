"""How often a network is right."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import nn

from lenet_helpers.cores import free_cores
from lenet_helpers.devices import require_device
from lenet_helpers.inputs.batches import as_batch, require_batches, say_if_other_data
from lenet_helpers.inputs.networks import as_net, require_finite_scores, scores_of
from lenet_helpers.inputs.tensors import as_labels
from lenet_helpers.modes import mode
from lenet_helpers.words import SettingError


def evaluate_accuracy_gpu(
    net: nn.Module,
    data_iter: Iterable,
    device: torch.device | str | None = None,
    *,
    one_hot: bool = False,
) -> float:
    """The fraction of examples, from 0 to 1, whose largest score is at their label.

    Args:
        net: maps ``(n, 1, 28, 28)`` to scores ``(n, classes)``; its mode stays as it is.
        data_iter: yields ``(X, y)`` with labels ``y`` of shape ``(n,)``, whole numbers.
        device: where a copy computes; by default the net does, where its parameters are.
        one_hot: whether labels are rows ``(n, classes)`` of 0s with one 1 instead.

    Raises:
        SettingError: the net or a batch cannot be used, or there is no example to judge by.
        DivergedError: the net's scores are not finite.
    """
    net = as_net(net)
    require_batches(data_iter, "data_iter", again=False)
    say_if_other_data(net, data_iter)
    if device is not None:
        device = require_device(device)
        if any(p.device != device for p in net.parameters()):
            net = as_net(copy.deepcopy(net).to(device))
    return accuracy_until(net, data_iter, device, lambda: False, one_hot)


def accuracy_until(
    net: nn.Module,
    data_iter: Iterable,
    device: torch.device | None,
    should_stop: Callable[[], bool],
    one_hot: bool,
) -> float | None:
    """The same, or ``None`` if asked to stop before all examples were seen."""
    correct = examples = 0
    with mode(net, training=False), free_cores() as adjust_threads:
        for batch in data_iter:
            adjust_threads()
            if should_stop():
                return None
            X, y = as_batch(batch)
            scores = scores_of(net, X, device=device)
            require_finite_scores(scores)
            y = as_labels(y, len(X), scores.shape[1], one_hot=one_hot)
            correct += (scores.argmax(dim=1) == y.to(scores.device)).sum()
            examples += len(y)
    if examples == 0:
        raise SettingError("数据集是空的，无法计算精度。", "There is no example to measure on.")
    return correct.item() / examples
