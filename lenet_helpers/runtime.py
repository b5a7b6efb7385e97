"""What lies below PyTorch on Linux and can cost dearly: the C library's memory, OpenMP threads."""

import ctypes
import sys

import torch
from threadpoolctl import ThreadpoolController

LARGEST = 31 << 20  # bytes; glibc learns from blocks of up to 32 MiB
SOFT = 1  # OpenMP's omp_pause_soft: what is paused comes back at its next use


def keep_freed_memory() -> None:
    """Let this process keep the memory that one training step frees for the next step.

    glibc hands free memory back to the system once there is more than twice the largest block it
    ever gave back as a whole; having seen one large block, which is never written to, it keeps up
    to 62 MB. Source: ``M_MMAP_THRESHOLD`` and its dynamic threshold in mallopt(3).
    """
    torch.empty(LARGEST, dtype=torch.uint8, device="cpu")  # freed at once


def return_freed_memory() -> None:
    """Hand back what `keep_freed_memory` kept: others may need it. Source: malloc_trim(3)."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def release_idle_threads() -> None:
    """End the threads that computed for the calling thread; its next computation has new ones.

    GNU's OpenMP keeps a set of them for every thread that ever computed. While all are more than
    there are cores, each parallel loop falls asleep and has to be woken, which is slower. Source:
    ``omp_pause_resource_all`` in the OpenMP 5.0 API.
    """
    for library in ThreadpoolController().select(prefix="libgomp").lib_controllers:
        pause = getattr(library.dynlib, "omp_pause_resource_all", None)
        if pause is not None:  # GCC before 9 has none
            pause(SOFT)
