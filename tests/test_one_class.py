"""The class hour: its two functions are the book's, statement by statement, and it stays small."""

import ast
import inspect

import pytest
from d2l import torch as d2l

from tests.lessons import LESSONS, ONE_CLASS

LESSON = LESSONS[ONE_CLASS]


def statements(source: str) -> str:
    """The only function of a source, without docstring and comments."""
    (function,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    if ast.get_docstring(function) is not None:
        del function.body[0]
    return ast.unparse(function)


@pytest.mark.parametrize(
    "cell, books, changes",
    [
        ("evaluate-accuracy", d2l.evaluate_accuracy_gpu, {}),
        ("train-loop", d2l.train_ch6,
         {"d2l.Animator(": "LiveAnimator(", "xlim=[1, num_epochs]": "xlim=[0, num_epochs]"}),
    ],
)  # fmt: skip
def test_function_is_the_books_but_for_what_the_text_says(cell, books, changes):
    wanted = statements(inspect.getsource(books))
    for before, after in changes.items():
        assert before in wanted
        wanted = wanted.replace(before, after)
    assert statements(LESSON.cell(cell).source) == wanted


def test_it_is_a_class_hour_and_needs_six_names_at_most():
    assert len(LESSON.cells) <= 60
    imported = {
        alias.name
        for cell in LESSON.codes
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("lenet_helpers")
        for alias in node.names
    }
    assert len(imported) <= 6


def test_too_few_batches_are_refused_in_both_languages():
    with pytest.raises(ValueError, match="批量.*batches"):
        exec(LESSON.cell("run").source, {"train_iter": [None] * 4})
