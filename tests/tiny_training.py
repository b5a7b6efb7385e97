"""Trainings that take a millisecond: 4×4 images, and a net with a little of everything."""

import torch
from torch import nn

from lenet_helpers import Progress, evaluate_accuracy_gpu, lenet, load_data, train

CLASSES = 3
Batches = list[tuple[torch.Tensor, torch.Tensor]]


class Trouble(Exception):
    """What somebody else's code raises."""


def examples(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images whose class is plain to see: ``(n, 1, 4, 4)`` and ``(n,)``."""
    y = torch.arange(count) % CLASSES
    X = torch.randn(count, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.1
    X[torch.arange(count), 0, 0, y] += 1
    return X, y


def batches(count: int, size: int = 2) -> Batches:
    X, y = examples(count)
    return list(zip(X.split(size), y.split(size), strict=True))


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, CLASSES))


def mixed_net() -> nn.Sequential:
    """Its parts are in different modes; no training or evaluation may mix them up."""
    net = small_net()
    net.insert(2, nn.BatchNorm1d(8, momentum=0.5).eval())
    net.insert(3, nn.Dropout(0.1))
    return net


def run(net, train_iter, test_iter=None, num_epochs=1, lr=0.1, **options) -> list[Progress]:
    test_iter = batches(9, 4) if test_iter is None else test_iter
    return list(train(net, train_iter, test_iter, num_epochs, lr, "cpu", **options))


def one_epoch() -> list:
    """LeNet's reports and weights after an epoch on the digits, on one thread, in full digits."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    net = lenet()
    reports = train(net, *load_data("digits"), 1, 0.9)
    losses = [[report.loss, report.train_acc, report.test_acc] for report in reports]
    return [losses, sum(p.double().sum().item() for p in net.parameters())]


def weights(net: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def modes(net: nn.Module) -> list[bool]:
    return [module.training for module in net.modules()]


def assert_usable(net: nn.Module) -> None:
    """Its numbers are finite, it can be asked, and it can be trained on."""
    assert torch.is_grad_enabled()
    assert all(value.isfinite().all() for value in net.state_dict().values())
    (some,) = batches(2)
    assert 0 <= evaluate_accuracy_gpu(net, [some]) <= 1
    assert run(net, [some], [some], init=None)[-1].test_acc is not None
