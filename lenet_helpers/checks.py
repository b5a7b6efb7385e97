"""What can go wrong in a run, and the sentence that says what to do about it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

import torch

from lenet_helpers.words import LessonError, SettingError

_MEMORY_MESSAGES = ("out of memory", "can't allocate memory", "not enough memory")


class DivergedError(LessonError, ArithmeticError):
    """The loss is no longer a finite number; the learning rate is usually too large."""


class DivergedNetError(DivergedError, SettingError):
    """A network that cannot be used: its scores are not finite numbers."""


class NoMemoryError(LessonError, MemoryError):
    """The device has too little free memory for a batch, the network or the data."""


def require_learning_rate(lr: object) -> None:
    """Raise `SettingError` unless ``lr`` is a finite number above 0."""
    if isinstance(lr, Real) and not isinstance(lr, bool) and 0 < lr < math.inf:
        return
    raise SettingError(
        f"学习率 lr 应为正数（例如 0.9），却得到 {lr!r}。",
        f"The learning rate lr must be a number above 0 (0.9, say), not {lr!r}.",
    )


def require_finite(loss: float, lr: float) -> None:
    """Raise `DivergedError` unless the loss is finite."""
    if not math.isfinite(loss):
        raise DivergedError(
            f"损失变成了 {loss}，训练发散了。学习率 {lr:g} 很可能太大，请换一个更小的再试。",
            f"The loss became {loss}: training diverged. The learning rate {lr:g} is probably too "
            "large; try a smaller one.",
        )


@contextmanager
def memory_explained() -> Iterator[None]:
    """Raise `NoMemoryError`, which says what helps, where memory runs out inside the block."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
        known = isinstance(error, torch.OutOfMemoryError | MemoryError)
        known = known or any(message in str(error) for message in _MEMORY_MESSAGES)
        if isinstance(error, LessonError) or not known:
            raise
        reason = str(error).split("\n")[0]
        raise NoMemoryError(
            f"内存不够（{reason}）。请减小批量大小 batch_size，关闭其他占用显存的笔记本，"
            '或改用 device="cpu"。',
            f"There is not enough memory ({reason}). Use a smaller batch_size, shut down other "
            'notebooks that hold memory of the GPU, or use device="cpu".',
        ) from error
