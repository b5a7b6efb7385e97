"""Random numbers from a seed, for a moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_LOCK = threading.Lock()  # torch's random numbers on the CPU are one sequence for all threads


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside the block, random numbers are as after ``torch.manual_seed(seed)``.

    Those of the notebook go on afterwards as if nothing had been. Another thread that comes here
    waits for its turn.
    """
    with _LOCK, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
