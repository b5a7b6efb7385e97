"""Lesson 06: what its cells define, how they answer a student, and that its results are there."""

from __future__ import annotations

import ast
import copy
import re
from pathlib import Path

import nbformat
import pandas
import pytest
import torch
from torch import nn

from lenet_helpers import datasets_at_hand, load_data
from lenet_helpers.sweeps import grid
from lenet_helpers.sweeps.experiments import lenet_like, train_lenet

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
CELLS = {
    cell.id: cell.source
    for cell in nbformat.read(NOTEBOOKS / "06_experiments.ipynb", as_version=4).cells
    if cell.cell_type == "code"
}
TRAINED_LATER = AssertionError("a stored result is missing: the lesson would train here")


class Lesson(dict):
    """The variables of the lesson's kernel. Runs its cells, and keeps what they display."""

    def __init__(self) -> None:
        super().__init__(torch=torch, nn=nn, Path=Path, pandas=pandas, full=False)
        self.shown: list[str] = []
        self["display"] = lambda thing: self.shown.append(getattr(thing, "data", str(thing)))

    def run(self, cell: str, **answers: str) -> str:
        """Run a cell with other right-hand sides for some names; returns the HTML it ends in."""
        source = CELLS[cell]
        for name, value in answers.items():
            source, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", source)
            assert found == 1, f"{cell} has no line for {name}"
        *body, last = ast.parse(source).body
        is_value = isinstance(last, ast.Expr)
        exec(compile(ast.Module(body if is_value else [*body, last], []), cell, "exec"), self)
        value = eval(compile(ast.Expression(last.value), cell, "eval"), self) if is_value else ""
        return getattr(value, "data", str(value))


@pytest.fixture
def lesson(monkeypatch) -> Lesson:
    """A kernel in the folder of the notebooks, in which nothing is trained."""

    def refuse(*_: object) -> None:
        raise TRAINED_LATER

    monkeypatch.chdir(NOTEBOOKS)
    monkeypatch.setattr(grid, "_attempt", refuse)
    lesson = Lesson()
    lesson["sweep"] = grid.sweep
    for cell in ("network", "check", "stored"):
        lesson.run(cell)
    return lesson


def right(answer: str) -> bool:
    """Whether the notebook says so; a wrong answer must come with a hint in both languages."""
    if answer == "✓":
        return True
    assert answer.startswith("✗ ") and re.search("[一-鿿]", answer)
    assert re.search('lang="en">[^<]{15,}', answer), answer
    return False


# What the notebook defines


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"activation": "tanh", "pooling": "max"},
        {"kernel_size": 3, "channels": (4, 5, 6), "hidden": ()},
        {"activation": "relu", "kernel_size": 7, "channels": (3,), "hidden": (9, 8, 7)},
    ],
)
def test_network_of_the_notebook_is_that_of_the_package(lesson, settings):
    X = torch.rand(2, 1, 28, 28)
    torch.manual_seed(0)
    expected = lenet_like(**settings)(X)
    torch.manual_seed(0)
    assert torch.equal(lesson["lenet_like"](**settings)(X), expected)


def test_check_says_three_things(lesson):
    hint = lesson["Words"]("提示", "a hint that helps")
    check = lesson["check"]
    assert check(None, 1, hint).data.startswith("? ")
    assert right(check(1, 1, hint).data)
    assert not right(check(2, 1, hint).data)


def test_stored_never_trains_when_its_file_is_not_there(lesson, tmp_path):
    lesson["results"] = tmp_path
    with pytest.raises(FileNotFoundError, match="folder notebooks"):
        lesson["stored"]("activation", lr=[0.1])


def test_full_run_starts_anew_in_a_folder_of_its_own(lesson, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    lesson["full"] = True
    lesson.run("stored")
    monkeypatch.setattr(grid, "_attempt", lambda job, cell: ({"value": 1}, "", True))
    assert lesson["stored"]("activation", lr=[0.1])["value"].tolist() == [1]
    assert Path("results/again/06_activation.jsonl").is_file()


def test_split_keeps_a_sixth_aside():
    lesson = Lesson()
    lesson["copy"] = copy
    lesson.run("challenge-split")
    batches, _ = load_data("digits", 32, "cpu")
    fit, held = lesson["split"](batches)
    assert len(held.labels) == len(batches.labels) // 6 == 239
    assert torch.equal(torch.cat([fit.labels, held.labels]), batches.labels)
    assert sum(len(y) for _, y in fit) == len(fit.images) == len(batches.labels) - 239


def test_entries_are_kept_one_below_the_other(lesson, monkeypatch, tmp_path, digits):
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    lesson.run("challenge-enter")
    for name in ("Ada", "图灵"):
        lesson["enter"](name, lesson["lenet_like"]("relu"), digits[1])
    board = pandas.read_csv(lesson["board_file"])
    assert board["name"].tolist() == ["Ada", "图灵"]
    assert board["parameters"].tolist() == [61_706, 61_706]
    assert board["data"].tolist() == ["digits", "digits"]


# Answers


@pytest.mark.parametrize(("answer", "is_right"), [("'more'", True), ("'fewer'", False)])
def test_predict_kernel(lesson, answer, is_right):
    assert right(lesson.run("predict-kernel", kernel_guess=answer)) is is_right


def test_exercise_1(lesson):
    assert lesson.run("exercise-1").startswith("? ")
    assert right(lesson.run("exercise-1", my_minutes="7.2"))
    assert not right(answer := lesson.run("exercise-1", my_minutes="2.4")) and "epochs" in answer
    assert not right(answer := lesson.run("exercise-1", my_minutes="9")) and "lengths" in answer


@pytest.mark.parametrize(
    ("sizes", "is_right", "hint"),
    [
        ({"kernel_size": 3, "channels": (6, 16), "hidden": (84,)}, True, ""),
        ({"kernel_size": 3, "channels": (6, 16), "hidden": (60, 60)}, True, ""),
        ({"kernel_size": 3, "channels": (6, 16), "hidden": (120, 84)}, False, "36 ×"),
        ({"kernel_size": 3, "channels": (6, 16), "hidden": ()}, False, "hidden"),
        ({"kernel_size": 5, "channels": (3, 8), "hidden": (84,)}, False, "Keep 3×3"),
    ],
)
def test_exercise_2(lesson, sizes, is_right, hint):
    answer = lesson.run("exercise-2", my_sizes=repr(sizes))
    assert right(answer) is is_right
    assert hint in answer


@pytest.mark.parametrize(("loss", "is_right"), [(1.3, True), (2.31, False)])
def test_exercise_3(lesson, loss, is_right):
    lesson.update(here={}, train_lenet=lambda **_: {"loss": loss, "test_acc": 0.5})
    assert right(lesson.run("exercise-3", one_change="{'init': 'default'}")) is is_right


def test_every_other_question_has_one_right_answer(lesson):
    """Answered with each choice in turn: the notebook accepts exactly one of them."""
    acts = ["'sigmoid'", "'tanh'", "'relu'"]
    ends = ["'standardised'", "'default init'", "'normal 0.01'"]
    for cell in ("activation-sweep", "activation-curves", "predict-shape", "shape-sweep"):
        lesson.run(cell)
    for cell in ("predict-epochs", "predict-mnist", "mnist", "predict-ends", "ends-sweep"):
        lesson.run(cell)
    changes = [repr(name) for name in lesson["changes"]]
    datasets = ["'mnist'", "'fashion_mnist'"]
    for ask, name, choices, reply, shown in [
        ("predict-activation", "stuck_guess", acts, "activation-check", 0),
        ("predict-activation", "best_guess", acts, "activation-check", None),
        ("predict-shape", "shape_guess", changes, "shape-check", None),
        ("predict-mnist", "first_guess", datasets, "mnist", None),
        ("predict-ends", "shorter_guess", ends, "ends-check", 0),
        ("predict-ends", "stuck_number", list("0123"), "ends-check", None),
        ("exercise-4", "apart", ["True", "False"], "exercise-4", None),
    ]:
        accepted = []
        for choice in choices:
            value = lesson.run(ask, **{name: choice})
            lesson.shown.clear()
            value = value if ask == reply else lesson.run(reply)
            accepted.append(right(value if shown is None else lesson.shown[shown]))
        assert accepted.count(True) == 1, f"{name}: {accepted}"


# Results


def test_our_entry_passes_and_the_others_are_told_honestly(lesson):
    for cell in ("activation-sweep", "predict-epochs", "references"):
        lesson.run(cell)
    lesson["board_file"] = Path("there is none.csv")
    lesson.run("leaderboard")
    board = lesson["board"].set_index("name")
    passed = {name: row["passed"] == "✓" for name, row in board.iterrows()}
    assert passed.pop("our entry, seed 0")
    assert board.loc["our entry, seed 0", "parameters"] == 41_866
    assert passed.pop("first try, seed 0")
    assert set(passed.values()) == {False} and len(passed) == 5


def test_stored_results_are_what_the_same_settings_give_today(lesson, real_places):
    if not datasets_at_hand()["fashion_mnist"]:
        pytest.skip("Fashion-MNIST is not at hand")
    lesson.run("predict-shape")
    lesson.run("shape-sweep")
    settings = {name: values[0] for name, values in lesson["base"].items()} | {"epochs": 1}
    stored = lesson["stored"]("shape", **lesson["base"] | {"seed": [0]})["losses"][0]
    # another CPU may round otherwise, and training magnifies that
    assert train_lenet(**settings)["losses"] == pytest.approx(stored[:5], rel=0.02)
