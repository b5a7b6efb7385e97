"""Pictures of a sweep: the right numbers in the right places."""

import numpy as np
import pandas
import pytest

from lenet_helpers import Words
from lenet_helpers.sweeps.plots import heat_map, spread_curves

CAPTION = Words("精度", "accuracy")


def heat(*rows: tuple):
    """The heat map of rows (activation, learning rate, seed, accuracy, error), and its texts."""
    table = pandas.DataFrame(rows, columns=["act", "lr", "seed", "acc", "error"])
    picture = heat_map(table, "lr", "act", "acc", CAPTION, title="t")
    assert picture.png().startswith(b"\x89PNG") and picture.caption == CAPTION
    (axis,) = picture.figure.axes
    return axis, {text.get_position(): text.get_text() for text in axis.texts}


def test_heat_map_shows_means_where_they_belong():
    axis, cells = heat(
        ("tanh", 0.9, 0, 0.6, ""), ("tanh", 0.9, 1, 0.8, ""), ("tanh", 0.1, 0, 0.25, ""),
        ("relu", 0.9, 0, 0.1, ""), ("relu", 0.1, 0, 0.5, ""),
    )  # fmt: skip
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0.9", "0.1"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["tanh", "relu"]
    assert cells == {(0, 0): "0.70", (1, 0): "0.25", (0, 1): "0.10", (1, 1): "0.50"}
    np.testing.assert_allclose(axis.images[0].get_array(), [[0.7, 0.25], [0.1, 0.5]])
    assert [text.get_color() for text in axis.texts] == ["k", "w", "w", "k"]  # readable
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("lr", "act", "t")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [("tanh", 0.9, 0, 0.6, ""), ("tanh", 0.9, 1, np.nan, "DivergedError"),
             ("relu", 0.9, 0, np.nan, "x"), ("relu", 0.9, 1, np.nan, "x"),
             ("relu", 0.1, 0, 0.5, "")],
            {(0, 0): "0.60 ×", (0, 1): "××", (1, 1): "0.50"},
        ),
        ([("relu", 0.9, 0, np.nan, "x")], {(0, 0): "×"}),
        ([((6, 16), 0.9, 0, 0.6, ""), ((), 0.9, 0, 0.4, "")], {(0, 0): "0.60", (0, 1): "0.40"}),
    ],
    ids=["failed and missing runs", "nothing but failures", "tuples as settings"],
)  # fmt: skip
def test_heat_map_writes_only_what_is_there(rows, expected):
    axis, cells = heat(*rows)
    assert cells == expected
    numbers = {(x, y) for y, x in np.argwhere(~axis.images[0].get_array().mask).tolist()}
    assert numbers == {place for place, text in expected.items() if text[0] == "0"}
    assert {label.get_text() for label in axis.get_yticklabels()} == {str(row[0]) for row in rows}


def test_curve_is_the_mean_and_the_band_goes_from_lowest_to_highest():
    runs = [[1.0, 2.0, 9.0], [3.0, 2.0, 0.0]]
    names = {"title": "t", "xlabel": "x", "ylabel": "y"}
    picture = spread_curves({"a": ([1, 2, 3], runs)}, CAPTION, level=2.3, **names)
    axis = picture.figure.axes[0]
    level, curve = axis.lines
    assert curve.get_xdata().tolist() == [1, 2, 3]
    assert curve.get_ydata().tolist() == [2, 2, 4.5]
    assert set(level.get_ydata()) == {2.3}
    corners = {tuple(point) for point in axis.collections[0].get_paths()[0].vertices}
    assert {(1, 1), (1, 3), (3, 0), (3, 9)} <= corners
    assert [axis.get_title(), axis.get_xlabel(), axis.get_ylabel()] == ["t", "x", "y"]
    assert picture.caption == CAPTION and picture.png().startswith(b"\x89PNG")
