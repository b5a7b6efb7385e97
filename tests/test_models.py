"""LeNet and networks of its form, layer by layer."""

import pytest
import torch
from torch import nn

from lenet_helpers import SettingError, lenet
from lenet_helpers.models import lenet_like


@pytest.mark.parametrize("build", [lenet, lenet_like])
@pytest.mark.parametrize(
    ("options", "act", "pool", "classes"),
    [
        ({}, nn.Sigmoid, nn.AvgPool2d, 10),
        ({"activation": "tanh", "pooling": "max"}, nn.Tanh, nn.MaxPool2d, 10),
        ({"activation": "relu", "pooling": "average"}, nn.ReLU, nn.AvgPool2d, 10),
        ({"num_classes": 26}, nn.Sigmoid, nn.AvgPool2d, 26),
    ],
    ids=str,
)
def test_layers_and_first_weights_are_exactly_the_lessons(build, options, act, pool, classes):
    torch.manual_seed(0)
    lesson = nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), act(),
        pool(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5), act(),
        pool(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), act(),
        nn.Linear(120, 84), act(),
        nn.Linear(84, classes),
    )  # fmt: skip
    torch.manual_seed(0)
    net = build(**options)
    assert type(net) is nn.Sequential
    assert repr(net) == repr(lesson)
    X = torch.rand(3, 1, 28, 28)
    assert torch.equal(net(X), lesson(X))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"kernel_size": 3}, 60 + 880 + (16 * 36 + 1) * 120 + 10_164 + 850),
        ({"channels": (4,)}, 104 + (4 * 196 + 1) * 120 + 10_164 + 850),
        ({"hidden": ()}, 156 + 2_416 + 4_010),
        ({"channels": (2, 3, 4), "kernel_size": 3, "hidden": (5,)}, 20 + 57 + 112 + 85 + 60),
    ],
    ids=str,
)
def test_other_sizes_fit_together(sizes, expected):
    net = lenet_like(**sizes)
    assert net(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    assert len(nn.utils.parameters_to_vector(net.parameters())) == expected


@pytest.mark.parametrize(
    ("bad", "zh", "en"),
    [
        ({"activation": "swish"}, "激活函数 'swish'；可选：sigmoid, tanh, relu", "'swish'; choose"),
        ({"pooling": "avg"}, "汇聚方式 'avg'；可选：average, max", "one of: average, max"),
        ({"num_classes": 0}, "类别数", "num_classes must be a positive integer"),
        ({"kernel_size": 4}, "奇数", "must be odd"),
        ({"kernel_size": 0}, "卷积核大小", "kernel_size must be a positive integer"),
        ({"channels": ()}, "至少要有一个卷积层", "must be a convolution"),
        ({"channels": (6, 0)}, "通道数", "channels must be a positive integer"),
        ({"hidden": (0,)}, "单元数", "hidden must be a positive integer"),
        ({"channels": (6, 16, 32)}, "第 3 个卷积层", "By convolution 3 the image is too small"),
        ({"kernel_size": 17}, "边长 17", "a kernel of 17×17"),
    ],
    ids=str,
)
def test_network_that_cannot_be_built_is_explained(bad, zh, en):
    with pytest.raises(SettingError) as caught:
        lenet_like(**bad)
    assert zh in caught.value.words.zh
    assert en in caught.value.words.en
