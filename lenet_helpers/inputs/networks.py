"""Networks: out of their wrappers, and run with every error explained."""

import traceback
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from lenet_helpers.checks import DivergedNetError, memory_explained
from lenet_helpers.inputs.tensors import SIDE, as_input, kind_of, unexpected
from lenet_helpers.modes import mode
from lenet_helpers.words import LessonError, SettingError, Words

WRAPPERS = nn.DataParallel | nn.parallel.DistributedDataParallel


def as_net(net: nn.Module, *, on_meta: bool = False) -> nn.Module:
    """The network itself, out of what ``DataParallel`` or ``torch.compile`` made of it.

    Raises `SettingError`: it is no network; or, unless ``on_meta``, its weights have a shape alone.
    """
    if not isinstance(net, nn.Module):
        expected = Words(
            "net 应是一个网络（例如 nn.Sequential）",
            "net must be a network (an nn.Sequential, say)",
        )
        raise unexpected(expected, kind_of(net), f"net = {getattr(net, '__name__', 'lenet')}()")
    while isinstance(net, WRAPPERS) or type(net).__name__ == "OptimizedModule":
        net = net.module if isinstance(net, WRAPPERS) else net._orig_mod
    if not on_meta and any(value.is_meta for value in _tensors(net)):
        raise SettingError(
            '网络在设备 "meta" 上：权重只有形状，没有数值。'
            '请在 CPU 上重新构造：with torch.device("cpu"): net = lenet()',
            'The network is on the device "meta", where weights have a shape but no values. '
            'Make it anew on the CPU: with torch.device("cpu"): net = lenet()',
        )
    return net


def sized(net: nn.Module, images: Callable[[], torch.Tensor] | None = None) -> nn.Module:
    """The network, lazy layers sized by the images; a `SettingError` if there are none that fit."""
    if any(map(is_lazy, _tensors(net))):
        if images is None:
            raise SettingError(
                "网络的惰性层（Lazy…）还没有见过数据，不知道大小。请先运行一次：net(X)",
                "The network's lazy layers have seen no data and have no size yet. Run once: "
                "net(X)",
            )
        with mode(net, training=False):
            outputs_of(net, as_input(net, images()))
    return net


def _tensors(net: nn.Module) -> list[torch.Tensor]:
    return [*net.parameters(), *net.buffers()]


def outputs_of(
    net: nn.Module,
    X: torch.Tensor,
    part: nn.Module | None = None,
    images: torch.Tensor | None = None,
) -> Any:
    """What a net, or its ``part``, makes of ``X`` from ``images``; an error names the layer."""
    try:
        with memory_explained():
            return (net if part is None else part)(X)
    except LessonError:
        raise
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        where, hint = _where(net, error), _hint(net, X if images is None else images)
        reason = str(error).strip().split("\n")[0]
        raise SettingError(
            f"数据无法通过{where.zh}：{reason}{hint.zh}",
            f"The data cannot pass {where.en}: {reason}{hint.en}",
        ) from error


def _where(net: nn.Module, error: Exception) -> Words:
    """The innermost layer in whose ``forward`` it happened, and what had reached it."""
    layers = [layer for layer in net.modules() if not any(layer.children())]
    where = Words(f"网络 {type(net).__name__}", f"the network {type(net).__name__}")
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = frame.f_locals
        layer = found.get("self") if frame.f_code.co_name == "forward" else None
        if isinstance(layer, nn.Module) and layer in layers:
            shapes = [tuple(x.shape) for x in found.values() if isinstance(x, torch.Tensor)]
            what = f"({layer}) ← {', '.join(map(str, shapes))}"
            number = layers.index(layer) + 1
            where = Words(f"第 {number} 层 {what}", f"layer {number} {what}")
    return where


def _hint(net: nn.Module, X: torch.Tensor) -> Words:
    """The line that probably mends it; but a network may want other images than LeNet's."""
    norms = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
    if len(X) == 1 and any(isinstance(m, norms) and m.training for m in net.modules()):
        return Words(
            "。只有一张图片的批量无法归一化：请换一个批量大小，或用 DataLoader(…, drop_last=True)",
            ". A batch of one image cannot be normalised: choose another batch size, or use "
            "DataLoader(…, drop_last=True)",
        )
    first = next((m.in_channels for m in net.modules() if isinstance(m, nn.Conv2d)), 1)
    shape, channels = tuple(X.shape), first or 1  # a lazy layer has not seen any yet
    if len(shape) == 3:
        line = "X = X.unsqueeze(1)"
    elif len(shape) != 4 or shape == (len(X), channels, SIDE, SIDE):
        return Words("", "")
    elif shape[1] == channels:
        line = f"X = nn.functional.interpolate(X, ({SIDE}, {SIDE}))"
    elif shape[3] == channels:
        line = "X = X.permute(0, 3, 1, 2)"
    else:
        line = "X = X.mean(dim=1, keepdim=True)"
    expected = (len(X), channels, SIDE, SIDE)
    return Words(
        f"。图像的形状是 {shape}，LeNet 需要 {expected}。请用：{line}",
        f". The images have the shape {shape}, LeNet takes {expected}. Use: {line}",
    )


def scores_of(
    net: nn.Module,
    X: torch.Tensor,
    classes: int | None = None,
    device: torch.device | None = None,
    *,
    look: bool = True,
) -> torch.Tensor:
    """The network's scores for images, ``(n, classes)``, in its floating-point type.

    ``classes`` must be so many, if given; ``X``, ``device``, ``look`` are as in `as_input`. Raises
    `SettingError`: images or the shape of scores are not as expected; `NoMemoryError`.
    """
    scores = outputs_of(net, as_input(net, X, device, look=look))
    is_tensor = isinstance(scores, torch.Tensor) and scores.is_floating_point()
    shape = tuple(scores.shape) if is_tensor else ()
    if len(shape) == 2 and shape == (len(X), classes or shape[1] or 1):
        return scores
    many = "…" if classes is None else classes
    line = f"net.append(nn.Linear(…, {many}))"
    if len(shape) > 2:
        line = "net.append(nn.Flatten())"
    elif not is_tensor:
        line = "return scores"
    raise SettingError(
        f"网络对每张图片应给出 {many} 个得分（每类一个），即形状 ({len(X)}, {many})，"
        f"输出却是 {kind_of(scores)}。请改最后一层，例如：{line}",
        f"The network should give {many} scores for a picture, one for each class: the shape "
        f"({len(X)}, {many}), but its output is {kind_of(scores)}. Change its end, say: {line}",
    )


def require_finite_scores(scores: torch.Tensor) -> None:
    """Raise `DivergedNetError` unless they are finite: the largest of others means nothing."""
    if not scores.isfinite().all():
        raise DivergedNetError(
            "网络的得分不是有限的数：训练很可能发散了，请用更小的学习率重新训练。",
            "The network's scores are not finite: its training probably diverged; train it "
            "again with a smaller learning rate.",
        )


def require_trainable(net: nn.Module, device: torch.device) -> None:
    """Raise `SettingError` unless it has a weight that may change, and ``device`` can hold it."""
    if device.type == "meta" or not any(weight.requires_grad for weight in net.parameters()):
        raise SettingError(
            f"没有可以训练的权重：设备 {device}，网络 {type(net).__name__}。"
            '请用：net.requires_grad_(True)，有权重的层（例如 nn.Linear），以及 device="cpu"',
            f"There is no weight to train: device {device}, network {type(net).__name__}. Use: "
            'net.requires_grad_(True), layers with weights (nn.Linear, say) and device="cpu"',
        )


def require_gradient(loss: torch.Tensor) -> None:
    """Raise `SettingError` unless the loss knows which weights it comes from."""
    if not loss.requires_grad:
        raise SettingError(
            "网络的得分与权重没有联系：forward 里不要用 torch.no_grad() 或 detach()。",
            "The network's scores have no link to its weights: use no torch.no_grad() and no "
            "detach() in its forward.",
        )
