"""Images and labels: what they must be, and the line that makes them so."""

from typing import Any

import torch
from torch import nn

from lenet_helpers.devices import on_device
from lenet_helpers.words import SettingError, Words

SIDE = 28  # of the course's images
LOAD = 'train_iter, test_iter = load_data("mnist")'
LARGEST = 100  # beyond any pixel that goes from 0 to 1 or is standardised; bytes go up to 255


def kind_of(value: Any) -> str:
    """What came, in a word or two: of a tensor its type and shape, else its class."""
    if isinstance(value, torch.Tensor):
        where = f" ({value.device})" if value.is_meta else ""
        return f"{value.dtype} {tuple(value.shape)}{where}"
    return f"{type(value).__name__}"


def unexpected(expected: Words, found: Words | str, line: str) -> SettingError:
    """The usual sentence: what is expected, what came instead, and the line that mends it."""
    if isinstance(found, str):
        found = Words.same(found)
    return SettingError(
        f"{expected.zh}，得到的却是 {found.zh}。请用：{line}",
        f"{expected.en}, not {found.en}. Use: {line}",
    )


def as_input(
    net: nn.Module, X: torch.Tensor, device: torch.device | None = None, *, look: bool = True
) -> torch.Tensor:
    """Images on the network's device, or on ``device``, in its floating-point type.

    ``X`` is floating-point, ``(n, 1, 28, 28)`` for LeNet. On a GPU, to ``look`` at pixels waits for
    its work. Raises `SettingError`: ``X`` is something else, empty, not finite, or too large.
    """
    own = next((each for each in net.parameters() if each.is_floating_point()), X)
    if fault := _fault_of_images(X, look, own):
        expected = Words(
            f"图像 X 应是浮点数张量 (n, 1, {SIDE}, {SIDE})，像素为 0–1 或已标准化",
            f"Images X must be a tensor (n, 1, {SIDE}, {SIDE}) of floating-point numbers, pixels "
            "from 0 to 1 or standardised",
        )
        raise unexpected(expected, *fault)
    return on_device(X, own.device if device is None else device).to(own.dtype)


def _fault_of_images(X: Any, look: bool, own: torch.Tensor) -> tuple[Words | str, str] | None:
    """What came instead of images for a net with such weights of its ``own``, and the line."""
    kind = kind_of(X)
    if not isinstance(X, torch.Tensor):
        return kind, "X = torch.as_tensor(X)"
    if not X.is_floating_point():
        return kind, "X = X.real" if X.is_complex() else "X = X.float() / 255"
    if X.is_meta and (look or not own.is_meta):
        return kind, 'X = torch.zeros(X.shape, device="cpu")'
    if not look:
        return None
    if not X.numel():
        return kind, "[(X, y) for X, y in train_iter if len(X)]"
    if X.layout != torch.strided:
        return f"{kind} {X.layout}", "X = X.to_dense()"
    low, high = torch.stack(X.detach().float().aminmax()).tolist()
    if low >= -LARGEST and high <= LARGEST:
        return None
    line = "X = (X - X.min()) / (X.max() - X.min())"
    if not -torch.inf < low <= high < torch.inf:
        line = "X = X.nan_to_num(nan=0, posinf=1, neginf=0)"
    elif low >= 0 and high <= 255:
        line = "X = X / 255"
    return Words(f"{low:g} 到 {high:g}", f"from {low:g} to {high:g}"), line


def as_labels(
    y: torch.Tensor, count: int, classes: int, *, one_hot: bool = False, look: bool = True
) -> torch.Tensor:
    """Labels as ``int64 (count,)``, on their device.

    They are whole numbers from 0 to ``classes - 1``, ``(count,)`` or a column, or if ``one_hot``
    rows of 0s with one 1, ``(count, classes)``; else a `SettingError`. On a GPU, to ``look`` at
    them waits, but torch does not say so if one is out of range: the kernel must be restarted.
    """
    is_rows = one_hot and _is_whole(y, one_hot) and y.shape == (count, classes)
    if is_rows and (not look or ((y == 0) | (y == 1)).all() and (y.sum(dim=1) == 1).all()):
        return y.to(torch.uint8).argmax(dim=1)
    if one_hot or not _is_whole(y) or y.shape not in ((count,), (count, 1)):
        form = f"({count}, {classes}), 0/1" if one_hot else f"({count},), 0–{classes - 1}"
        expected = Words(
            f"标签 y 应为整数张量 {form}，每张图片一个",
            f"Labels y must be a tensor of whole numbers {form}, one for each image",
        )
        raise unexpected(expected, kind_of(y), _line_for_labels(y, count, classes))
    y = y.to(torch.int64).flatten()
    low, high = torch.stack(y.aminmax()).tolist() if look else (0, 0)
    if low >= 0 and high < classes:
        return y
    zh, en = "", ""
    if low >= 1 and high == classes:
        zh, en = "；若从 1 开始，请用：y = y - 1", " If they begin at 1, use: y = y - 1"
    raise SettingError(
        f"标签为 {low}–{high}，而网络只有 {classes} 个输出（标签应为 0–{classes - 1}）。"
        f"请让最后一层有 {high + 1} 个输出，或改正标签{zh}。",
        f"The labels are {low} to {high}, but the net has {classes} outputs, for labels from "
        f"0 to {classes - 1}. Give its last layer {high + 1} outputs, or correct the labels.{en}",
    )


def _is_whole(y: Any, one_hot: bool = False) -> bool:
    """Whether its type is one of whole numbers; rows of 0s and 1s may have others."""
    if not isinstance(y, torch.Tensor) or y.is_meta or y.is_complex() or y.is_quantized:
        return False
    other = y.is_floating_point() or y.dtype == torch.bool
    return y.layout == torch.strided and (one_hot or not other)


def _line_for_labels(y: Any, count: int, classes: int) -> str:
    if not isinstance(y, torch.Tensor):
        return "y = torch.as_tensor(y)"
    if y.shape == (count, classes):
        return "y = y.argmax(dim=1)"
    if y.numel() != count:
        return "train_iter = DataLoader(TensorDataset(X, y), batch_size=256)"
    if y.is_meta or y.is_complex() or y.layout != torch.strided or not y.float().frac().eq(0).all():
        return LOAD
    return "y = y.flatten().long()"
