"""The runs that a panel keeps: a table, a chart of the chosen ones, and a file to take along."""

import base64
import csv
import io
from collections.abc import Callable, Sequence

import ipywidgets as widgets

from lenet_helpers.language import say
from lenet_helpers.panels import PictureBox, close_all
from lenet_helpers.runs.controls import CONTROLS
from lenet_helpers.runs.curves import compare_runs
from lenet_helpers.runs.records import ENDINGS, Run, number
from lenet_helpers.tables import Table
from lenet_helpers.words import Words

TITLE = Words("训练记录", "Runs so far")
SAVE = Words("下载表格（CSV）", "Download the table (CSV)")
IN_CHART = Words("图中显示：", "In the chart:")
HEADINGS = {
    "run": Words("序号", "Run"),
    **{name: control.heading or control.label for name, control in CONTROLS.items()},
    "loss": Words("损失", "Loss"),
    "train_acc": Words("训练精度", "Train acc."),
    "test_acc": Words("测试精度", "Test acc."),
    "seconds": Words("秒", "Time (s)"),
    "ended": Words("结果", "Ended"),
}


class RunChip(widgets.HBox):
    """One run's number with a check box, ``show``, and a button, ``remove``."""

    def __init__(self, run: Run) -> None:
        self.show = widgets.Checkbox(True, indent=False, layout={"width": "auto"})
        self.remove = widgets.Button(icon="times", layout={"width": "30px"})
        say(self.show, "description", Words(f"第 {run.number} 次", f"run {run.number}"))
        say(self.remove, "tooltip", Words(f"删除第 {run.number} 次", f"Remove run {run.number}"))
        super().__init__([self.show, self.remove], layout={"margin": "0 12px 0 0"})


class RunTable(widgets.VBox):
    """Shows ``runs``, and lets one choose and remove them; then it calls ``changed``.

    ``chips`` has for each run's number its check box and its button; ``table`` and ``link`` are the
    table, and the same as a file; ``chart`` is the `PictureBox` with the chosen runs.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.runs: list[Run] = []
        self.chips: dict[int, RunChip] = {}
        self.chart, self._changed = PictureBox(), changed
        self.table, self.link = widgets.HTML(), widgets.HTML()
        self._label = widgets.HTML(IN_CHART.html(), layout={"margin": "0 12px 0 0"})
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self._line = widgets.HBox([self._label, self.link], layout=wrap)
        super().__init__([self.table, self._line, self.chart], layout={"display": "none"})

    @property
    def chosen(self) -> list[Run]:
        """The runs that are in the chart."""
        shown = {number for number, chip in self.chips.items() if chip.show.value}
        return [run for run in self.runs if run.number in shown]

    def redraw(self) -> None:
        """Show the runs as they are now."""
        if self.comm is None:
            return  # the panel was closed
        for run in self.runs:
            if run.number not in self.chips:
                self.chips[run.number] = chip = RunChip(run)
                chip.remove.on_click(lambda _, run=run: self._remove(run))
                chip.show.observe(lambda _: (self._draw(), self._changed()), "value")
        self._line.children = [self._label, *self.chips.values(), self.link]
        self.table.value, self.link.value = _table(self.runs), _link(self.runs)
        self._draw()
        self.layout.display = "" if self.runs else "none"

    def _remove(self, run: Run) -> None:
        self.runs.remove(run)
        chip = self.chips.pop(run.number)
        self.redraw()
        close_all(chip)
        self._changed()

    def _draw(self) -> None:
        """Draw the chosen runs; a run that is alone stands in the live picture already."""
        chosen = self.chosen if len(self.runs) > 1 else []
        self.chart.layout.display = "" if chosen else "none"
        if chosen:
            self.chart.show(compare_runs(chosen))


def _table(runs: Sequence[Run]) -> str:
    rows = [[_cell(name, run.row()[name]) for name in HEADINGS] for run in runs]
    table = Table(list(HEADINGS.values()), rows, "r" * len(HEADINGS), TITLE)
    return f'<div class="lenet-runs">{table._repr_html_()}</div>'


def _cell(name: str, value: object) -> Words | str:
    words = CONTROLS[name].words() if name in CONTROLS else ENDINGS
    if value in words:
        return Words(*(text.removeprefix("scikit-learn ") for text in words[value]))
    return number(value) if isinstance(value, float | None) else str(value)


def to_csv(runs: Sequence[Run]) -> str:
    """One line for each run, with a heading, as a spreadsheet reads it."""
    text = io.StringIO()
    table = csv.DictWriter(text, HEADINGS, lineterminator="\n")
    table.writeheader()
    for run in runs:
        row = run.row().items()
        table.writerow({n: round(v, 4) if isinstance(v, float) else v for n, v in row})
    return text.getvalue()


def _link(runs: Sequence[Run]) -> str:
    """The table as a file within the page: the browser saves it where its downloads go."""
    data = base64.b64encode(to_csv(runs).encode()).decode()
    return (
        '<span class="lenet-save"><a download="lenet-runs.csv" '
        f'href="data:text/csv;base64,{data}">{SAVE.html()}</a></span>'
    )
