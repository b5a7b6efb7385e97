"""What lies below PyTorch: memory that is kept, threads that are let go."""

import os
import subprocess
import sys

import pytest

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="glibc and GNU's OpenMP are on Linux")

PAGES = """
import resource, torch
from lenet_helpers.runtime import keep_freed_memory

def fresh_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        maps = [torch.ones(1_200_000) for _ in range(6)]  # as in one step of LeNet: 29 MB
        del maps
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = fresh_pages()
keep_freed_memory()
fresh_pages()
print(before, fresh_pages())
"""

RETURNED = """
import psutil, torch
from lenet_helpers.runtime import keep_freed_memory, return_freed_memory

def own():
    return psutil.Process().memory_info().rss // 10**6

keep_freed_memory()
torch.ones(1)
before = own()
blocks = [torch.ones(25_000) for _ in range(400)]  # 40 MB
end = torch.ones(1_000)  # what lies above them keeps glibc from giving any back by itself
del blocks
kept = own()
return_freed_memory()
print(before, kept, own())
"""

THREADS = """
import os, torch
from lenet_helpers.runtime import release_idle_threads

def count():
    return len(os.listdir("/proc/self/task"))

def compute():
    return torch.ones(1_000_000).sigmoid().sum().item()

release_idle_threads()
before = count()
first = compute()
computing = count()
release_idle_threads()
released = count()
print(before, computing, released, first == compute())
"""


def printed(code: str) -> list[str]:
    """What this prints in a process of its own, whose computations use several threads."""
    # Dask leaves settings of memory and threads behind in the process that started its workers.
    clean = {name: value for name, value in os.environ.items()
             if not name.endswith("_NUM_THREADS") and not name.startswith("MALLOC_")}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | {"OMP_NUM_THREADS": "3"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@LINUX
def test_memory_that_is_kept_goes_back_when_the_training_has_ended():
    before, kept, returned = map(int, printed(RETURNED))
    assert kept - before >= 35
    assert returned - before <= 5


@LINUX
def test_freed_memory_is_used_again():
    before, after = map(int, printed(PAGES))
    assert before > 5_000  # what was freed went back to the system
    assert after < before / 20


@LINUX
def test_idle_threads_end_and_come_back():
    before, computing, released, same = printed(THREADS)
    assert int(computing) > int(before)
    assert int(released) == int(before)
    assert same == "True"
