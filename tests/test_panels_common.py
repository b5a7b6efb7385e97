"""What all panels share: words, pictures, closing, and the still that a notebook keeps."""

from __future__ import annotations

import queue
import threading
import time

import ipywidgets as widgets
import nbformat
import pytest
from ipywidgets.widgets import widget as widget_registry
from jupyter_client.manager import start_new_kernel
from matplotlib import rcParams
from nbclient import NotebookClient

from lenet_helpers import SettingError, Words
from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.language import CHOICE
from lenet_helpers.panels import (
    CellRun,
    Choice,
    Message,
    Panel,
    PictureBox,
    close_all,
    this_run,
)

LONG = 120  # seconds: only a hang takes that long
COLORS = {"red": Words("红", "red"), "blue": Words("蓝", "blue")}


@pytest.fixture(autouse=True)
def language():
    CHOICE.language = "both"
    yield
    CHOICE.language = "both"


def picture(what: str = "axes") -> Picture:
    return Picture(new_figure(2, 1)[0], Words(f"坐标系 <{what}>", f"empty {what} <{what}>"))


class Still(Panel):
    """A panel with a label, whose still picture is called ``name``."""

    def __init__(self, name: str = "axes") -> None:
        self.name = name
        super().__init__([widgets.Label("hello")])

    def still(self) -> Picture:
        return picture(self.name)


# Words and pictures


def test_a_message_is_said_in_both_languages_and_read_out():
    message = Message()
    message.say(Words("好 & 了", "done & dusted"))
    assert (
        '<div lang="zh">好 &amp; 了</div> <div lang="en">done &amp; dusted</div>' in message.value
    )
    assert 'role="status"' in message.value


def test_an_error_of_the_course_speaks_for_itself():
    message = Message()
    message.explain(SettingError("不行", "no good"))
    assert 'role="alert"' in message.value
    assert '<div lang="en">no good</div>' in message.value


def test_another_error_is_shown_with_its_type():
    message = Message()
    message.explain(KeyError("<what>"))
    assert "KeyError: &#x27;&lt;what&gt;&#x27;" in message.value
    assert "出错了" in message.value and "Something went wrong" in message.value


def test_a_picture_box_is_empty_until_there_is_a_picture():
    box = PictureBox()
    assert box.image.layout.display == "none"
    box.show(picture())
    assert bytes(box.image.value).startswith(b"\x89PNG")
    assert box.image.layout.display != "none"
    assert "empty axes &lt;axes&gt;" in box.caption.value


@pytest.mark.parametrize("value", ["red", "blue"])
def test_a_choice_follows_the_language_and_stays(value):
    choice = Choice(COLORS, value)
    for chosen in ("zh", "en", "both", "zh"):
        CHOICE.language = chosen
        assert [label for label, _ in choice.options] == [w.speak(chosen) for w in COLORS.values()]
        assert choice.value == value
        assert choice.label == COLORS[value].speak(chosen)


def test_observers_can_tell_a_new_label_from_a_new_choice():
    choice, seen = Choice(COLORS, "blue"), []
    choice.observe(lambda _: seen.append(choice.relabelling), "value")
    CHOICE.language = "en"
    assert all(seen)
    choice.value = "red"
    assert seen[-1] is False


# Closing


def test_closing_leaves_no_widget_behind():
    before = set(widget_registry._instances)
    box = widgets.VBox([widgets.HBox([widgets.IntSlider(), widgets.Button()]), widgets.HTML()])
    assert len(widget_registry._instances) >= len(before) + 8
    close_all(box)
    assert set(widget_registry._instances) == before


def test_another_run_of_the_same_cell_replaces():
    first, again = CellRun("cell-1", "run-1"), CellRun("cell-1", "run-2")
    assert again.replaces(first)
    assert not first.replaces(first)
    assert not CellRun("cell-2", "run-2").replaces(first)
    assert not CellRun("", "run-2").replaces(CellRun("", "run-1"))


def test_outside_a_notebook_no_cell_is_known():
    assert this_run() == ("", "")


def test_a_panel_is_closed_by_another_run_of_its_cell_alone(monkeypatch):
    def made_in(cell: str, run: str) -> Still:
        monkeypatch.setattr("lenet_helpers.panels.this_run", lambda: CellRun(cell, run))
        return Still()

    first, beside, elsewhere = made_in("a", "1"), made_in("a", "1"), made_in("b", "2")
    assert all(panel.comm is not None for panel in (first, beside, elsewhere))
    again = made_in("a", "3")
    assert first.comm is None and beside.comm is None
    assert elsewhere.comm is not None and again.comm is not None


def test_a_closed_panel_shows_its_still_picture(capsys):
    panel = Still()
    panel.close()
    panel._ipython_display_()
    assert "empty axes" in capsys.readouterr().out


def test_drawing_on_two_threads_leaves_matplotlibs_settings_as_they_were():
    before = dict(rcParams)

    def draw(inside: threading.Event, may_leave: threading.Event) -> None:
        with style():
            inside.set()
            may_leave.wait(LONG)

    events = [(threading.Event(), threading.Event()) for _ in range(2)]
    threads = [threading.Thread(target=draw, args=pair) for pair in events]
    for thread, (inside, _) in zip(threads, events, strict=True):
        thread.start()
        inside.wait(0.3)  # the second one does not get in before the first has left
    for thread, (_, may_leave) in zip(threads, events, strict=True):
        may_leave.set()
        thread.join(LONG)
    assert dict(rcParams) == before


# In a real kernel

PANEL = """
import ipywidgets as widgets
from lenet_helpers import Words
from lenet_helpers.figures import Picture, new_figure
from lenet_helpers.panels import Panel

class Counter(Panel):
    count = 0

    def still(self):
        return Picture(new_figure(2, 1)[0], Words(f"数到 {self.count}", f"count {self.count}"))

    def count_up(self):
        self.count += 1
        self.keep_still()
"""


def test_a_notebook_run_without_a_browser_keeps_the_still_of_every_place():
    cells = [PANEL, "panel = Counter([])\npanel", "display(panel, panel)", "panel.count_up()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(notebook, timeout=LONG, kernel_name="python3").execute()
    for cell, places in zip(notebook.cells[1:3], (1, 2), strict=True):
        views, stills = cell.outputs[::2], cell.outputs[1::2]
        assert len(views) == len(stills) == places
        for view, still in zip(views, stills, strict=True):
            assert "application/vnd.jupyter.widget-view+json" in view.data
            assert view.data["text/plain"].startswith("交互面板")
            assert still.data["text/plain"] == "数到 1 / count 1"
            assert still.metadata["image/png"]["alt"] == "数到 1 / count 1"
    assert notebook.cells[3].outputs == []


class Kernel:
    """A real kernel that is told which cell it runs, as JupyterLab tells it."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code: str, cell: str) -> list[dict]:
        """Run a cell; returns the messages on the way, until the kernel is idle again."""
        request = self.client.session.msg(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "user_expressions": {},
             "allow_stdin": False, "stop_on_error": True},
            metadata={"cellId": cell},
        )  # fmt: skip
        self.client.shell_channel.send(request)
        messages, deadline = [], time.monotonic() + LONG
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            messages.append(message)
            assert message["msg_type"] != "error", "\n".join(message["content"]["traceback"])
            ours = message["parent_header"].get("msg_id") == request["header"]["msg_id"]
            if ours and message["content"].get("execution_state") == "idle":
                return messages
        raise AssertionError(f"{cell} did not end")

    def evaluate(self, expression: str) -> str:
        """The text of an expression's value."""
        results = [
            message["content"]["data"]["text/plain"]
            for message in self.run(expression, "evaluate")
            if message["msg_type"] == "execute_result"
        ]
        return results[-1]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    kernel.run(
        PANEL + "import threading, time\nfrom ipywidgets.widgets import widget as registry",
        "import",
    )
    yield kernel
    kernel.close()


def test_running_a_cell_again_leaves_as_many_widgets_as_once(kernel):
    counts = set()
    for _ in range(4):
        kernel.run("panel = Counter([widgets.IntSlider()])\npanel", "again")
        counts.add(kernel.evaluate("len(registry._instances)"))
    assert len(counts) == 1
    assert kernel.evaluate("len(Panel._open)") == "1"


def test_two_panels_of_one_cell_live_side_by_side(kernel):
    kernel.run("one, two = Counter([]), Counter([])\ndisplay(one, two)", "side by side")
    assert kernel.evaluate("one.comm is not None and two.comm is not None") == "True"


def test_a_place_that_is_shown_again_is_updated_once(kernel):
    kernel.run("shown = Counter([])", "make")
    for _ in range(3):
        kernel.run("shown", "show")
    kernel.run("shown", "show elsewhere")
    messages = kernel.run("shown.count_up()", "count")
    assert [m["msg_type"] for m in messages].count("update_display_data") == 2


TRAIN = """
from lenet_helpers.runs.training_panel import TrainingPanel
panel = TrainingPanel("digits")
panel.epochs.value = 50
panel.train_button.click()
"""
THREADS = "sum(thread.name == 'lenet-training' for thread in threading.enumerate())"


def test_a_training_cell_run_ten_times_leaves_no_thread(kernel):
    for _ in range(10):
        kernel.run(TRAIN, "training")
    kernel.run("while not panel.runs: time.sleep(0.01)", "wait")
    kernel.run(f"for _ in range(100):\n    time.sleep(0.05)\n    if {THREADS} == 1: break", "wait")
    assert kernel.evaluate(THREADS) == "1"
    kernel.run("panel.stop_button.click()\nassert panel.wait(60)", "stop")
    assert kernel.evaluate(THREADS) == "0"
    assert kernel.evaluate("panel.runs[-1].ended") == "'stopped'"


def test_other_cells_run_while_it_trains_and_the_still_comes_afterwards(kernel):
    kernel.run(TRAIN + "panel.epochs.value = 3\npanel", "training")
    assert kernel.evaluate("panel._job is not None") == "True"
    kernel.run("time.sleep(0.1)\npanel.stop_button.click()", "stop")
    deadline, stills = time.monotonic() + LONG, []
    while not stills and time.monotonic() < deadline:  # from the thread, after all cells have ended
        try:
            message = kernel.client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["msg_type"] == "update_display_data":
            stills.append(message["content"]["data"]["text/plain"])
    assert stills and "lr 0.9" in stills[0]


def test_a_blocking_panel_is_stopped_by_interrupting_the_kernel(kernel):
    kernel.run("panel = TrainingPanel('digits', blocking=True)\nlines = panel.runs", "blocking")
    request = kernel.client.execute("panel.train_button.click()")
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:  # the numbers of this moment reach the page meanwhile
        message = kernel.client.get_iopub_msg(timeout=LONG)
        state = message["content"].get("data", {})
        if message["msg_type"] == "comm_msg" and "epochs" in str(state.get("state", "")):
            break
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=LONG)
    while reply["parent_header"]["msg_id"] != request:
        reply = kernel.client.get_shell_msg(timeout=LONG)
    assert reply["content"]["status"] == "ok"
    assert kernel.evaluate("panel.runs[0].ended") == "'stopped'"
    assert kernel.evaluate("panel.continue_button.disabled") == "False"
