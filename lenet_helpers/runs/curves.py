"""Pictures of training runs: one alone, several compared."""

import math
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes

from lenet_helpers.figures import Picture, label, new_figure, style
from lenet_helpers.palette import COLORS, LINES, MARKS
from lenet_helpers.runs.records import ENDINGS, OTHERS, Run, labels, number, results
from lenet_helpers.words import Words

HIGHEST_LOSS = 5.0  # twice that of a network which knows nothing (ln 10): higher is cut off
MOST_ROWS = 12


def compare_runs(runs: Sequence[Run]) -> Picture:
    """Training loss, up to 5, and test accuracy of runs side by side; a cross: one diverged."""
    figure, axes = new_figure(9.0, 3.6, 1, 2)
    with style():
        _draw_comparison(*axes, runs)
    return Picture(figure, _describe(runs))


def last_and_others(last: Run, runs: Sequence[Run]) -> Picture:
    """The curves of one run, a table, and these runs compared below, if there are several."""
    rows = 1 + (len(runs) > 1)
    figure, axes = new_figure(9.0, 0.4 + 3.2 * rows, rows, 2, squeeze=False)
    shown = runs if last in runs else [*runs, last]
    with style():
        _draw_run(axes[0, 0], last)
        _draw_table(axes[0, 1], shown)
        if len(runs) > 1:
            _draw_comparison(*axes[1], runs)
    return Picture(figure, _describe(shown))


def nothing_trained() -> Picture:
    """Axes for the curves of a run that is still to come."""
    figure, axis = new_figure(6.0, 2.4)
    with style():
        axis.set(xlabel=label("轮", "epoch"), xlim=(0, 10), ylim=(0, 2.5))
        axis.text(5, 1.25, label("还没有训练", "nothing trained yet"), ha="center", va="center")
        axis.grid(alpha=0.4)
    words = Words("空的坐标系：还没有训练。", "Empty axes: nothing has been trained yet.")
    return Picture(figure, words)


def _draw_run(axis: Axes, run: Run) -> None:
    axis.plot(*run.curve("recent_loss"), LINES[0], label=label("训练损失", "train loss"))
    axis.plot(*run.curve("recent_acc"), LINES[1], label=label("训练精度", "train acc"))
    axis.plot(*run.curve("test_acc"), LINES[2], label=label("测试精度", "test acc"))
    axis.set(xlabel=label("轮", "epoch"), ylim=(0, _highest([run])))
    axis.set_title(textwrap.fill(*labels([run], OTHERS), 60), fontsize=9)
    axis.set_xlim(left=0)
    axis.grid(alpha=0.4)
    axis.legend()


def _draw_comparison(left: Axes, right: Axes, runs: Sequence[Run]) -> None:
    top = _highest(runs)
    for index, (run, name) in enumerate(zip(runs, labels(runs), strict=True)):
        look = {"color": COLORS[index % len(COLORS)], "linestyle": LINES[index % len(LINES)]}
        ended = " ✕" if run.ended == "diverged" else ""
        left.plot(*run.curve("recent_loss"), label=name + ended, **look)
        mark = MARKS[index % len(MARKS)]
        right.plot(*run.curve("test_acc"), marker=mark, markersize=4, **look)
        if run.ended == "diverged":
            left.plot(run.last.epoch, top, "X", color=look["color"], markersize=9, clip_on=False)
    epoch = label("轮", "epoch")
    left.set(title=label("训练损失", "training loss"), xlabel=epoch, ylim=(0, top))
    right.set(title=label("测试精度", "test accuracy"), xlabel=epoch, ylim=(0, 1))
    for axis in (left, right):
        axis.set_xlim(0, max(run.last.epoch for run in runs) * 1.02)
        axis.grid(alpha=0.4)
    left.legend(fontsize=8, ncols=1 + len(runs) // MOST_ROWS)


def _highest(runs: Sequence[Run]) -> float:
    """Where the axis of the losses ends."""
    losses = [loss for run in runs for loss in run.curve("recent_loss")[1]]
    highest = max(filter(math.isfinite, losses), default=HIGHEST_LOSS)
    return min(max(1.0, 1.05 * highest), HIGHEST_LOSS)


def _draw_table(axis: Axes, runs: Sequence[Run]) -> None:
    shown = runs[-MOST_ROWS:]
    rows = [
        [textwrap.shorten(name, 26, placeholder="…"), number(run.last.loss),
         number(run.last.train_acc), number(run.test_acc), f"{run.seconds:.1f} s"]
        for run, name in zip(shown, labels(shown), strict=True)
    ]  # fmt: skip
    headings = [("损失", "loss"), ("训练", "train acc"), ("测试", "test acc"), ("用时", "time")]
    table = axis.table(
        rows, colLabels=["", *(label(*words) for words in headings)], edges="horizontal",
        colWidths=[0.3, 0.16, 0.2, 0.18, 0.16], loc="upper center",
    )  # fmt: skip
    axis.set_axis_off()
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    table.scale(1, 1.3)


def _describe(runs: Sequence[Run]) -> Words:
    """What the curves show, for those who cannot see them."""
    zh, en = [], []
    for run, name in zip(runs, labels(runs), strict=True):
        how, ended = results(run), ENDINGS[run.ended]
        zh.append(f"{name}：{how.zh}（{ended.zh}）")
        en.append(f"{name}: {how.en} ({ended.en})")
    return Words(f"训练曲线。{'；'.join(zh)}。", f"Training curves. {'; '.join(en)}.")
