"""Which device to compute on, and whether it computes rightly."""

import os
from functools import cache

import torch
from torch import nn

from lenet_helpers.seeding import seeded
from lenet_helpers.words import SettingError, Words

TOLERANCE = 0.02  # of a gradient's length; GPUs that round more coarsely are 0.001 off, faults 1
GPUS = {"cuda": Words.same("NVIDIA GPU"), "mps": Words("Apple GPU", "Apple's GPU")}


def try_gpu() -> torch.device:
    """The device that ``LENET_DEVICE`` names, else an NVIDIA GPU, else Apple's, else the CPU.

    A GPU is taken only if it computes as the CPU does; one line, once, names what is passed over.
    Raises `SettingError`: ``LENET_DEVICE`` names no device that can be used.
    """
    if chosen := _chosen():
        try:
            return require_device(chosen)
        except SettingError as error:
            raise SettingError(
                f"环境变量 LENET_DEVICE={chosen}：{error.words.zh}可以设为 LENET_DEVICE=cpu。",
                f"LENET_DEVICE={chosen}: {error.words.en} Set LENET_DEVICE=cpu, say.",
            ) from error
    for kind in _gpus_at_hand():
        if fault(kind) is None:
            return torch.device(kind)
        _say_once(_sentence(kind))
    return torch.device("cpu")


def passed_over() -> list[Words]:
    """A sentence for each GPU at hand that `try_gpu` does not take, with the reason."""
    return [] if _chosen() else [_sentence(kind) for kind in _gpus_at_hand() if fault(kind)]


def require_device(device: torch.device | str) -> torch.device:
    """The device of this name, or a `SettingError` that says which one is always there."""
    try:
        found = (torch.zeros(1, device=device) + 1).device  # some GPUs fail at their first sum
        reason = fault(found.type) if found.type in GPUS else None
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        reason = _said(error)
    if reason is None:
        return found
    raise SettingError(
        f'设备 {device!r} 不可用（{reason.zh}）。请改用 device="cpu"，或省略 device。',
        f'The device {device!r} can\'t be used ({reason.en}). Use device="cpu", or leave device '
        "out.",
    )


def on_device(X: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Images ``(n, channels, h, w)`` on ``device``, in the layout that serves it.

    A CPU convolves channels-last batches twice as fast, and keeps what it is given. On Apple's GPU
    that makes the gradients of average pooling wrong: elsewhere they become contiguous.
    """
    X = X.to(device)  # `contiguous` sees no difference where there is one channel; a copy does
    return X if X.device.type == "cpu" else X.clone(memory_format=torch.contiguous_format)


@cache
def fault(kind: str) -> Words | None:
    """Why a GPU of this kind can't be used: it fails, or computes other than the CPU; or ``None``.

    One step of LeNet's layers, with average and with maximum pooling: loss and gradients.
    """
    for pooling in (nn.AvgPool2d, nn.MaxPool2d):
        try:
            here, there = (one_step(torch.device(device), pooling) for device in ("cpu", kind))
        except Exception as error:  # a driver can fail in any way
            return _said(error)
        off = max(
            ((ours - theirs).norm() / ours.norm()).nan_to_num(torch.inf).item()
            for ours, theirs in zip(here, there, strict=True)
        )
        if off > TOLERANCE:
            return Words(
                f"{pooling.__name__} 的损失或梯度与 CPU 相差 {off:.0%}",
                f"with {pooling.__name__}, loss or gradients are {off:.0%} off the CPU's",
            )
    return None


def one_step(device: torch.device, pooling: type[nn.Module]) -> list[torch.Tensor]:
    """The loss of a small batch and LeNet's gradients, computed on ``device``; ``float32``."""
    as_always = {"device": "cpu", "dtype": torch.float32}  # whatever the notebook's defaults are
    with seeded(0):
        X, y = torch.rand(8, 1, 28, 28, **as_always), torch.arange(8, device="cpu")
        net = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2, **as_always), nn.Tanh(), pooling(2),
            nn.Conv2d(6, 16, 5, **as_always), nn.Tanh(), pooling(2),
            nn.Flatten(), nn.Linear(400, 10, **as_always),
        )  # fmt: skip
    with torch.enable_grad():
        loss = nn.functional.cross_entropy(net.to(device)(on_device(X, device)), y.to(device))
        gradients = torch.autograd.grad(loss, list(net.parameters()))
    return [value.detach().cpu() for value in (loss, *gradients)]


def _chosen() -> str:
    return os.environ.get("LENET_DEVICE", "").strip()


def _gpus_at_hand() -> list[str]:
    at_hand = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return [kind for kind in GPUS if at_hand[kind]]


def _sentence(kind: str) -> Words:
    reason, name = fault(kind), GPUS[kind]
    return Words(
        f"不使用 {name.zh}（{reason.zh}），改用 CPU：每一课都能在 CPU 上运行。",
        f"{name.en} is passed over ({reason.en}); the CPU is used, and every lesson runs on it.",
    )


@cache
def _say_once(sentence: Words) -> None:
    print(sentence)


def _said(error: Exception) -> Words:
    if "no kernel image" in str(error):
        return Words(
            "这个 PyTorch 不再支持这么旧的显卡", "this PyTorch has no kernels for a card this old"
        )
    return Words.same((str(error) or type(error).__name__).split("\n")[0])
