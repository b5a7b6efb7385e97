"""The live plot: what it keeps, when it draws, and what a real kernel leaves in the notebook."""

from __future__ import annotations

import base64
import hashlib
import threading
from pathlib import Path
from types import SimpleNamespace

import ipywidgets as widgets
import nbformat
import pytest
from nbclient import NotebookClient

from lenet_helpers import LiveAnimator, live_plot, live_screen
from lenet_helpers.figures import label

ROOT = Path(__file__).parents[1]
PNG = b"\x89PNG\r\n\x1a\n"


class Screen(list):
    """Stands in for the notebook: keeps the words of every picture shown."""

    def __call__(self, picture) -> None:
        self.append(picture.caption.en)


class Clock:
    """A clock that the test turns; in place of the module ``time``."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.worked = 0.0

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.worked


@pytest.fixture
def screen():
    return Screen()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(live_plot, "time", clock)
    return clock


@pytest.fixture
def frozen(clock):
    """A clock that stands still: after the first draw, nothing is drawn unless asked for."""
    return clock


def drawn_lines(animator: LiveAnimator) -> list[tuple[list[float], list[float]]]:
    return [tuple(map(list, line.get_data())) for line in animator.axes[0].lines]


# Points


def test_every_point_is_kept_and_drawn(screen, frozen):
    animator = LiveAnimator(show=screen)
    for x in range(5):
        animator.add(x, (x * x, 10 - x))
    animator.draw()
    assert animator.X == [[0, 1, 2, 3, 4]] * 2
    assert animator.Y == [[0, 1, 4, 9, 16], [10, 9, 8, 7, 6]]
    assert drawn_lines(animator) == list(zip(animator.X, animator.Y, strict=True))


def test_none_leaves_a_line_as_it_is(screen):
    animator = LiveAnimator(show=screen)
    animator.add(0.5, (2.0, 0.1, None))
    animator.add(1, (None, None, 0.3))
    animator.add(None, (1.0, 0.2, 0.4))
    assert animator.X == [[0.5], [0.5], [1]]
    assert animator.Y == [[2.0], [0.1], [0.3]]


def test_one_number_is_one_line(screen):
    animator = LiveAnimator(show=screen)
    animator.add(1, 0.5)
    animator.add(2, None)
    assert (animator.X, animator.Y) == ([[1]], [[0.5]])


def test_each_line_may_have_its_own_position(screen):
    animator = LiveAnimator(show=screen)
    animator.add((1, 2), (3, 4))
    assert animator.X == [[1], [2]]


@pytest.mark.parametrize("count", [5, 9, 20])
def test_any_number_of_lines_is_drawn_and_told_apart(screen, count):
    animator = LiveAnimator(show=screen, legend=[f"line {i}" for i in range(count)])
    animator.add(0, range(count))
    animator.add(1, range(count))
    animator.draw()
    lines = animator.axes[0].lines
    assert len(lines) == count
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == count
    assert len(animator.axes[0].get_legend().texts) == count


def test_lines_may_join_later(screen):
    animator = LiveAnimator(show=screen, legend=["a", "b", "c"])
    animator.add(1, 5)
    animator.add(2, (6, 7, 8))
    animator.draw()
    assert animator.Y == [[5, 6], [7], [8]]
    assert drawn_lines(animator)[2] == ([2], [8])


def test_formats_are_begun_again_when_there_are_more_lines(screen):
    animator = LiveAnimator(show=screen, fmts=("-", "m--", "g-."))
    animator.add(0, range(5))
    styles = [line.get_linestyle() for line in animator.axes[0].lines]
    assert styles == ["-", "--", "-.", "-", "--"]
    assert animator.axes[0].lines[4].get_color() == "m"


def test_positions_and_values_that_do_not_match_are_refused(screen):
    with pytest.raises(ValueError, match="argument 2 is longer"):
        LiveAnimator(show=screen).add((1, 2), (1, 2, 3))


def test_limits_follow_the_data_where_none_are_given(screen, frozen):
    animator = LiveAnimator(show=screen, ylim=[0, 1])
    for x in (3, 40):
        animator.add(x, 0.5)
    animator.draw()
    left, right = animator.axes[0].get_xlim()
    assert 0 < left <= 3
    assert 40 <= right < 50
    assert animator.axes[0].get_ylim() == (0, 1)


def test_the_figure_has_every_point_though_it_was_not_drawn(screen, frozen):
    animator = LiveAnimator(xlabel="epoch", legend=["loss"], show=screen)
    for epoch in range(1, 21):
        animator.add(epoch, 20 / epoch if epoch < 20 else 40)
    assert len(screen) == 1
    (line,) = animator.fig.axes[0].lines
    assert line.get_xdata() == list(range(1, 21)) and line.get_ydata()[-1] == 40
    (left, right), (low, high) = animator.axes[0].get_xlim(), animator.axes[0].get_ylim()
    assert left <= 1 < 20 <= right and low <= 1 < 40 <= high


def test_lines_without_a_name_stay_out_of_the_legend(screen):
    animator = LiveAnimator(show=screen, legend=["named"])
    animator.add(0, (1, 2, 3))
    assert [text.get_text() for text in animator.axes[0].get_legend().texts] == ["named"]


def test_words_say_what_the_curves_say(screen, frozen):
    shown = []
    animator = LiveAnimator(xlabel="epoch", legend=["loss", "acc"], show=shown.append)
    animator.add(1, (2.0, None))
    animator.add(2.5, (1.0, 0.75))
    animator.draw()
    zh, en = shown[-1].caption
    assert zh == "曲线图，画到 轮 2.5：loss 1.000、acc 0.750"
    assert en == "Curves up to epoch 2.5: loss 1.000, acc 0.750"


def test_the_books_words_are_shown_in_both_languages(screen, frozen):
    animator = LiveAnimator(xlabel="epoch", legend=["train loss", "mine"], show=screen)
    animator.add(1, (2.0, 1.0))
    texts = [text.get_text() for text in animator.axes[0].get_legend().get_texts()]
    assert texts == [label("训练损失", "train loss"), "mine"]
    assert animator.axes[0].get_xlabel() == label("轮", "epoch")


def test_outside_a_notebook_points_are_kept_and_nothing_is_shown():
    animator = LiveAnimator()
    animator.add(1, (2, 3))
    animator.draw()
    assert animator.Y == [[2], [3]]


# When it draws


def test_first_point_is_drawn_at_once(screen, clock):
    LiveAnimator(show=screen).add(1, 2)
    assert len(screen) == 1


@pytest.mark.parametrize("points_a_second", [10, 100])
def test_at_most_four_draws_a_second(screen, clock, points_a_second):
    animator = LiveAnimator(show=screen)
    seconds = 5
    for point in range(seconds * points_a_second):
        animator.add(point, 1)
        clock.now += 1 / points_a_second
    assert seconds * 4 * 0.75 <= len(screen) <= seconds * 4 + 1


def test_slow_points_are_all_drawn_at_once(screen, clock):
    animator = LiveAnimator(show=screen)
    for point in range(6):
        animator.add(point, 1)
        clock.now += 0.3
    assert len(screen) == 6


def test_time_that_a_draw_takes_is_not_counted_as_waiting(clock):
    shown = []

    def slow(picture):
        shown.append(picture)
        clock.now += 10

    animator = LiveAnimator(show=slow)
    animator.add(1, 1)
    animator.add(2, 1)
    assert len(shown) == 1


def test_costly_draws_are_made_seldom(clock):
    """A slow laptop: each draw takes it half a second of work, and a long run has many points."""
    shown = []

    def slow(picture):
        shown.append(picture)
        clock.worked += 0.5

    animator = LiveAnimator(show=slow)
    for point in range(1000):
        animator.add(point, 1)
        clock.now += 0.3
    assert len(shown) >= 5
    assert clock.worked / 300 < 0.03


def test_draw_shows_the_last_point_once(screen, frozen):
    animator = LiveAnimator(show=screen)
    animator.add(1, 1)
    animator.add(2, 1)
    assert screen[-1].startswith("Curves up to x 1:")
    animator.draw()
    animator.draw()
    assert len(screen) == 2
    assert screen[-1].startswith("Curves up to x 2:")


def test_draw_without_a_point_shows_nothing(screen):
    LiveAnimator(show=screen).draw()
    assert screen == []


def test_interrupted_draw_can_be_made_up_for(frozen):
    """The stop button often hits a draw: each takes 50 ms. Its point is still to be drawn."""
    shown = []

    def show(picture):
        shown.append(picture.caption.en)
        if len(shown) == 1:
            raise KeyboardInterrupt

    animator = LiveAnimator(show=show)
    with pytest.raises(KeyboardInterrupt):
        animator.add(1, 0.5)
    animator.draw()
    assert len(shown) == 2


def test_points_from_many_threads_are_all_kept(screen):
    animator = LiveAnimator(show=screen)

    def add_some(line):
        for x in range(50):
            animator.add(x, [x if i == line else None for i in range(4)])

    threads = [threading.Thread(target=add_some, args=(line,)) for line in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(animator.Y) == 4
    assert all(y == list(range(50)) for y in animator.Y)


# Inside a widgets.Output, without a kernel


@pytest.fixture
def in_output(monkeypatch):
    """Draw as inside a ``widgets.Output``; returns the list of what was displayed."""
    displayed = []
    monkeypatch.setattr(live_screen, "get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr(live_screen, "_inside_output", lambda shell: True)
    monkeypatch.setattr(live_screen, "display", displayed.append)
    monkeypatch.setattr(live_screen, "SECONDS_BETWEEN_DRAWS", 0.05)
    return displayed


def wait_until(condition, seconds: float = 5) -> bool:
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return True
        pause.wait(0.01)
    return False


def test_one_image_is_displayed_and_then_updated(in_output):
    animator = LiveAnimator()
    animator.add(1, 1)
    (image,) = in_output
    assert isinstance(image, widgets.Image)
    first = bytes(image.value)
    assert first.startswith(PNG)
    animator.add(2, 2)
    assert wait_until(lambda: bytes(image.value) != first)
    assert len(in_output) == 1


def test_last_point_is_drawn_though_no_other_follows(in_output):
    animator = LiveAnimator()
    for x in range(20):
        animator.add(x, x)
    assert wait_until(lambda: drawn_lines(animator)[0][0][-1:] == [19])
    assert wait_until(lambda: not animator.pending)


def test_point_added_while_the_timer_finishes_a_draw_is_drawn_too(in_output, monkeypatch):
    """The thread of a draw may still be alive when the next point asks for another one."""
    animator = LiveAnimator()
    draw, drawn, go_on = animator.draw, threading.Event(), threading.Event()

    def slow_draw():
        draw()
        if threading.current_thread() is not threading.main_thread() and not drawn.is_set():
            drawn.set()
            go_on.wait(5)

    animator.add(1, 1)
    monkeypatch.setattr(animator, "draw", slow_draw)
    monkeypatch.setattr(live_screen, "SECONDS_BETWEEN_DRAWS", 0.2)
    animator.add(2, 2)
    assert drawn.wait(5)
    animator.add(3, 3)
    go_on.set()
    assert wait_until(lambda: drawn_lines(animator)[0][0][-1:] == [3], seconds=2)


# In a real kernel

BEGIN = """
import hashlib, signal, time
import ipywidgets as widgets
from IPython.display import display
from lenet_helpers import LiveAnimator
from lenet_helpers.figures import FigureCanvasAgg, Picture

def picture_now(animator):  # what the last frame must be
    axis = animator.axes[0]
    for line, x, y in zip(axis.lines, animator.X, animator.Y):
        line.set_data(x, y)
    axis.relim()
    axis.autoscale_view()
    print(hashlib.sha256(Picture(animator.fig, animator._caption()).png()).hexdigest())

def fast_points(animator, count=12):
    for x in range(count):
        animator.add(x, (x, 2 * x, 30 - x))
        time.sleep(0.01)

def wait_for_the_last_frame(animator):
    for _ in range(200):
        with animator.lock:  # held while a frame is drawn and shown
            if not animator.pending:
                return
        time.sleep(0.05)
"""
NEW = "animator = LiveAnimator(xlabel='epoch', legend=['a', 'b', 'c'])\n"
CELLS = {
    "finished": NEW + "fast_points(animator)",
    "slow": NEW + "fast_points(animator, 2)\ntime.sleep(0.3)\nfast_points(animator, 3)",
    "raised": NEW + "fast_points(animator)\nraise ValueError('stop here')",
    "interrupted": NEW + "fast_points(animator)\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(5)",
    "interrupted draw": NEW
    + """
animator.add(0, (0, 0, 30))
time.sleep(0.3)
print_png = FigureCanvasAgg.print_png
def interrupted(*_):
    FigureCanvasAgg.print_png = print_png
    raise KeyboardInterrupt
FigureCanvasAgg.print_png = interrupted
animator.add(1, (1, 2, 29))
""",
    "continued": NEW + "fast_points(animator)",
    "from another cell": "animator.add(50, (1, 1, 1))\nanimator.add(51, (2, 2, 2))",
    "output": """
out = widgets.Output()
display(out)
with out:
    animator = LiveAnimator(legend=['a', 'b', 'c'])
    fast_points(animator)
    wait_for_the_last_frame(animator)
""",
}


@pytest.fixture(scope="module")
def notebook():
    """The cells above, run in a real kernel; each is followed by one that says what to expect."""
    cells = [nbformat.v4.new_code_cell(BEGIN)]
    for name, source in CELLS.items():
        cells.append(nbformat.v4.new_code_cell(source, metadata={"name": name}))
        cells.append(nbformat.v4.new_code_cell("picture_now(animator)"))
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(
        notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    assert notebook.cells[0].outputs == []
    return notebook


def cell_and_expected(notebook, name: str) -> tuple[dict, str]:
    index = next(i for i, c in enumerate(notebook.cells) if c.metadata.get("name") == name)
    return notebook.cells[index], notebook.cells[index + 1].outputs[0].text.strip()


def images(cell) -> list[dict]:
    return [output for output in cell.outputs if "image/png" in output.get("data", {})]


def sha256_of(output) -> str:
    return hashlib.sha256(base64.b64decode(output.data["image/png"])).hexdigest()


@pytest.mark.parametrize("name", ["finished", "slow", "raised", "interrupted", "interrupted draw"])
def test_cell_holds_one_picture_and_it_is_the_last_frame(notebook, name):
    cell, expected = cell_and_expected(notebook, name)
    (picture,) = images(cell)
    assert sha256_of(picture) == expected
    assert "Curves up to epoch" in picture.metadata["image/png"]["alt"]
    errors = [output.ename for output in cell.outputs if output.output_type == "error"]
    assert errors == {
        "raised": ["ValueError"],
        "interrupted": ["KeyboardInterrupt"],
        "interrupted draw": ["KeyboardInterrupt"],
    }.get(name, [])


def test_words_of_the_saved_picture_are_of_the_last_frame(notebook):
    (picture,) = images(cell_and_expected(notebook, "finished")[0])
    assert "epoch 11: a 11.000, b 22.000, c 19.000" in picture.data["text/plain"]


def test_point_added_in_a_later_cell_is_drawn_where_the_plot_is(notebook):
    later, expected = cell_and_expected(notebook, "from another cell")
    assert images(later) == []
    (picture,) = images(cell_and_expected(notebook, "continued")[0])
    assert "epoch 51" in picture.data["text/plain"]
    assert sha256_of(picture) == expected


def test_inside_an_output_widget_one_image_holds_the_last_frame(notebook):
    cell, expected = cell_and_expected(notebook, "output")
    assert images(cell) == []
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    view = "application/vnd.jupyter.widget-view+json"
    (out,) = [o.data[view]["model_id"] for o in cell.outputs if view in o.get("data", {})]
    (shown,) = states[out]["state"]["outputs"]
    image = states[shown["data"][view]["model_id"]]
    assert image["model_name"] == "ImageModel"
    (buffer,) = image["buffers"]
    assert hashlib.sha256(base64.b64decode(buffer["data"])).hexdigest() == expected
