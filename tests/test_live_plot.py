"""The live plot: what it keeps, when it draws, and what a real kernel leaves in the notebook."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import ipywidgets as widgets
import nbformat
import pytest
from nbclient import NotebookClient

from lenet_helpers import LiveAnimator, Words, live_plot
from lenet_helpers.figures import Picture

ROOT = Path(__file__).parents[1]
LONG = 60  # seconds: only a hang takes that long


class Screen(list):
    """Stands in for the notebook: keeps the words of every picture shown."""

    def __call__(self, picture) -> None:
        self.append(picture.caption.en)


class Clock:
    """A clock that the test turns, in place of the module ``time``. It stands still: after the
    first draw, nothing is drawn unless asked for."""

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


@pytest.mark.parametrize(
    "points, X, Y",
    [
        ([(1, 0.5), (2, None)], [[1]], [[0.5]]),  # one number is one line, None is no point
        ([((1, 2), (3, 4))], [[1], [2]], [[3], [4]]),  # a position for each
        ([(1, 5), (2, (6, 7))], [[1, 2], [2]], [[5, 6], [7]]),  # a line joins later
        ([(0.5, (2, None)), (None, (1, 1)), (1, (None, 3))], [[0.5], [1]], [[2], [3]]),
    ],
)
def test_what_is_added_is_kept(screen, points, X, Y):
    animator = LiveAnimator(show=screen)
    for x, y in points:
        animator.add(x, y)
    animator.draw()
    assert (animator.X, animator.Y) == (X, Y)


@pytest.mark.parametrize("count", [5, 20])
def test_any_number_of_lines_is_drawn_and_told_apart(screen, count):
    animator = LiveAnimator(show=screen, legend=[f"line {i}" for i in range(count)])
    animator.add(0, range(count + 1))
    lines = animator.axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == count + 1
    names = [text.get_text() for text in animator.axes[0].get_legend().texts]
    assert names == [f"line {i}" for i in range(count)]  # the one without a name stays out


def test_formats_are_begun_again_when_there_are_more_lines(screen):
    animator = LiveAnimator(show=screen, fmts=("-", "m--", "g-."))
    animator.add(0, range(5))
    styles = [line.get_linestyle() for line in animator.axes[0].lines]
    assert styles == ["-", "--", "-.", "-", "--"]
    assert animator.axes[0].lines[4].get_color() == "m"


def test_positions_and_values_that_do_not_match_are_refused(screen):
    with pytest.raises(ValueError, match="argument 2 is longer"):
        LiveAnimator(show=screen).add((1, 2), (1, 2, 3))


def test_limits_follow_the_data_where_none_are_given(screen, clock):
    animator = LiveAnimator(show=screen, ylim=[0, 1])
    for x in (3, 40):
        animator.add(x, 0.5)
    animator.draw()
    left, right = animator.axes[0].get_xlim()
    assert 0 < left <= 3
    assert 40 <= right < 50
    assert animator.axes[0].get_ylim() == (0, 1)


def test_words_say_what_the_curves_say(screen, clock):
    shown = []
    animator = LiveAnimator(xlabel="epoch", legend=["loss", "acc"], show=shown.append)
    animator.add(1, (2.0, None))
    animator.add(2.5, (1.0, 0.75))
    animator.draw()
    zh, en = shown[-1].caption
    for text in (zh, en):
        assert "epoch 2.5" in text
        assert "loss 1.000" in text
        assert "acc 0.750" in text
    assert zh.startswith("曲线图")
    assert en.startswith("Curves")


def test_outside_a_notebook_points_are_kept_and_nothing_is_shown(capsys):
    animator = LiveAnimator()
    animator.add(1, (2, 3))
    animator.draw()
    assert animator.Y == [[2], [3]] and capsys.readouterr().out == ""


# When it draws


@pytest.mark.parametrize("pause, draws", [(1 / 16, 6), (1 / 8, 12), (3 / 8, 24)])
def test_the_first_point_is_drawn_at_once_and_then_at_most_four_a_second(
    screen, clock, pause, draws
):
    animator = LiveAnimator(show=screen)
    for point in range(24):
        animator.add(point, 1)
        assert screen
        clock.now += pause
    assert len(screen) == draws


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
    for point in range(300):
        animator.add(point, 1)
        clock.now += 1
    assert len(shown) >= 5
    assert clock.worked / 300 < 0.03


def test_draw_shows_the_last_point_once(screen, clock):
    animator = LiveAnimator(show=screen)
    animator.draw()
    assert screen == []  # nothing to draw yet
    animator.add(1, 1)
    animator.add(2, 1)
    assert screen[-1].startswith("Curves up to x 1:")
    animator.draw()
    animator.draw()
    assert len(screen) == 2
    assert screen[-1].startswith("Curves up to x 2:")


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


def test_one_image_is_displayed_and_then_updated_though_no_other_point_follows(monkeypatch):
    displayed = []
    monkeypatch.setattr(live_plot, "get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr(live_plot, "_inside_output", lambda shell: True)
    monkeypatch.setattr(live_plot, "display", displayed.append)
    animator = LiveAnimator()
    for last in (1, 20):
        for x in range(last):
            animator.add(x, x)
        while threads := [t for t in threading.enumerate() if isinstance(t, threading.Timer)]:
            threads[0].join(LONG)
        assert drawn_lines(animator)[0][0][-1:] == [last - 1]
        (image,) = displayed
        assert isinstance(image, widgets.Image)
        assert bytes(image.value) == Picture(animator.fig, Words("", "")).png()


# In a real kernel

BEGIN = """
import signal, time
import ipywidgets as widgets
from IPython.display import display
from lenet_helpers import LiveAnimator
from lenet_helpers.figures import FigureCanvasAgg

def fast_points():
    for x in range(12):
        animator.add(x, (x, 2 * x))
        time.sleep(0.01)
"""
NEW = "animator = LiveAnimator(xlabel='epoch', legend=['a', 'b'])\n"
CELLS = {
    "finished": NEW + "fast_points()",
    "raised": NEW + "fast_points()\nraise ValueError('stop here')",
    "interrupted": NEW + "fast_points()\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(5)",
    "interrupted draw": NEW
    + """
animator.add(0, (0, 0))
time.sleep(0.3)
print_png = FigureCanvasAgg.print_png
def interrupted(*_):
    FigureCanvasAgg.print_png = print_png
    raise KeyboardInterrupt
FigureCanvasAgg.print_png = interrupted
animator.add(11, (11, 22))
""",
    "continued": NEW + "fast_points()",
    "from another cell": "animator.add(50, (1, 1))\nanimator.add(51, (2, 2))",
    "output": "out = widgets.Output()\ndisplay(out)\nwith out:\n    " + NEW + "    fast_points()",
}


@pytest.fixture(scope="module")
def notebook():
    """The cells above, run in a real kernel."""
    cells = [nbformat.v4.new_code_cell(source) for source in (BEGIN, *CELLS.values())]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook, timeout=LONG, allow_errors=True, resources={"metadata": {"path": str(ROOT)}}
    ).execute()
    assert notebook.cells[0].outputs == []
    return notebook


def outputs(notebook, name: str, kind: str) -> list[dict]:
    """What a cell displayed of this kind."""
    cell = notebook.cells[1 + list(CELLS).index(name)]
    return [output for output in cell.outputs if kind in output.get("data", {})]


@pytest.mark.parametrize(
    "name, error",
    [
        ("finished", []),
        ("raised", ["ValueError"]),
        ("interrupted", ["KeyboardInterrupt"]),
        ("interrupted draw", ["KeyboardInterrupt"]),
    ],
)
def test_cell_holds_one_picture_and_it_is_the_last_frame(notebook, name, error):
    (picture,) = outputs(notebook, name, "image/png")
    words = "Curves up to epoch 11: a 11.000, b 22.000"
    assert words in picture.data["text/plain"]
    assert words in picture.metadata["image/png"]["alt"]
    cell = notebook.cells[1 + list(CELLS).index(name)]
    assert [output.ename for output in cell.outputs if output.output_type == "error"] == error


def test_point_added_in_a_later_cell_is_drawn_where_the_plot_is(notebook):
    assert outputs(notebook, "from another cell", "image/png") == []
    (picture,) = outputs(notebook, "continued", "image/png")
    assert "epoch 51: a 2.000, b 2.000" in picture.data["text/plain"]


def test_inside_an_output_widget_there_is_one_image(notebook):
    view = "application/vnd.jupyter.widget-view+json"
    assert outputs(notebook, "output", "image/png") == []
    (out,) = outputs(notebook, "output", view)
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    (shown,) = states[out.data[view]["model_id"]]["state"]["outputs"]
    assert states[shown["data"][view]["model_id"]]["model_name"] == "ImageModel"
