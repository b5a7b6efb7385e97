"""The results of the long runs: how they are read, compared with the paper, and made."""

import json
from pathlib import Path

import pandas
import pytest
import torch

from lenet_helpers import LessonError, load_data
from lenet_helpers.paper1998.results import (
    DOUBTFUL_LABELS,
    FULL_SIZE,
    PAPER_ROWS,
    compare,
    read_runs,
)

FILE = Path(__file__).parents[1] / "notebooks" / "results" / "12_runs.jsonl"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
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


# Comparing


def test_table_has_the_mean_its_spread_and_the_difference():
    table = compare(
        pandas.DataFrame(
            [("lenet5", 60_000, 0.9), ("lenet5", 60_000, 1.1), ("lenet5", 15_000, 5.0),
             ("knn", 60_000, 3.0)],
            columns=["method", "train_size", "test_error"],
        )
    )  # fmt: skip
    rows = {str(title.en): [str(cell) for cell in row] for title, *row, _ in table.rows}
    assert len(rows) == len(PAPER_ROWS)
    assert rows["LeNet-4"] == ["1.10", "没有运行 / not run", ""]
    assert rows["LeNet-5"] == ["0.95", "1.00 ± 0.14 (n = 2)", "+0.05"]
    assert rows["K nearest neighbours, Euclidean"] == ["5.00", "3.00", "−2.00"]
    assert rows["Linear classifier"] == ["12.00", "没有运行 / not run", ""]


def test_missing_file_is_explained(tmp_path):
    with pytest.raises(LessonError, match="benchmarks/lenet5_1998.py"):
        read_runs(tmp_path / "none.jsonl")


def test_doubtful_labels_are_those_of_mnist(real_places):
    assert len(DOUBTFUL_LABELS) == 15
    try:
        _, test_iter = load_data("mnist", device="cpu")
    except AssertionError:
        pytest.skip("MNIST is not at hand")
    assert test_iter.labels[list(DOUBTFUL_LABELS)].tolist() == list(DOUBTFUL_LABELS.values())


# Making


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
    images, labels = digits[0].images[:200], digits[0].labels[:200]
    answers = benchmark.METHODS[method](images, labels, digits[1].images[:20])
    assert answers.train_predicted.shape == (200,) and answers.test_predicted.shape == (20,)


def test_benchmark_adds_a_line_for_each_run_and_does_not_run_it_again(
    benchmark, monkeypatch, tmp_path, digits
):
    made = []

    def answer_zero(images, labels, test_images):
        made.append(len(images))
        return benchmark.Result(torch.zeros(len(images)), torch.zeros(len(test_images)))

    path = tmp_path / "runs.jsonl"
    monkeypatch.setattr(benchmark, "FULL_SIZE", len(digits[0].labels))
    monkeypatch.setattr(benchmark, "SIZES", (len(digits[0].labels),))
    monkeypatch.setattr(benchmark, "METHODS", {"lenet5": answer_zero, "linear": answer_zero})
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
