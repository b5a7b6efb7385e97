"""Which device to compute on."""

from __future__ import annotations

import torch

from lenet_helpers.words import SettingError


def try_gpu() -> torch.device:
    """The fastest device at hand: an NVIDIA GPU, else Apple's GPU, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def require_device(device: torch.device | str) -> torch.device:
    """The device of this name, or a `SettingError` that says which one is always there."""
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise SettingError(
            f'设备 {device!r} 不可用（{reason}）。请改用 device="cpu"，或省略 device。',
            f'There is no device {device!r} ({reason}). Use device="cpu", or leave device out.',
        ) from error
