"""What all panels share: words, pictures, closing, and the still that a notebook keeps."""

import threading
import time

import ipywidgets as widgets
import pytest
from jupyter_client.manager import start_new_kernel
from matplotlib import rcParams

from lenet_helpers import SettingError, Words
from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.language import CHOICE
from lenet_helpers.panels import CellRun, Choice, Message, Panel, PictureBox, this_run

LONG = 120  # seconds: only a hang takes that long
COLORS = {"red": Words("红", "red"), "blue": Words("蓝", "blue")}


def picture() -> Picture:
    return Picture(new_figure(2, 1)[0], Words("坐标系 <axes>", "empty axes <axes>"))


class Still(Panel):
    """A panel with a label and an empty still picture."""

    def __init__(self) -> None:
        super().__init__([widgets.Label("hello")])

    def still(self) -> Picture:
        return picture()


# Words and pictures


def test_a_message_is_said_in_both_languages_and_read_out():
    message = Message()
    message.say(Words("好 & 了", "done & dusted"))
    both = '<div lang="zh">好 &amp; 了</div> <div lang="en">done &amp; dusted</div>'
    assert both in message.value and 'role="status"' in message.value


@pytest.mark.parametrize(
    "error, zh, en",
    [
        (SettingError("不行", "no good"), "不行", "no good"),
        (KeyError("<x>"), "出错了", "Something went wrong (KeyError: &#x27;&lt;x&gt;&#x27;)"),
    ],
)
def test_an_error_speaks_for_itself_or_is_shown_with_its_type(error, zh, en):
    message = Message()
    message.explain(error)
    assert 'role="alert"' in message.value and zh in message.value
    assert f'<div lang="en">{en}</div>' in message.value


def test_a_picture_box_is_empty_until_there_is_a_picture():
    box = PictureBox()
    assert box.image.layout.display == "none"
    box.show(picture())
    assert bytes(box.image.value).startswith(b"\x89PNG")
    assert box.image.layout.display != "none"
    assert "empty axes &lt;axes&gt;" in box.caption.value


def test_a_choice_follows_the_language_and_stays():
    choice, seen = Choice(COLORS), []
    assert choice.value == "red"
    choice.value = "blue"
    choice.observe(lambda _: seen.append(choice.relabelling), "value")
    for chosen in ("zh", "en", "both"):
        CHOICE.language = chosen
        assert [label for label, _ in choice.options] == [w.speak(chosen) for w in COLORS.values()]
        assert choice.value == "blue" and choice.label == COLORS["blue"].speak(chosen)
    assert all(seen)  # observers can tell a new label from a new choice
    choice.value = "red"
    assert seen[-1] is False


# Closing


def test_another_run_of_the_same_cell_replaces():
    first, again = CellRun("cell-1", "run-1"), CellRun("cell-1", "run-2")
    assert again.replaces(first)
    assert not first.replaces(first)
    assert not CellRun("cell-2", "run-2").replaces(first)
    assert not CellRun("", "run-2").replaces(CellRun("", "run-1"))
    assert this_run() == ("", "")  # outside a notebook


def test_a_panel_is_closed_by_another_run_of_its_cell_alone(monkeypatch, capsys):
    def made_in(cell: str, run: str) -> Still:
        monkeypatch.setattr("lenet_helpers.panels.this_run", lambda: CellRun(cell, run))
        return Still()

    first, beside, elsewhere = made_in("a", "1"), made_in("a", "1"), made_in("b", "2")
    assert all(panel.comm is not None for panel in (first, beside, elsewhere))
    again = made_in("a", "3")
    assert first.comm is None and beside.comm is None
    assert elsewhere.comm is not None and again.comm is not None
    first._ipython_display_()  # a closed panel shows its still picture
    assert "empty axes" in capsys.readouterr().out


def test_drawing_on_two_threads_leaves_matplotlibs_settings_as_they_were():
    before = dict(rcParams)
    inside, may_leave = threading.Event(), threading.Event()

    def draw() -> None:
        with style():
            inside.set()
            may_leave.wait(LONG)

    threads = [threading.Thread(target=draw) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(LONG)  # the other one does not get in before this one has left
    may_leave.set()
    for thread in threads:
        thread.join(LONG)
    assert dict(rcParams) == before


# In a real kernel

PANEL = """
import ipywidgets as widgets
from lenet_helpers import Words
from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.panels import Panel

class Counter(Panel):
    count = 0

    def still(self):
        return Picture(new_figure(2, 1)[0], Words(f"数到 {self.count}", f"count {self.count}"))

    def count_up(self):
        self.count += 1
        self.keep_still()
"""


class Kernel:
    """A real kernel that is told which cell it runs, as JupyterLab tells it."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def wait_for(self, wanted) -> dict:
        """The next message for which ``wanted(message)`` is true."""
        deadline = time.monotonic() + LONG
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=LONG)
            if wanted(message):
                return message
        raise AssertionError("no such message came")

    def run(self, code: str, cell: str) -> list[dict]:
        """Run a cell; returns the messages on the way, until the kernel is idle again."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        session, messages = self.client.session, []
        request = session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(request)

        def ends(message: dict) -> bool:
            messages.append(message)
            assert message["msg_type"] != "error", "\n".join(message["content"]["traceback"])
            ours = message["parent_header"].get("msg_id") == request["header"]["msg_id"]
            return ours and message["content"].get("execution_state") == "idle"

        self.wait_for(ends)
        return messages

    def evaluate(self, expression: str) -> str:
        """The text of an expression's value."""
        messages = self.run(expression, "evaluate")
        (result,) = (m["content"] for m in messages if m["msg_type"] == "execute_result")
        return result["data"]["text/plain"]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    kernel.run(PANEL + "import threading, time\nimport ipywidgets as widgets", "import")
    yield kernel
    kernel.close()


def test_running_a_cell_again_leaves_as_many_widgets_as_once(kernel):
    counts = set()
    for _ in range(2):
        kernel.run("panel = Counter([widgets.IntSlider()])\npanel", "again")
        counts.add(kernel.evaluate("len(widgets.Widget.get_manager_state()['state'])"))
    assert len(counts) == 1
    kernel.run("one, two = Counter([]), Counter([])\ndisplay(one, two)", "side by side")
    assert kernel.evaluate("one.comm is not None and two.comm is not None") == "True"


def test_every_place_has_a_view_and_a_still_that_is_updated_once(kernel):
    def stills(messages: list[dict], kind: str) -> list[dict]:
        found = [m["content"] for m in messages if m["msg_type"] == kind]
        return [content for content in found if "image/png" in content["data"]]

    kernel.run("shown = Counter([])", "make")
    for cell in ("show", "show", "show elsewhere"):
        messages = kernel.run("shown", cell)
        view = next(m["content"] for m in messages if m["msg_type"] == "display_data")
        assert "application/vnd.jupyter.widget-view+json" in view["data"]
        assert view["data"]["text/plain"].startswith("交互面板")
        assert len(stills(messages, "display_data")) == 1
    updates = stills(kernel.run("shown.count_up()", "count"), "update_display_data")
    assert len(updates) == 2
    for still in updates:
        assert still["data"]["text/plain"] == "数到 1 / count 1"
        assert still["metadata"]["image/png"]["alt"] == "数到 1 / count 1"


TRAIN = """
from lenet_helpers.runs import TrainingPanel
panel = TrainingPanel("digits")
panel.epochs.value = 50
panel.train_button.click()
panel
"""
CLICK = "panel.train_button.click()"
THREADS = "sum(thread.name == 'lenet-training' for thread in threading.enumerate())"


def test_a_training_cell_run_again_leaves_one_thread_and_the_still_comes_afterwards(kernel):
    for _ in range(2):
        kernel.run(TRAIN, "training")  # other cells run while it trains
    kernel.run("while not panel.runs: time.sleep(0.01)", "wait")
    kernel.run(f"while {THREADS} > 1: time.sleep(0.01)", "wait")
    assert kernel.evaluate(THREADS) == "1"
    kernel.run("panel.stop_button.click()", "stop")
    still = kernel.wait_for(lambda message: message["msg_type"] == "update_display_data")
    assert "lr 0.9" in still["content"]["data"]["text/plain"]  # from the thread
    assert kernel.evaluate(f"panel.wait({LONG}), panel.runs[-1].ended") == "(True, 'stopped')"
    kernel.run(f"while {THREADS}: time.sleep(0.01)", "wait")


def test_a_blocking_panel_is_stopped_by_interrupting_the_kernel(kernel):
    kernel.run(TRAIN.replace('"digits"', '"digits", blocking=True').replace(CLICK, ""), "blocking")
    request = kernel.client.execute(CLICK)
    # The numbers of this moment reach the page meanwhile.
    kernel.wait_for(
        lambda message: (
            message["msg_type"] == "comm_msg"
            and "epochs" in str(message["content"].get("data", {}).get("state", ""))
        )
    )
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=LONG)
    while reply["parent_header"]["msg_id"] != request:
        reply = kernel.client.get_shell_msg(timeout=LONG)
    assert reply["content"]["status"] == "ok"
    assert kernel.evaluate("panel.runs[0].ended, panel.continue_button.disabled") == (
        "('stopped', False)"
    )
