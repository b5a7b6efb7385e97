"""What goes through a data set, in batches or as pictures, and what a network knows of its own."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset

from lenet_helpers.inputs.networks import as_net, sized
from lenet_helpers.inputs.tensors import LOAD, as_labels, kind_of, unexpected
from lenet_helpers.words import SettingError, Words

if TYPE_CHECKING:
    from lenet_helpers.data.batches import BatchIterator


def has_pictures(data: Any) -> bool:
    """Whether it is what `load_data` returns, or something like it."""
    return all(hasattr(data, name) for name in ("images", "labels", "classes", "prepare"))


def require_batches(
    data_iter: Iterable, name: str, *, again: bool = True, counted: bool = False
) -> None:
    """Raise `SettingError` unless one can go through it, batch after batch.

    It may be ``load_data``'s, a ``DataLoader`` or a list of pairs, and is called ``name``;
    ``again`` if more than once, ``counted`` if it must know its number of batches, and have one.
    """
    line = ""
    if isinstance(data_iter, Dataset) and not isinstance(data_iter, IterableDataset):
        line = f"{name} = DataLoader({name}, batch_size=256)"
    elif not isinstance(data_iter, Iterable) or isinstance(data_iter, str | dict | torch.Tensor):
        line = LOAD
    elif again and isinstance(data_iter, Iterator):  # used up after one epoch
        line = f"{name} = list({name})"
    elif counted:
        try:
            if len(data_iter) == 0:
                raise SettingError("训练集是空的。", "The training set is empty.")
        except TypeError:
            line = f"{name} = list({name})"
    if line:
        expected = Words(
            f"{name} 应能反复遍历，每次得到批量 (X, y)",
            f"{name} must be something that gives batches (X, y), anew for each loop",
        )
        raise unexpected(expected, kind_of(data_iter), line)


def as_batch(batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The two tensors ``(X, y)`` of a batch; a `SettingError` if it is something else."""
    found, line = kind_of(batch), "train_iter = [(X, y)]"
    if isinstance(batch, tuple | list):
        if len(batch) == 2:
            X, y = batch
            if isinstance(X, torch.Tensor) and isinstance(y, torch.Tensor):
                return X, y
            line = "[(torch.as_tensor(X), torch.as_tensor(y)) for X, y in train_iter]"
        found = ", ".join(map(kind_of, batch))
    expected = Words("一个批量应是两个张量 (X, y)", "A batch must be two tensors (X, y)")
    raise unexpected(expected, found, line)


def require_pictures(data: "BatchIterator") -> None:
    """Raise `SettingError` unless it has pictures ``uint8 (n, h, w)``, labels and classes."""
    if not has_pictures(data):
        expected = Words(
            "这里需要 load_data 返回的数据（图片、标签和类别）",
            "Pictures, labels and classes are needed here, as load_data returns them",
        )
        raise unexpected(expected, kind_of(data), LOAD)
    if len(data.labels) == 0:
        raise SettingError("数据集是空的，没有图片可看。", "The data set is empty: no picture.")
    images = data.images
    if not isinstance(images, torch.Tensor) or (images.dim(), images.dtype) != (3, torch.uint8):
        line = LOAD
        if isinstance(images, torch.Tensor):
            is_float, has_channel = images.is_floating_point(), images.dim() == 4
            values = f"data.images{'[:, 0]' * has_channel}"
            line = f"data.images = ({'255 * ' * is_float}{values}).to(torch.uint8)"
        expected = Words(
            "图片应为 torch.uint8 (n, 28, 28)，0 是白纸，255 是墨",
            "Pictures must be torch.uint8 (n, 28, 28), 0 for paper and 255 for ink",
        )
        raise unexpected(expected, kind_of(images), line)
    as_labels(data.labels, len(images), len(data.classes))


def net_for(net: nn.Module, data: "BatchIterator") -> nn.Module:
    """The network, unwrapped and sized for these pictures; a `SettingError` if they don't fit."""
    require_pictures(data)
    return sized(as_net(net), lambda: data.prepare(data.images[:1]))


def pixels_of(data: "BatchIterator") -> dict:
    """What weights must know of the data that they were trained on, in plain values."""
    require_pictures(data)
    return {
        "dataset": data.name,
        "size": list(data.images.shape[1:]),
        "classes": [tuple(name) for name in data.classes],
        "standardize": bool(data.standardize),
        "mean": float(data.mean),
        "std": float(data.std),
    }


def say_if_other_data(net: nn.Module, data: Iterable) -> None:
    """Say in one line if a net from a file meets other data than it has ``learned_from``."""
    about = getattr(net, "learned_from", None)
    if about is None or not has_pictures(data):
        return
    before, now = _in_words(about), _in_words(pixels_of(data))
    if before == now:
        return
    line = f"load_data({about['dataset']!r}, standardize={about['standardize']})"
    print(Words(
        f"注意：网络的权重来自 {before.zh}，这里的数据却是 {now.zh}，结果可能没有意义。"
        f"要用它学过的数据：{line}",
        f"Note: the network's weights come from {before.en}, but the data here are {now.en}, so "
        f"the results may mean nothing. For the data that it learned from: {line}",
    ))  # fmt: skip


def learns_from(net: nn.Module, data: Iterable, *, afresh: bool) -> None:
    """Note that a network from a file learns from these; say so if it goes on with other data."""
    if hasattr(net, "learned_from"):
        if not afresh:
            say_if_other_data(net, data)
        net.learned_from = pixels_of(data) if has_pictures(data) else None


def _in_words(about: dict) -> Words:
    zh, en = "像素 0–1", "pixels from 0 to 1"
    if about["standardize"]:
        numbers = f"{about['mean']:.4f}, {about['std']:.4f}"
        zh, en = f"标准化（均值、标准差 {numbers}）", f"standardised (mean, deviation {numbers})"
    classes = [Words(*name) for name in about["classes"]]
    return Words(
        f"{about['dataset']}（{zh}，类别 {'、'.join(name.zh for name in classes)}）",
        f"{about['dataset']} ({en}, classes {', '.join(name.en for name in classes)})",
    )
