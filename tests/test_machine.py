"""The check of a machine: what it says, in both languages, and what it keeps to itself."""

import platform

import pytest
import torch

from lenet_helpers import machine
from lenet_helpers.machine import check_machine
from lenet_helpers.words import Words


def row(name):
    """What the check says in the row whose English heading is ``name``."""
    return next((here, to_do) for what, here, to_do in check_machine().rows if what.en == name)


@pytest.fixture
def no_data(monkeypatch):
    nowhere = {"fashion_mnist": None, "mnist": None, "digits": Words("自带", "built in")}
    monkeypatch.setattr(machine, "datasets_at_hand", lambda: nowhere)


def test_names_versions_and_threads():
    assert row("Python")[0].en == platform.python_version()
    assert row("PyTorch")[0].en == torch.__version__
    assert row("CPU threads")[0].en == str(torch.get_num_threads())


@pytest.mark.parametrize("kind, advice", [("cpu", machine.NO_GPU), ("mps", machine.NOTHING)])
def test_names_the_device(monkeypatch, kind, advice):
    monkeypatch.setattr(machine, "try_gpu", lambda: torch.device(kind))
    assert row("Device") == (Words(*2 * [f"{kind} · {platform.machine()}"]), advice)


def test_names_the_model_of_an_nvidia_gpu(monkeypatch):
    monkeypatch.setattr(machine, "try_gpu", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200 <x>")
    assert row("Device")[0].en == "cuda · H200 <x>"
    assert "cuda · H200 &lt;x&gt;" in check_machine()._repr_html_()


def test_says_how_to_get_a_chinese_font(monkeypatch):
    monkeypatch.setattr(machine, "chinese_font", lambda: None)
    assert row("Chinese font for plots") == (machine.NOT_HERE, machine.NO_FONT)
    monkeypatch.setattr(machine, "chinese_font", lambda: "SimHei")
    assert row("Chinese font for plots") == (Words("SimHei", "SimHei"), machine.NOTHING)


def test_says_what_to_do_about_missing_data(no_data):
    here, to_do = row("Fashion-MNIST")
    assert here == machine.NOT_HERE
    for way in ("LENET_DATA", "dataset-fashion-mnist", "first use"):
        assert way in to_do.en
    assert "LENET_DATA" in row("MNIST")[1].zh
    assert row("scikit-learn digits") == (Words("自带", "built in"), machine.NOTHING)


def test_survives_a_wrong_lenet_data(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "no such folder"))
    assert row("MNIST") == (machine.NOT_HERE, machine.BAD_LENET_DATA)
    assert row("scikit-learn digits")[1] == machine.NOTHING


def test_names_places_but_no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    check = check_machine()
    for text in (str(check), repr(check), check._repr_html_()):
        assert str(tmp_path) not in text


def test_html_marks_both_languages_and_repeats_nothing(no_data):
    html = check_machine()._repr_html_()
    assert html.count("<tr>") == 1 + len(check_machine().rows)
    assert '<div lang="zh">没有</div> <div lang="en">not here</div>' in html
    assert html.count("Fashion-MNIST") == 1
