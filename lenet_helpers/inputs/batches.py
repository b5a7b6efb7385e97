"""What goes through a data set, in batches or as pictures, and what a network knows of its own."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset

from lenet_helpers.inputs.networks import as_net, sized
from lenet_helpers.inputs.tensors import LOAD, as_labels, kind_of
from lenet_helpers.words import SettingError, Words

if TYPE_CHECKING:
    from lenet_helpers.data.batches import BatchIterator

PICTURES = ("images", "labels", "classes", "prepare")


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
        raise SettingError(
            f"{name} 应能反复遍历，每次得到批量 (X, y)，得到的却是 {kind_of(data_iter)}。"
            f"请用：{line}",
            f"{name} must give batches (X, y), anew for each loop, but it is "
            f"{kind_of(data_iter)}. Use: {line}",
        )


def as_batch(batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The two tensors ``(X, y)`` of a batch; a `SettingError` if it is something else."""
    if isinstance(batch, tuple | list) and len(batch) == 2:
        X, y = batch
        if isinstance(X, torch.Tensor) and isinstance(y, torch.Tensor):
            return X, y
    parts = ", ".join(map(kind_of, batch)) if isinstance(batch, tuple | list) else kind_of(batch)
    line = "train_iter = [(X, y)]"
    if isinstance(batch, tuple | list) and len(batch) == 2:
        line = "[(torch.as_tensor(X), torch.as_tensor(y)) for X, y in train_iter]"
    raise SettingError(
        f"一个批量应是两个张量 (X, y)，得到的却是 {parts}。请用：{line}",
        f"A batch must be two tensors (X, y), not {parts}. Use: {line}",
    )


def require_pictures(data: "BatchIterator") -> None:
    """Raise `SettingError` unless it has pictures ``uint8 (n, h, w)``, labels and classes."""
    if not all(hasattr(data, name) for name in PICTURES):
        raise SettingError(
            f"这里需要 load_data 返回的数据（图片、标签和类别），得到的却是 {kind_of(data)}。"
            f"请用：{LOAD}",
            "Pictures, labels and classes are needed here, as load_data returns them, not "
            f"{kind_of(data)}. Use: {LOAD}",
        )
    if len(data.labels) == 0:
        raise SettingError("数据集是空的，没有图片可看。", "The data set is empty: no picture.")
    images = data.images
    if not isinstance(images, torch.Tensor) or (images.dim(), images.dtype) != (3, torch.uint8):
        line = LOAD
        if isinstance(images, torch.Tensor):
            is_float, has_channel = images.is_floating_point(), images.dim() == 4
            values = f"data.images{'[:, 0]' * has_channel}"
            line = f"data.images = ({'255 * ' * is_float}{values}).to(torch.uint8)"
        raise SettingError(
            f"图片应为 torch.uint8 (n, 28, 28)，0 是白纸，255 是墨，得到的却是 {kind_of(images)}。"
            f"请用：{line}",
            "Pictures must be torch.uint8 (n, 28, 28), 0 for paper and 255 for ink, not "
            f"{kind_of(images)}. Use: {line}",
        )
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


def say_if_other_data(about: dict | None, data: Iterable) -> None:
    """Say in one line if a net meets other data than ``about`` (its ``learned_from``) says."""
    if about is None or not all(hasattr(data, name) for name in PICTURES):
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
            say_if_other_data(net.learned_from, data)
        named = all(hasattr(data, name) for name in PICTURES)
        net.learned_from = pixels_of(data) if named else None


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
