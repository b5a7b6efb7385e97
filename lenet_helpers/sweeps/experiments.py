"""One experiment: a network like LeNet, described by plain values, trained and measured.

Everything here can be pickled, so that a sweep may hand it to another process or machine.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator, load_data
from lenet_helpers.data.catalog import IMAGE_SIZE
from lenet_helpers.models import ACTIVATIONS, POOLINGS, xavier
from lenet_helpers.seeding import seeded
from lenet_helpers.training import train
from lenet_helpers.words import SettingError, Words, require_known, require_positive_integer

SMALL = 0.01  # standard deviation of the weights of the "normal" initialisation
DIGITS = 5  # decimals of a measured number: far finer than what one seed differs from another


def normal(module: nn.Module) -> None:
    """Weights drawn from N(0, 0.01²), biases 0; for ``net.apply``."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.normal_(module.weight, std=SMALL)
        nn.init.zeros_(module.bias)


def torch_default(module: nn.Module) -> None:
    """Leave the weights as PyTorch drew them: uniform within ±1/√fan-in."""


INITS: dict[str, Callable[[nn.Module], None]] = {
    "xavier": xavier,
    "default": torch_default,
    "normal": normal,
}


def lenet_like(
    activation: str = "sigmoid",
    pooling: str = "average",
    kernel_size: int = 5,
    channels: Sequence[int] = (6, 16),
    hidden: Sequence[int] = (120, 84),
    num_classes: int = 10,
) -> nn.Sequential:
    """A network of LeNet's form with other sizes; the defaults give `lenet` itself.

    It takes ``float32`` images of shape ``(n, 1, 28, 28)`` and returns scores (logits) of shape
    ``(n, num_classes)``.

    Args:
        activation: ``"sigmoid"``, ``"tanh"`` or ``"relu"``, after each layer but the last.
        pooling: ``"average"`` or ``"max"``, 2×2, after each convolution.
        kernel_size: height and width of every kernel, an odd number. The first convolution is
            padded and keeps 28×28; the others are not.
        channels: how many channels each convolution puts out.
        hidden: how many units each fully connected layer before the last has; may be empty.
        num_classes: how many classes the last layer tells apart.

    Raises:
        SettingError: an unknown name, a size that is no positive integer, an even kernel, or
            kernels that do not fit into what the layers before have left of the image.
    """
    act = require_known(ACTIVATIONS, activation, Words("激活函数", "activation"))
    pool = require_known(POOLINGS, pooling, Words("汇聚方式", "pooling"))
    kernel_size = require_positive_integer(
        kernel_size, Words("卷积核大小 kernel_size ", "kernel_size")
    )
    if kernel_size % 2 == 0 or not channels:
        raise SettingError(
            f"卷积核大小应为奇数，至少要有一个卷积层；却得到 {kernel_size!r} 和 {channels!r}。",
            "The kernel size must be odd, and there must be a convolution; "
            f"got {kernel_size!r} and {channels!r}.",
        )
    layers, before, size = [], 1, IMAGE_SIZE
    for index, count in enumerate(channels):
        count = require_positive_integer(count, Words("通道数 channels ", "channels"))
        padding = 0 if index else kernel_size // 2
        layers += [nn.Conv2d(before, count, kernel_size, padding=padding), act(), pool(2, 2)]
        before, size = count, (size + 2 * padding - kernel_size + 1) // 2
        if size < 1:
            raise SettingError(
                f"到第 {index + 1} 个卷积层，图像已放不下边长 {kernel_size} 的卷积核和汇聚；"
                "请减少层数或缩小卷积核。",
                f"By convolution {index + 1} the image is too small for a kernel of "
                f"{kernel_size}×{kernel_size} and pooling; take fewer layers or a smaller kernel.",
            )
    layers.append(nn.Flatten())
    before *= size * size
    for count in hidden:
        count = require_positive_integer(count, Words("单元数 hidden ", "hidden"))
        layers += [nn.Linear(before, count), act()]
        before = count
    return nn.Sequential(*layers, nn.Linear(before, num_classes))


def train_lenet(
    *,
    dataset: str = "fashion_mnist",
    standardize: bool = False,
    activation: str = "sigmoid",
    pooling: str = "average",
    kernel_size: int = 5,
    channels: Sequence[int] = (6, 16),
    hidden: Sequence[int] = (120, 84),
    init: str = "xavier",
    lr: float = 0.9,
    batch_size: int = 256,
    epochs: int = 5,
    seed: int = 0,
) -> dict[str, int | float | list[float]]:
    """Build a network from plain values, train it, and say how it went.

    Runs on the CPU in one thread, so that the same settings give the same numbers in this process,
    in a worker process, and beside other runs in threads of one process. The random numbers of
    the caller are left alone.

    Args:
        dataset, standardize, batch_size: as in `load_data`.
        activation, pooling, kernel_size, channels, hidden: as in `lenet_like`.
        init: ``"xavier"``; ``"normal"``, which is N(0, 0.01²); ``"default"``, PyTorch's own.
        lr, epochs: as in `train`.
        seed: decides the initial weights and the order of the examples.

    Returns:
        ``parameters``; ``loss`` (nats), ``train_acc`` and ``test_acc`` at the end; ``losses``, the
        mean loss of the epoch so far at each fifth of an epoch, and ``test_accs``, the test
        accuracy after each epoch. Rounded to five decimals.

    Raises:
        SettingError: a setting cannot be used.
        DivergedError: the loss is no longer finite.
    """
    with _one_thread():
        net = _net(seed, init, activation, pooling, kernel_size, channels, hidden)
        train_iter, test_iter = (
            copy.copy(part) for part in _data(dataset, batch_size, standardize)
        )
        train_iter.reseed(seed)
        reports = list(train(net, train_iter, test_iter, epochs, lr, "cpu", init=None))
    last = reports[-1]
    return {
        "parameters": sum(p.numel() for p in net.parameters()),
        "loss": round(last.loss, DIGITS),
        "train_acc": round(last.train_acc, DIGITS),
        "test_acc": round(last.test_acc, DIGITS),
        "losses": [round(r.loss, DIGITS) for r in reports if r.test_acc is None],
        "test_accs": [round(r.test_acc, DIGITS) for r in reports if r.test_acc is not None],
    }


def _net(seed: int, init: str, *sizes) -> nn.Sequential:
    initialise = require_known(INITS, init, Words("初始化方法", "initialisation"))
    with seeded(seed):
        return lenet_like(*sizes).apply(initialise)


@lru_cache(maxsize=4)
def _data(dataset: str, batch_size: int, standardize: bool) -> tuple[BatchIterator, BatchIterator]:
    """The data, kept for the next run: only `copy.copy` of it, which shares the images, is used."""
    return load_data(dataset, batch_size, "cpu", standardize=standardize)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
