"""The four buttons of a training run, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lenet_helpers.language import say
from lenet_helpers.runs.records import Run
from lenet_helpers.words import SettingError, Words

TRAIN = Words("训练", "Train"), Words("用新的随机权重开始训练", "Train from new random weights")
STOP = Words("停止", "Stop"), Words("停下，保留网络和曲线", "Stop, and keep network and curves")
CONTINUE = (
    Words("继续", "Continue"),
    Words(
        "用现在的学习率和轮数接着训练上一次的网络",
        "Train the last network on, at the learning rate and for the epochs shown",
    ),
)
RESET = (
    Words("重置", "Reset"),
    Words("恢复最初的设置和未训练的网络", "Back to the first settings and a fresh network"),
)
READING = Words(
    "正在读取数据（本机没有时先下载）…", "Reading the data (downloading them if need be) …"
)
TRAINING = Words("正在训练…", "Training …")
TRAINING_HERE = Words(
    "正在训练；要停下，请中断内核（工具栏上的 ■）。",
    "Training; to stop, interrupt the kernel (■ in the toolbar).",
)
STOPPING = Words("正在停下…", "Stopping …")
NOT_BEGUN = Words("已停止，还没有开始训练。", "Stopped, before training had begun.")
RESET_DONE = Words(
    "设置已恢复，网络是新的。", "The first settings are back, and the network is new."
)
BUSY = SettingError("正在训练：请先停止。", "Training is going on: stop it first.")
NOTHING = SettingError("没有可以继续的训练。", "There is no run to go on with.")


class RunButtons(widgets.HBox):
    """Train, stop, continue, reset.

    Args:
        train, stop, go_on, reset: what they do.
    """

    def __init__(self, train: Callable, stop: Callable, go_on: Callable, reset: Callable) -> None:
        self.train = _button("play", *TRAIN, "primary", train)
        self.stop = _button("stop", *STOP, "danger", stop)
        self.go_on = _button("forward", *CONTINUE, "", go_on)
        self.reset = _button("undo", *RESET, "", reset)
        super().__init__(
            [self.train, self.stop, self.go_on, self.reset], layout={"flex_flow": "row wrap"}
        )

    def enable(self, *, busy: bool, can_stop: bool, can_go_on: bool) -> None:
        """Let only those be pressed that do something now."""
        self.train.disabled = self.reset.disabled = busy
        self.stop.disabled = not (busy and can_stop)
        self.go_on.disabled = busy or not can_go_on


def how_it_ended(run: Run) -> Words:
    """A sentence about a run that finished or was stopped."""
    if not run.points:
        return NOT_BEGUN
    at, loss, test_acc = f"{run.last.epoch:.3g}", f"{run.last.loss:.3f}", run.test_acc
    if run.ended == "finished":
        zh, en = f"第 {run.number} 次训练完成", f"Run {run.number} finished"
    else:
        zh, en = f"第 {run.number} 次训练停在 {at} 轮", f"Run {run.number} stopped at epoch {at}"
    zh, en = f"{zh}：训练损失 {loss}", f"{en}: training loss {loss}"
    if test_acc is not None:
        zh, en = f"{zh}，测试精度 {test_acc:.3f}", f"{en}, test accuracy {test_acc:.3f}"
    return Words(f"{zh}。“继续”从这里接着训练。", f"{en}. “Continue” goes on from here.")


def _button(icon: str, words: Words, tip: Words, look: str, act: Callable) -> widgets.Button:
    button = widgets.Button(
        icon=icon, button_style=look, layout={"width": "auto", "min_width": "10em"}
    )
    say(button, "description", words)
    say(button, "tooltip", tip)
    button.on_click(lambda _: act())
    return button
