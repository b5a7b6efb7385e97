"""A sweep: every combination once, wherever it runs, and nothing that had finished is lost."""

import json
import multiprocessing
import os
import re
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lenet_helpers import DivergedError, SettingError
from lenet_helpers.sweeps import grid as sweep_grid
from lenet_helpers.sweeps.experiments import INITS, train_lenet
from lenet_helpers.sweeps.file import SweepFileError
from lenet_helpers.sweeps.grid import ExecutorError, sweep

GRID = {"a": [1, 2], "b": ["x", "y", "z"]}


class Job:
    """Counts its calls; stops where it is told to."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.calls, self.interrupt_at = [], interrupt_at

    def __call__(self, a: int, b: str) -> dict:
        if len(self.calls) == self.interrupt_at:
            raise KeyboardInterrupt
        self.calls.append((a, b))
        return {"product": b * a, "sum": a + 0.5}


def fragile(a: int) -> dict:
    """Diverges at 2, has a mistake at 3, ends its process at 9 as for want of memory."""
    if a == 2:
        raise DivergedError("损失是 nan", "The loss is nan")
    if a == 9:
        os._exit(1)
    return {"value": 6 / (3 - a)}


def both_languages(error: pytest.ExceptionInfo) -> str:
    assert re.search("[一-鿿]", error.value.words.zh)
    assert not re.search("[一-鿿]", error.value.words.en)
    return str(error.value)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new folder" / "file.jsonl"


# The grid and the table


def test_every_combination_is_a_row_with_the_last_setting_changing_fastest():
    job = Job()
    table = sweep(GRID, job)
    assert list(table) == ["a", "b", "product", "sum", "error"]
    assert job.calls == [(a, b) for a in (1, 2) for b in "xyz"]
    assert table["product"].tolist() == ["x", "y", "z", "xx", "yy", "zz"]
    assert (table["error"] == "").all()


def test_ranges_arrays_and_tuples_are_values_too():
    grid = {"a": np.arange(2), "b": np.array([0.5, 1.5]), "c": [(6, 16)]}
    table = sweep(grid, lambda a, b, c: {"result": a + b + c[1]})
    assert table["result"].tolist() == [16.5, 17.5, 17.5, 18.5]
    assert table["c"].tolist() == [(6, 16)] * 4


@pytest.mark.parametrize(
    ("grid", "named"),
    [
        ({}, "at least one"),
        ({"a": []}, "non-empty"),
        ({"a": [1, 1]}, "once"),
        ({"a": "relu"}, "'relu'"),
        ({"a": 3}, "got 3"),
        ({"a": [torch.nn.ReLU]}, "no form in JSON"),
        ({"a": [1], "b": [1], "c": [1]}, "'c'"),
        ({"a": [1]}, "'b'"),
    ],
)
def test_grid_that_cannot_be_run_is_explained_before_the_first_run(grid, named, file):
    job = Job()
    with pytest.raises(SettingError) as error:
        sweep(grid, job, file=file)
    assert named in both_languages(error)
    assert job.calls == [] and not file.exists()


# Failures


def test_failed_combination_is_a_row_with_its_reason_and_only_those_of_the_settings_are_kept(file):
    grid, calls = {"a": [1, 2, 3, 4]}, []

    def counted(a: int) -> dict:
        calls.append(a)
        return fragile(a)

    first, table = sweep(grid, counted, file=file), sweep(grid, counted, file=file)
    assert calls == [1, 2, 3, 4, 3] and first.equals(table)
    np.testing.assert_array_equal(table["value"], [3, np.nan, np.nan, -6])
    assert table["error"].tolist() == [
        "", "DivergedError: The loss is nan", "ZeroDivisionError: division by zero", "",
    ]  # fmt: skip
    with ThreadPoolExecutor(2) as executor:
        assert sweep(grid, fragile, executor=executor).equals(table)
    results = {1: {"net": torch.nn.ReLU()}, 2: None}
    table = sweep({"a": [1, 2]}, lambda a: results[a])
    assert table["error"][0] == "TypeError: ReLU has no form in JSON"
    assert table["error"][1].startswith("TypeError: 'NoneType'")


# The file


def test_file_is_plain_json_lines_and_a_second_call_only_reads_it(file):
    job, grid = Job(), {"a": [1], "b": ["汉"]}
    first = sweep(grid, job, file=file)
    header, row = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert header == {"sweep": "tests.test_sweep.Job", "settings": ["a", "b"]}
    result = {"product": "汉", "sum": 1.5}
    assert row == {"settings": {"a": 1, "b": "汉"}, "result": result, "error": ""}
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert first.equals(sweep(grid, job, file=file))
    assert len(job.calls) == 1
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_larger_grid_runs_what_is_new_and_the_bar_counts_it_smaller_one_nothing(file, capsys):
    job = Job()
    sweep({"a": [1], "b": ["x", "y"]}, job, file=file)
    assert "2/2" in capsys.readouterr().err
    assert len(sweep(GRID, job, file=file)) == 6
    assert "33%" in (shown := capsys.readouterr().err) and "6/6" in shown
    assert job.calls == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]
    assert sweep({"b": ["z"], "a": [2]}, job, file=file)["product"].tolist() == ["zz"]
    assert len(job.calls) == 6 and capsys.readouterr().err == ""


def test_file_cut_anywhere_by_a_crash_is_tolerated(file):
    """Whatever byte was the last to reach the disk, the sweep ends with the same table and file."""
    whole = sweep(GRID, Job(), file=file)
    content = file.read_bytes()
    first_line = content.index(b"\n") + 1
    for cut in (0, 7, first_line - 1, first_line, first_line + 9, len(content) - 1, len(content)):
        file.write_bytes(content[:cut])
        job = Job()
        assert sweep(GRID, job, file=file).equals(whole)
        assert len(job.calls) == 6 - content.count(b"\n", first_line, max(cut, first_line))
        assert file.read_bytes() == content


HEADER = b'{"sweep": "tests.test_sweep.Job", "settings": ["a", "b"]}\n'
FOREIGN = [
    b"lr,acc\n0.1,0.8\n", b"half a line", b"\n", b"[]\n", b'{"sweep": 1}\n', b"\xff\xfe\x00\n",
]  # fmt: skip
DAMAGED = [HEADER + row for row in (b'{"settings": {"a": 1\n', b'{"a": 1}\n', b"7\n7\n")]


@pytest.mark.parametrize(
    ("content", "line"), [*((each, 1) for each in FOREIGN), *((each, 2) for each in DAMAGED)]
)
def test_foreign_or_damaged_file_is_refused_and_left_as_it_is(file, content, line):
    file.parent.mkdir()
    file.write_bytes(content)
    job = Job()
    with pytest.raises(SweepFileError) as error:
        sweep(GRID, job, file=file)
    assert f"Line {line}" in both_languages(error) and file.name in str(error.value)
    assert file.read_bytes() == content and job.calls == []


def test_file_of_another_job_or_that_cannot_be_written_is_refused_before_the_first_run(file):
    sweep({"a": [1]}, fragile, file=file)
    content, job = file.read_bytes(), Job()
    with pytest.raises(SweepFileError) as error:
        sweep(GRID, job, file=file)
    assert "fragile ['a']" in both_languages(error) and "Job ['a', 'b']" in str(error.value)
    assert file.read_bytes() == content
    with pytest.raises(OSError):
        sweep(GRID, job, file=file / "a file is no folder")
    assert job.calls == []


# Executors


def test_worker_processes_give_the_same_table_and_what_stops_them_is_explained(file):
    context = multiprocessing.get_context("spawn")  # what Windows and macOS do
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        table = sweep({"a": [1, 2]}, fragile, executor=executor, file=file)
        with pytest.raises(ExecutorError) as error:
            sweep({"a": [1]}, lambda a: {}, executor=executor)  # which a worker cannot see
        assert "module" in both_languages(error)
        with pytest.raises(ExecutorError, match="BrokenProcessPool"):
            sweep({"a": [9]}, fragile, executor=executor)
    assert table.equals(sweep({"a": [1, 2]}, fragile, file=file))


def test_dask_runs_the_jobs_on_its_workers():
    distributed = pytest.importorskip("distributed")
    here = threading.get_ident()

    def job(a: int) -> dict:
        return {"double": 2 * a, "elsewhere": threading.get_ident() != here}

    with distributed.Client(processes=False, n_workers=2, dashboard_address=":0") as client:
        table = sweep({"a": range(4)}, job, executor=client.get_executor())
    assert table["double"].tolist() == [0, 2, 4, 6] and table["elsewhere"].all()


def test_interrupt_cancels_what_waits_in_the_executor(monkeypatch):
    started, go_on = [], threading.Event()

    def job(seed: int) -> dict:
        started.append(seed)
        assert seed == 0 or go_on.wait(60)
        return {}

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep_grid, "_bar", lambda *_: nullcontext(interrupt))
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(KeyboardInterrupt):
            sweep({"seed": range(50)}, job, executor=executor)
        go_on.set()
    assert len(started) <= 2


def test_in_a_notebook_one_line_of_words_takes_the_place_of_the_bar(monkeypatch, file, capsys):
    shown = []
    handle = SimpleNamespace(update=lambda thing: shown.append(thing.data))
    monkeypatch.setattr(sweep_grid, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr(
        sweep_grid, "display", lambda thing, display_id: shown.append(thing) or handle
    )
    with pytest.raises(KeyboardInterrupt):
        sweep(GRID, Job(interrupt_at=2), file=file)
    bar, words = shown
    assert bar.children[1].max == 6 and bar.children[1].value == 2
    assert '<span lang="zh">共 6 组设置' in words and "4 still to be run" in words
    sweep(GRID, Job(), file=file)
    assert "6 combinations: 2 taken from the file, 4 run just now." in shown[-1]
    sweep(GRID, Job(), file=file)
    assert len(shown) == 4  # nothing to wait for, nothing to show
    assert capsys.readouterr() == ("", "")


# The default job


def test_job_follows_its_seed_and_initialisation_and_leaves_torch_as_it_was():
    grid = {
        "dataset": ["digits"], "init": list(INITS), "seed": [0, 1],
        "channels": [(2,)], "hidden": [()], "lr": [1e-9], "epochs": [1],
    }  # fmt: skip
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    torch.set_num_threads(2)
    try:
        table = sweep(grid)
        with ThreadPoolExecutor(2) as executor:
            assert sweep(grid, executor=executor).equals(table)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert torch.rand(1) == expected
    assert table["loss"].nunique() == 6
    with pytest.raises(SettingError, match="xavier, default, normal"):
        train_lenet(init="orthogonal")


def test_job_reports_each_epoch():
    small = dict(dataset="digits", channels=(2,), hidden=(), epochs=2)
    result = train_lenet(activation="relu", lr=0.1, **small)
    assert result["parameters"] == 3_982
    assert len(result["losses"]) == 10 and len(result["test_accs"]) == 2
    assert result["test_acc"] == result["test_accs"][-1]
    assert result["loss"] == result["losses"][-1] < result["losses"][0]
