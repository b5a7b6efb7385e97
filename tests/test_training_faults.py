"""Interruptions, bad batches, missing devices and full memory: the network stays usable."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lenet_helpers import (
    LessonError,
    SettingError,
    checks,
    evaluate_accuracy_gpu,
    lenet,
    load_data,
    train,
    training,
)
from lenet_helpers import modes as modes_of
from lenet_helpers.checks import NoMemoryError, memory_explained
from lenet_helpers.data import batches as data

ROOT = Path(training.__file__).parents[1]


def batches(count: int, size: int = 2) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(count, 1, 4, 4, generator=generator).to(memory_format=torch.channels_last)
    return list(zip(X.split(size), (torch.arange(count) % 3).split(size), strict=True))


def small_net() -> nn.Sequential:
    """A little of everything: a fused pair, dropout, and parts in different modes."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.Sigmoid(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.1), nn.Linear(8, 3),
    )  # fmt: skip
    net[4].eval()
    return net


def modes(net: nn.Module) -> list[bool]:
    return [module.training for module in net.modules()]


def assert_usable(net: nn.Module) -> None:
    """Its numbers are finite, it can be asked, and it can be trained on."""
    assert all(value.isfinite().all() for value in net.state_dict().values())
    assert 0 <= evaluate_accuracy_gpu(net, batches(6)) <= 1
    reports = list(train(net, batches(6), batches(6), 1, 0.1, "cpu", init=None))
    assert reports[-1].test_acc is not None


# Interrupted at any moment

OWN_FILES = {module.__file__ for module in (training, modes_of, checks)}


class InterruptAt:
    """Presses the kernel's stop button when this many lines of the package have run."""

    def __init__(self, count: int) -> None:
        self.left, self.struck = count, False
        self.where = ""

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename not in OWN_FILES:
            return None
        if event == "line" and not self.struck:
            self.left -= 1
            if self.left < 0:
                self.struck = True
                self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self

    def run(self, net: nn.Module) -> list:
        reports = []
        before = sys.gettrace()
        sys.settrace(self)
        try:
            for report in train(net, batches(6), batches(4), 1, 0.1, "cpu", init=None):
                reports.append(report)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        return reports


def test_interruption_at_any_line_leaves_a_usable_network_and_the_history():
    whole = InterruptAt(10**9)
    complete = whole.run(small_net())
    lines = 10**9 - whole.left
    assert lines > 150
    for count in range(lines):
        net = small_net()
        before = modes(net)
        stop = InterruptAt(count)
        reports = stop.run(net)
        assert stop.struck
        assert torch.is_grad_enabled(), stop.where
        assert [(r.loss, r.test_acc) for r in reports] == [
            (r.loss, r.test_acc) for r in complete[: len(reports)]
        ]
        assert modes(net) == before, stop.where
        assert_usable(net)


class Trouble(Exception):
    """What a callback of somebody else's raises."""


@pytest.mark.parametrize("at_call", [0, 1, 4, 6])
def test_exception_in_should_stop_reaches_the_caller_and_spares_the_network(at_call):
    calls = []

    def should_stop():
        calls.append(None)
        if len(calls) > at_call:
            raise Trouble

    net = small_net()
    before, reports = modes(net), []
    with pytest.raises(Trouble):
        for report in train(net, batches(10), batches(4), 1, 0.1, "cpu", should_stop=should_stop):
            reports.append(report)
    assert len(reports) == min(at_call, 5)
    assert modes(net) == before
    assert_usable(net)


def test_exception_in_the_loops_body_spares_the_network():
    net = small_net()
    before = modes(net)
    with pytest.raises(Trouble):
        for report in train(net, batches(10), batches(4), 1, 0.1, "cpu"):
            if report.batch == 3:
                raise Trouble
    assert modes(net) == before
    assert_usable(net)


def test_exception_in_the_initialisation_spares_the_network():
    def init(module):
        if isinstance(module, nn.Linear):
            raise Trouble

    net = small_net()
    before = modes(net)
    with pytest.raises(Trouble):
        list(train(net, batches(4), batches(4), 1, 0.1, "cpu", init=init))
    assert modes(net) == before
    assert_usable(net)


@pytest.mark.parametrize("part", ["train", "test"])
def test_exception_in_the_data_spares_the_network(part):
    class Broken(list):
        def __iter__(self):
            yield self[0]
            raise Trouble

    net = small_net()
    before = modes(net)
    sets = {"train": batches(6), "test": batches(6)}
    sets[part] = Broken(sets[part])
    with pytest.raises(Trouble):
        list(train(net, sets["train"], sets["test"], 1, 0.1, "cpu"))
    assert modes(net) == before
    assert_usable(net)


# Labels


@pytest.mark.parametrize(
    ("labels", "said"),
    [([0, 3], "0 to 3"), ([2, 255], "2 to 255"), ([-1, 1], "-1 to 1"), ([-100, 0], "-100 to 0")],
)
@pytest.mark.parametrize("batch", [0, 2])
def test_label_out_of_range_is_explained_in_whatever_batch(labels, said, batch):
    """-100 is torch's mark for an example to be left out: nothing would be learned from it."""
    train_iter = batches(6)
    train_iter[batch] = train_iter[batch][0], torch.tensor(labels)
    net = small_net()
    before = modes(net)
    with pytest.raises(SettingError, match=f"labels are {said}") as caught:
        list(train(net, train_iter, batches(4), 1, 0.1, "cpu"))
    assert "3 个输出" in caught.value.words.zh
    assert "has 3 outputs" in caught.value.words.en
    assert modes(net) == before
    assert_usable(net)


def test_net_with_too_few_outputs_is_told_how_many_it_needs(digits):
    with pytest.raises(SettingError, match="Give its last layer 10 outputs"):
        list(train(lenet(num_classes=5), *digits, 1, 0.1, "cpu"))


# Devices


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "tpu", 3.5, ""])
def test_device_that_is_not_there_is_explained(device):
    calls = (
        lambda: train(small_net(), batches(4), batches(4), 1, 0.1, device),
        lambda: load_data("digits", device=device),
    )
    for call in calls:
        with pytest.raises(SettingError) as caught:
            call()
        for text in caught.value.words:
            assert repr(device) in text
            assert 'device="cpu"' in text


class Elsewhere:
    """A stand-in for a tensor on another device: only ``to`` brings it here."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor
        self.asked: list[torch.device] = []

    def to(self, device):
        self.asked.append(torch.device(device))
        return self.tensor

    def __len__(self):
        return len(self.tensor)


def test_batches_and_network_on_another_device_are_brought_to_the_chosen_one(monkeypatch):
    sets = [[(Elsewhere(X), Elsewhere(y)) for X, y in batches(4)] for _ in range(2)]
    net, moved = small_net(), []
    original = nn.Module.to
    monkeypatch.setattr(nn.Module, "to", lambda *args: moved.append(args[1]) or original(*args))
    reports = list(train(net, *sets, 1, 0.1, "cpu"))
    assert reports[-1].test_acc is not None
    assert moved == [torch.device("cpu")]
    asked = {device for part in sets for pair in part for one in pair for device in one.asked}
    assert asked == {torch.device("cpu")}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
def test_network_and_batches_meet_on_the_gpu():
    net = small_net()
    reports = list(train(net, batches(6), batches(4), 2, 0.1, "cuda"))
    assert reports[-1].test_acc is not None
    assert net[0].weight.is_cuda
    assert 0 <= evaluate_accuracy_gpu(net, batches(4)) <= 1


# Memory


def assert_explained(error: LessonError) -> None:
    assert isinstance(error, MemoryError)
    for text in error.words:
        assert "batch_size" in text
        assert 'device="cpu"' in text


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nGPU 0 has …"),
    RuntimeError("MPS backend out of memory (MPS allocated: 5.3 GB)"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    MemoryError("Unable to allocate 46 GiB"),
]


class Full(nn.Module):
    """A layer for which there is no room."""

    def __init__(self, error: Exception, when_training: bool) -> None:
        super().__init__()
        self.error, self.when_training = error, when_training

    def forward(self, X):
        if self.training == self.when_training:
            raise self.error
        return X


@pytest.mark.parametrize("when_training", [True, False], ids=["training", "evaluating"])
@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: str(error)[:16])
def test_device_without_room_is_explained(error, when_training):
    net = nn.Sequential(*small_net(), Full(error, when_training))
    before = modes(net)
    with pytest.raises(NoMemoryError) as caught:
        list(train(net, batches(6), batches(4), 1, 0.1, "cpu"))
    assert_explained(caught.value)
    assert str(error).split("\n")[0] in caught.value.words.en
    assert "GPU 0 has" not in str(caught.value)
    assert caught.value.__cause__ is error
    assert modes(net) == before
    assert_usable(net[:-1])


def test_batch_that_really_has_no_room_is_explained():
    """Ten million images in one batch, all of them the same few numbers in memory."""
    X = torch.zeros(1, 1, 28, 28).expand(10**10, 1, 28, 28)
    with pytest.raises(NoMemoryError) as caught:
        list(train(lenet(), [(X, torch.zeros(1).long())], [], 1, 0.1, "cpu"))
    assert_explained(caught.value)


def test_network_without_room_is_explained(monkeypatch):
    def refuse(*_):
        raise OUT_OF_MEMORY[0]

    net = small_net()
    monkeypatch.setattr(net, "to", refuse)
    with pytest.raises(NoMemoryError) as caught:
        list(train(net, batches(6), batches(4), 1, 0.1, "cpu"))
    assert_explained(caught.value)


def test_data_without_room_is_explained(monkeypatch):
    def refuse(*_, **__):
        raise OUT_OF_MEMORY[0]

    monkeypatch.setattr(data, "BatchIterator", refuse)
    with pytest.raises(NoMemoryError) as caught:
        load_data("digits", device="cpu")
    assert_explained(caught.value)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("out of memory"),
     SettingError("内存", "out of memory")],
    ids=["shapes", "no RuntimeError", "explained already"],
)  # fmt: skip
def test_other_errors_are_left_as_they_are(error):
    with pytest.raises(type(error)) as caught, memory_explained():
        raise error
    assert caught.value is error


# Same seed, same machine

ONE_EPOCH = """
import json, sys, torch
from lenet_helpers import lenet, load_data, train
torch.set_num_threads(2)
torch.manual_seed(3)
net = lenet()
reports = [(r.loss, r.train_acc, r.test_acc) for r in train(net, *load_data("digits"), 1, 0.9)]
weights = sum(p.double().sum().item() for p in net.parameters())
print(json.dumps([reports, weights, "torch._dynamo" in sys.modules]))
"""


def test_two_processes_get_the_same_numbers_to_the_last_bit():
    command = [sys.executable, "-c", ONE_EPOCH]
    patient = os.environ | {"OMP_WAIT_POLICY": "passive"}  # no spinning beside other tests
    kernels = [
        subprocess.Popen(command, cwd=ROOT, env=patient, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    one, other = (json.loads(kernel.communicate()[0]) for kernel in kernels)
    assert all(kernel.returncode == 0 for kernel in kernels)
    assert len(one[0]) == 6
    assert one == other
    assert not one[2]  # what torch.optim loads, for a second; the first run begins without it


# Reports, whatever the sizes


@given(
    count=st.integers(1, 40),
    size=st.integers(1, 45),
    test_count=st.integers(1, 9),
    num_epochs=st.integers(1, 3),
    asked=st.none() | st.integers(0, 60),
)
@settings(max_examples=150, deadline=None)
def test_reports_of_any_run_keep_their_promises(count, size, test_count, num_epochs, asked):
    """Any number of batches and epochs, stopped after any number of questions, or never."""
    train_iter, test_iter = batches(count, size), batches(test_count, 4)
    calls = []

    def should_stop():
        calls.append(None)
        return asked is not None and len(calls) > asked

    net = small_net()
    reports = list(
        train(net, train_iter, test_iter, num_epochs, 0.1, "cpu", should_stop=should_stop)
    )
    num_batches = math.ceil(count / size)
    assert all(0 < r.epoch <= num_epochs and 1 <= r.batch <= num_batches for r in reports)
    assert all((r.num_batches, r.num_epochs) == (num_batches, num_epochs) for r in reports)
    assert all(math.isfinite(r.loss) and 0 <= r.train_acc <= 1 for r in reports)
    assert all(r.test_acc is None or 0 <= r.test_acc <= 1 for r in reports)
    points = [(r.epoch, r.test_acc is not None) for r in reports]
    assert points == sorted(set(points))  # on and on, no point twice, the accuracy last
    assert all(r.batch == num_batches for r in reports if r.test_acc is not None)
    for epoch in range(num_epochs):
        within = [r for r in reports if r.test_acc is None and epoch < r.epoch <= epoch + 1]
        assert len(within) <= min(5, num_batches)
    assert all(a.elapsed <= b.elapsed for a, b in zip(reports, reports[1:], strict=False))
    assert all(r.examples_per_sec * r.elapsed <= count * num_epochs * 1.001 for r in reports)
    questions = num_epochs * (num_batches + len(test_iter))
    if asked is None or asked >= questions:
        assert sum(r.test_acc is not None for r in reports) == num_epochs
        assert reports[-1].epoch == num_epochs
    else:
        trained = sum(1 for _ in range(asked))  # each question but the last let one batch pass
        finished, rest = divmod(trained, num_batches + len(test_iter))
        last = finished + min(rest, num_batches) / num_batches
        assert (reports[-1].epoch if reports else 0) == pytest.approx(last)
    assert_usable(net)
