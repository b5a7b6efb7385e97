"""The class hour: its two functions are the book's, statement by statement, and it stays small."""

import ast
import inspect
from pathlib import Path

import nbformat
import pytest
from d2l import torch as d2l

LESSON = Path(__file__).parents[1] / "notebooks" / "lenet_in_one_class.ipynb"
SOURCES = {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells
           if cell.cell_type == "code"}  # fmt: skip


def statements(source: str) -> list[str]:
    """Each statement of the only function, without docstring and comments."""
    (function,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    if ast.get_docstring(function) is not None:
        del function.body[0]
    return ast.unparse(function).splitlines()


@pytest.mark.parametrize(
    "cell, books, changes",
    [
        ("evaluate-accuracy", d2l.evaluate_accuracy_gpu, {}),
        ("train-loop", d2l.train_ch6,
         {"d2l.Animator(": "LiveAnimator(", "xlim=[1, num_epochs]": "xlim=[0, num_epochs]"}),
    ],
)  # fmt: skip
def test_function_is_the_books_but_for_what_the_text_says(cell, books, changes):
    wanted = "\n".join(statements(inspect.getsource(books)))
    for before, after in changes.items():
        assert before in wanted
        wanted = wanted.replace(before, after)
    assert statements(SOURCES[cell]) == wanted.splitlines()


def test_it_is_a_class_hour_and_needs_six_names_at_most():
    cells = nbformat.read(LESSON, as_version=4).cells
    assert len(cells) <= 60
    imported = {
        alias.name
        for source in SOURCES.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("lenet_helpers")
        for alias in node.names
    }
    assert len(imported) <= 6


def test_too_few_batches_are_refused_in_both_languages():
    loops = {"train_iter": [None] * 4}
    with pytest.raises(ValueError, match="批量.*batches"):
        exec(SOURCES["run"], loops)
