"""Lesson 12: the layers that its cells define are the package's, and it runs again on demand."""

import subprocess
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn

from lenet_helpers import LessonError, Words
from lenet_helpers.paper1998 import digit_bitmaps, mini_batches
from lenet_helpers.paper1998 import lenet5 as package

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
CELLS = {
    cell.id: cell.source
    for cell in nbformat.read(NOTEBOOKS / "12_lenet5_1998.ipynb", as_version=4).cells
    if cell.cell_type == "code"
}


@pytest.fixture(scope="module")
def lesson() -> dict:
    """What the cells that define layers and losses leave behind."""
    names = {"torch": torch, "nn": nn, "F": nn.functional, "bitmaps": digit_bitmaps()}
    for cell in ("squash", "subsampling", "c3-table", "c3-layer", "rbf", "network", "loss"):
        exec(CELLS[cell], names)
    return names


@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        ("Squash()", package.ScaledTanh(), (3, 5)),
        ("Subsampling(6)", package.TrainableSubsampling(6), (2, 6, 8, 8)),
        ("SparseConv(links)", package.SparseConv2d(package.C3_TABLE), (2, 6, 14, 14)),
        ("RBF(codes)", package.RBFOutput(digit_bitmaps().flatten(1)), (3, 84)),
        ("lenet5()", package.lenet5_1998(), (2, 1, 32, 32)),
    ],
)
def test_layer_of_the_lesson_is_the_packages(lesson, ours, theirs, shape):
    layer, x = eval(ours, lesson), torch.randn(shape)
    layer.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(layer(x), theirs(x))


def test_loss_of_the_lesson_is_the_packages(lesson):
    penalties, labels = 20 * torch.rand(6, 10), torch.arange(6)
    for j in (1.0, 10.0):
        torch.testing.assert_close(
            lesson["map_loss"](penalties, labels, j), mini_batches.map_loss(penalties, labels, j)
        )


@pytest.mark.parametrize(("setting", "times"), [("", 0), ("1", 1)])
def test_long_runs_are_made_again_only_on_demand(monkeypatch, setting, times):
    calls, names = [], {"Words": Words}
    monkeypatch.chdir(NOTEBOOKS)
    monkeypatch.setenv("LENET_FULL", setting)
    monkeypatch.setattr(subprocess, "run", lambda command, check: calls.append((command, check)))
    exec(CELLS["results"], names)
    assert len(names["runs"]) > 0
    assert len(calls) == times
    for (_, script, *options), check in calls:
        assert Path(script).is_file()
        assert options == ["--again"] and check


def test_lesson_opened_elsewhere_says_where_it_belongs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LENET_FULL", raising=False)
    with pytest.raises(LessonError, match="folder notebooks"):
        exec(CELLS["results"], {"Words": Words})


@pytest.mark.parametrize(
    ("guess", "verdict"), [("...", "?"), ("(2416, 241600)", "✓"), ("(1516, 151600)", "✗")]
)
def test_exercise_1_knows_a_right_guess_from_a_wrong_one(guess, verdict):
    *lines, last = CELLS["exercise-1"].splitlines()
    names = {"nn": nn}
    exec("\n".join(lines).replace("my_guess = ...", f"my_guess = {guess}"), names)
    assert eval(last, names) == verdict
