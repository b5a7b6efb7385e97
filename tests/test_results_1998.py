"""The results of lesson 12's long runs: read, compared with the paper, and made."""

import json
import subprocess
from pathlib import Path

import pandas
import pytest
import torch
from torch import nn

from lenet_helpers import LessonError, Words
from lenet_helpers.paper1998.results import FULL_SIZE, PAPER_ROWS, compare, read_runs
from tests.conftest import NOTEBOOKS, cells_of

FILE = NOTEBOOKS / "results" / "12_runs.jsonl"
CELLS = cells_of("12_lenet5_1998")


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(NOTEBOOKS.parent / "benchmarks")
    import lenet5_1998

    return lenet5_1998


def test_committed_file_holds_every_row_and_reaches_what_the_lesson_set_out_to_reach():
    runs = read_runs(FILE)
    assert not runs.duplicated(["method", "seed", "train_size"]).any()
    full = runs[runs.train_size == FULL_SIZE]
    assert set(full.method) == {row.method for row in PAPER_ROWS if row.method}
    for run in full[full.method.str.startswith("lenet5")].itertuples():
        assert len(run.mistakes) == round(100 * run.test_error)
        assert all(0 <= index < 10_000 and 0 <= answer <= 9 for index, answer in run.mistakes)
    errors = full.groupby("method").test_error
    assert errors.count()[["lenet5", "lenet5_distorted"]].min() >= 5
    assert errors.mean()["lenet5"] <= 0.95
    assert errors.mean()["lenet5_distorted"] <= 0.70


def test_table_has_the_mean_its_spread_and_the_difference():
    runs = [("lenet5", 60_000, 0.9), ("lenet5", 60_000, 1.1), ("lenet5", 15_000, 5.0)]
    names = ["method", "train_size", "test_error"]
    table = compare(pandas.DataFrame([*runs, ("knn", 60_000, 3.0)], columns=names))
    rows = {title.en: [str(cell) for cell in row] for title, *row, _ in table.rows}
    assert len(rows) == len(PAPER_ROWS)
    assert rows["LeNet-4"] == ["1.10", "没有运行 / not run", ""]
    assert rows["LeNet-5"] == ["0.95", "1.00 ± 0.14 (n = 2)", "+0.05"]
    assert rows["K nearest neighbours, Euclidean"] == ["5.00", "3.00", "−2.00"]
    assert rows["Linear classifier"] == ["12.00", "没有运行 / not run", ""]


# In the lesson


@pytest.mark.parametrize("setting", ["", "1"])
def test_long_runs_are_made_again_only_on_demand(monkeypatch, setting):
    calls, names = [], {"Words": Words}
    monkeypatch.chdir(NOTEBOOKS)
    monkeypatch.setenv("LENET_FULL", setting)
    monkeypatch.setattr(subprocess, "run", lambda command, check: calls.append((command, check)))
    exec(CELLS["results"], names)
    assert len(names["runs"]) > 0
    assert len(calls) == len(setting)
    for (_, script, *options), check in calls:
        assert Path(script).is_file()
        assert options == ["--again"] and check


def test_lesson_opened_elsewhere_says_where_it_belongs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LessonError, match=r"folder notebooks; python benchmarks/lenet5_1998\.py"):
        exec(CELLS["results"], {"Words": Words})


@pytest.mark.parametrize(("guess", "verdict"), [("(2416, 241600)", "✓"), ("(1516, 151600)", "✗")])
def test_exercise_1_knows_a_right_guess_from_a_wrong_one(guess, verdict):
    *lines, last = CELLS["exercise-1"].splitlines()
    names = {"nn": nn}
    exec("\n".join(lines).replace("my_guess = ...", f"my_guess = {guess}"), names)
    assert eval(last, names) == verdict


# Made by the benchmark


def test_benchmark_plans_every_row_five_seeds_and_three_sizes_but_no_run_twice(benchmark):
    assert set(benchmark.METHODS) == {row.method for row in PAPER_ROWS if row.method}
    assert benchmark.RESULTS == FILE
    runs = list(benchmark.wanted_runs(list(benchmark.METHODS), 5, benchmark.SIZES))
    assert len(runs) == len(set(runs))
    lenet5 = [run for run in runs if run.method == "lenet5"]
    assert sorted(run.train_size for run in lenet5) == [15_000] * 3 + [30_000] * 3 + [60_000] * 5
    assert [run.seed for run in runs if run.method == "svm"] == [0]


@pytest.mark.parametrize("method", ["linear", "two_layer_300", "lenet1", "lenet5_distorted"])
def test_benchmark_trains_a_method_of_each_kind(benchmark, digits, method):
    images, labels = digits[0].images[:70], digits[0].labels[:70]
    answers = benchmark.METHODS[method](images, labels, digits[1].images[:20])
    assert answers.train_predicted.shape == (70,) and answers.test_predicted.shape == (20,)


def test_benchmark_adds_a_line_for_each_run_and_does_not_run_it_again(
    benchmark, monkeypatch, tmp_path, digits
):
    made = []

    def answer_zero(images, labels, test_images):
        made.append(len(images))
        return benchmark.Result(torch.zeros(len(images)), torch.zeros(len(test_images)))

    path, many = tmp_path / "runs.jsonl", len(digits[0].labels)
    monkeypatch.setattr(benchmark, "FULL_SIZE", many)
    monkeypatch.setattr(benchmark, "SIZES", (many,))
    monkeypatch.setattr(benchmark, "METHODS", dict.fromkeys(("lenet5", "linear"), answer_zero))
    monkeypatch.setattr(benchmark, "load_data", lambda *_, **__: digits)
    monkeypatch.setattr(torch, "set_flush_denormal", lambda on: None)  # it would hold for all tests
    for seeds in ("1", "3"):
        monkeypatch.setattr("sys.argv", ["x", "--seeds", seeds, "--file", str(path)])
        benchmark.main()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["method"], line["seed"]) for line in lines] == [
        ("lenet5", 0), ("linear", 0), ("lenet5", 1), ("lenet5", 2),
    ]  # fmt: skip
    assert len(made) == 4
    wrong = int((digits[1].labels != 0).sum())
    assert lines[0]["test_error"] == pytest.approx(100 * wrong / len(digits[1].labels))
    assert len(lines[0]["mistakes"]) == wrong
    assert lines[1]["mistakes"] == []
