"""A progress bar in the notebook while a sweep runs, and one line of words once it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from IPython import get_ipython
from IPython.display import HTML, display

from lenet_helpers.words import Words


@contextmanager
def progress_bar(total: int, done: int) -> Iterator[Callable[[], object]]:
    """Show how many of ``total`` are done, beginning with ``done``; yields what adds one.

    In a notebook a line in both languages then takes the place of the bar, which would stand
    in the saved file as it looked at its start. Elsewhere the bar is a line of text. Where all are
    done from the start, nothing is shown.
    """
    if done == total:
        yield lambda: None
        return
    shell = get_ipython()
    show = _in_notebook if shell is not None and hasattr(shell, "kernel") else _in_terminal
    with show(total, done) as add_one:
        yield add_one


@contextmanager
def _in_terminal(total: int, done: int) -> Iterator[Callable[[], object]]:
    from tqdm.std import tqdm  # imported late, as below: only a sweep needs it

    with tqdm(total=total, initial=done) as bar:
        yield bar.update


@contextmanager
def _in_notebook(total: int, done: int) -> Iterator[Callable[[], object]]:
    from tqdm.notebook import tqdm

    bar = tqdm(total=total, initial=done, display=False)
    handle = display(bar.container, display_id=True)
    try:
        yield bar.update
    finally:
        words = _what_was_done(total, from_file=done, now=bar.n - done)
        bar.close()
        handle.update(HTML(f"<small>{words.html()}</small>"))


def _what_was_done(total: int, from_file: int, now: int) -> Words:
    missing = total - from_file - now
    return Words(
        f"共 {total} 组设置：{from_file} 组的结果取自文件，{now} 组是刚才运行的"
        + (f"，{missing} 组还没有结果。" if missing else "。"),
        f"{total} combinations: {from_file} taken from the file, {now} run just now"
        + (f", {missing} still to be run." if missing else "."),
    )
