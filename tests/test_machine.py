"""The check of a machine: what it says, in both languages, and what it keeps to itself."""

import platform
import re

import pytest
import torch

from lenet_helpers import machine
from lenet_helpers.data.catalog import DATA_SETS
from lenet_helpers.machine import NOT_HERE, NOTHING, check_machine
from lenet_helpers.words import Words


def row(name):
    """What the check says in the row of this name: what is here, and what to do."""
    rows = check_machine().rows
    return next((here, to_do) for what, here, to_do in rows if name in (what, *what))


def test_names_versions_and_threads():
    here = [row(name)[0] for name in ("Python", "PyTorch", "CPU threads")]
    assert here == [platform.python_version(), torch.__version__, torch.get_num_threads()]


def test_says_that_it_is_about_the_machine_that_ran_it_and_when(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Plan9")
    for words in check_machine().caption:
        assert re.search(r"Plan9(，|, )20\d\d-\d\d-\d\d", words)


@pytest.mark.parametrize("kind, advice", [("cpu", machine.NO_GPU), ("mps", NOTHING)])
def test_names_the_device(monkeypatch, kind, advice):
    monkeypatch.setattr(machine, "try_gpu", lambda: torch.device(kind))
    assert row("Device") == (f"{kind} · {platform.machine()}", advice)


def test_names_the_model_of_an_nvidia_gpu(monkeypatch):
    monkeypatch.setattr(machine, "try_gpu", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200 <x>")
    assert row("Device")[0] == "cuda · H200 <x>"
    assert "cuda · H200 &lt;x&gt;" in check_machine()._repr_html_()


def test_says_how_to_get_a_chinese_font(monkeypatch):
    monkeypatch.setattr(machine, "chinese_font", lambda: None)
    assert row("Chinese font for plots") == (NOT_HERE, machine.NO_FONT)
    monkeypatch.setattr(machine, "chinese_font", lambda: "SimHei")
    assert row("Chinese font for plots") == ("SimHei", NOTHING)


def test_says_what_to_do_about_missing_data():
    assert row("Fashion-MNIST") == (
        NOT_HERE,
        Words(
            "首次使用时下载（31 MB）；或 apt install dataset-fashion-mnist；或 设置 LENET_DATA",
            "downloaded on first use (31 MB); or apt install dataset-fashion-mnist; "
            "or set LENET_DATA",
        ),
    )
    assert row("MNIST")[1].en == "downloaded on first use (12 MB); or set LENET_DATA"
    assert row("scikit-learn digits") == (DATA_SETS["digits"].comes_with, NOTHING)


def test_survives_a_wrong_lenet_data_and_says_that_one_lacks_the_files(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "no such folder"))
    assert row("MNIST") == (NOT_HERE, machine.BAD_LENET_DATA)
    assert row("scikit-learn digits")[1] == NOTHING
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    assert row("MNIST")[1].en.startswith(machine.NOT_IN_LENET_DATA.en)
    assert row("MNIST")[1].zh.startswith(machine.NOT_IN_LENET_DATA.zh)


def test_names_places_but_no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    check = check_machine()
    for text in (str(check), check._repr_html_()):
        assert str(tmp_path) not in text
