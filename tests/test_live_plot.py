"""The live plot: what it keeps, when it draws, and what a real kernel leaves in the notebook."""

import base64
import hashlib
import threading
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from lenet_helpers import LiveAnimator, live_plot, live_screen
from lenet_helpers.figures import label

ROOT = Path(__file__).parents[1]


class Screen(list):
    """Stands in for the notebook: keeps the words of every picture shown."""

    def __call__(self, picture) -> None:
        self.append(picture.caption.en)


class Clock:
    """In place of the module ``time``: while it stands still, only the first point is drawn."""

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


def drawn_lines(animator: LiveAnimator) -> list[tuple[list[float], list[float]]]:
    return [tuple(map(list, line.get_data())) for line in animator.axes[0].lines]


# Points


def test_every_point_is_kept_and_drawn(screen, clock):
    animator = LiveAnimator(show=screen)
    for x in range(5):
        animator.add(x, (x * x, 10 - x))
    animator.draw()
    assert animator.X == [[0, 1, 2, 3, 4]] * 2
    assert animator.Y == [[0, 1, 4, 9, 16], [10, 9, 8, 7, 6]]
    assert drawn_lines(animator) == list(zip(animator.X, animator.Y, strict=True))


@pytest.mark.parametrize("count", [5, 20])
def test_any_number_of_lines_is_drawn_and_told_apart(screen, count):
    animator = LiveAnimator(show=screen, legend=[f"line {i}" for i in range(count)])
    animator.add(0, range(count + 1))
    lines = animator.axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == count + 1
    assert len(animator.axes[0].get_legend().texts) == count  # the last one has no name


def test_formats_are_begun_again_when_there_are_more_lines(screen):
    animator = LiveAnimator(show=screen, fmts=("-", "m--", "g-."))
    animator.add(0, range(5))
    *_, fourth, fifth = animator.axes[0].lines
    assert (fourth.get_linestyle(), fifth.get_linestyle(), fifth.get_color()) == ("-", "--", "m")


def test_lines_may_join_later(screen):
    animator = LiveAnimator(show=screen, legend=["a", "b", "c"])
    animator.add(1, 5)
    animator.add(2, (6, 7, 8))
    animator.draw()
    assert animator.Y == [[5, 6], [7], [8]]
    assert drawn_lines(animator)[2] == ([2], [8])


def test_positions_and_values_that_do_not_match_are_refused(screen):
    with pytest.raises(ValueError, match="argument 2 is longer"):
        LiveAnimator(show=screen).add((1, 2), (1, 2, 3))


def test_the_figure_has_every_point_though_it_was_not_drawn(screen, clock):
    animator = LiveAnimator(xlabel="epoch", legend=["loss"], show=screen)
    for epoch in range(1, 21):
        animator.add(epoch, 20 / epoch if epoch < 20 else 40)
    assert len(screen) == 1
    (line,) = animator.fig.axes[0].lines
    assert line.get_xdata() == list(range(1, 21)) and line.get_ydata()[-1] == 40
    (left, right), (low, high) = animator.axes[0].get_xlim(), animator.axes[0].get_ylim()
    assert left <= 1 < 20 <= right and low <= 1 < 40 <= high


def test_words_say_what_the_curves_say(clock):
    shown = []
    animator = LiveAnimator(xlabel="epoch", legend=["loss", "acc"], show=shown.append)
    animator.add(1, (2.0, None))
    animator.add(2.5, (1.0, 0.75))
    animator.draw()
    zh, en = shown[-1].caption
    assert zh == "曲线图，画到 轮 2.5：loss 1.000、acc 0.750"
    assert en == "Curves up to epoch 2.5: loss 1.000, acc 0.750"


def test_the_books_words_are_shown_in_both_languages(screen):
    animator = LiveAnimator(xlabel="epoch", legend=["train loss", "mine"], show=screen)
    animator.add(1, (2.0, 1.0))
    texts = [text.get_text() for text in animator.axes[0].get_legend().get_texts()]
    assert texts == [label("训练损失", "train loss"), "mine"]
    assert animator.axes[0].get_xlabel() == label("轮", "epoch")


# When it draws


@pytest.mark.parametrize(("points_a_second", "least", "most"), [(10, 6, 9), (100, 6, 9), (3, 6, 6)])
def test_at_most_four_draws_a_second_and_slow_points_all(
    screen, clock, points_a_second, least, most
):
    animator = LiveAnimator(show=screen)
    for point in range(2 * points_a_second):
        animator.add(point, 1)
        clock.now += 1 / points_a_second
    assert least <= len(screen) <= most


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


def test_draw_shows_the_last_point_once(screen, clock):
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


def test_interrupted_draw_can_be_made_up_for(clock):
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


def test_point_added_while_the_timer_finishes_a_draw_is_drawn_too(monkeypatch):
    """The thread of a draw may still be alive when the next point asks for another one."""
    monkeypatch.setattr(live_screen, "get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr(live_screen, "_inside_output", lambda shell: True)
    monkeypatch.setattr(live_screen, "display", lambda image: None)
    monkeypatch.setattr(live_screen, "SECONDS_BETWEEN_DRAWS", 0.2)
    animator, drawn, go_on, last = LiveAnimator(), *(threading.Event() for _ in range(3))
    draw = animator.draw

    def slow_draw():
        draw()
        if drawn_lines(animator)[0][0][-1] == 3:
            last.set()
        if threading.current_thread() is not threading.main_thread() and not drawn.is_set():
            drawn.set()
            go_on.wait(60)

    animator.add(1, 1)
    monkeypatch.setattr(animator, "draw", slow_draw)
    animator.add(2, 2)
    assert drawn.wait(60)
    animator.add(3, 3)
    go_on.set()
    assert last.wait(60)


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
