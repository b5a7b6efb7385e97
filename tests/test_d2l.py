"""Side by side with the book's own package, ``d2l``: its functions take ours, and ours its."""

from __future__ import annotations

import inspect

import pytest
import torch
from d2l import torch as d2l
from matplotlib import pyplot as plt

from lenet_helpers import LiveAnimator, evaluate_accuracy_gpu, lenet, train

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def test_train_ch6_runs_unchanged_on_our_iterators(digits, capsys):
    torch.manual_seed(0)
    net = lenet("tanh")
    d2l.train_ch6(net, *digits, 2, 0.3, CPU)
    said = capsys.readouterr().out
    assert said.startswith("training on cpu\n")
    assert "test acc 0.9" in said
    assert "examples/sec on cpu" in said
    assert evaluate_accuracy_gpu(net, digits[1]) > 0.9


def test_train_ch6_runs_with_our_animator_in_place_of_its_own(digits, monkeypatch):
    made = []

    class Animator(LiveAnimator):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(d2l, "Animator", Animator)
    torch.manual_seed(0)
    net = lenet("tanh")
    d2l.train_ch6(net, *digits, 2, 0.3, CPU)
    (animator,) = made
    assert [len(y) for y in animator.Y] == [10, 10, 2]
    assert animator.X[2] == [1, 2]
    assert animator.Y[2][-1] == pytest.approx(evaluate_accuracy_gpu(net, digits[1]))


def test_our_training_gives_the_numbers_of_train_ch6(digits, monkeypatch):
    """Same seed, same order, same steps: the curves are the same up to rounding."""
    theirs, ours = {}, {}

    class Points:
        def __init__(self, *_, **__):
            pass

        def add(self, x, y):
            for name, value in zip(("loss", "train_acc", "test_acc"), y, strict=True):
                if value is not None:
                    theirs[name, round(x, 6)] = value

    monkeypatch.setattr(d2l, "Animator", Points)
    torch.manual_seed(0)
    d2l.train_ch6(lenet("tanh"), *digits, 2, 0.1, CPU)
    digits[0].reseed(0)
    torch.manual_seed(0)
    for report in train(lenet("tanh"), *digits, 2, 0.1, CPU):
        for name in ("loss", "train_acc", "test_acc"):
            if getattr(report, name) is not None:
                ours[name, round(report.epoch, 6)] = getattr(report, name)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, abs=2e-3), key


def test_accuracy_is_the_same(digits):
    torch.manual_seed(0)
    for net in (lenet(), lenet("relu", "max")):
        for data_iter in digits:
            ours = evaluate_accuracy_gpu(net, data_iter)
            assert ours == pytest.approx(d2l.evaluate_accuracy_gpu(net, data_iter), abs=1e-12)


def test_live_animator_takes_the_arguments_of_animator():
    theirs = inspect.signature(d2l.Animator).parameters
    ours = inspect.signature(LiveAnimator).parameters
    assert list(ours)[: len(theirs)] == list(theirs)
    assert all(p.default is not p.empty for name, p in ours.items() if name not in theirs)
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for name, p in ours.items() if name in theirs)
    looks = {"fmts", "figsize"}  # colours for the colour-blind, any number of lines, and more room
    for name in set(theirs) - looks:
        assert ours[name].default == theirs[name].default, name


def test_add_takes_the_arguments_of_animators_add():
    theirs = inspect.signature(d2l.Animator.add).parameters
    assert list(inspect.signature(LiveAnimator.add).parameters) == list(theirs)


@pytest.mark.parametrize(
    "points",
    [
        [(1, 2.0), (2, 1.0)],
        [(1, (2.0, 0.1, None)), (1, (None, None, 0.5)), (2, (1.0, 0.2, None))],
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
    assert len(ours.axes) == len(theirs.axes)


def test_axes_are_set_as_animator_sets_them():
    options = {
        "xlabel": "epoch",
        "ylabel": "loss",
        "legend": ["train", "test"],
        "xlim": [1, 10],
        "ylim": [0.1, 2],
        "xscale": "linear",
        "yscale": "log",
    }
    theirs, ours = d2l.Animator(**options), LiveAnimator(**options)
    for animator in (theirs, ours):
        animator.add(1, (1.5, 1.2))
    for name in ("xlabel", "ylabel", "xlim", "ylim", "xscale", "yscale"):
        get = f"get_{name}"
        assert getattr(ours.axes[0], get)() == getattr(theirs.axes[0], get)(), name
    legends = [[t.get_text() for t in a.axes[0].get_legend().texts] for a in (theirs, ours)]
    assert legends[0] == legends[1] == ["train", "test"]


def test_several_plots_as_animator_has_them():
    assert len(LiveAnimator(nrows=2, ncols=3).axes) == len(d2l.Animator(nrows=2, ncols=3).axes.flat)
