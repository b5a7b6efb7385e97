"""Interruptions, bad batches, missing devices and full memory: the network stays usable."""

import itertools
import math
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lenet_helpers import (
    DivergedError,
    NoMemoryError,
    SettingError,
    checks,
    evaluation,
    lenet,
    load_data,
    train,
    training,
)
from lenet_helpers import modes as modes_of
from lenet_helpers.checks import memory_explained
from lenet_helpers.data import batches as data
from tests.tiny_training import (
    Trouble,
    assert_usable,
    batches,
    examples,
    mixed_net,
    modes,
    run,
    small_net,
)

OWN_FILES = {module.__file__ for module in (training, evaluation, modes_of, checks)}


def trained_until_interrupted(net: nn.Module, count: float) -> tuple[str, list]:
    """The stop button is pressed when ``count`` lines of the package have run: where, reports."""
    left, where, reports = count, "", []

    def trace(frame, event, argument):
        nonlocal left, where
        if frame.f_code.co_filename not in OWN_FILES:
            return None
        if event == "line" and not where:
            left -= 1
            if left < 0:
                where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for report in train(net, batches(4), batches(4), 1, 0.1, "cpu", init=None):
            reports.append((report.loss, report.test_acc))
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return where, reports


def test_interruption_at_any_line_leaves_a_usable_network_and_the_history():
    _, complete = trained_until_interrupted(mixed_net(), math.inf)
    for count in itertools.count():
        net = mixed_net()
        before = modes(net)
        where, reports = trained_until_interrupted(net, count)
        assert reports == complete[: len(reports)], where
        assert modes(net) == before, where
        assert_usable(net)
        if not where:
            break
    assert count > 150 and reports == complete


class Broken(list):
    """A data set in the middle of which something happens."""

    def __iter__(self):
        yield self[0]
        raise Trouble


def init_fails(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        raise Trouble


def stop_fails_at(call: int):
    calls = itertools.count()

    def should_stop() -> bool:
        if next(calls) == call:
            raise Trouble
        return False

    return should_stop


@pytest.mark.parametrize(
    ("options", "reported"),
    [
        ({"should_stop": stop_fails_at(0)}, 0),
        ({"should_stop": stop_fails_at(3)}, 3),
        ({"should_stop": stop_fails_at(6)}, 5),  # in the evaluation
        ({"init": init_fails}, 0),
        ({"train_iter": Broken(batches(10))}, 1),
        ({"test_iter": Broken(batches(4))}, 5),
    ],
)
def test_what_others_raise_reaches_the_caller_and_spares_the_network(options, reported):
    options = {"train_iter": batches(10), "test_iter": batches(4)} | options
    net, reports = mixed_net(), []
    before = modes(net)
    with pytest.raises(Trouble):
        for report in train(net, num_epochs=1, lr=0.1, device="cpu", **options):
            reports.append(report)
    assert len(reports) == reported
    assert modes(net) == before
    assert_usable(net)


# A loss that is no longer finite


def test_divergence_is_reported_and_then_explained():
    reports = []
    with pytest.raises(DivergedError, match="learning rate 1e\\+25") as caught:
        for report in train(small_net(), batches(20), batches(4), 2, 1e25, "cpu"):
            reports.append(report)
    assert len(reports) > 1 and not math.isfinite(reports[-1].loss)
    assert all(math.isfinite(r.loss) for r in reports[:-1])
    assert "学习率 1e+25" in caught.value.words.zh
    assert isinstance(caught.value, ArithmeticError)


def test_divergence_in_the_only_batch_is_seen_and_in_the_last_step_by_the_evaluation():
    net = small_net()
    with pytest.raises(DivergedError, match="scores"):  # the loss was finite before it
        run(net, [examples(6)], lr=1e38)
    net[1].weight.data.fill_(torch.inf)
    with pytest.raises(DivergedError):
        run(net, [examples(6)], init=None)


# Labels


@pytest.mark.parametrize(
    ("labels", "said"), [([0, 3], "0 to 3"), ([2, 255], "2 to 255"), ([-100, 0], "-100 to 0")]
)
def test_label_out_of_range_is_explained_also_in_the_last_batch(labels, said):
    """-100 is torch's mark for an example to be left out: nothing would be learned from it."""
    train_iter = [*batches(4), (examples(2)[0], torch.tensor(labels))]
    told = f"labels are {said}.* {max(labels) + 1} outputs"
    with pytest.raises(SettingError, match=told) as caught:
        run(small_net(), train_iter)
    assert "3 个输出" in caught.value.words.zh


# Devices


def test_data_cannot_be_brought_to_a_device_that_is_not_there():
    with pytest.raises(SettingError, match="'cuda:99' can't be used"):
        load_data("digits", device="cuda:99")


class Elsewhere(torch.Tensor):
    """A stand-in for a tensor on another device: only ``to`` brings it here."""

    def to(self, device, *types):
        if device == torch.int64:  # labels of that type already
            return self
        assert torch.device(device) == torch.device("cpu")
        return self.as_subclass(torch.Tensor)

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        assert function not in (F.linear, F.cross_entropy)
        return super().__torch_function__(function, types, arguments, options or {})


def test_batches_on_another_device_are_brought_to_the_chosen_one():
    there = [(X.as_subclass(Elsewhere), y.as_subclass(Elsewhere)) for X, y in batches(4)]
    assert run(small_net(), there, there)[-1].test_acc is not None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
def test_network_and_batches_meet_on_the_gpu():
    net = mixed_net()
    reports = list(train(net, batches(6), batches(4), 2, 0.1, "cuda"))
    assert reports[-1].test_acc is not None
    assert net[1].weight.is_cuda
    assert_usable(net.cpu())


# Memory

OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nGPU 0 has …"),
    RuntimeError("MPS backend out of memory (MPS allocated: 5.3 GB)"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    MemoryError("Unable to allocate 46 GiB"),
]
OTHER_ERRORS = [
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    ValueError("out of memory"),
    SettingError("内存", "out of memory"),  # explained already
]


@pytest.mark.parametrize("error", OTHER_ERRORS)
def test_other_errors_are_left_as_they_are(error):
    with pytest.raises(type(error)) as caught, memory_explained():
        raise error
    assert caught.value is error


@pytest.mark.parametrize("when_training", [True, False])
@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: str(error)[:16])
def test_device_without_room_is_explained(error, when_training):
    def full(*_) -> None:
        if net.training == when_training:
            raise error

    net = mixed_net()
    before, hook = modes(net), net.register_forward_pre_hook(full)
    with pytest.raises(NoMemoryError) as caught:
        run(net, batches(6))
    assert all("batch_size" in text and 'device="cpu"' in text for text in caught.value.words)
    assert str(error).split("\n")[0] in caught.value.words.en
    assert "GPU 0 has" not in str(caught.value)
    assert isinstance(caught.value, MemoryError) and caught.value.__cause__ is error
    assert modes(net) == before
    hook.remove()
    assert_usable(net)


def test_batch_network_or_data_without_room_are_explained(monkeypatch):
    def refuse(*_, **__):
        raise OUT_OF_MEMORY[0]

    net = small_net()
    monkeypatch.setattr(net, "to", refuse)
    monkeypatch.setattr(data, "BatchIterator", refuse)
    huge = torch.zeros(1, 1, 28, 28).expand(10**10, 1, 28, 28)  # all of them the same in memory
    for act in (lambda: run(net, batches(6)), lambda: load_data("digits", device="cpu"),
                lambda: run(lenet(), [(huge, torch.zeros(1).long())])):  # fmt: skip
        with pytest.raises(NoMemoryError):
            act()
