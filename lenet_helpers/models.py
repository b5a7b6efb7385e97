"""The lesson's LeNet, networks of its form, and the weights that their training starts from."""

from collections.abc import Sequence

from torch import nn

from lenet_helpers.words import SettingError, Words, require_known, require_positive_integer

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
POOLINGS = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}


def lenet(
    activation: str = "sigmoid", pooling: str = "average", num_classes: int = 10
) -> nn.Sequential:
    """The LeNet of the lesson, layer by layer as lesson 03 writes it out; see `lenet_like`.

    With ten classes it has 61,706 parameters. Source: Zhang, Lipton, Li and Smola, *Dive into Deep
    Learning*, "Convolutional Neural Networks (LeNet)"; it simplifies the LeNet-5 of LeCun, Bottou,
    Bengio and Haffner (1998).
    """
    return lenet_like(activation, pooling, num_classes=num_classes)


def lenet_like(
    activation: str = "sigmoid",
    pooling: str = "average",
    kernel_size: int = 5,
    channels: Sequence[int] = (6, 16),
    hidden: Sequence[int] = (120, 84),
    num_classes: int = 10,
) -> nn.Sequential:
    """A network of LeNet's form; the sizes are LeNet's unless told otherwise.

    It takes ``float32`` images ``(n, 1, 28, 28)`` and returns scores (logits) ``(n, num_classes)``.

    Args:
        activation: ``"sigmoid"``, ``"tanh"`` or ``"relu"``, after each layer but the last.
        pooling: ``"average"`` or ``"max"``, 2×2, after each convolution.
        kernel_size: of every kernel, an odd number. Only the first convolution is padded.
        channels, hidden: how many channels each convolution puts out, and how many units each
            fully connected layer before the last has; these may be none.

    Raises:
        SettingError: an unknown name, a size that is no positive integer, an even kernel, or
            kernels that do not fit into what the layers before have left of the image.
    """
    act = require_known(ACTIVATIONS, activation, Words("激活函数", "activation"))
    pool = require_known(POOLINGS, pooling, Words("汇聚方式", "pooling"))
    num_classes = require_positive_integer(num_classes, Words("类别数 num_classes ", "num_classes"))
    kernel_size = require_positive_integer(
        kernel_size, Words("卷积核大小 kernel_size ", "kernel_size")
    )
    are_lists = all(isinstance(sizes, list | tuple) for sizes in (channels, hidden))
    if kernel_size % 2 == 0 or not are_lists or not channels:
        raise SettingError(
            "卷积核大小应为奇数，channels 和 hidden 应为列表，至少要有一个卷积层；"
            f"却得到 {kernel_size!r}、{channels!r} 和 {hidden!r}。",
            "The kernel size must be odd, channels and hidden must be lists, and there must be a "
            f"convolution; got {kernel_size!r}, {channels!r} and {hidden!r}.",
        )
    layers, before, size = [], 1, 28  # one channel, 28×28
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


def xavier(module: nn.Module) -> None:
    """Xavier-uniform weights (Glorot and Bengio, AISTATS 2010) for one layer; for ``net.apply``."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
