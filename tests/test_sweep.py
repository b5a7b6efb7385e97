"""A sweep: every combination once, wherever it runs, and nothing that had finished is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lenet_helpers import DivergedError, SettingError, Words, lenet
from lenet_helpers.sweeps import progress as sweep_progress
from lenet_helpers.sweeps.experiments import INITS, lenet_like, train_lenet
from lenet_helpers.sweeps.file import SweepFile, SweepFileError
from lenet_helpers.sweeps.grid import ExecutorError, sweep

GRID = {"a": [1, 2], "b": ["x", "y", "z"]}
DIGITS = {
    "dataset": ["digits"],
    "activation": ["relu"],
    "standardize": [True],
    "batch_size": [64],
    "lr": [0.05],
    "epochs": [1],
    "seed": [0, 1],
}


class Job:
    """Counts its calls; stops or fails where it is told to."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.calls, self.interrupt_at = [], interrupt_at

    def __call__(self, a: int, b: str) -> dict:
        if len(self.calls) == self.interrupt_at:
            raise KeyboardInterrupt
        self.calls.append((a, b))
        return {"product": b * a, "sum": a + 0.5}


def fragile(a: int) -> dict:
    """Diverges at 2, has a mistake at 3."""
    if a == 2:
        raise DivergedError("损失是 nan", "The loss is nan")
    return {"value": 6 / (3 - a)}


def die(seed: int) -> dict:
    """Ends its process, as a worker does that runs out of memory."""
    os._exit(1)


def both_languages(error: pytest.ExceptionInfo) -> str:
    text = str(error.value)
    assert re.search("[一-鿿]", error.value.words.zh)
    assert not re.search("[一-鿿]", error.value.words.en)
    return text


# The grid and the table


def test_every_combination_is_a_row_in_the_order_of_the_grid():
    job = Job()
    table = sweep(GRID, job)
    assert list(table) == ["a", "b", "product", "sum", "error"]
    assert job.calls == [(a, b) for a in (1, 2) for b in "xyz"]
    assert table["product"].tolist() == ["x", "y", "z", "xx", "yy", "zz"]
    assert (table["error"] == "").all()


def test_ranges_arrays_and_tuples_are_values_too():
    table = sweep(
        {"a": np.arange(2), "b": np.array([0.5, 1.5]), "c": [(6, 16)]},
        lambda a, b, c: {"result": a + b + c[1]},
    )
    assert table["result"].tolist() == [16.5, 17.5, 17.5, 18.5]
    assert table["c"].tolist() == [(6, 16)] * 4


@pytest.mark.parametrize(
    ("grid", "named"),
    [
        ({}, "empty"),
        ({"a": []}, "a needs a list"),
        ({"a": [1, 1]}, "each of them once"),
        ({"a": "relu"}, "'relu'"),
        ({"a": 3}, "a cannot be used"),
        ({"a": [torch.nn.ReLU]}, "a cannot be used"),
        ({"a": [1], "b": [1], "c": [1]}, "'c'"),
        ({"a": [1]}, "'b'"),
    ],
)
def test_grid_that_cannot_be_run_is_explained_before_the_first_run(grid, named, tmp_path):
    job = Job()
    with pytest.raises(SettingError) as error:
        sweep(grid, job, file=tmp_path / "file.jsonl")
    assert named in both_languages(error)
    assert job.calls == []
    assert not (tmp_path / "file.jsonl").exists()


# Failures


def test_failed_combination_is_a_row_with_its_reason():
    table = sweep({"a": [1, 2, 3, 4]}, fragile)
    assert table["value"].tolist()[::3] == [3, -6]
    assert np.isnan(table["value"][1]) and np.isnan(table["value"][2])
    assert table["error"].tolist() == [
        "", "DivergedError: The loss is nan", "ZeroDivisionError: division by zero", "",
    ]  # fmt: skip


def test_only_failures_that_come_from_the_settings_are_kept(tmp_path):
    file, calls = tmp_path / "file.jsonl", []

    def counted(a: int) -> dict:
        calls.append(a)
        return fragile(a)

    first = sweep({"a": [1, 2, 3]}, counted, file=file)
    second = sweep({"a": [1, 2, 3]}, counted, file=file)
    assert calls == [1, 2, 3, 3]
    assert first.equals(second)


def test_result_that_json_cannot_hold_is_a_failure():
    table = sweep({"a": [1]}, lambda a: {"net": torch.nn.ReLU()})
    assert table["error"][0] == "TypeError: ReLU has no form in JSON"


# The file


def test_second_call_runs_nothing_and_gives_the_same_table(tmp_path):
    file, job = tmp_path / "new folder" / "file.jsonl", Job()
    first = sweep(GRID, job, file=file)
    before = file.read_bytes(), file.stat().st_mtime_ns
    second = sweep(GRID, job, file=file)
    assert len(job.calls) == 6
    assert first.equals(second)
    assert list(first) == list(second)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_larger_grid_runs_only_what_is_new_and_smaller_one_nothing(tmp_path):
    file, job = tmp_path / "file.jsonl", Job()
    sweep({"a": [1], "b": ["x"]}, job, file=file)
    assert len(sweep(GRID, job, file=file)) == 6
    assert sorted(job.calls) == [(a, b) for a in (1, 2) for b in "xyz"]
    assert sweep({"b": ["z"], "a": [2]}, job, file=file)["product"].tolist() == ["zz"]
    assert len(job.calls) == 6


@pytest.mark.parametrize("finished", range(7))
def test_interrupted_sweep_keeps_what_has_finished_and_goes_on_from_there(tmp_path, finished):
    file = tmp_path / "file.jsonl"
    if finished < 6:
        with pytest.raises(KeyboardInterrupt):
            sweep(GRID, Job(interrupt_at=finished), file=file)
    else:
        sweep(GRID, Job(), file=file)
    job = Job()
    assert sweep(GRID, job, file=file).equals(sweep(GRID, Job()))
    assert len(job.calls) == 6 - finished


def test_file_cut_anywhere_by_a_crash_is_tolerated(tmp_path):
    """Whatever byte was the last to reach the disk, the sweep ends with the same table and file."""
    file = tmp_path / "file.jsonl"
    whole = sweep(GRID, Job(), file=file)
    content = file.read_bytes()
    first_line = content.index(b"\n") + 1
    for cut in range(0, len(content), 7):
        file.write_bytes(content[:cut])
        job = Job()
        assert sweep(GRID, job, file=file).equals(whole)
        assert len(job.calls) == 6 - content.count(b"\n", first_line, max(cut, first_line))
        assert file.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b"lr,acc\n0.1,0.8\n",
        b"half a line of something else",
        b"\n",
        b"[]\n",
        b'{"sweep": 1}\n',
        b"\xff\xfe\x00\n",
        b"\x89PNG\r\n",
    ],
)
def test_foreign_file_is_refused_and_left_as_it_is(tmp_path, content):
    file, job = tmp_path / "notes.txt", Job()
    file.write_bytes(content)
    with pytest.raises(SweepFileError) as error:
        sweep(GRID, job, file=file)
    assert "Line 1" in both_languages(error) and "notes.txt" in str(error.value)
    assert file.read_bytes() == content
    assert job.calls == []


def test_damaged_line_in_the_middle_is_named(tmp_path):
    file = tmp_path / "file.jsonl"
    sweep(GRID, Job(), file=file)
    lines = file.read_text().splitlines(keepends=True)
    for bad in ('{"settings": {"a": 1\n', '{"a": 1}\n', "7\n"):
        file.write_text("".join([*lines[:3], bad, *lines[4:]]))
        with pytest.raises(SweepFileError, match="Line 4"):
            sweep(GRID, Job(), file=file)


def test_file_of_other_settings_or_of_another_job_is_refused(tmp_path):
    file = tmp_path / "file.jsonl"
    sweep({"a": [1]}, fragile, file=file)
    content = file.read_bytes()
    with pytest.raises(SweepFileError) as error:
        sweep({"a": [1], "b": ["x"]}, Job(), file=file)
    assert "fragile(a)" in both_languages(error) and "Job(a, b)" in str(error.value)
    with pytest.raises(SweepFileError, match="another sweep"):
        sweep({"seed": [1]}, die, file=file)
    assert file.read_bytes() == content


def test_file_that_cannot_be_written_is_found_before_the_first_run(tmp_path):
    job, folder = Job(), tmp_path / "a file, no folder"
    folder.write_text("")
    with pytest.raises(OSError):
        sweep(GRID, job, file=folder / "file.jsonl")
    assert job.calls == []


def test_file_is_plain_json_lines(tmp_path):
    file = tmp_path / "file.jsonl"
    sweep({"a": [1], "b": ["汉"]}, Job(), file=file)
    header, row = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert header == {"sweep": "tests.test_sweep.Job", "settings": ["a", "b"]}
    assert row == {
        "settings": {"a": 1, "b": "汉"}, "result": {"product": "汉", "sum": 1.5}, "error": "",
    }  # fmt: skip
    assert SweepFile(file, Job(), ["b", "a"]).read().keys() == {'[["a", 1], ["b", "汉"]]'}


# Executors


@pytest.fixture(scope="module")
def in_this_process():
    return sweep(DIGITS)


def test_worker_processes_give_the_same_numbers(in_this_process, tmp_path):
    file = tmp_path / "file.jsonl"
    context = multiprocessing.get_context("spawn")  # what Windows and macOS do
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        table = sweep(DIGITS, executor=executor, file=file)
    assert table.equals(in_this_process)
    assert sweep(DIGITS, file=file).equals(in_this_process)


def test_threads_give_the_same_numbers_and_leave_torch_as_it_was(in_this_process):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    torch.set_num_threads(2)
    try:
        with ThreadPoolExecutor(2) as executor:
            assert sweep(DIGITS, executor=executor).equals(in_this_process)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert torch.rand(1) == expected


def test_dask_cluster_of_two_workers_gives_the_same_numbers(in_this_process, tmp_path):
    distributed = pytest.importorskip("distributed")

    def where(seed: int) -> dict:
        time.sleep(0.2)
        return {"process": os.getpid()}

    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        table = sweep(DIGITS, executor=executor, file=tmp_path / "file.jsonl")
        processes = set(sweep({"seed": range(6)}, where, executor=executor)["process"])
    assert table.equals(in_this_process)
    assert len(processes) == 2 and os.getpid() not in processes
    assert sweep(DIGITS, file=tmp_path / "file.jsonl").equals(in_this_process)


def test_failures_in_workers_are_rows_too():
    with ThreadPoolExecutor(2) as executor:
        table = sweep({"a": [1, 2, 3, 4]}, fragile, executor=executor)
    assert table.equals(sweep({"a": [1, 2, 3, 4]}, fragile))


def test_job_that_workers_cannot_see_is_explained():
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=context) as executor,
        pytest.raises(ExecutorError) as error,
    ):
        sweep({"a": [1]}, lambda a: {}, executor=executor)
    assert "module" in both_languages(error)


def test_lost_worker_is_explained():
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=context) as executor,
        pytest.raises(ExecutorError) as error,
    ):
        sweep({"seed": [1]}, die, executor=executor)
    assert "BrokenProcessPool" in both_languages(error)


def test_interrupt_cancels_what_waits_in_the_executor(tmp_path, monkeypatch):
    started = []

    def slow(seed: int) -> dict:
        started.append(seed)
        time.sleep(0.05)
        return {}

    def interrupt(*_: object) -> None:
        if len(started) >= 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(SweepFile, "append", interrupt)
    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyboardInterrupt):
        sweep({"seed": range(50)}, slow, executor=executor, file=tmp_path / "file.jsonl")
    assert len(started) < 5


# The bar


def test_bar_counts_what_is_missing(capsys, tmp_path):
    file = tmp_path / "file.jsonl"
    sweep({"a": [1], "b": ["x", "y"]}, Job(), file=file)
    assert "2/2" in capsys.readouterr().err
    sweep(GRID, Job(), file=file)
    assert "33%" in (shown := capsys.readouterr().err) and "6/6" in shown
    sweep(GRID, Job(), file=file)
    assert capsys.readouterr().err == ""


@pytest.fixture
def notebook(monkeypatch) -> list:
    """As in a notebook; what the cell shows, first and then in its place."""
    shown = []
    handle = SimpleNamespace(update=lambda thing: shown.append(thing.data))
    monkeypatch.setattr(sweep_progress, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr(
        sweep_progress, "display", lambda thing, display_id: shown.append(thing) or handle
    )
    return shown


def test_in_a_notebook_one_line_of_words_takes_the_place_of_the_bar(notebook, tmp_path, capsys):
    file = tmp_path / "file.jsonl"
    with pytest.raises(KeyboardInterrupt):
        sweep(GRID, Job(interrupt_at=2), file=file)
    bar, words = notebook
    assert bar.children[1].max == 6 and bar.children[1].value == 2
    assert '<span lang="zh">共 6 组设置' in words and "4 still to be run" in words
    sweep(GRID, Job(), file=file)
    assert "6 combinations: 2 taken from the file, 4 run just now." in notebook[-1]
    assert len(notebook) == 4
    sweep(GRID, Job(), file=file)
    assert len(notebook) == 4  # nothing to wait for, nothing to show
    assert capsys.readouterr() == ("", "")


def test_import_loads_neither_pandas_nor_dask():
    code = (
        "import lenet_helpers.sweeps.grid, sys; print({'pandas', 'distributed'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_words_that_take_the_place_of_the_bar():
    words = sweep_progress._what_was_done(6, from_file=2, now=4)
    assert words == Words(
        "共 6 组设置：2 组的结果取自文件，4 组是刚才运行的。",
        "6 combinations: 2 taken from the file, 4 run just now.",
    )
    assert "3 still to be run" in sweep_progress._what_was_done(6, from_file=2, now=1).en


# The default job


def test_lenet_like_is_lenet_unless_told_otherwise():
    shapes = [p.shape for p in lenet("tanh", "max").parameters()]
    net = lenet_like("tanh", "max")
    assert [p.shape for p in net.parameters()] == shapes
    assert [type(layer) for layer in net] == [type(layer) for layer in lenet("tanh", "max")]
    torch.manual_seed(0)
    net = lenet_like()
    torch.manual_seed(0)
    X = torch.rand(2, 1, 28, 28)
    torch.manual_seed(0)
    assert torch.equal(net(X), lenet()(X))


@pytest.mark.parametrize(
    ("sizes", "parameters"),
    [
        ({"kernel_size": 3}, 60 + 880 + (16 * 36 + 1) * 120 + 10164 + 850),
        ({"channels": (4,)}, 104 + (4 * 196 + 1) * 120 + 10164 + 850),
        ({"hidden": ()}, 156 + 2416 + 4010),
        ({"channels": (2, 3, 4), "kernel_size": 3, "hidden": (5,)}, 20 + 57 + 112 + 85 + 60),
    ],
)
def test_other_sizes_fit_together(sizes, parameters):
    net = lenet_like(**sizes)
    assert net(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    assert sum(p.numel() for p in net.parameters()) == parameters


@pytest.mark.parametrize(
    "bad",
    [
        {"activation": "swish"},
        {"pooling": "median"},
        {"kernel_size": 4},
        {"kernel_size": 0},
        {"channels": ()},
        {"channels": (6, 0)},
        {"channels": (6, 16, 32)},
        {"hidden": (0,)},
        {"kernel_size": 17},
    ],
)
def test_network_that_cannot_be_built_is_explained(bad):
    with pytest.raises(SettingError) as error:
        lenet_like(**bad)
    both_languages(error)


def test_job_reports_each_epoch_and_learns():
    result = train_lenet(dataset="digits", activation="relu", lr=0.05, batch_size=16, epochs=6)
    assert result["parameters"] == 61_706
    assert len(result["losses"]) == 30 and len(result["test_accs"]) == 6
    assert result["test_acc"] == result["test_accs"][-1] > 0.8
    assert result["loss"] == result["losses"][-1] < 1


def test_initialisations_differ_and_follow_the_seed():
    def first_loss(init: str, seed: int) -> float:
        return train_lenet(dataset="digits", init=init, seed=seed, epochs=1, lr=1e-9)["losses"][0]

    losses = [first_loss(init, seed) for init in INITS for seed in (0, 1)]
    assert len(set(losses)) == 6
    assert losses == [first_loss(init, seed) for init in INITS for seed in (0, 1)]
    with pytest.raises(SettingError, match="xavier, default, normal"):
        first_loss("orthogonal", 0)
