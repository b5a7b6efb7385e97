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


def test_names_versions_and_threads_and_whose_they_are(monkeypatch):
    here = [row(name)[0] for name in ("Python", "PyTorch", "CPU threads")]
    assert here == [platform.python_version(), torch.__version__, torch.get_num_threads()]
    monkeypatch.setattr(platform, "system", lambda: "Plan9")
    for words in check_machine().caption:
        assert re.search(r"Plan9(，|, )20\d\d-\d\d-\d\d", words)


@pytest.mark.parametrize(
    ("kind", "name", "advice"),
    [
        ("cpu", platform.machine(), machine.NO_GPU),
        ("mps", platform.machine(), NOTHING),
        ("cuda", "H200 <x>", NOTHING),
    ],
)
def test_names_the_device(monkeypatch, kind, name, advice):
    monkeypatch.setattr(machine, "try_gpu", lambda: torch.device(kind))
    monkeypatch.setattr(machine, "passed_over", list)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200 <x>")
    assert row("Device") == (f"{kind} · {name}", advice)


@pytest.mark.parametrize(
    ("font", "said"), [(None, (NOT_HERE, machine.NO_FONT)), ("SimHei", ("SimHei", NOTHING))]
)
def test_says_how_to_get_a_chinese_font(monkeypatch, font, said):
    monkeypatch.setattr(machine, "chinese_font", lambda: font)
    assert row("Chinese font for plots") == said


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
    for said, begins in zip(row("MNIST")[1], machine.NOT_IN_LENET_DATA, strict=True):
        assert said.startswith(begins)
    check = check_machine()  # names places but no folder
    assert str(tmp_path) not in str(check) + check._repr_html_()
