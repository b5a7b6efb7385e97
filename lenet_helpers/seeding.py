"""Random numbers from a seed, for a moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_LOCK = threading.Lock()  # torch's random numbers on the CPU are one sequence for all threads


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random numbers as after ``torch.manual_seed(seed)``, one thread at a time; then as before."""
    with _LOCK, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
