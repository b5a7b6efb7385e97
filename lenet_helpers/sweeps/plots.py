"""Pictures of a sweep: a heat map of two settings, and curves with their spread over seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas

from lenet_helpers.figures import Picture, draw_curves, new_figure, style
from lenet_helpers.words import Words


def heat_map(
    table: pandas.DataFrame,
    x: str,
    y: str,
    value: str,
    caption: Words,
    *,
    title: str,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Picture:
    """The mean of ``value`` for each pair of two settings, as a colour and as a number.

    A pair some of whose runs failed has a × for each of them beside the mean of the others. The
    values of columns ``x`` and ``y`` keep the order they have in the table, as `sweep` returns it;
    an axis without a label has the name of its column.
    """
    columns, rows = list(dict.fromkeys(table[x])), list(dict.fromkeys(table[y]))
    means, texts = np.full((len(rows), len(columns)), np.nan), {}
    for (row, column), runs in table.groupby([y, x], sort=False):
        place, mean = (rows.index(row), columns.index(column)), runs[value].mean()
        crosses = "×" * (runs["error"] != "").sum()
        means[place] = mean
        texts[place] = f"{mean:.2f} {crosses}".strip() if np.isfinite(mean) else crosses
    figure, axis = new_figure(1.8 + 1.1 * len(columns), 1.2 + 0.55 * len(rows))
    with style():
        image = axis.imshow(np.ma.masked_invalid(means), cmap="cividis", aspect="auto")
        axis.set_facecolor("0.9")  # what shows where no run has a value
        axis.set(title=title, xlabel=xlabel or x, ylabel=ylabel or y)
        axis.set_xticks(range(len(columns)), map(str, columns))
        axis.set_yticks(range(len(rows)), map(str, rows))
        axis.spines[:].set_visible(False)
        for (row, column), text in texts.items():
            dark = np.isfinite(means[row, column]) and image.norm(means[row, column]) < 0.5
            axis.text(column, row, text, ha="center", va="center", color="w" if dark else "k")
    return Picture(figure, caption)


def spread_curves(
    series: Mapping[str, tuple[Sequence, Sequence[Sequence[float]]]],
    caption: Words,
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    level: float | None = None,
) -> Picture:
    """Named curves, each the mean of several runs within a band from the lowest to the highest.

    ``series`` has for each name the positions of its points (epochs, say: the axis begins at 0) and
    a sequence of values for each run. At ``level``, the loss of mere guessing say, is a grey line.
    """
    figure, axis = new_figure(6.4, 3.5)
    with style():
        if level is not None:
            axis.axhline(level, color="gray", linewidth=0.8)
        means = {name: (x, np.mean(runs, axis=0)) for name, (x, runs) in series.items()}
        for line, (x, runs) in zip(draw_curves(axis, means), series.values(), strict=True):
            band = np.min(runs, axis=0), np.max(runs, axis=0)
            axis.fill_between(x, *band, color=line.get_color(), alpha=0.2, lw=0)
        axis.set(title=title, xlabel=xlabel, ylabel=ylabel)
        axis.set_xlim(left=0)
    return Picture(figure, caption)
