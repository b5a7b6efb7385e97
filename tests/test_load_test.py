"""The load test of a hub: what it makes of the students' times; a hub itself is tried in CI."""

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[1] / "deploy"


@pytest.fixture
def load_test(monkeypatch):
    monkeypatch.syspath_prepend(DEPLOY)
    return importlib.import_module("load_test")


def test_table_has_a_row_for_each_step_that_was_tried(load_test):
    first, second = load_test.Record("a"), load_test.Record("b")
    first.seconds = [("kernel", 1.0), ("train", 4.0)]
    second.seconds = [("kernel", 3.0)]
    second.failures = [("train", "TimeoutError"), ("stop", "CellError")]
    assert load_test.table([first, second])[2:] == [
        "| kernel | 2 | 1.00 | 3.00 | 3.00 | 0 |",
        "| train | 1 | 4.00 | 4.00 | 4.00 | 1 |",
        "| stop | 0 | – | – | – | 1 |",
    ]


def test_it_runs_the_class_hour_and_knows_its_steps_by_name(load_test):
    names = [name for name, _ in load_test.cells()]
    assert set(load_test.NAMED) < set(names)
    assert names.index("run") < names.index("sliders") < names.index("look-inside")
    assert not any(name.startswith(("exercise", "check")) for name in names)


def test_a_student_whose_hub_is_away_has_a_failure_and_ends(load_test):
    student = load_test.Student("http://127.0.0.1:1", "a", "token", patience=0)
    options = type("Options", (), {"arrival": 0, "pause": 0, "dataset": ""})
    with ThreadPoolExecutor(1) as thread:  # a browser test may have a loop in this one
        thread.submit(asyncio.run, load_test.lesson(student, options, asyncio.Event())).result()
    assert [step for step, _ in student.record.failures] == ["log in"]
    assert student.record.seconds == []
