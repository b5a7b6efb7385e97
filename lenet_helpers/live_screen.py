"""Where a live plot is shown: in its cell, or in a ``widgets.Output``; the last frame always."""

import threading
import time
from collections.abc import Callable

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from lenet_helpers.figures import Picture
from lenet_helpers.runtime import return_freed_memory

SECONDS_BETWEEN_DRAWS = 0.25


def screen(animator) -> tuple[Callable[[Picture], None], Callable[[], None]]:
    """How a `LiveAnimator` shows a picture here, and how it sees to it that the last is drawn."""
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return (lambda picture: None), (lambda: None)  # there is no screen to draw on
    return _in_output(animator) if _inside_output(shell) else _in_cell(animator, shell)


def _in_cell(animator, shell) -> tuple[Callable[[Picture], None], Callable[[], None]]:
    handle = None

    def show(picture: Picture) -> None:
        nonlocal handle
        data, metadata = picture.bundle(picture.png())
        if handle is None:
            handle = display(data, metadata=metadata, raw=True, display_id=True)
        else:
            handle.update(data, metadata=metadata, raw=True)

    def at_end_of_cell(*_: object) -> None:
        shell.events.unregister("post_run_cell", at_end_of_cell)
        animator.draw()

    def memory_back(*_: object) -> None:
        shell.events.unregister("post_run_cell", memory_back)
        return_freed_memory()

    shell.events.register("post_run_cell", memory_back)  # what is plotted is a training

    def draw_later() -> None:
        if at_end_of_cell not in shell.events.callbacks["post_run_cell"]:
            shell.events.register("post_run_cell", at_end_of_cell)

    return show, draw_later


def _in_output(animator) -> tuple[Callable[[Picture], None], Callable[[], None]]:
    image, waiting = widgets.Image(format="png"), False

    def show(picture: Picture) -> None:
        first = not image.value
        image.value = picture.png()
        if first:
            display(image)

    def draw_later() -> None:
        nonlocal waiting
        with animator.lock:
            if not waiting:
                waiting = True
                threading.Thread(target=draw_what_is_left, daemon=True).start()

    def draw_what_is_left() -> None:
        nonlocal waiting
        while waiting:
            points = animator.points
            time.sleep(SECONDS_BETWEEN_DRAWS)
            if animator.may_draw() or animator.points == points:
                animator.draw()
            with animator.lock:
                waiting = animator.pending

    return show, draw_later


def _inside_output(shell) -> bool:
    """Whether what is displayed now goes into a ``widgets.Output`` instead of the cell."""
    header = shell.kernel.get_parent().get("header", {})
    states = widgets.Widget.get_manager_state()["state"].values()
    captured = {s["state"].get("msg_id") for s in states if s["model_name"] == "OutputModel"}
    return header.get("msg_id") in captured
