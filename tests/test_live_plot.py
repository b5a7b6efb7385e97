"""The live plot: what it keeps and when it draws. (In a kernel: test_in_kernel.py.)"""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from lenet_helpers import LiveAnimator, live_plot
from lenet_helpers.figures import label


@pytest.fixture
def clock(monkeypatch):
    """In place of the module ``time``: while it stands still, only the first point is drawn."""
    clock = SimpleNamespace(now=1000.0, worked=0.0)
    clock.monotonic, clock.thread_time = lambda: clock.now, lambda: clock.worked
    monkeypatch.setattr(live_plot, "time", clock)
    return clock


class Plot(LiveAnimator):
    """Shows its pictures to ``self.seen``; ``act`` is done whenever one is shown."""

    def __init__(self, act=lambda: None, **options) -> None:
        self.seen = []
        super().__init__(show=lambda picture: (self.seen.append(picture.caption), act()), **options)


def drawn_lines(animator: LiveAnimator) -> list[tuple[list[float], list[float]]]:
    return [tuple(map(list, line.get_data())) for line in animator.axes[0].lines]


# Points


def test_the_figure_has_every_point_though_not_each_was_drawn(clock):
    animator = Plot()
    for x in range(1, 21):
        animator.add(x, (x * x, 10 - x if x < 20 else 500))
    assert len(animator.seen) == 1
    assert drawn_lines(animator) == list(zip(animator.X, animator.Y, strict=True))
    assert animator.Y[1] == [*range(9, -10, -1), 500]
    (left, right), (low, high) = animator.axes[0].get_xlim(), animator.axes[0].get_ylim()
    assert left <= 1 < 20 <= right and low <= -9 < 500 <= high


@pytest.mark.parametrize("count", [5, 20])
def test_any_number_of_lines_is_drawn_and_told_apart(count):
    animator = Plot(legend=[f"line {i}" for i in range(count)])
    animator.add(0, range(count + 1))
    lines = animator.axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == count + 1
    assert len(animator.axes[0].get_legend().texts) == count  # the last one has no name


def test_formats_are_begun_again_when_there_are_more_lines():
    animator = Plot(fmts=("-", "m--", "g-."))
    animator.add(0, range(5))
    *_, fourth, fifth = animator.axes[0].lines
    assert (fourth.get_linestyle(), fifth.get_linestyle(), fifth.get_color()) == ("-", "--", "m")


def test_lines_may_join_later():
    animator = Plot(legend=["a", "b", "c"])
    animator.add(1, 5)
    animator.add(2, (6, 7, 8))
    assert animator.Y == [[5, 6], [7], [8]]
    assert drawn_lines(animator)[2] == ([2], [8])


def test_positions_and_values_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="argument 2 is longer"):
        Plot().add((1, 2), (1, 2, 3))


def test_words_say_what_the_curves_say_and_the_books_are_in_both_languages(clock):
    animator = Plot(xlabel="epoch", legend=["train loss", "mine"])
    animator.add(1, (2.0, None))
    animator.add(2.5, (1.0, 0.75))
    animator.draw()
    zh, en = animator.seen[-1]
    assert zh == "曲线图，画到 轮 2.5：训练损失 1.000、mine 0.750"
    assert en == "Curves up to epoch 2.5: train loss 1.000, mine 0.750"
    texts = [text.get_text() for text in animator.axes[0].get_legend().get_texts()]
    assert texts == [label("训练损失", "train loss"), "mine"]
    assert animator.axes[0].get_xlabel() == label("轮", "epoch")


def test_points_from_many_threads_are_all_kept():
    animator = Plot()

    def add_some(line):
        for x in range(50):
            animator.add(x, [x if i == line else None for i in range(4)])

    with ThreadPoolExecutor() as pool:
        list(pool.map(add_some, range(4)))
    assert all(y == list(range(50)) for y in animator.Y) and len(animator.Y) == 4


# When it draws


@pytest.mark.parametrize(("points_a_second", "least", "most"), [(10, 6, 9), (100, 6, 9), (3, 6, 6)])
def test_at_most_four_draws_a_second_and_slow_points_all(clock, points_a_second, least, most):
    animator = Plot()
    for point in range(2 * points_a_second):
        animator.add(point, 1)
        clock.now += 1 / points_a_second
    assert least <= len(animator.seen) <= most


def test_time_that_a_draw_takes_is_not_counted_as_waiting(clock):
    def slow() -> None:
        clock.now += 10

    animator = Plot(slow)
    animator.add(1, 1)
    animator.add(2, 1)
    assert len(animator.seen) == 1


def test_costly_draws_are_made_seldom(clock):
    """A slow laptop: each draw takes it half a second of work, and a long run has many points."""

    def costly() -> None:
        clock.worked += 0.5

    animator = Plot(costly)
    for point in range(1000):
        animator.add(point, 1)
        clock.now += 0.3
    assert len(animator.seen) >= 5
    assert clock.worked / 300 < 0.03


def test_draw_shows_what_was_not_drawn_once(clock):
    animator = Plot()
    animator.draw()
    assert animator.seen == []
    animator.add(1, 1)
    animator.add(2, 1)
    animator.draw()
    animator.draw()
    assert [words.en for words in animator.seen] == [
        "Curves up to x 1: 0 1.000", "Curves up to x 2: 0 1.000",
    ]  # fmt: skip


def test_an_interrupted_draw_can_be_made_up_for(clock):
    """The stop button often hits a draw: each takes 50 ms. Its point is still to be drawn."""

    def interrupt() -> None:
        if len(animator.seen) == 1:
            raise KeyboardInterrupt

    animator = Plot(interrupt)
    with pytest.raises(KeyboardInterrupt):
        animator.add(1, 0.5)
    animator.draw()
    assert len(animator.seen) == 2
