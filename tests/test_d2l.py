"""Side by side with the book's own package, ``d2l``: its functions take ours, and ours its."""

import inspect

import pytest
import torch
from d2l import torch as d2l
from matplotlib import pyplot as plt

from lenet_helpers import LiveAnimator, book, evaluate_accuracy_gpu, lenet, train

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def test_train_ch6_runs_on_our_iterators_with_our_animator_and_gives_our_numbers(
    digits, monkeypatch, capsys
):
    """Same seed, same order, same steps: the curves are the same up to rounding."""
    made = []

    class Animator(LiveAnimator):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(d2l, "Animator", Animator)
    torch.manual_seed(0)
    d2l.train_ch6(lenet("tanh"), *digits, 2, 0.1, CPU)
    said = capsys.readouterr().out
    assert said.startswith("training on cpu\n") and "examples/sec on cpu" in said

    digits[0].reseed(0)
    torch.manual_seed(0)
    reports = list(train(lenet("tanh"), *digits, 2, 0.1, CPU))
    (theirs,) = made
    for line, name in enumerate(("loss", "train_acc", "test_acc")):
        ours = [report for report in reports if (report.test_acc is None) == (name != "test_acc")]
        assert theirs.X[line] == pytest.approx([report.epoch for report in ours])
        assert theirs.Y[line] == pytest.approx([getattr(r, name) for r in ours], abs=2e-3)


def test_accuracy_is_the_same(digits):
    torch.manual_seed(0)
    for net in (lenet(), lenet("relu", "max")):
        for data_iter in digits:
            ours = evaluate_accuracy_gpu(net, data_iter, CPU)
            assert ours == pytest.approx(d2l.evaluate_accuracy_gpu(net, data_iter), abs=1e-12)


# The animator


def test_live_animator_takes_the_arguments_of_animator():
    theirs = inspect.signature(d2l.Animator).parameters
    ours = inspect.signature(LiveAnimator).parameters
    assert list(ours)[: len(theirs)] == list(theirs)
    assert all(p.default is not p.empty for name, p in ours.items() if name not in theirs)
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for name, p in ours.items() if name in theirs)
    looks = {"fmts", "figsize"}  # colours for the colour-blind, any number of lines, and more room
    for name in set(theirs) - looks:
        assert ours[name].default == theirs[name].default, name
    points = inspect.signature(d2l.Animator.add).parameters
    assert list(inspect.signature(LiveAnimator.add).parameters) == list(points)


@pytest.mark.parametrize(
    "points",
    [
        [(1, 2.0), (2, None), (3, 1.0)],
        [(1, (2.0, 0.1, None)), (1, (None, None, 0.5)), (None, (1.0, 0.2, 0.4))],
        [((1, 2), (3, 4)), ((5, 6), (7, None))],
        [(0.5, [1, 2, 3, 4])],
    ],
    ids=["one line", "None", "own positions", "four lines"],
)
def test_points_are_kept_as_animator_keeps_them(points):
    theirs, ours = d2l.Animator(), LiveAnimator()
    for x, y in points:
        theirs.add(x, y)
        ours.add(x, y)
    assert ours.X == theirs.X
    assert ours.Y == theirs.Y


def test_axes_are_set_as_animator_sets_them():
    options = {
        "xlabel": "step", "ylabel": "loss", "legend": ["train", "test"], "xlim": [1, 10],
        "ylim": [0.1, 2], "xscale": "linear", "yscale": "log",
    }  # fmt: skip
    theirs, ours = d2l.Animator(**options), LiveAnimator(**options)
    for animator in (theirs, ours):
        animator.add(1, (1.5, 1.2))
    for name in ("xlabel", "ylabel", "xlim", "ylim", "xscale", "yscale"):
        get = f"get_{name}"
        assert getattr(ours.axes[0], get)() == getattr(theirs.axes[0], get)(), name
    legends = [[t.get_text() for t in a.axes[0].get_legend().texts] for a in (theirs, ours)]
    assert legends[0] == legends[1] == ["train", "test"]
    assert len(LiveAnimator(nrows=2, ncols=3).axes) == len(d2l.Animator(nrows=2, ncols=3).axes.flat)


# The functions that the lessons take from `lenet_helpers.book`


@pytest.mark.parametrize("shape", [(7, 3), (7, 1), (7,)])
def test_accuracy_and_size_are_the_books(shape):
    scores, labels = torch.rand(shape), torch.randint(3, (7,))
    assert book.accuracy(scores, labels) == d2l.accuracy(scores, labels)
    assert book.size(scores) == d2l.size(scores)


def test_accumulator_adds_as_the_books():
    sums = [made(2) for made in (book.Accumulator, d2l.Accumulator)]
    for each in sums:
        each.add(1, torch.tensor(2.5))
        each.add(3, 4)
    assert [each[0] for each in sums] == [4, 4] and [each[1] for each in sums] == [6.5, 6.5]
    sums[0].reset()
    assert sums[0].data == [0, 0]


def test_timer_keeps_what_it_measured(monkeypatch):
    for package in (book, d2l):
        ticks = iter([0.0, 1.0, 4.0, 5.0, 7.0])
        monkeypatch.setattr(package.time, "time", lambda ticks=ticks: next(ticks))
        timer = package.Timer()
        timer.start()
        assert timer.stop() == 3
        timer.start()
        timer.stop()
        assert (timer.times, timer.sum(), timer.avg()) == ([3, 2], 5, 2.5)
        assert timer.cumsum() == [3, 5]


def test_any_other_name_is_the_books_own():
    assert book.train_ch6 is d2l.train_ch6
    with pytest.raises(AttributeError, match="no_such_name"):
        book.no_such_name  # noqa: B018
