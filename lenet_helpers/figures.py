"""Pictures for the lessons: data in, a `Picture` out. Nothing here knows pyplot or a network."""

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle

import matplotlib
import numpy as np
from IPython.display import HTML, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from lenet_helpers.fonts import chinese_font
from lenet_helpers.palette import COLORS, LINES, MANY_POINTS, MARKS
from lenet_helpers.words import Words

_STYLE = threading.RLock()  # matplotlib's settings are one set for all threads


@dataclass
class Picture:
    """A figure and, in both languages, what a reader who cannot see it needs to know.

    A notebook shows the text as a caption too: JupyterLab drops an output's alternative text.
    """

    figure: Figure
    caption: Words
    colors: int = 56

    def png(self) -> bytes:
        """The figure as a PNG file."""
        buffer = io.BytesIO()
        FigureCanvasAgg(self.figure).print_png(buffer)
        return buffer.getvalue()

    def small_png(self) -> bytes:
        """The same in at most ``colors``: a third of the size, and nothing that one can see."""
        with Image.open(io.BytesIO(self.png())) as picture:
            few_colors = picture.convert("RGB").quantize(
                self.colors, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )  # a colour that is seldom there stays what it is
        buffer = io.BytesIO()
        few_colors.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def bundle(self, png: bytes) -> tuple[dict, dict]:
        """Data and metadata, with this PNG file, as Jupyter's display protocol wants them."""
        data = {"image/png": png, "text/plain": str(self.caption)}
        return data, {"image/png": {"alt": str(self.caption)}}

    def _ipython_display_(self) -> None:
        data, metadata = self.bundle(self.small_png())
        display(data, metadata=metadata, raw=True)
        display(HTML(f"<small>{self.caption.html()}</small>"))


def label(zh: str, en: str) -> str:
    """A text inside a picture: both languages, or English alone where no font has Chinese."""
    return f"{zh} {en}" if chinese_font() and zh != en else en


@contextmanager
def style() -> Iterator[None]:
    """The course's look for every figure made inside the block."""
    look = {
        "font.family": ["DejaVu Sans", *filter(None, [chinese_font()])],
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": matplotlib.cycler(color=COLORS),
        "axes.unicode_minus": False,
        "legend.frameon": False,
        "figure.dpi": 100,
        "figure.facecolor": "white",
    }
    with _STYLE, matplotlib.rc_context(look):
        yield


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **options):
    """A figure of ``width`` × ``height`` inches and its axes, an array if there are several."""
    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **options)


def image_grid(
    images,
    caption: Words | tuple[str, str],
    titles: Sequence[str | tuple[str, str]] = (),
    columns: int = 10,
    title: str = "",
    inch: float = 0.8,
    cmap: str = "gray_r",
    vmin: float | None = None,
    vmax: float | None = None,
    frame: bool = False,
) -> Picture:
    """Pictures side by side, ``columns`` in a row.

    Args:
        images: ``(height, width)`` each, numbers or tensors.
        caption, titles: the alternative text, and a text above each or none; in both languages.
        title, inch: a text above them all, and the width of each.
        cmap, vmin, vmax: as in ``Axes.imshow``; by default each picture uses its own range.
        frame: draw each picture's edge, where it matters what lies how far from it.
    """
    images = [np.asarray(image) for image in images]
    rows = -(-len(images) // columns)
    cell = inch * (1.3 if titles else 1.05)
    figure, axes = new_figure(
        columns * inch * 1.05, rows * cell + 0.35 * bool(title), rows, columns, squeeze=False
    )
    with style():
        if title:
            figure.suptitle(title)
        for axis in axes.flat[len(images) :]:
            axis.set_axis_off()
        for index, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
            axis.imshow(image, cmap=cmap, vmin=vmin, vmax=vmax, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set(visible=frame, color="0.6")
            if titles:
                text = titles[index]
                axis.set_title(text if isinstance(text, str) else label(*text), fontsize=9)
    return Picture(figure, Words(*caption))


def curves(
    series: Mapping[str, tuple[Sequence, Sequence[float]]],
    caption: Words,
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    yscale: str = "linear",
    ylim: tuple[float, float] | None = None,
) -> Picture:
    """Named curves in one plot, told apart by colour, dash and mark.

    ``series`` has for each name the positions (numbers or words) and the values of its points; the
    other arguments are the alternative text, and as matplotlib has them.
    """
    figure, axis = new_figure(7.0, 3.6)
    with style():
        draw_curves(axis, series)
        axis.set(title=title, xlabel=xlabel, ylabel=ylabel, yscale=yscale, ylim=ylim)
    return Picture(figure, caption, colors=32)


def draw_curves(axis, series: Mapping[str, tuple[Sequence, Sequence[float]]]) -> list:
    """Draw named curves as `curves` does, with grid and legend, and return their lines."""
    lines = []
    for (name, (x, y)), line, mark in zip(series.items(), cycle(LINES), cycle(MARKS)):
        marker = mark if len(x) <= MANY_POINTS else None
        lines += axis.plot(x, y, line, marker=marker, ms=4, label=name)
    axis.grid(alpha=0.4)
    axis.legend()
    return lines


def timeline(
    events: Sequence[tuple[float, str, Words]], caption: Words, title: str = ""
) -> Picture:
    """Events along a line downwards: place (year and fraction), date as text, what happened."""
    years = [year for year, _, _ in events]
    first, last = min(years) - 0.5, max(years) + 0.5
    figure, axis = new_figure(9.0, 0.42 * (last - first) + 0.35 * bool(title))
    with style():
        axis.set(xlim=(0, 9), ylim=(last, first), title=title)
        axis.set_axis_off()
        axis.plot([1.5, 1.5], [first, last], color="gray", linewidth=1)
        axis.plot([1.5] * len(years), years, MARKS[0], color=COLORS[0])
        for year, when, what in events:
            text = f"{what.zh}\n{what.en}" if chinese_font() else what.en
            axis.text(1.3, year, when, ha="right", va="center", weight="bold")
            axis.text(1.8, year, text, ha="left", va="center")
    return Picture(figure, caption)


def network_costs(trace, caption: Words) -> Picture:
    """Parameters and multiply-adds of the layers of a `ShapeTrace`, with their shares."""
    costly = [row for row in trace.rows if row.parameters + row.multiply_adds]
    short = {"Conv2d": "conv", "Linear": "fc"}
    kinds = [short.get(row.layer, row.layer) for row in costly]
    names = [f"{kind}{kinds[: n + 1].count(kind)}" for n, kind in enumerate(kinds)]
    panels = (
        (label("参数", "parameters"), [row.parameters for row in costly]),
        (label("乘加运算", "multiply-adds"), [row.multiply_adds for row in costly]),
    )
    figure, axes = new_figure(9.0, 1.0 + 0.4 * len(costly), 1, 2, sharey=True)
    with style():
        for axis, color, (title, values) in zip(axes, COLORS, panels, strict=False):
            total = max(sum(values), 1)
            bars = axis.barh(names, values, color=color)
            axis.bar_label(bars, [f"{v:,} · {v / total:.1%}" for v in values], padding=3)
            axis.set(title=title, xlim=(0, 1.6 * max([1, *values])), xticks=[])
            axis.spines.bottom.set_visible(False)  # each bar has its number
        axes[0].invert_yaxis()
    return Picture(figure, caption)
