"""The runs that a panel keeps: a table, a chart of the chosen ones, and a file to take along."""

import base64
from collections.abc import Callable

import ipywidgets as widgets

from lenet_helpers.language import say
from lenet_helpers.panels import PictureBox, close_all
from lenet_helpers.runs.controls import CONTROLS
from lenet_helpers.runs.curves import compare_runs
from lenet_helpers.runs.records import ENDINGS, Run, number, to_csv
from lenet_helpers.words import Words

TITLE = Words("训练记录", "Runs so far")
SAVE = Words("下载表格（CSV）", "Download the table (CSV)")
IN_CHART = Words("图中显示：", "In the chart:")


def _setting(name: str) -> Callable[[Run], Words | str]:
    """What the table says of this setting of a run."""
    control = CONTROLS[name]

    def cell(run: Run) -> Words | str:
        value = getattr(run.settings, name)
        return control.words().get(value, str(value))

    return control.of_run or cell


# Each heading, and what stands below it for a run.
COLUMNS = (
    (Words("序号", "Run"), lambda run: str(run.number)),
    *((control.heading or control.label, _setting(name)) for name, control in CONTROLS.items()),
    (Words("损失", "Loss"), lambda run: number(run.last.loss)),
    (Words("训练精度", "Train acc."), lambda run: number(run.last.train_acc)),
    (Words("测试精度", "Test acc."), lambda run: number(run.test_acc)),
    (Words("秒", "Time (s)"), lambda run: number(run.seconds, 1)),
    (Words("结果", "Ended"), lambda run: ENDINGS[run.ended]),
)


class RunChip(widgets.HBox):
    """One run's number with a check box, ``show``, and a button, ``remove``."""

    def __init__(self, run: Run) -> None:
        self.show = widgets.Checkbox(True, indent=False, layout={"width": "auto"})
        self.remove = widgets.Button(icon="times", layout={"width": "30px"})
        say(self.show, "description", Words(f"第 {run.number} 次", f"run {run.number}"))
        say(self.remove, "tooltip", Words(f"删除第 {run.number} 次", f"Remove run {run.number}"))
        super().__init__([self.show, self.remove], layout={"margin": "0 12px 0 0"})


class RunTable(widgets.VBox):
    """Shows runs, and lets one choose and remove them; then it calls ``changed``.

    ``chips`` has for each run's number its check box and its button; ``table`` and ``link`` are the
    table, and the same as a file; ``chart`` is the `PictureBox` with the chosen runs.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.runs: list[Run] = []
        self.chips: dict[int, RunChip] = {}
        self.chart, self._changed = PictureBox(), changed
        self.table, self.link = widgets.HTML(), widgets.HTML()
        self._line = widgets.HBox(layout={"flex_flow": "row wrap", "align_items": "center"})
        self._label = widgets.HTML(IN_CHART.html(), layout={"margin": "0 12px 0 0"})
        super().__init__([self.table, self._line, self.chart])
        self.redraw()

    @property
    def chosen(self) -> list[Run]:
        """The runs that are in the chart."""
        chips = self.chips
        return [run for run in self.runs if run.number in chips and chips[run.number].show.value]

    def keep(self, run: Run) -> None:
        """Keep this run, unless it is kept already; `redraw` shows it."""
        if all(run is not kept for kept in self.runs):
            self.runs.append(run)

    def remove(self, run: Run) -> None:
        """Forget this run."""
        self.runs.remove(run)
        chip = self.chips.pop(run.number)
        self.redraw()
        close_all(chip)
        self._changed()

    def redraw(self) -> None:
        """Show the runs as they are now."""
        if self.comm is None:
            return  # the panel was closed
        for run in self.runs:
            if run.number not in self.chips:
                self.chips[run.number] = self._new_chip(run)
        self.table.value, self.link.value = _table(self.runs), _link(self.runs)
        chips = [self.chips[run.number] for run in self.runs]
        self._line.children = [self._label, *chips, self.link]
        self._draw()
        self.layout.display = "" if self.runs else "none"

    def _new_chip(self, run: Run) -> RunChip:
        chip = RunChip(run)
        chip.remove.on_click(lambda _: self.remove(run))
        chip.show.observe(lambda _: (self._draw(), self._changed()), "value")
        return chip

    def _draw(self) -> None:
        """Draw the chosen runs; a run that is alone stands in the live picture already."""
        chosen = self.chosen if len(self.runs) > 1 else []
        self.chart.layout.display = "" if chosen else "none"
        if chosen:
            self.chart.show(compare_runs(chosen))


def _table(runs: list[Run]) -> str:
    head = "".join(f'<th scope="col">{_html(heading)}</th>' for heading, _ in COLUMNS)
    rows = []
    for run in runs:
        first, *others = (_html(cell(run)) for _, cell in COLUMNS)
        cells = "".join(f"<td>{cell}</td>" for cell in others)
        rows.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return (
        f'<div class="lenet-runs"><table><caption>{TITLE.html()}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _html(text: Words | str) -> str:
    return text.html("div") if isinstance(text, Words) else text


def _link(runs: list[Run]) -> str:
    """The table as a file within the page: the browser saves it where its downloads go."""
    data = base64.b64encode(to_csv(runs).encode()).decode()
    return (
        '<span class="lenet-save"><a download="lenet-runs.csv" '
        f'href="data:text/csv;base64,{data}">{SAVE.html()}</a></span>'
    )
