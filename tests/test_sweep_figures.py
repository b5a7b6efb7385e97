"""Pictures of a sweep: the right numbers in the right places."""

import numpy as np
import pandas
import pytest

from lenet_helpers import Words
from lenet_helpers.sweeps.plots import MANY_POINTS, heat_map, spread_curves

CAPTION = Words("精度", "accuracy")
LABELS = {"title": "t", "xlabel": "x", "ylabel": "y"}


def heat(*rows: tuple):
    """The axis of the heat map of rows (activation, learning rate, seed, accuracy, error)."""
    table = pandas.DataFrame(rows, columns=["act", "lr", "seed", "acc", "error"])
    picture = heat_map(table, "lr", "act", "acc", CAPTION, title="t")
    assert picture.png().startswith(b"\x89PNG")
    return picture.figure.axes[0]


def cells(axis) -> dict[tuple[float, float], str]:
    return {text.get_position(): text.get_text() for text in axis.texts}


def test_heat_map_shows_means_where_they_belong():
    axis = heat(
        ("tanh", 0.9, 0, 0.6, ""), ("tanh", 0.9, 1, 0.8, ""), ("tanh", 0.1, 0, 0.25, ""),
        ("relu", 0.9, 0, 0.1, ""), ("relu", 0.1, 0, 0.5, ""),
    )  # fmt: skip
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0.9", "0.1"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["tanh", "relu"]
    assert cells(axis) == {(0, 0): "0.70", (1, 0): "0.25", (0, 1): "0.10", (1, 1): "0.50"}
    np.testing.assert_allclose(axis.images[0].get_array(), [[0.7, 0.25], [0.1, 0.5]])
    assert [text.get_color() for text in axis.texts] == ["k", "w", "w", "k"]  # readable
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("lr", "act", "t")


def test_heat_map_marks_failed_runs_and_leaves_out_missing_ones():
    axis = heat(
        ("tanh", 0.9, 0, 0.6, ""), ("tanh", 0.9, 1, np.nan, "DivergedError"),
        ("relu", 0.9, 0, np.nan, "x"), ("relu", 0.9, 1, np.nan, "x"), ("relu", 0.1, 0, 0.5, ""),
    )  # fmt: skip
    assert cells(axis) == {(0, 0): "0.60 ×", (0, 1): "××", (1, 1): "0.50"}
    assert axis.images[0].get_array().mask.tolist() == [[False, True], [True, False]]


def test_heat_map_of_nothing_but_failures_is_drawn():
    assert cells(heat(("relu", 0.9, 0, np.nan, "x"))) == {(0, 0): "×"}


def test_heat_map_takes_tuples_as_settings():
    axis = heat(((6, 16), 0.9, 0, 0.6, ""), ((), 0.9, 0, 0.4, ""))
    assert [label.get_text() for label in axis.get_yticklabels()] == ["(6, 16)", "()"]
    assert cells(axis) == {(0, 0): "0.60", (0, 1): "0.40"}


def test_curve_is_the_mean_and_the_band_goes_from_lowest_to_highest():
    runs = [[1.0, 2.0, 9.0], [3.0, 2.0, 0.0]]
    picture = spread_curves({"a": ([1, 2, 3], runs)}, CAPTION, level=2.3, **LABELS)
    axis = picture.figure.axes[0]
    level, curve = axis.lines
    assert curve.get_xdata().tolist() == [1, 2, 3]
    assert curve.get_ydata().tolist() == [2, 2, 4.5]
    assert set(level.get_ydata()) == {2.3}
    corners = {tuple(point) for point in axis.collections[0].get_paths()[0].vertices}
    assert {(1, 1), (1, 3), (3, 0), (3, 9)} <= corners
    assert picture.caption == CAPTION and picture.png().startswith(b"\x89PNG")


def test_curves_are_told_apart_by_more_than_colour():
    picture = spread_curves({name: ([1, 2], [[1, 2]]) for name in "abcd"}, CAPTION, **LABELS)
    axis = picture.figure.axes[0]
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in axis.lines]
    for aspect in zip(*looks, strict=True):
        assert len(set(aspect)) == 4
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list("abcd")


@pytest.mark.parametrize(("points", "marked"), [(MANY_POINTS, True), (MANY_POINTS + 1, False)])
def test_curves_of_many_points_have_no_marks(points, marked):
    picture = spread_curves({"a": (range(points), [range(points)])}, CAPTION, **LABELS)
    assert (picture.figure.axes[0].lines[0].get_marker() == "o") is marked
