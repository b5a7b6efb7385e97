"""A plot that grows while a cell runs, without flicker, and stays in the saved notebook."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.palette import COLORS, LINES
from lenet_helpers.words import Words

SECONDS_BETWEEN_DRAWS = 0.25
# What drawing may take of a run, on a slow laptop too: so many seconds, and this share of the time.
SECONDS_OF_DRAWING, SHARE_OF_TIME = 0.15, 0.02


class LiveAnimator:
    """Takes the place of ``d2l.Animator``: the same arguments, the same ``add``.

    It draws any number of lines (``X`` and ``Y`` have their points) at most four times a second
    and, in a long run, in less than 3 % of the time, into one picture that is updated in place.
    The last frame is always drawn, also when the cell is interrupted, and is saved with the
    notebook. Inside a ``widgets.Output``, whose displays cannot be updated, it draws into a
    ``widgets.Image``.

    Args:
        fmts: a matplotlib format for each line, begun again when there are more lines; by default
            colours and dashes that a colour-blind reader can tell apart.
        show: is given each `Picture` instead of the notebook; for panels and tests.

    Source of the interface: Zhang, Lipton, Li and Smola, *Dive into Deep Learning*.
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        legend: Sequence[str] | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        fmts: Sequence[str] | None = None,
        nrows: int = 1,
        ncols: int = 1,
        figsize: tuple[float, float] = (6.0, 3.6),
        show: Callable[[Picture], None] | None = None,
    ) -> None:
        self.X: list[list[float]] = []
        self.Y: list[list[float]] = []
        self._legend, self._fmts, self._lines = list(legend or []), fmts, []
        self.fig, axes = new_figure(*figsize, nrows, ncols, squeeze=False)
        self.axes = list(axes.flat)
        limits = {name: lim for name, lim in (("xlim", xlim), ("ylim", ylim)) if lim is not None}
        self.axes[0].set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale, **limits)
        self.axes[0].grid(alpha=0.4)
        self._pending, self._limits = False, None
        self._start, self._drawn_at, self._spent = time.monotonic(), -math.inf, 0.0
        self._lock = threading.RLock()
        self._show, self._draw_later = _screen(self) if show is None else (show, _nothing)

    def add(self, x: float | Sequence[float], y: float | None | Sequence[float | None]) -> None:
        """Add a point to each line: at one ``x`` for all or one for each; ``None`` adds none."""
        ys = list(y) if hasattr(y, "__len__") else [y]
        xs = list(x) if hasattr(x, "__len__") else [x] * len(ys)
        with self._lock:
            self._add_lines(len(ys))
            for line, (a, b) in enumerate(zip(xs, ys, strict=True)):
                if a is not None and b is not None:
                    self.X[line].append(float(a))
                    self.Y[line].append(float(b))
            self._pending = True
        try:
            if self._may_draw():
                self.draw()
        finally:  # an interrupt often hits a draw
            if self._pending:
                self._draw_later()

    def draw(self) -> None:
        """Draw now, if there is anything that has not been drawn."""
        with self._lock:
            if not self._pending:
                return
            start, first = time.thread_time(), self._limits is None
            for line, x, y in zip(self._lines, self.X, self.Y, strict=True):
                line.set_data(x, y)
            self._fit_axes()
            self._show(Picture(self.fig, self._caption()))
            self._pending = False
            self._spent += 0.0 if first else time.thread_time() - start  # the first one warms up
            self._drawn_at = time.monotonic()

    def _may_draw(self) -> bool:
        now = time.monotonic()
        affordable = SECONDS_OF_DRAWING + SHARE_OF_TIME * (now - self._start)
        return now - self._drawn_at >= SECONDS_BETWEEN_DRAWS and self._spent <= affordable

    def _fit_axes(self) -> None:
        """Follow the data, and arrange the figure anew only if that changed the axes: it is half
        the cost of a draw."""
        self.axes[0].relim()
        self.axes[0].autoscale_view()
        limits = self.axes[0].get_xlim() + self.axes[0].get_ylim()
        if limits != self._limits:
            self.fig.set_layout_engine("constrained")
            self.fig.draw_without_rendering()
            self.fig.set_layout_engine("none")
            self._limits = limits

    def _add_lines(self, count: int) -> None:
        with style():
            for index in range(len(self._lines), count):
                look = {"color": COLORS[index % len(COLORS)], "ls": LINES[index % len(LINES)]}
                fmt = [self._fmts[index % len(self._fmts)]] if self._fmts else []
                name = self._legend[index] if index < len(self._legend) else f"_{index}"
                self._lines += self.axes[0].plot([], [], *fmt, label=name, **({} if fmt else look))
                self.X.append([])
                self.Y.append([])
            if self._legend:
                self.axes[0].legend(loc="best").set_in_layout(False)

    def _caption(self) -> Words:
        """What the curves say so far, for those who cannot see them."""
        names = [line.get_label().lstrip("_") for line in self._lines]
        last = [f"{name} {y[-1]:.3f}" for name, y in zip(names, self.Y, strict=True) if y]
        x = max((x[-1] for x in self.X if x), default=0)
        at = f"{self.axes[0].get_xlabel() or 'x'} {x:g}"
        zh, en = "、".join(last), ", ".join(last)
        return Words(f"曲线图，画到 {at}：{zh}", f"Curves up to {at}: {en}")


def _nothing(*_: object) -> None:
    """Outside a notebook there is no screen to draw on."""


def _screen(animator: LiveAnimator) -> tuple[Callable[[Picture], None], Callable[[], None]]:
    """How to show a picture here, and how to see to it that the last one is drawn."""
    shell = get_ipython()
    if not hasattr(shell, "kernel"):
        return _nothing, _nothing
    return _in_output(animator) if _inside_output(shell) else _in_cell(animator, shell)


def _in_cell(animator, shell):
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

    def draw_later() -> None:
        if at_end_of_cell not in shell.events.callbacks["post_run_cell"]:
            shell.events.register("post_run_cell", at_end_of_cell)

    return show, draw_later


def _in_output(animator):
    image, timer = widgets.Image(format="png"), threading.Timer(0, _nothing)

    def show(picture: Picture) -> None:
        first, image.value = not image.value, picture.png()
        if first:
            display(image)

    def draw_later() -> None:
        nonlocal timer
        timer.cancel()
        timer = threading.Timer(SECONDS_BETWEEN_DRAWS, animator.draw)
        timer.daemon = True
        timer.start()

    return show, draw_later


def _inside_output(shell) -> bool:
    """Whether what is displayed now goes into a ``widgets.Output`` instead of the cell."""
    header = shell.kernel.get_parent().get("header", {})
    states = widgets.Widget.get_manager_state()["state"].values()
    captured = {s["state"].get("msg_id") for s in states if s["model_name"] == "OutputModel"}
    return header.get("msg_id") in captured
