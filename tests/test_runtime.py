"""What lies below PyTorch: memory that is kept, threads that are let go."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="glibc and GNU's OpenMP are on Linux"
)

SCRIPT = """
import json, os, psutil, resource, torch
from lenet_helpers import lenet
from lenet_helpers.runtime import keep_freed_memory, release_idle_threads, return_freed_memory

net, X = lenet(), torch.rand(256, 1, 28, 28)

def fresh_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        net(X).sum().backward()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def own():
    return psutil.Process().memory_info().rss // 10**6

def threads():
    return len(os.listdir("/proc/self/task"))

def compute():
    return torch.ones(1_000_000).sigmoid().sum().item()

pages = [fresh_pages()]
keep_freed_memory()
fresh_pages()
pages.append(fresh_pages())

return_freed_memory()
memory = [own()]
blocks = [torch.ones(25_000) for _ in range(400)]  # 40 MB
end = torch.ones(1_000)  # what lies above them keeps glibc from giving any back by itself
del blocks
memory.append(own())
return_freed_memory()
memory.append(own())

release_idle_threads()
counts, sums = [threads()], [compute()]
counts.append(threads())
release_idle_threads()
counts.append(threads())
sums.append(compute())
print(json.dumps([pages, memory, counts, sums]))
"""


@pytest.fixture(scope="module")
def measured():
    """What a process of its own prints whose computations use several threads."""
    # Dask leaves settings of memory and threads behind in the process that started its workers.
    clean = {name: value for name, value in os.environ.items()
             if not name.endswith("_NUM_THREADS") and not name.startswith("MALLOC_")}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=clean | {"OMP_NUM_THREADS": "3"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_freed_memory_is_used_again(measured):
    before, kept = measured[0]
    assert before > 5_000  # what was freed went back to the system
    assert kept < before / 20


def test_memory_that_is_kept_goes_back_when_the_training_has_ended(measured):
    before, kept, returned = measured[1]
    assert kept - before >= 35
    assert returned - before <= 5


def test_idle_threads_end_and_come_back(measured):
    before, computing, released = measured[2]
    assert computing > before == released
    assert len(set(measured[3])) == 1
