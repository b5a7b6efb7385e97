"""A grid of experiments: every combination of some settings, each run once and written down."""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet_helpers.sweeps.experiments import train_lenet
from lenet_helpers.sweeps.file import Result, SweepFile, in_json, key
from lenet_helpers.sweeps.progress import progress_bar
from lenet_helpers.training import DivergedError
from lenet_helpers.words import LessonError, SettingError

if TYPE_CHECKING:
    import pandas

Job = Callable[..., Mapping[str, Any]]
Settings = dict[str, Any]


class ExecutorError(LessonError):
    """The executor could not run the job, or lost a worker while it did."""


def sweep(
    grid: Mapping[str, Sequence],
    job: Job = train_lenet,
    *,
    executor: Executor | None = None,
    file: str | Path | None = None,
) -> pandas.DataFrame:
    """Run ``job`` once for every combination of settings, with a progress bar.

    A combination that fails, because training diverged or a layer does not fit, becomes a row that
    says why; the others go on. Whatever is finished is in ``file`` at once: after an interruption
    or a crash the same call runs only what is missing, and so does a call with a larger grid.

    Args:
        grid: for each setting the values to try: ``{"lr": [0.1, 0.9], "seed": range(3)}``. Names
            are those of the job's arguments; values are what JSON can hold (tuples count as lists).
        job: called as ``job(lr=0.1, seed=0)``; returns names and values that JSON can hold. For
            worker processes it must stand in a module: they cannot see a notebook's functions.
        executor: who runs the jobs; by default this process does, one after the other. Any
            ``concurrent.futures.Executor`` will do: ``ProcessPoolExecutor()`` for this machine's
            cores, Dask's ``Client.get_executor()`` for a cluster. It is left open.
        file: where results are kept, as JSON lines. By default they are not.

    Returns:
        One row for each combination, in the order of the grid: its settings, what the job
        returned, and ``error``: empty, or the reason why it failed. A failure that comes from the
        settings is kept in the file; any other (no network, a mistake in the job) is tried again
        next time.

    Raises:
        SettingError: a grid that is empty, has a value twice, or does not fit the job.
        SweepFileError: the file holds something else.
        ExecutorError: the executor could not run the job, or lost a worker.
    """
    cells = _cells(grid)
    _require_arguments(job, cells[0])
    store = SweepFile(file, job, list(grid)) if file is not None else None
    known = store.read() if store else {}
    missing = [cell for cell in cells if key(cell) not in known]
    done = len(cells) - len(missing)
    if store and missing:
        store.begin()
    with progress_bar(len(cells), done) as add_one, closing(_run(job, missing, executor)) as runs:
        for cell, (result, error, lasting) in runs:
            known[key(cell)] = result, error
            if store and lasting:
                store.append(cell, result, error)
            add_one()
    return _table(cells, known)


def _cells(grid: Mapping[str, Sequence]) -> list[Settings]:
    """All combinations, the last setting changing fastest."""
    if not grid:
        raise SettingError("网格是空的，没有要试的设置。", "The grid is empty: no setting to try.")
    values = {name: _values(name, given) for name, given in grid.items()}
    return [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]


def _values(name: str, given: Sequence) -> list:
    try:
        values = [] if isinstance(given, str | bytes) else list(given)
        distinct = {in_json(value) for value in values}
    except TypeError as error:
        raise SettingError(
            f"设置 {name} 的取值不能用：{error}。"
            "请给出列表，元素为数字、文字、True/False 或它们的列表。",
            f"The values of {name} cannot be used: {error}. Give a list of numbers, texts, "
            "True/False, or lists of them.",
        ) from error
    if len(distinct) == len(values) > 0:
        return values
    raise SettingError(
        f"设置 {name} 应有一个列表，列出互不相同的取值；却得到 {given!r}。",
        f"{name} needs a list of values, each of them once; got {given!r}.",
    )


def _require_arguments(job: Job, cell: Settings) -> None:
    """A misspelt setting is found before the first run, not once in every row."""
    signature = inspect.signature(job)
    try:
        signature.bind(**cell)
    except TypeError as error:
        names = ", ".join(signature.parameters)
        raise SettingError(
            f"网格中的设置与任务的参数不符（{error}）。任务的参数：{names}。",
            f"The grid does not fit the job's arguments ({error}). They are: {names}.",
        ) from error


def _run(job: Job, cells: Sequence[Settings], executor: Executor | None) -> Iterator:
    """Yields each combination with its outcome as soon as there is one, in any order."""
    if executor is None:
        yield from ((cell, _attempt(job, cell)) for cell in cells)
        return
    waiting = {}
    try:
        for cell in cells:
            with _explained(job):
                waiting[executor.submit(_attempt, job, cell)] = cell
        for future in as_completed(list(waiting)):
            with _explained(job):
                outcome = future.result()
            yield waiting.pop(future), outcome
    finally:
        for future in waiting:
            future.cancel()


def _attempt(job: Job, cell: Settings) -> tuple[dict, str, bool]:
    """Result, error, and whether it would be the same next time. Runs in the worker."""
    try:
        # through JSON and back, so that a new result equals one that was read from a file
        return json.loads(in_json(dict(job(**cell)))), "", True
    except Exception as error:
        reason = error.words.en if isinstance(error, LessonError) else str(error)
        lasting = isinstance(error, SettingError | DivergedError)
        return {}, f"{type(error).__name__}: {reason}", lasting


@contextmanager
def _explained(job: Job) -> Iterator[None]:
    """Whatever a job raises becomes a row (`_attempt`); so what arrives here is the executor's."""
    try:
        yield
    except Exception as error:
        name = getattr(job, "__name__", repr(job))
        raise ExecutorError(
            f"执行器无法运行 {name}（{type(error).__name__}: {error}）。已完成的结果都在文件里。"
            "工作进程看不到笔记本里定义的函数：请把任务写在一个模块（.py 文件）中；"
            "若是工作进程中途退出，请检查内存后再运行一次。",
            f"The executor could not run {name} ({type(error).__name__}: {error}). What had "
            "finished is in the file. Worker processes cannot see a notebook's functions: put the "
            "job into a module (a .py file). If a worker died, look at its memory and run again.",
        ) from error


def _table(cells: Sequence[Settings], known: Mapping[str, Result]) -> pandas.DataFrame:
    import pandas  # imported late: only a sweep needs it

    rows = []
    for cell in cells:
        result, error = known[key(cell)]
        rows.append({**cell, **result, "error": error})
    table = pandas.DataFrame(rows)
    return table[[name for name in table if name != "error"] + ["error"]]
