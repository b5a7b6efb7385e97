"""Which device is chosen: only one that computes rightly, or the one that LENET_DEVICE names."""

from functools import cache

import pytest
import torch
from torch import nn

from lenet_helpers import SettingError, devices, lenet, load_data, train, try_gpu
from lenet_helpers.devices import on_device, passed_over, require_device
from lenet_helpers.machine import check_machine
from lenet_helpers.runs import controls, training
from lenet_helpers.words import Words

ONE_STEP = devices.one_step
OLD_CARD = "CUDA error: no kernel image is available for execution on the device\nmore"


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Nothing is known yet of this machine's GPUs, nor said of them."""
    for name in ("fault", "_say_once"):
        monkeypatch.setattr(devices, name, cache(getattr(devices, name).__wrapped__))


def on_cpu(pooling) -> list[torch.Tensor]:
    return ONE_STEP(torch.device("cpu"), pooling)


def wrong(broken: type[nn.Module]):
    """The gradients of one kind of pooling are turned around, as reported of Apple's GPU."""

    def turned(size: int) -> nn.Module:
        pool = broken(size)
        pool.register_full_backward_hook(lambda _, gradients, __: (gradients[0].flip(-1),))
        return pool

    return lambda pooling: on_cpu(turned if pooling is broken else pooling)


def times(factor: float):
    return lambda pooling: [value * factor for value in on_cpu(pooling)]


def fails(message: str):
    def step(_):
        raise RuntimeError(message)

    return step


def stand_in(monkeypatch, kind: str, step) -> None:
    """A GPU of this kind is at hand, which computes one step of LeNet like this."""
    monkeypatch.setattr(devices, "_gpus_at_hand", lambda: [kind])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "stand-in")
    steps = {"cpu": on_cpu, kind: step}
    monkeypatch.setattr(devices, "one_step", lambda where, pooling: steps[where.type](pooling))


def device_row() -> tuple:
    return next(row for row in check_machine().rows if row[0] == Words("计算设备", "Device"))


@pytest.mark.parametrize(
    ("at_hand", "wrong", "expected"),
    [
        ("cuda mps", "", "cuda"),
        ("cuda", "", "cuda"),
        ("mps", "", "mps"),
        ("cuda mps", "cuda", "mps"),
        ("cuda mps", "cuda mps", "cpu"),
        ("", "", "cpu"),
    ],
)
def test_device_is_cuda_then_apples_gpu_then_the_cpu(monkeypatch, at_hand, wrong, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in at_hand)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in at_hand)
    monkeypatch.setattr(devices, "fault", lambda kind: Words("", "") if kind in wrong else None)
    assert try_gpu() == torch.device(expected)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_gpu_that_computes_as_the_cpu_is_taken_without_a_word(monkeypatch, capsys, kind):
    stand_in(monkeypatch, kind, times(1.001))
    assert try_gpu() == torch.device(kind)
    assert (capsys.readouterr().out, passed_over()) == ("", [])
    assert device_row()[2] == "—"


@pytest.mark.parametrize(
    ("kind", "step", "zh", "en"),
    [
        ("mps", wrong(nn.AvgPool2d), "AvgPool2d 的损失或梯度", "with AvgPool2d, loss or"),
        ("mps", wrong(nn.MaxPool2d), "MaxPool2d 的损失", "with MaxPool2d"),
        ("cuda", times(torch.nan), "相差 inf%", "inf% off"),
        ("mps", times(0.9), "相差 10%", "10% off"),
        ("cuda", fails(OLD_CARD), "不再支持这么旧的显卡", "no kernels for a card this old"),
        ("mps", fails("Out of order\nmore"), "（Out of order）", "(Out of order)"),
    ],
    ids=["average pooling", "maximum pooling", "nan", "a tenth less", "old card", "fails"],
)
def test_gpu_that_fails_or_is_wrong_is_passed_over_with_one_sentence(
    monkeypatch, capsys, kind, step, zh, en
):
    stand_in(monkeypatch, kind, step)
    assert {try_gpu().type for _ in range(3)} == {"cpu"}
    (line,) = capsys.readouterr().out.splitlines()
    assert zh in line and en in line and devices.GPUS[kind].en in line
    _, here, to_do = device_row()
    assert here.startswith("cpu") and str(to_do) == line
    assert capsys.readouterr().out == ""  # the table says it


def test_cuda_that_raises_at_its_first_computation_does_not_stop_a_lesson(monkeypatch, capsys):
    """Nothing is stood in for but the answer whether there is one."""
    if torch.cuda.is_available():
        pytest.skip("this machine has an NVIDIA GPU")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    train_iter, test_iter = load_data("digits", 256)
    assert train_iter.device.type == "cpu"
    assert list(train(lenet(), train_iter, test_iter, 1, 0.1))
    assert "passed over" in capsys.readouterr().out


def test_device_asked_for_by_name_has_to_compute_rightly_too(monkeypatch):
    """A device that every torch has passes for a GPU here."""
    monkeypatch.setitem(devices.GPUS, "meta", Words.same("meta"))
    stand_in(monkeypatch, "meta", fails(OLD_CARD))
    with pytest.raises(SettingError, match="card this old") as caught:
        require_device("meta")
    assert all('device="cpu"' in text for text in caught.value.words)


# LENET_DEVICE


@pytest.mark.parametrize("name", ["cpu", " cpu ", "meta"])
def test_lenet_device_chooses_and_the_gpu_is_not_even_tried(monkeypatch, capsys, name):
    stand_in(monkeypatch, "cuda", fails(OLD_CARD))
    monkeypatch.setenv("LENET_DEVICE", name)
    assert try_gpu() == torch.device(name.strip())
    assert load_data("digits")[0].device == torch.device(name.strip())
    assert (capsys.readouterr().out, passed_over()) == ("", [])
    assert device_row()[1].startswith(name.strip())


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "CPU!"])
def test_lenet_device_that_is_not_there_is_explained_by_its_name(monkeypatch, name):
    monkeypatch.setenv("LENET_DEVICE", name)
    with pytest.raises(SettingError) as caught:
        load_data("digits")
    for text in caught.value.words:
        assert f"LENET_DEVICE={name}" in text and "LENET_DEVICE=cpu" in text
    monkeypatch.setenv("LENET_DEVICE", "")
    assert try_gpu().type in ("cpu", "cuda", "mps")


# Layout


def test_batches_are_channels_last_on_the_cpu_and_contiguous_elsewhere():
    X, _ = next(iter(load_data("digits", 8, "cpu")[0]))
    assert X.stride() == (784, 1, 28, 1)
    assert on_device(X, "cpu") is X
    assert on_device(X, "meta").stride() == (784, 784, 28, 1)
    assert on_device(on_device(X, "meta"), "meta").stride() == (784, 784, 28, 1)
    X, _ = next(iter(load_data("digits", 8, "meta")[1]))
    assert X.stride() == (784, 784, 28, 1)


def test_panel_keeps_the_number_of_the_device_that_lenet_device_names(monkeypatch):
    for module in (controls, training):
        monkeypatch.setattr(module, "try_gpu", lambda: torch.device("cuda:1"))
    assert training.recipe("digits").device == "cuda:1"
    words = controls.CONTROLS["device"].words()
    assert list(words) == ["cuda:1", "cpu"] and words["cuda:1"].en == "GPU (CUDA)"
