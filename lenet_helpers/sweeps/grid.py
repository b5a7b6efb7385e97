"""A grid of experiments: every combination of some settings, each run once and written down."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas
import tqdm
import tqdm.notebook
from IPython import get_ipython
from IPython.display import HTML, display
from sklearn.model_selection import ParameterGrid

from lenet_helpers.checks import DivergedError
from lenet_helpers.sweeps.experiments import train_lenet
from lenet_helpers.sweeps.file import SweepFile, in_json, key
from lenet_helpers.words import LessonError, SettingError, Words

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
        grid: for each argument of the job the values to try, which JSON can hold (tuples count as
            lists): ``{"lr": [0.1, 0.9], "seed": range(3)}``.
        job: called as ``job(lr=0.1, seed=0)``; returns names and values that JSON can hold. For
            worker processes it must stand in a module: they cannot see a notebook's functions.
        executor: who runs the jobs; by default this process, one after the other. Else
            ``ProcessPoolExecutor()`` for this machine's cores, Dask's ``Client.get_executor()``
            for a cluster, or another of ``concurrent.futures``. It is left open.
        file: where results are kept, as JSON lines. By default they are not.

    Returns:
        One row for each combination, in the order of scikit-learn's ``ParameterGrid``: its
        settings, what the job returned, and ``error``: empty, or why it failed. Failures that come
        from the settings are kept in the file; others (no network, say) are tried again next time.

    Raises:
        SettingError: a grid that is empty, has a value twice, or does not fit the job.
        SweepFileError, ExecutorError: another file; a job or worker that cannot run.
    """
    cells = _cells(grid, job)
    store = SweepFile(file, job, grid) if file is not None else None
    known = store.read() if store else {}
    missing = [cell for cell in cells if key(cell) not in known]
    if missing:
        if store:
            store.append()
        done = len(cells) - len(missing)
        with _bar(len(cells), done) as add_one, closing(_run(job, missing, executor)) as runs:
            for cell, (result, error, lasting) in runs:
                known[key(cell)] = result, error
                if store and lasting:
                    store.append({"settings": cell, "result": result, "error": error})
                add_one()
    table = pandas.DataFrame([cell | known[key(cell)][0] for cell in cells])
    return table.assign(error=[known[key(cell)][1] for cell in cells])


def _cells(grid: Mapping[str, Sequence], job: Job) -> list[Settings]:
    """All combinations; what is wrong with them is found before the first run."""
    try:
        cells = [{name: cell[name] for name in grid} for cell in ParameterGrid(grid)]
        distinct = {key(cell) for cell in cells}
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"网格不能用：{error}。"
            "请为每个设置给出列表，元素为数字、文字、True/False 或它们的列表。",
            f"The grid cannot be used: {error}. Give for each setting a list of numbers, texts, "
            "True/False, or lists of them.",
        ) from error
    if not grid or len(distinct) < len(cells):
        raise SettingError(
            f"网格里至少要有一个设置，每个设置的取值互不相同；却得到 {grid!r}。",
            f"A grid needs at least one setting, and each of its values once; got {grid!r}.",
        )
    signature = inspect.signature(job)
    try:
        signature.bind(**cells[0])
    except TypeError as error:
        raise SettingError(
            f"网格中的设置与任务的参数不符（{error}）。任务的参数：{signature}。",
            f"The grid does not fit the job's arguments ({error}). They are: {signature}.",
        ) from error
    return cells


def _run(job: Job, cells: Sequence[Settings], executor: Executor | None) -> Iterator:
    """Yields each combination with its outcome as soon as there is one, in any order."""
    if executor is None:
        yield from ((cell, _attempt(job, cell)) for cell in cells)
        return
    futures = {}
    try:
        for cell in cells:
            futures[executor.submit(_attempt, job, cell)] = cell
        for future in as_completed(futures):
            yield futures[future], future.result()
    except Exception as error:  # what the job raises is an outcome: this is the executor's
        name = getattr(job, "__name__", repr(job))
        raise ExecutorError(
            f"执行器无法运行 {name}（{type(error).__name__}: {error}）。已完成的结果都在文件里。"
            "工作进程看不到笔记本里定义的函数：请把任务写在一个模块（.py 文件）中；"
            "若是工作进程中途退出，请检查内存后再运行一次。",
            f"The executor could not run {name} ({type(error).__name__}: {error}). What had "
            "finished is in the file. Worker processes cannot see a notebook's functions: put the "
            "job into a module (a .py file). If a worker died, look at its memory and run again.",
        ) from error
    finally:
        for future in futures:
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
def _bar(total: int, done: int) -> Iterator[Callable[[], object]]:
    """A progress bar, in whose place a notebook saves a line; yields what adds one."""
    if not hasattr(get_ipython(), "kernel"):
        with tqdm.tqdm(total=total, initial=done) as bar:
            yield bar.update
        return
    bar = tqdm.notebook.tqdm(total=total, initial=done, display=False)
    shown = display(bar.container, display_id=True)  # a saved file would show the bar's start
    try:
        yield bar.update
    finally:
        bar.close()
        now, left = bar.n - done, total - bar.n
        words = Words(
            f"共 {total} 组设置：{done} 组的结果取自文件，{now} 组是刚才运行的"
            + (f"，{left} 组还没有结果。" if left else "。"),
            f"{total} combinations: {done} taken from the file, {now} run just now"
            + (f", {left} still to be run." if left else "."),
        )
        shown.update(HTML(f"<small>{words.html()}</small>"))
