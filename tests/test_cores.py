"""How many threads a loop takes: on a machine that is acted out, second by second, and in torch."""

import threading
from pathlib import Path

import pytest
import torch

from lenet_helpers import cores, lenet, load_data, train
from lenet_helpers.cores import allowed_cores, free_cores, on_free_cores
from lenet_helpers.thread_count import Clocks, ThreadCount

STEP = 0.005  # seconds between two batches


class Machine:
    """Some cores, a loop, and threads of other programs that always have work."""

    def __init__(self, cores: int, others: int = 0, quota: float = float("inf")) -> None:
        self.cores, self.others, self.quota = cores, others, quota
        self.clocks, self.tells_others = Clocks(0.0, 0.0, 0.0, 0.0), True
        self.alone = 0.0  # which share of the time the loop works in one thread, as for drawing
        self.loop = ThreadCount(cores, lambda: self.clocks.wall, lambda: self.clocks, self.free_now)
        self.chosen: list[int] = []

    def free_now(self) -> int | None:
        return self.cores - self.others if self.tells_others else None

    def pause(self, seconds: float) -> None:
        idle = max(0, self.cores - self.others) * seconds
        self.clocks = Clocks(*map(sum, zip(self.clocks, (seconds, 0, 0, idle), strict=True)))

    def run(self, seconds: float, most: int | None = None) -> int:
        """Let the loop go on for so long; returns how many threads it takes at the end."""
        most = most or self.cores
        self.loop.begin(most)
        for _ in range(round(seconds / STEP)):
            threads = self.loop.ask(most)
            self.chosen.append(threads)
            wanted = threads * (1 - self.alone) + self.alone
            crowd = max(1, (wanted + self.others) / self.cores)
            got = min(wanted / crowd, self.quota)
            idle = max(0.0, self.cores - got - self.others)
            spent = Clocks(STEP, STEP * min(1, got / wanted), STEP * got, STEP * idle)
            self.clocks = Clocks(*map(sum, zip(self.clocks, spent, strict=True)))
        return threads

    def share(self, threads: int, seconds: float) -> float:
        """How much of the last seconds the loop spent with so many threads."""
        last = self.chosen[-round(seconds / STEP) :]
        return last.count(threads) / len(last)


@pytest.mark.parametrize("cores", [1, 2, 4, 16])
def test_alone_a_loop_has_all_cores_all_the_time(cores):
    machine = Machine(cores)
    machine.run(3)
    assert set(machine.chosen) == {cores}


@pytest.mark.parametrize(("cores", "others", "fair"), [(2, 2, 1), (2, 7, 1), (4, 2, 2), (8, 1, 7)])
@pytest.mark.parametrize("tells", [True, False])
def test_beside_others_it_takes_what_it_gets(cores, others, fair, tells):
    machine = Machine(cores, others)
    machine.tells_others = tells
    machine.run(3)
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
        machine.others = 0
        machine.run(0.15)
        machine.others = 2
        machine.run(0.35)
    crowded = [c for n, c in enumerate(machine.chosen) if n % 100 >= 30]
    assert crowded.count(2) / len(crowded) < 0.25


def test_within_a_quota_it_tries_more_only_now_and_then():
    machine = Machine(2, quota=1.0)
    machine.run(10)
    assert machine.share(1, 8) > 0.75
    machine.quota = 2.0
    assert machine.run(2) == 2


def test_work_in_one_thread_between_the_batches_is_no_reason_for_fewer():
    machine = Machine(2)
    machine.alone = 0.6
    machine.run(3)
    assert set(machine.chosen) == {2}


def test_after_a_pause_it_looks_before_the_first_batch():
    machine = Machine(2)
    machine.run(1)
    machine.others = 2
    machine.pause(10)
    machine.run(0.02)
    assert machine.chosen[-1] == 1
    machine.others = 0
    machine.pause(10)
    machine.run(0.005)
    assert machine.chosen[-1] == 2


def test_never_more_than_allowed():
    machine = Machine(8)
    machine.run(1, most=3)
    assert set(machine.chosen) == {3}
    machine.run(1, most=1)
    assert machine.chosen[-1] == 1


def test_two_loops_of_one_process_count_each_others_threads():
    clocks = Clocks(0.0, 0.0, 0.0, 0.0)
    loops = [ThreadCount(2, lambda: clocks.wall, lambda: clocks, lambda: None) for _ in range(2)]
    for _ in range(100):
        counts = [loop.ask(2, other.count) for loop, other in (loops, loops[::-1])]
        share = min(1, 2 / sum(counts))
        spent = (STEP, STEP * share, STEP * min(2, sum(counts)), STEP * max(0, 2 - sum(counts)))
        clocks = Clocks(*map(sum, zip(clocks, spent, strict=True)))
    assert counts == [1, 1]


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


class Script:
    """Stands in for `ThreadCount`: gives the answer that stands here, and notes the questions."""

    answer = 1
    asked: list[tuple[int, int]] = []

    def __init__(self, *_) -> None:
        pass

    def begin(self, most: int) -> None:
        pass

    def ask(self, most: int, others: int = 0) -> int:
        Script.asked.append((most, others))
        return min(most, self.answer)


@pytest.fixture
def script(monkeypatch):
    """Two threads for torch, and loops that take one."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(cores, "ThreadCount", Script)
    monkeypatch.setattr(cores, "allowed_cores", lambda: 2)
    monkeypatch.setattr(cores, "_here", threading.local())
    monkeypatch.setattr(cores, "_running", [])  # another test may hold a loop that it left
    monkeypatch.setattr(Script, "answer", 1)
    monkeypatch.setattr(Script, "asked", [])
    yield Script
    torch.set_num_threads(before)


@pytest.mark.usefixtures("script")
class TestFreeCores:
    def test_nested_loops_end_in_any_order(self):
        train_batches, test_batches = on_free_cores([1, 2]), on_free_cores([1, 2])
        assert torch.get_num_threads() == 2
        next(train_batches), next(test_batches)
        train_batches.close()
        assert torch.get_num_threads() == 1
        test_batches.close()
        assert torch.get_num_threads() == 2

    def test_a_loop_that_is_left_or_fails(self):
        for _ in on_free_cores([1, 2]):
            break
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), free_cores() as adjust:
            adjust()
            _ = 1 / 0
        assert torch.get_num_threads() == 2

    @pytest.mark.parametrize("when", ["before", "meanwhile"])
    def test_a_number_that_somebody_sets_stays_and_is_not_exceeded(self, script, when):
        script.answer = 2
        if when == "before":
            torch.set_num_threads(1)
        for _ in on_free_cores(range(3)):
            if when == "meanwhile":
                torch.set_num_threads(1)
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1

    def test_a_thread_that_begins_meanwhile_may_take_as_many(self, script):
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

    def test_batches_training_and_evaluation_ask(self):
        train_iter, test_iter = load_data("digits", 256, "cpu")
        for iterator in (train_iter, test_iter):
            assert [torch.get_num_threads() for _ in iterator] == [1] * len(iterator)
        plain = [(X, y) for X, y in train_iter]  # any iterable of batches
        seen = [torch.get_num_threads() for _ in train(lenet(), plain, plain, 1, 0.1, "cpu")]
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
