"""The lesson's LeNet, and the weights that its training starts from."""

from __future__ import annotations

from torch import nn

from lenet_helpers.words import Words, require_known, require_positive_integer

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
POOLINGS = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}


def lenet(
    activation: str = "sigmoid", pooling: str = "average", num_classes: int = 10
) -> nn.Sequential:
    """The LeNet of the lesson, exactly as lesson 03 writes it out.

    It takes ``float32`` images of shape ``(n, 1, 28, 28)`` and returns scores (logits) of shape
    ``(n, num_classes)``. With ten classes it has 61,706 parameters. Source: Zhang, Lipton, Li and
    Smola, *Dive into Deep Learning*, "Convolutional Neural Networks (LeNet)"; it simplifies the
    LeNet-5 of LeCun, Bottou, Bengio and Haffner (1998).

    Args:
        activation: ``"sigmoid"``, ``"tanh"`` or ``"relu"``, after each layer but the last.
        pooling: ``"average"`` or ``"max"``.
        num_classes: how many classes the last layer tells apart.

    Raises:
        SettingError: an unknown name, or a number of classes that is no positive integer.
    """
    act = require_known(ACTIVATIONS, activation, Words("激活函数", "activation"))
    pool = require_known(POOLINGS, pooling, Words("汇聚方式", "pooling"))
    num_classes = require_positive_integer(num_classes, Words("类别数 num_classes ", "num_classes"))
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), act(),
        pool(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5), act(),
        pool(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), act(),
        nn.Linear(120, 84), act(),
        nn.Linear(84, num_classes),
    )  # fmt: skip


def xavier(module: nn.Module) -> None:
    """Xavier-uniform weights for a convolution or linear layer; for ``net.apply``.

    Source: Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural
    networks*, AISTATS 2010.
    """
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
