"""Lessons 10 and 11: what their cells define, how they answer a student, that no run is missing."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pandas
import pytest
import torch
from torch import nn

from lenet_helpers import datasets_at_hand, lenet, load_data
from lenet_helpers.models import lenet_like
from lenet_helpers.sweeps import experiments, sweep
from lenet_helpers.training import train
from tests.conftest import NOTEBOOKS, cells_of

WOULD_TRAIN = "a stored result is missing: the lesson would train here"


class Lesson(dict):
    """The variables of a lesson's kernel. Runs its cells, and keeps what they display."""

    def __init__(self, notebook: str) -> None:
        super().__init__(torch=torch, nn=nn, Path=Path, pandas=pandas, full=False, sweep=sweep)
        self.shown: list[str] = []
        self["display"] = lambda thing: self.shown.append(getattr(thing, "data", str(thing)))
        self.cells = cells_of(notebook)
        self.run("network", "check", "stored")

    def run(self, *cells: str, **answers: str) -> str:
        """Run cells with other right-hand sides for some names; the HTML the last one ends in."""
        for cell in cells:
            source = self.cells[cell]
            for name, value in answers.items():
                source, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", source)
                assert found == 1, f"{cell} has no line for {name}"
            *body, last = ast.parse(source).body
            if not isinstance(last, ast.Expr):
                body, last = [*body, last], ast.parse("''").body[0]
            exec(compile(ast.Module(body, []), cell, "exec"), self)
            value = eval(compile(ast.Expression(last.value), cell, "eval"), self)
        return getattr(value, "data", str(value))


@pytest.fixture
def in_notebooks(monkeypatch):
    """The folder of the notebooks, in which nothing is trained."""

    monkeypatch.chdir(NOTEBOOKS)
    monkeypatch.setattr(experiments, "train", lambda *_, **__: pytest.fail(WOULD_TRAIN))


@pytest.fixture
def lesson(in_notebooks) -> Lesson:
    lesson = Lesson("10_experiments")
    lesson["table"] = pandas.DataFrame(
        {"pooling": ["max"] * 2 + ["average"] * 2, "seed": [0, 1] * 2, "test_acc": [3, 4, 1, 2]}
    )
    assert lesson.run("paired") == "('+2.000 ± 0.000', True)"
    return lesson


@pytest.fixture
def plateau(in_notebooks) -> Lesson:
    return Lesson("11_plateau")


def right(answer: str) -> bool:
    """Whether the notebook says so; a wrong answer must come with a hint in both languages."""
    if answer == "✓":
        return True
    assert answer.startswith("✗ ") and re.search("[一-鿿]", answer)
    assert re.search('lang="en">[^<]{15,}', answer), answer
    return False


# What the notebooks define


@pytest.mark.parametrize(
    "settings",
    [{}, dict(activation="tanh", pooling="max", kernel_size=3, channels=(4, 5), hidden=())],
)
def test_network_of_the_notebooks_is_that_of_the_package(lesson, plateau, settings):
    X, results = torch.rand(2, 1, 28, 28), []
    for build in (lenet_like, lesson["lenet_like"], plateau["lenet_like"]):
        torch.manual_seed(0)
        results.append(build(**settings)(X))
    assert torch.equal(results[0], results[1]) and torch.equal(results[0], results[2])


def test_stored_never_trains_when_its_file_is_not_there(lesson, plateau, tmp_path):
    for kernel in (lesson, plateau):
        kernel["results"] = tmp_path
        with pytest.raises(FileNotFoundError, match="folder notebooks"):
            kernel["stored"]("10_activation", lr=[0.1])


def test_full_run_starts_anew_in_a_folder_of_its_own(lesson, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    lesson["full"] = True
    lesson.run("stored")
    with pytest.raises(pytest.fail.Exception, match=WOULD_TRAIN):
        lesson["stored"]("10_activation", dataset=["digits"])
    assert Path("results/again/10_activation.jsonl").is_file()


def test_split_keeps_a_sixth_aside(lesson):
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
        lesson["enter"](name, lenet("relu"), digits[1])
    board = pandas.read_csv(lesson["board_file"])
    assert board[["name", "parameters", "data"]].values.tolist() == [
        ["Ada", 61_706, "digits"], ["图灵", 61_706, "digits"],
    ]  # fmt: skip


# Answers


@pytest.mark.parametrize(
    ("sizes", "is_right", "hint"),
    [
        ({"kernel_size": 3, "channels": (6, 16), "hidden": (84,)}, True, ""),
        ({"kernel_size": 3, "channels": (6, 16), "hidden": (120, 84)}, False, "36 ×"),
        ({"kernel_size": 3, "channels": (6, 16), "hidden": ()}, False, "hidden"),
        ({"kernel_size": 5, "channels": (3, 8), "hidden": (84,)}, False, "Keep 3×3"),
    ],
)
def test_exercise_with_sizes(lesson, sizes, is_right, hint):
    answer = lesson.run("exercise-2", my_sizes=repr(sizes))
    assert right(answer) is is_right
    assert hint in answer


def test_every_prediction_has_one_right_answer(lesson, plateau):
    """Answered with each choice in turn: the notebook accepts exactly one of them."""
    lesson.run("activation-sweep", "predict-shape", "shape-sweep", "predict-epochs")
    lesson.run("predict-mnist", "mnist")
    plateau.run("ends-sweep")
    acts = ["'sigmoid'", "'tanh'", "'relu'"]
    ends = ["'standardised'", "'default init'", "'normal 0.01'"]
    shapes = map(repr, lesson["changes"])
    for where, ask, name, choices, reply, first in [
        (lesson, "predict-kernel", "kernel_guess", ["'more'", "'fewer'"], "predict-kernel", False),
        (lesson, "predict-activation", "stuck_guess", acts, "activation-check", True),
        (lesson, "predict-activation", "best_guess", acts, "activation-check", False),
        (lesson, "predict-shape", "shape_guess", shapes, "shape-check", False),
        (lesson, "predict-mnist", "first_guess", ["'mnist'", "'fashion_mnist'"], "mnist", False),
        (plateau, "predict-ends", "shorter_guess", ends, "ends-check", True),
        (plateau, "predict-ends", "stuck_number", "0123", "ends-check", False),
    ]:  # fmt: skip
        accepted = []
        for choice in choices:
            where.shown.clear()
            answer = where.run(ask, **{name: choice})
            answer = answer if ask == reply else where.run(reply)
            accepted.append(right(where.shown[0] if first else answer))
        assert accepted.count(True) == 1, f"{name}: {accepted}"


# Results


def test_our_entry_passes_and_the_others_are_told_honestly(lesson):
    lesson.run("activation-sweep", "predict-epochs", "references")
    lesson["board_file"] = Path("there is none.csv")
    lesson.run("leaderboard")
    board = lesson["board"].set_index("name")
    passed = {name: row["passed"] == "✓" for name, row in board.iterrows()}
    assert passed.pop("our entry, seed 0")
    assert board.loc["our entry, seed 0", "parameters"] == 41_866
    assert passed.pop("first try, seed 0")
    assert set(passed.values()) == {False} and len(passed) == 5


def test_stored_results_are_what_the_same_settings_give_today(lesson, real_places, monkeypatch):
    """Of the first fifth of an epoch: 47 batches."""
    if not datasets_at_hand()["fashion_mnist"]:
        pytest.skip("Fashion-MNIST is not at hand")

    def begun(*arguments, **options):
        first = next(train(*arguments, **options))
        return [first, replace(first, test_acc=0.0)]

    lesson.run("predict-shape", "shape-sweep")
    settings = {name: values[0] for name, values in lesson["base"].items()}
    stored = lesson["stored"]("10_shape", **lesson["base"] | {"seed": [0]})["losses"][0]
    monkeypatch.setattr(experiments, "train", begun)
    # another CPU may round otherwise, and training magnifies that
    assert experiments.train_lenet(**settings)["losses"] == pytest.approx(stored[:1], rel=0.02)
