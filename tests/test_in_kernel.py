"""Live plots and panels in a real kernel that is told which cell it runs, as JupyterLab does."""

import base64
import hashlib

import pytest
from jupyter_client.manager import start_new_kernel

LONG = 120  # seconds: only a hang takes that long
BEGIN = """
import hashlib, signal, sys, threading, time
import ipywidgets as widgets
from lenet_helpers import LiveAnimator, Words
from lenet_helpers.figures import FigureCanvasAgg, Picture, new_figure
from lenet_helpers.panels import Panel
from lenet_helpers.runs import TrainingPanel

def last_frame():  # what it must be
    axis = animator.axes[0]
    for line, x, y in zip(axis.lines, animator.X, animator.Y):
        line.set_data(x, y)
    axis.relim()
    axis.autoscale_view()
    return hashlib.sha256(Picture(animator.fig, animator._caption()).png()).hexdigest()

def fast_points(count=12):
    global animator
    animator = LiveAnimator(xlabel='epoch', legend=['a', 'b', 'c'])
    for x in range(count):
        animator.add(x, (x, 2 * x, 30 - x))
        time.sleep(0.01)

class Counter(Panel):
    count = 0

    def still(self):
        return Picture(new_figure(2, 1)[0], Words(f"数到 {self.count}", f"count {self.count}"))

    def count_up(self):
        self.count += 1
        self.keep_still()
"""


class Kernel:
    """A real kernel, and what it publishes."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def until(self, wanted) -> list[dict]:
        """The next messages, up to the first for which ``wanted(message)`` is true."""
        messages = []
        while not (messages and wanted(messages[-1])):
            messages.append(self.client.get_iopub_msg(timeout=LONG))
        return messages

    def until_idle(self, request: str) -> list[dict]:
        """The messages until this request has been dealt with."""

        def ends(message: dict) -> bool:
            ours = message["parent_header"].get("msg_id") == request
            return ours and message["content"].get("execution_state") == "idle"

        return self.until(ends)

    def run(self, code: str, cell: str = "", errors: tuple[str, ...] = ()) -> list[dict]:
        """Run a cell that raises these errors alone; returns the messages on the way."""
        self.client.session.metadata = {"cellId": cell}
        messages = self.until_idle(self.client.execute(code))
        raised = contents(messages, "error")
        assert tuple(error["ename"] for error in raised) == errors, raised
        return messages

    def evaluate(self, expression: str) -> str:
        """The text of an expression's value."""
        (result,) = contents(self.run(expression), "execute_result")
        return result["data"]["text/plain"]

    def click(self, button: str) -> list[dict]:
        """Press the button of this expression, as the browser does."""
        content = {
            "comm_id": self.evaluate(f"{button}.model_id").strip("'"),
            "data": {"method": "custom", "content": {"event": "click"}},
        }
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)
        return self.until_idle(message["header"]["msg_id"])


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    kernel.run(BEGIN)
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


def contents(messages: list[dict], kind: str) -> list[dict]:
    return [message["content"] for message in messages if message["msg_type"] == kind]


def pictures(messages: list[dict], kind: str = "display_data") -> list[dict]:
    return [content for content in contents(messages, kind) if "image/png" in content["data"]]


def sha256(picture: dict) -> str:
    return hashlib.sha256(base64.b64decode(picture["data"]["image/png"])).hexdigest()


# The live plot

INTERRUPTED_DRAW = """
fast_points(1)
time.sleep(0.3)
print_png = FigureCanvasAgg.print_png
def interrupted(*_):
    FigureCanvasAgg.print_png = print_png
    raise KeyboardInterrupt
FigureCanvasAgg.print_png = interrupted
animator.add(1, (1, 2, 29))
"""
IN_OUTPUT = """
out, button = widgets.Output(), widgets.Button()
def draw(_):
    with out:
        fast_points()
button.on_click(draw)
"""


@pytest.mark.parametrize(
    "code, errors",
    [
        ("fast_points()", ()),
        ("fast_points(2); time.sleep(0.3); animator.add(50, (1, 1, 1))", ()),
        ("fast_points()\nraise ValueError('stop here')", ("ValueError",)),
        ("fast_points()\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(5)",
         ("KeyboardInterrupt",)),
        (INTERRUPTED_DRAW, ("KeyboardInterrupt",)),
    ],
    ids=["finished", "slow", "raised", "interrupted", "interrupted draw"],
)  # fmt: skip
def test_a_cell_holds_one_picture_and_it_is_the_last_frame(kernel, code, errors):
    messages = kernel.run(code, errors=errors)
    (first,), updates = pictures(messages), pictures(messages, "update_display_data")
    assert {update["transient"]["display_id"] for update in updates} == {
        first["transient"]["display_id"]
    }
    assert repr(sha256(updates[-1])) == kernel.evaluate("last_frame()")
    assert "Curves up to epoch" in updates[-1]["metadata"]["image/png"]["alt"]


def test_a_point_added_in_a_later_cell_is_drawn_where_the_plot_is(kernel):
    (first,) = pictures(kernel.run("fast_points()"))
    messages = kernel.run("animator.add(50, (1, 1, 1))\nanimator.add(51, (2, 2, 2))")
    assert pictures(messages) == []
    last = pictures(messages, "update_display_data")[-1]
    assert last["transient"]["display_id"] == first["transient"]["display_id"]
    assert "epoch 51" in last["data"]["text/plain"]
    assert repr(sha256(last)) == kernel.evaluate("last_frame()")


@pytest.mark.parametrize("begin", ["cell", "callback"])
def test_inside_an_output_widget_one_image_holds_the_last_frame(kernel, begin):
    kernel.run(IN_OUTPUT)
    messages = kernel.run("draw(None)") if begin == "cell" else kernel.click("button")
    (shown,) = contents(messages, "display_data")
    image = shown["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    value = f"widgets.widget._instances[{image!r}].value"
    assert kernel.evaluate(f"hashlib.sha256({value}).hexdigest() == last_frame()") == "True"


# Panels


def test_running_a_cell_again_leaves_as_many_widgets_as_once(kernel):
    counts = set()
    for _ in range(2):
        kernel.run("panel = Counter([widgets.IntSlider()])\npanel", "again")
        counts.add(kernel.evaluate("len(widgets.Widget.get_manager_state()['state'])"))
    assert len(counts) == 1


def test_every_place_has_a_view_and_a_still_that_is_updated_once(kernel):
    kernel.run("shown = Counter([])", "make")
    for cell in ("show", "show", "show elsewhere"):
        messages = kernel.run("shown", cell)
        view = contents(messages, "display_data")[0]["data"]
        assert "application/vnd.jupyter.widget-view+json" in view
        assert view["text/plain"].startswith("交互面板")
        assert len(pictures(messages)) == 1
    updates = pictures(kernel.run("shown.count_up()", "count"), "update_display_data")
    assert len(updates) == 2
    for still in updates:
        assert still["data"]["text/plain"] == "数到 1 / count 1"
        assert still["metadata"]["image/png"]["alt"] == "数到 1 / count 1"


TRAIN = 'panel = TrainingPanel("digits")\npanel.epochs.value = 50\n'
CLICK = "panel.train_button.click()\n"
THREADS = "sum(thread.name == 'lenet-training' for thread in threading.enumerate())"


def test_a_training_cell_run_again_leaves_one_thread_and_the_still_comes_afterwards(kernel):
    for _ in range(2):
        kernel.run(TRAIN + CLICK + "panel", "training")  # other cells run while it trains
    kernel.run(f"while not panel.runs or {THREADS} > 1: time.sleep(0.01)")
    assert kernel.evaluate(THREADS) == "1"
    kernel.client.execute("panel.stop_button.click()")
    *_, still = kernel.until(lambda message: message["msg_type"] == "update_display_data")
    assert "lr 0.9" in still["content"]["data"]["text/plain"]  # from the thread
    assert kernel.evaluate(f"panel.wait({LONG}), panel.runs[-1].ended") == "(True, 'stopped')"
    kernel.run(f"while {THREADS}: time.sleep(0.01)")


def test_where_threads_reach_no_widget_training_is_stopped_by_interrupting_the_kernel(kernel):
    kernel.run("sys.modules['google.colab'] = None\n" + TRAIN + "panel", "blocking")
    request = kernel.client.execute(CLICK)
    kernel.until(lambda message: " epochs" in str(message["content"].get("data")))
    kernel.manager.interrupt_kernel()  # the numbers of that moment have reached the page
    kernel.until_idle(request)
    kernel.run("del sys.modules['google.colab']")
    assert kernel.evaluate("panel.runs[0].ended, panel.continue_button.disabled") == (
        "('stopped', False)"
    )
