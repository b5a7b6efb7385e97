"""A plot that grows while a cell runs, without flicker, and stays in the saved notebook."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from lenet_helpers.figures import Picture, label, new_figure, style
from lenet_helpers.palette import COLORS, LINES
from lenet_helpers.runtime import return_freed_memory
from lenet_helpers.words import Words

# What the book's curves are called, so that a lesson can keep the book's words in its code.
CHINESE = {
    "epoch": "轮", "train loss": "训练损失", "train acc": "训练精度", "test acc": "测试精度",
}  # fmt: skip
SECONDS_BETWEEN_DRAWS = 0.25
# What drawing may take of a run, on a slow laptop too: so many seconds, and this share of the time.
SECONDS_OF_DRAWING, SHARE_OF_TIME = 0.15, 0.02

Show = Callable[[Picture], None]
_STAGE: ContextVar[Callable[["LiveAnimator"], Show] | None] = ContextVar("stage", default=None)


@contextmanager
def drawing_on(stage: Callable[["LiveAnimator"], Show]) -> Iterator[None]:
    """Here ``stage`` is given each new `LiveAnimator`, and says what shows its pictures."""
    token = _STAGE.set(stage)
    try:
        yield
    finally:
        _STAGE.reset(token)


class LiveAnimator:
    """Takes the place of ``d2l.Animator``: the same arguments, the same ``add``.

    Unlike it, this one draws any number of lines, at most four times a second and, in a long run,
    so seldom that drawing takes less than 3 % of the time, into one picture that is updated in
    place. The last frame is always drawn, also when the cell is interrupted, and is saved with the
    notebook as a PNG. Inside a ``widgets.Output``, whose displays cannot be updated, it draws into
    a ``widgets.Image``. ``fig`` itself has every point at once: ``animator.fig.savefig(...)``.

    Args:
        xlabel, ylabel, legend: names of the axes and of each line. The book's names ("train loss",
            "epoch", …) are shown in Chinese as well.
        xlim, ylim, xscale, yscale: limits, by default from the data; ``"linear"`` or ``"log"``.
        fmts: a matplotlib format for each line, begun again when there are more lines; by default
            colours and dashes that a colour-blind reader can tell apart.
        nrows, ncols, figsize: as in ``d2l.Animator``, which draws into the first alone; inches.
        show: is given each `Picture` instead of the notebook; for panels and tests.

    Attributes:
        X, Y: the points of each line so far; ``legend``: their names.
        fig, axes: matplotlib's figure and the list of its axes.
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
        show: Show | None = None,
    ) -> None:
        self.X: list[list[float]] = []
        self.Y: list[list[float]] = []
        self.legend, self._fmts = list(legend or []), fmts
        self.fig, axes = new_figure(*figsize, nrows, ncols, squeeze=False)
        self.axes = list(axes.flat)
        limits = {name: lim for name, lim in (("xlim", xlim), ("ylim", ylim)) if lim is not None}
        self.xlabel = xlabel or "x"
        self.axes[0].set(
            xlabel=_in_both(xlabel), ylabel=_in_both(ylabel), xscale=xscale, yscale=yscale, **limits
        )
        self.axes[0].grid(alpha=0.4)
        self._lines: list = []
        self._pending, self._lock = False, threading.RLock()
        self._start, self._drawn_at, self._spent = time.monotonic(), -math.inf, 0.0
        self._limits = None
        shell, stage = get_ipython(), _STAGE.get()
        if show is None and stage is not None:
            show = stage(self)
        self._shell = shell if show is None and hasattr(shell, "kernel") else None
        if self._shell is not None:
            show = _in_output() if _inside_output(shell) else _in_cell()
        self._show = show or (lambda picture: None)  # there may be no screen to draw on

    def add(self, x: float | Sequence[float], y: float | None | Sequence[float | None]) -> None:
        """Add one point to each line; ``None`` leaves a line as it is.

        ``x`` is one position for all lines, or one for each; ``y`` the value of each, or the one.
        """
        ys = list(y) if hasattr(y, "__len__") else [y]
        xs = list(x) if hasattr(x, "__len__") else [x] * len(ys)
        with self._lock:
            self._add_lines(len(ys))
            for line, (a, b) in enumerate(zip(xs, ys, strict=True)):
                if a is not None and b is not None:
                    self._add_point(line, float(a), float(b))
            self.axes[0].autoscale(None)  # when the limits are asked for
            self._pending = True
        if self._shell is not None:  # at the end of the cell, or of a widget's callback
            self._shell.events.register("post_execute", self._draw_the_rest)
        if self._may_draw():
            self.draw()

    def draw(self) -> None:
        """Draw now, if there is anything that has not been drawn."""
        with self._lock:
            if not self._pending:
                return
            start, first = time.thread_time(), self._limits is None
            self._arrange()
            self._show(Picture(self.fig, self._caption()))
            self._pending = False
            self._spent += 0.0 if first else time.thread_time() - start  # the first one warms up
            self._drawn_at = time.monotonic()

    def last_values(self) -> Words:
        """The newest value of each line."""
        names = [*self.legend, *map(str, range(len(self.legend), len(self.Y)))]
        last = [(name, f"{y[-1]:.3f}") for name, y in zip(names, self.Y, strict=False) if y]
        zh = "、".join(f"{CHINESE.get(name, name)} {value}" for name, value in last)
        return Words(zh, ", ".join(f"{name} {value}" for name, value in last))

    def _may_draw(self) -> bool:
        """Whether it is time for another draw, and there is time for it."""
        now = time.monotonic()
        affordable = SECONDS_OF_DRAWING + SHARE_OF_TIME * (now - self._start)
        return now - self._drawn_at >= SECONDS_BETWEEN_DRAWS and self._spent <= affordable

    def _draw_the_rest(self) -> None:
        self._shell.events.unregister("post_execute", self._draw_the_rest)
        self.draw()
        return_freed_memory()  # what is plotted is a training

    def _add_point(self, line: int, x: float, y: float) -> None:
        self.X[line].append(x)
        self.Y[line].append(y)
        self._lines[line].set_data(self.X[line], self.Y[line])
        self.axes[0].update_datalim([(x, y)])

    def _arrange(self) -> None:
        """Arrange the figure anew, only if the axes changed: it is half the cost of a draw."""
        limits = self.axes[0].get_xlim() + self.axes[0].get_ylim()
        if limits != self._limits:
            self.fig.set_layout_engine("constrained")
            self.fig.draw_without_rendering()
            self.fig.set_layout_engine("none")
            self._limits = limits

    def _add_lines(self, count: int) -> None:
        if count <= len(self._lines):
            return
        with style():
            for index in range(len(self._lines), count):
                name = _in_both(self.legend[index]) if index < len(self.legend) else f"_{index}"
                dash, look = LINES[index % len(LINES)], {"color": COLORS[index % len(COLORS)]}
                if self._fmts:
                    dash, look = self._fmts[index % len(self._fmts)], {}
                self.X.append([])
                self.Y.append([])
                self._lines += self.axes[0].plot([], [], dash, label=name, **look)
            if self.legend:
                self.axes[0].legend(loc="best").set_in_layout(False)

    def _caption(self) -> Words:
        """What the curves say so far, for those who cannot see them."""
        x, last = max((x[-1] for x in self.X if x), default=0), self.last_values()
        at = CHINESE.get(self.xlabel, self.xlabel)
        return Words(
            f"曲线图，画到 {at} {x:g}：{last.zh}", f"Curves up to {self.xlabel} {x:g}: {last.en}"
        )


def _in_both(name: str | None) -> str | None:
    return label(CHINESE[name], name) if name in CHINESE else name


def _in_cell() -> Show:
    """Shows pictures in the output of the cell, each in place of the one before."""
    handle = None

    def show(picture: Picture) -> None:
        nonlocal handle
        data, metadata = picture.bundle(picture.png())
        if handle is None:
            handle = display(data, metadata=metadata, raw=True, display_id=True)
        else:
            handle.update(data, metadata=metadata, raw=True)

    return show


def _in_output() -> Show:
    image = widgets.Image(format="png")

    def show(picture: Picture) -> None:
        first = not image.value
        image.value = picture.png()
        if first:
            display(image)

    return show


def _inside_output(shell) -> bool:
    """Whether what is displayed now goes into a ``widgets.Output`` instead of the cell."""
    header = shell.kernel.get_parent().get("header", {})
    states = widgets.Widget.get_manager_state()["state"].values()
    captured = {s["state"].get("msg_id") for s in states if s["model_name"] == "OutputModel"}
    return header.get("msg_id") in captured
