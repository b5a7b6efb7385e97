"""The runs that a panel keeps: a table, a chart of the chosen ones, and a file to take along."""

from __future__ import annotations

import base64
from collections.abc import Callable

import ipywidgets as widgets

from lenet_helpers.data.catalog import DATA_SETS
from lenet_helpers.language import say
from lenet_helpers.panels import PictureBox, close_all
from lenet_helpers.runs.controls import DEVICE_WORDS, LABELS, POOLING_WORDS
from lenet_helpers.runs.curves import compare_runs
from lenet_helpers.runs.records import ENDINGS, Run, to_csv
from lenet_helpers.words import Words

FILE_NAME = "lenet-runs.csv"
TITLE = Words("训练记录", "Runs so far")
SAVE = Words("下载表格（CSV）", "Download the table (CSV)")
IN_CHART = Words("图中显示：", "In the chart:")
HEADINGS = (
    Words("序号", "Run"), LABELS["dataset"], Words("学习率", "lr"), LABELS["epochs"],
    Words("批量", "Batch"), LABELS["activation"], LABELS["pooling"], Words("标准化", "Standard."),
    Words("种子", "Seed"), Words("设备", "Device"), Words("损失", "Loss"),
    Words("训练精度", "Train acc."), Words("测试精度", "Test acc."), Words("秒", "Time (s)"),
    Words("结果", "Ended"),
)  # fmt: skip
STYLE = """<style>
.lenet-runs { overflow-x: auto; }
.lenet-runs caption { margin-top: 8px; font-weight: bold; font-size: 13px; text-align: left; }
.lenet-runs table { border-collapse: collapse; font-size: 12px; line-height: 1.35; }
.lenet-runs th, .lenet-runs td { padding: 2px 5px; text-align: right;
  border-bottom: 1px solid var(--jp-border-color2, #bbb); }
.lenet-runs td { white-space: nowrap; }
.lenet-save a { text-decoration: underline; color: var(--jp-content-link-color, #0366d6); }
</style>"""


class RunChip(widgets.HBox):
    """One run's number with a check box, ``show``, and a button, ``remove``."""

    def __init__(self, run: Run) -> None:
        self.show = widgets.Checkbox(True, indent=False, layout={"width": "auto"})
        self.remove = widgets.Button(icon="times", layout={"width": "30px"})
        say(self.show, "description", Words(f"第 {run.number} 次", f"run {run.number}"))
        say(self.remove, "tooltip", Words(f"删除第 {run.number} 次", f"Remove run {run.number}"))
        super().__init__([self.show, self.remove], layout={"margin": "0 12px 0 0"})


class RunTable(widgets.VBox):
    """Shows runs, and lets one choose and remove them.

    Args:
        changed: is called when a run was removed or other ones were chosen.

    Attributes:
        runs: all that are kept, in order.
        chips: for each run's number its check box and its button.
        chart: the `PictureBox` with the chosen runs.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.runs: list[Run] = []
        self.chips: dict[int, RunChip] = {}
        self.chart, self._changed = PictureBox(), changed
        self._table, self._save = widgets.HTML(), widgets.HTML()
        self._line = widgets.HBox(layout={"flex_flow": "row wrap", "align_items": "center"})
        self._label = widgets.HTML(IN_CHART.html(), layout={"margin": "0 12px 0 0"})
        super().__init__([self._table, self._line, self.chart])
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
        self._table.value = STYLE + _table(self.runs)
        self._save.value = _link(self.runs)
        chips = [self.chips[run.number] for run in self.runs]
        self._line.children = [self._label, *chips, self._save]
        self._draw()
        self.layout.display = "" if self.runs else "none"

    def _new_chip(self, run: Run) -> RunChip:
        chip = RunChip(run)
        chip.remove.on_click(lambda _: self.remove(run))
        chip.show.observe(lambda _: self._choose(), "value")
        return chip

    def _choose(self) -> None:
        self._draw()
        self._changed()

    def _draw(self) -> None:
        """Draw the chosen runs; a run that is alone stands in the live picture already."""
        chosen = self.chosen if len(self.runs) > 1 else []
        self.chart.layout.display = "" if chosen else "none"
        if chosen:
            self.chart.show(compare_runs(chosen))


def _table(runs: list[Run]) -> str:
    head = "".join(f'<th scope="col">{words.html("div")}</th>' for words in HEADINGS)
    body = "".join(f"<tr>{_row(run)}</tr>" for run in runs)
    return (
        f'<div class="lenet-runs"><table><caption>{TITLE.html()}</caption>'
        f"<thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(run: Run) -> str:
    settings, test_acc = run.settings, run.test_acc
    words = (POOLING_WORDS[settings.pooling], DEVICE_WORDS[settings.device], ENDINGS[run.ended])
    pooling, device, ended = map(_html, words)
    cells = (
        _html(DATA_SETS[settings.dataset].title), run.rates, f"{run.last.epoch:.3g}",
        settings.batch_size, settings.activation, pooling, "✓" if settings.standardize else "–",
        settings.seed, device, f"{run.last.loss:.3f}", f"{run.last.train_acc:.3f}",
        "–" if test_acc is None else f"{test_acc:.3f}", f"{run.seconds:.1f}", ended,
    )  # fmt: skip
    return f'<th scope="row">{run.number}</th>' + "".join(f"<td>{cell}</td>" for cell in cells)


def _html(words: Words) -> str:
    return words.html("div") if words.zh != words.en else words.en


def _link(runs: list[Run]) -> str:
    """The table as a file within the page: the browser saves it where its downloads go."""
    data = base64.b64encode(to_csv(runs).encode()).decode()
    return (
        f'<span class="lenet-save"><a download="{FILE_NAME}" href="data:text/csv;base64,{data}">'
        f"{SAVE.html()}</a></span>"
    )
