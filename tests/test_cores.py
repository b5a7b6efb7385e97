"""How many threads a loop takes: on a machine that is acted out, second by second, and in torch."""

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lenet_helpers import cores, lenet, load_data, train
from lenet_helpers.cores import allowed_cores, free_cores, on_free_cores
from lenet_helpers.thread_count import Clocks, ThreadCount

STEP = 0.005  # seconds between two batches


class Machine:
    """Some cores, loops of one process, and threads of other programs that always have work."""

    def __init__(self, cores: int, others: int = 0, loops: int = 1) -> None:
        self.cores, self.others, self.quota = cores, others, float("inf")
        self.alone = 0.0  # which share of the time a loop works in one thread, as for drawing
        self.tells_others, self.clocks = True, Clocks(0.0, 0.0, 0.0, 0.0)
        clocks = (lambda: self.clocks.wall), (lambda: self.clocks)
        self.loops = [ThreadCount(cores, *clocks) for _ in range(loops)]
        self.chosen: list[int] = []  # by the last of them

    def spend(self, seconds: float, wanted: float) -> None:
        """Time passes while all loops together want to compute in so many threads."""
        crowd = max(1, (wanted + self.others) / self.cores)
        got = min(wanted / crowd, self.quota)
        idle = max(0.0, self.cores - got - self.others)
        shares = 1, min(1, got / wanted) if wanted else 0, got, idle
        self.clocks = Clocks(*np.add(self.clocks, np.multiply(shares, seconds)))

    def run(self, seconds: float, most: int | None = None) -> int:
        """Let the loops go on for so long; returns how many threads the last takes at the end."""
        most = most or self.cores
        for loop in self.loops:
            loop.begin(most, self.cores - self.others if self.tells_others else None)
        for _ in range(round(seconds / STEP)):
            for loop in self.loops:
                threads = loop.ask(most, sum(other.count for other in self.loops) - loop.count)
            self.chosen.append(threads)
            every = sum(loop.count for loop in self.loops)
            self.spend(STEP, every * (1 - self.alone) + self.alone)
        return threads

    def share(self, threads: int, seconds: float) -> float:
        """How much of the last seconds the loop spent with so many threads."""
        last = self.chosen[-round(seconds / STEP) :]
        return last.count(threads) / len(last)


@pytest.mark.parametrize(
    ("cores", "most", "alone"),
    [(1, 1, 0), (2, 2, 0), (4, 4, 0), (16, 16, 0), (8, 3, 0), (2, 2, 0.6)],
    ids=["1", "2", "4", "16", "3 of 8", "work in one thread between the batches"],
)
def test_without_others_a_loop_has_all_cores_that_it_may_take_all_the_time(cores, most, alone):
    machine = Machine(cores)
    machine.alone = alone
    machine.run(3, most)
    assert set(machine.chosen) == {most}
    assert machine.run(1, most=1) == 1


@pytest.mark.parametrize(("cores", "others", "fair"), [(2, 2, 1), (2, 7, 1), (4, 2, 2), (8, 1, 7)])
@pytest.mark.parametrize("tells", [True, False])
def test_beside_others_it_takes_what_it_gets(cores, others, fair, tells):
    machine = Machine(cores, others)
    machine.tells_others = tells
    for _ in range(100):  # short loops, one after the other
        machine.run(0.03)
    assert machine.share(fair, 2.0) >= 0.9
    assert max(machine.chosen[20:]) <= fair + 1


def test_others_come_and_go():
    machine = Machine(2)
    machine.run(1)
    machine.others = 1
    machine.run(0.06)
    assert machine.run(0.1) == 1
    machine.run(5)
    machine.others = 0
    assert machine.run(0.5) == 2  # the speed of being alone is wanted back within 2 s


def test_others_that_come_and_go_all_the_time_do_not_make_it_try_in_vain():
    machine = Machine(2)
    for _ in range(40):
        for machine.others, seconds in ((0, 0.15), (2, 0.35)):
            machine.run(seconds)
    crowded = [c for n, c in enumerate(machine.chosen) if n % 100 >= 30]
    assert crowded.count(2) / len(crowded) < 0.25


def test_within_a_quota_it_tries_more_only_now_and_then():
    machine = Machine(2)
    machine.quota = 1.0
    machine.run(10)
    assert machine.share(1, 8) > 0.75
    machine.quota = 2.0
    assert machine.run(2) == 2


def test_after_a_pause_it_looks_before_the_first_batch():
    machine = Machine(2)
    machine.run(1)
    for machine.others, threads in ((2, 1), (0, 2)):
        machine.spend(10, wanted=0)
        assert machine.run(STEP) == threads


def test_two_loops_of_one_process_count_each_others_threads():
    machine = Machine(2, loops=2)
    machine.tells_others = False
    machine.run(0.5)
    assert [loop.count for loop in machine.loops] == [1, 1]


# What Linux says of quotas


@pytest.fixture
def linux(monkeypatch, tmp_path):
    """A machine of 16 cores; returns what writes one of its files."""
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(cores.os, "cpu_count", lambda: 16)

    def write(file: str, text: str) -> Path:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path

    return write


OLDER = "3:memory:/x\n2:cpu,cpuacct:/x\n"


@pytest.mark.parametrize(
    ("group", "files", "allowed"),
    [
        ("", {}, 16),
        ("0::/slice/a\n", {"slice/a/cpu.max": "max 100000\n"}, 16),
        ("0::/slice/a\n", {"slice/a/cpu.max": "400000 1000\n", "slice/cpu.max": "1500 1000\n"}, 2),
        ("0::/docker/not/here\n", {"cpu.max": "50000 100000\n"}, 1),
        (OLDER, {"cpu,cpuacct/x/cpu.cfs_quota_us": "-1\n"}, 16),
        (OLDER, {"cpu,cpuacct/x/cpu.cfs_quota_us": "300000\n"}, 3),
    ],
    ids=["no group", "no quota", "smallest on the way up", "container", "older without", "older"],
)
def test_the_cores_that_a_control_group_allows(linux, group, files, allowed):
    root = linux("proc/self/cgroup", group)
    linux("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n")
    for file, text in files.items():
        linux(f"sys/fs/cgroup/{file}", text)
    assert allowed_cores(root) == allowed


def test_the_cores_that_are_free_at_this_moment(linux):
    root = linux("loadavg", "0.20 0.18 0.12 3/411 12345\n")
    assert cores.cores_free_now(root / "loadavg") == 14
    assert cores.cores_free_now(root / "nowhere") is None


# Within torch


@pytest.fixture
def script(monkeypatch):
    """Two threads for torch. Loops take ``answer``, and what they ask is noted in ``asked``."""

    def ask(most: int, others: int = 0) -> int:
        script.asked.append((most, others))
        return min(most, script.answer)

    script = SimpleNamespace(answer=1, asked=[], ask=ask, begin=lambda *_: None)
    monkeypatch.setattr(cores, "ThreadCount", lambda *_: script)
    monkeypatch.setattr(cores, "allowed_cores", lambda: 2)
    monkeypatch.setattr(cores, "_here", threading.local())
    monkeypatch.setattr(cores, "_running", [])  # another test may hold a loop that it left
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield script
    torch.set_num_threads(before)


def test_nested_loops_end_in_any_order(script):
    train_batches, test_batches = on_free_cores([1, 2]), on_free_cores([1, 2])
    assert torch.get_num_threads() == 2
    next(train_batches), next(test_batches)
    train_batches.close()
    assert torch.get_num_threads() == 1
    test_batches.close()
    assert torch.get_num_threads() == 2


def test_a_loop_that_is_left_or_fails(script):
    for _ in on_free_cores([1, 2]):
        break
    assert torch.get_num_threads() == 2
    with pytest.raises(ZeroDivisionError), free_cores() as adjust:
        adjust()
        _ = 1 / 0
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("before", [True, False], ids=["before", "meanwhile"])
def test_a_number_that_somebody_sets_stays_and_is_not_exceeded(script, before):
    script.answer = 2
    if before:
        torch.set_num_threads(1)
    for number in on_free_cores(range(3)):
        if number == 0:
            torch.set_num_threads(1)
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 1


def test_a_thread_that_begins_meanwhile_may_take_as_many(script):
    seen = []

    def other_loop():
        with free_cores() as adjust:
            script.answer = 2
            adjust()
            seen.append((torch.get_num_threads(), script.asked[-1]))

    with free_cores() as adjust:
        adjust()
        thread = threading.Thread(target=other_loop)
        thread.start()
        thread.join()
    assert seen == [(2, (2, 1))]
    assert torch.get_num_threads() == 2


def test_batches_training_and_evaluation_ask(script):
    train_iter, test_iter = load_data("digits", 256, "cpu")
    for iterator in (train_iter, test_iter):
        assert [torch.get_num_threads() for _ in iterator] == [1] * len(iterator)
    plain = [(X, y) for X, y in train_iter]  # any iterable of batches
    seen = [torch.get_num_threads() for _ in train(lenet(), plain, plain, 1, 0.1, "cpu")]
    assert set(seen) == {1}
    assert torch.get_num_threads() == 2
