"""Kept runs as data, and the pictures that compare them."""

import csv
import io
import math

import pytest

from lenet_helpers.runs.curves import HIGHEST_LOSS, compare_runs, last_and_others
from lenet_helpers.runs.records import OTHERS, Point, Run, Settings, labels
from lenet_helpers.runs.table import to_csv


def finished(number: int = 1, lr: float = 0.9, losses=(2.3, 1.0), **settings) -> Run:
    """A run of one epoch for each loss, measured half-way and at the end."""
    run = Run(number, [Settings("mnist", lr=lr, **settings)], ended="finished", seconds=3.25)
    for epoch, loss in enumerate(losses):
        run.add(Point(epoch + 0.5, loss, 0.4, loss, 0.4, None))
        run.add(Point(epoch + 1, loss, 0.5, loss, 0.5, None))
        run.add(Point(epoch + 1, loss, 0.5, loss, 0.5, 0.6 + epoch / 10))
    return run


def diverged(number: int = 2) -> Run:
    run = Run(number, [Settings("mnist", lr=10)], ended="diverged")
    run.add(Point(0.2, math.nan, 0.1, math.nan, 0.1, None))
    return run


def test_the_test_accuracy_joins_the_point_of_its_epoch():
    run = finished()
    assert [point.epoch for point in run.points] == [0.5, 1, 1.5, 2]
    assert run.curve("test_acc") == ([1, 2], [0.6, 0.7])
    assert run.test_acc == 0.7
    assert diverged().test_acc is None


def test_labels_say_what_tells_runs_apart():
    runs = [finished(1), finished(2, lr=0.05), finished(3, activation="relu", standardize=True)]
    assert labels(runs[:2]) == ["1: lr 0.9", "2: lr 0.05"]
    assert labels(runs) == [
        "1: lr 0.9, sigmoid, raw pixels",
        "2: lr 0.05, sigmoid, raw pixels",
        "3: lr 0.9, relu, standardised",
    ]
    assert labels([finished(1), finished(2, seed=4, batch_size=64)]) == [
        "1: lr 0.9, batch 256, seed 0",
        "2: lr 0.9, batch 64, seed 4",
    ]
    assert labels(runs[:1], OTHERS) == [
        "1: lr 0.9, mnist, batch 256, sigmoid, average, raw pixels, seed 0, cpu"
    ]


def test_a_table_for_spreadsheets_has_all_settings_and_results():
    run = finished()
    run.go_on(Settings("digits", lr=0.9, activation="relu"))  # only the rate and epochs count
    run.go_on(Settings("mnist", lr=0.1, epochs=3))
    assert run.settings == Settings("mnist", lr=0.1, epochs=3)
    first, second = csv.DictReader(io.StringIO(to_csv([run, diverged()])))
    assert first["lr"] == "0.9 → 0.1"
    assert (first["epochs"], first["seconds"], first["test_acc"]) == ("2", "3.2", "0.7")
    assert (second["loss"], second["test_acc"], second["ended"]) == ("nan", "", "diverged")
    assert {"dataset", "batch_size", "pooling", "standardize", "seed", "device"} <= set(first)


def test_a_comparison_shows_every_run_in_both_plots():
    runs = [finished(n, lr=n / 10) for n in range(1, 26)]
    picture = compare_runs(runs)
    left, right = picture.figure.axes
    assert len(left.lines) == len(right.lines) == 25
    looks = {(line.get_color(), line.get_linestyle()) for line in left.lines}
    assert len(looks) == 25
    assert list(left.lines[3].get_ydata()) == [2.3, 2.3, 1.0, 1.0]
    assert list(right.lines[3].get_ydata()) == [0.6, 0.7]
    assert "4: lr 0.4: loss 1.000, test accuracy 0.700 (finished)" in picture.caption.en
    assert picture.png()


def test_a_diverged_run_is_marked_and_does_not_flatten_the_others():
    wild = diverged(3)
    wild.points.insert(0, Point(0.1, 1e30, 0.1, 1e30, 0.1, None))
    left, _ = compare_runs([finished(), diverged(), wild]).figure.axes
    assert left.get_ylim() == (0, HIGHEST_LOSS)
    crosses = [line for line in left.lines if line.get_marker() == "X"]
    assert [tuple(map(float, cross.get_ydata())) for cross in crosses] == [(HIGHEST_LOSS,)] * 2
    names = [text.get_text() for text in left.get_legend().texts]
    assert [name.endswith("✕") for name in names] == [False, True, True]


@pytest.mark.parametrize("runs, plots", [([], 2), ([finished()], 2), ([finished(), diverged()], 4)])
def test_the_last_run_is_shown_beside_a_table_and_compared_if_there_are_others(runs, plots):
    picture = last_and_others(finished(7), runs)
    assert len(picture.figure.axes) == plots
    assert picture.figure.axes[0].get_title().startswith("7: lr 0.9")
    assert "7: lr 0.9" in picture.caption.zh
    assert picture.png()
