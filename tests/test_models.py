"""The lesson's network, layer by layer, and the choice of a device."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lenet_helpers import SettingError, lenet, try_gpu
from lenet_helpers.models import ACTIVATIONS, POOLINGS

ACTIVATION_LAYERS = [1, 4, 8, 10]
POOLING_LAYERS = [2, 5]


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_layers_are_exactly_the_lessons():
    lesson = nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), nn.Sigmoid(),
        nn.Linear(120, 84), nn.Sigmoid(),
        nn.Linear(84, 10),
    )  # fmt: skip
    assert type(lenet()) is nn.Sequential
    assert repr(lenet()) == repr(lesson)


def test_parameters_are_those_of_the_facts():
    net = lenet()
    counts = [parameters(layer) for layer in net if parameters(layer)]
    assert counts == [156, 2_416, 48_120, 10_164, 850]
    assert parameters(net) == 61_706
    assert all(p.requires_grad for p in net.parameters())


def test_images_go_in_and_scores_come_out():
    scores = lenet()(torch.rand(3, 1, 28, 28))
    assert scores.shape == (3, 10)
    assert scores.dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "layer"), [("sigmoid", nn.Sigmoid), ("tanh", nn.Tanh), ("relu", nn.ReLU)]
)
def test_activation_may_be_chosen(name, layer):
    net = lenet(activation=name)
    assert [i for i, module in enumerate(net) if type(module) is layer] == ACTIVATION_LAYERS
    assert parameters(net) == 61_706


@pytest.mark.parametrize(("name", "layer"), [("average", nn.AvgPool2d), ("max", nn.MaxPool2d)])
def test_pooling_may_be_chosen(name, layer):
    net = lenet(pooling=name)
    assert [i for i, module in enumerate(net) if type(module) is layer] == POOLING_LAYERS
    assert {(net[i].kernel_size, net[i].stride) for i in POOLING_LAYERS} == {(2, 2)}


@pytest.mark.parametrize("num_classes", [1, 2, 26])
def test_number_of_classes_may_be_chosen(num_classes):
    net = lenet(num_classes=num_classes)
    assert net(torch.rand(2, 1, 28, 28)).shape == (2, num_classes)
    assert parameters(net) == 61_706 - 850 + 85 * num_classes


def test_every_combination_runs_and_learns_in_every_layer():
    for activation in ACTIVATIONS:
        for pooling in POOLINGS:
            net = lenet(activation, pooling)
            net(torch.rand(2, 1, 28, 28)).square().sum().backward()
            assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_two_networks_share_nothing():
    one, other = lenet(), lenet()
    with torch.no_grad():
        one[0].weight.zero_()
    assert other[0].weight.any()


@pytest.mark.parametrize(
    ("options", "zh", "en", "known"),
    [
        ({"activation": "Sigmoid"}, "激活函数", "activation", "sigmoid, tanh, relu"),
        ({"pooling": "avg"}, "汇聚方式", "pooling", "average, max"),
    ],
)
def test_unknown_choice_is_explained(options, zh, en, known):
    with pytest.raises(SettingError) as caught:
        lenet(**options)
    (given,) = options.values()
    assert zh in caught.value.words.zh
    assert en in caught.value.words.en
    for text in caught.value.words:
        assert repr(given) in text
        assert known in text


@pytest.mark.parametrize("num_classes", [0, -1, 2.5, "10", True])
def test_number_of_classes_that_cannot_be_is_explained(num_classes):
    with pytest.raises(SettingError, match="num_classes must be a positive integer"):
        lenet(num_classes=num_classes)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_device_is_cuda_then_apples_gpu_then_the_cpu(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert try_gpu() == torch.device(expected)
