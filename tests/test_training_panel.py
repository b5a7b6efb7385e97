"""The training panel without a kernel or a browser: through its widgets' values and clicks."""

from __future__ import annotations

import base64
import csv
import gc
import io
import re
import sys
import threading
import time
import weakref

import pytest
import torch
from ipywidgets.widgets import widget as widget_registry

from lenet_helpers import DataUnavailableError, lenet, load_data, train
from lenet_helpers.data import batches
from lenet_helpers.language import CHOICE
from lenet_helpers.runs import rerun, training_panel
from lenet_helpers.runs.controls import LABELS
from lenet_helpers.runs.training_panel import TrainingPanel

LONG = 120  # seconds: only a hang takes that long
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def language():
    CHOICE.language = "both"
    yield CHOICE
    CHOICE.language = "both"


@pytest.fixture
def make_panel():
    """Makes panels, and closes them when the test is over, so that no thread outlives it."""
    panels = []

    def make(dataset: str = "digits", **options) -> TrainingPanel:
        panels.append(TrainingPanel(dataset, **options))
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()
    deadline = time.monotonic() + LONG
    while training_threads() and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.fixture
def panel(make_panel) -> TrainingPanel:
    """A panel for the digits with ReLU, which learns in two epochs."""
    panel = make_panel()
    panel.activation.value, panel.lr.value, panel.epochs.value = "relu", 0.1, 2
    return panel


@pytest.fixture
def unread():
    """No data set is kept from an earlier test, nor for a later one."""
    rerun._load.cache_clear()
    yield
    rerun._load.cache_clear()


def training_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lenet-training"]


def run(panel: TrainingPanel, **settings) -> None:
    """Choose these settings, press Train, and wait until it is over."""
    for name, value in settings.items():
        getattr(panel, name).value = value
    panel.train_button.click()
    assert panel.wait(LONG)


def wait_for_points(panel: TrainingPanel, count: int) -> None:
    deadline = time.monotonic() + LONG
    while not (panel.runs and len(panel.runs[-1].points) >= count):
        assert time.monotonic() < deadline, panel.message.value
        time.sleep(0.005)


def state(net) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


# Settings


def test_settings_begin_as_in_the_lesson(make_panel):
    settings = make_panel("mnist").controls.values()
    assert (settings.lr, settings.epochs, settings.batch_size) == (0.9, 10, 256)
    assert (settings.activation, settings.pooling) == ("sigmoid", "average")
    assert not settings.standardize


def test_the_few_digits_get_smaller_batches_and_more_epochs(make_panel):
    panel = make_panel("digits")
    assert (panel.batch_size.value, panel.epochs.value, panel.standardize.value) == (32, 50, True)
    assert panel.standardize.disabled


def test_another_data_set_brings_its_recipe_but_keeps_what_was_chosen(make_panel):
    panel = make_panel("mnist")
    panel.lr.value = 0.2
    panel.dataset.value = "digits"
    assert (panel.lr.value, panel.batch_size.value, panel.epochs.value) == (0.2, 32, 50)
    panel.batch_size.value = 64
    panel.dataset.value = "fashion_mnist"
    assert (panel.lr.value, panel.batch_size.value, panel.epochs.value) == (0.2, 64, 10)
    assert not panel.standardize.value and not panel.standardize.disabled


def test_reset_brings_back_the_first_settings_and_a_new_network(panel):
    fresh = state(panel.net)
    run(panel, pooling="max", seed=4)
    panel.reset_button.click()
    assert panel.controls.values() == panel.controls.initial
    assert torch.equal(state(panel.net), fresh)
    assert panel.continue_button.disabled
    assert len(panel.runs) == 1


def test_the_first_data_set_is_the_one_the_environment_names(monkeypatch):
    monkeypatch.setenv("LENET_DATASET", "mnist")
    assert TrainingPanel().dataset.value == "mnist"


def test_without_a_wish_the_first_data_set_is_one_that_is_here(tiny_sets, monkeypatch, tmp_path):
    assert TrainingPanel().dataset.value == "digits"
    tiny_sets["mnist"].write_below(tmp_path)
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    assert TrainingPanel().dataset.value == "mnist"


@pytest.mark.parametrize("typed, used", [(0.0123, 0.0123), (0.00001, 0.001), (99, 10)])
def test_a_learning_rate_can_be_typed(panel, typed, used):
    panel.lr.value = typed
    assert panel.lr.value == used
    assert panel.controls.lr_slider.value == used


def test_the_slider_moves_the_learning_rate(panel):
    panel.controls.lr_slider.value = 10**-1.35
    assert panel.lr.value == 0.0447


def test_the_sliders_nearest_notch_does_not_replace_a_typed_number(panel):
    panel.lr.value = 0.9
    panel.controls.lr_slider.value = 10**-0.05  # what JupyterLab's slider makes of 0.9
    assert panel.lr.value == 0.9


def test_the_slider_of_the_epochs_goes_with_its_box(panel):
    panel.controls.epochs_slider.value = 7
    assert panel.epochs.value == 7
    panel.epochs.value = 99
    assert panel.controls.epochs_slider.value == 50


# Training


def test_a_run_is_the_one_that_the_lessons_code_gives(panel):
    run(panel, activation="tanh", lr=0.3, seed=5, batch_size=64)
    torch.manual_seed(5)
    net = lenet("tanh")
    reports = list(train(net, *load_data("digits", 64, seed=5), 2, 0.3))
    assert [p.loss for p in panel.runs[0].points] == [r.loss for r in reports if r.test_acc is None]
    assert [acc for _, acc in panel.runs[0].tests] == [r.test_acc for r in reports if r.test_acc]
    assert torch.equal(state(panel.net), state(net))


def test_the_images_are_read_once_and_standardised_or_not(make_panel, tiny_sets, monkeypatch,
                                                            tmp_path, unread):  # fmt: skip
    tiny_sets["mnist"].write_below(tmp_path)
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    panel, loads = make_panel("mnist"), []
    monkeypatch.setattr(rerun, "load_data", lambda *a, **k: loads.append(a) or load_data(*a, **k))
    for standardize in (False, True):
        run(panel, standardize=standardize, epochs=1, batch_size=10, seed=2)
        torch.manual_seed(2)
        batches = load_data("mnist", 10, standardize=standardize, seed=2)
        *_, last = train(lenet(), *batches, 1, 0.9)
        assert panel.runs[-1].last[1:] == (last.loss, last.train_acc, last.test_acc)
    assert len(loads) == 1


def test_training_leaves_the_notebooks_random_numbers_alone(panel):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    run(panel)
    assert torch.equal(torch.rand(3), expected)


def test_a_run_leaves_curves_numbers_and_a_usable_network(panel):
    run(panel)
    kept = panel.runs[0]
    assert (kept.ended, kept.last.epoch, kept.number) == ("finished", 2, 1)
    assert kept.test_acc > 0.8
    assert bytes(panel.curves.image.value).startswith(PNG)
    assert f"{kept.test_acc:.3f}" in panel.progress.numbers.value
    assert panel.progress.bar.value == 1
    X, _ = next(iter(load_data("digits")[1]))
    assert panel.net(X).shape == (len(X), 10)


def test_the_picture_and_the_numbers_change_while_it_trains(make_panel):
    panel = make_panel()
    panel.train_button.click()
    seen = {(bytes(panel.curves.image.value), panel.progress.numbers.value)}
    wait_for_points(panel, 1)
    while len(seen) < 4:
        seen.add((bytes(panel.curves.image.value), panel.progress.numbers.value))
        assert panel._job is not None, "the run is over, and too little was seen of it"
        time.sleep(0.01)
    assert "left" in panel.progress.numbers.value
    assert not panel.stop_button.disabled and panel.train_button.disabled


def test_stop_is_quick_and_keeps_network_and_curves(make_panel):
    panel = make_panel()
    panel.train_button.click()
    wait_for_points(panel, 2)
    start = time.monotonic()
    panel.stop_button.click()
    assert panel.wait(LONG)
    assert time.monotonic() - start < 1
    kept = panel.runs[0]
    assert kept.ended == "stopped" and 0 < kept.last.epoch < 50
    assert not torch.equal(state(panel.net), state(rerun.new_net(kept.settings)))
    assert "stopped at epoch" in panel.message.value
    assert panel.curves._animator.X[0][-1] == round(kept.last.epoch, 2)
    assert panel.stop_button.disabled and not panel.continue_button.disabled


def test_two_epochs_and_two_more_are_four(panel):
    run(panel)
    panel.continue_button.click()
    assert panel.wait(LONG)
    in_two, net = panel.runs[0], panel.net
    run(panel, epochs=4)
    assert len(panel.runs) == 2
    assert in_two.points == panel.runs[1].points
    assert torch.equal(state(net), state(panel.net))


def test_continue_after_stop_goes_on_from_there_with_another_rate(make_panel):
    panel = make_panel()
    panel.train_button.click()
    wait_for_points(panel, 3)
    panel.stop_button.click()
    assert panel.wait(LONG)
    stopped_at, count = panel.runs[0].last.epoch, len(panel.runs[0].points)
    panel.lr.value, panel.epochs.value = 0.05, 1
    panel.continue_button.click()
    assert panel.wait(LONG)
    kept = panel.runs[0]
    assert kept.rates == "0.9 → 0.05" and kept.ended == "finished"
    assert kept.last.epoch == pytest.approx(stopped_at + 1)
    assert len(kept.points) > count


def test_train_starts_anew_each_time(panel):
    run(panel)
    run(panel)
    first, second = panel.runs
    assert first.points == second.points
    assert [first.number, second.number] == [1, 2]


def test_pressing_train_twice_starts_one_run(make_panel):
    panel = make_panel()
    panel.train_button.click()
    wait_for_points(panel, 1)
    panel.train_button.click()
    assert "stop it first" in panel.message.value
    panel.reset_button.click()
    assert panel.continue_button.disabled
    panel.stop_button.click()
    assert panel.wait(LONG)
    assert len(panel.runs) == 1


def test_continue_and_stop_without_a_run_do_no_harm(panel):
    panel.continue_button.click()
    assert "no run to go on with" in panel.message.value
    panel.stop_button.click()
    assert panel.wait(0)
    assert panel.runs == []


# What can go wrong


@pytest.mark.parametrize("chosen", ["zh", "en"])
def test_a_diverging_run_ends_with_a_sentence(panel, chosen):
    CHOICE.language = chosen
    run(panel, lr=10)
    assert 'role="alert"' in panel.message.value
    assert '<div lang="zh">损失变成了 nan，训练发散了。' in panel.message.value
    assert '<div lang="en">The loss became nan: training diverged.' in panel.message.value
    assert panel.runs[0].ended == "diverged"
    assert panel.continue_button.disabled and not panel.train_button.disabled
    run(panel, lr=0.1)
    assert panel.runs[1].ended == "finished" and panel.error is None


def test_a_data_set_that_cannot_be_had_says_so(panel, monkeypatch):
    def offline(dataset):
        raise DataUnavailableError("无法下载 MNIST。", "MNIST could not be downloaded.")

    monkeypatch.setattr(batches, "download", offline)
    run(panel, dataset="mnist")
    assert '<div lang="zh">无法下载 MNIST。</div>' in panel.message.value
    assert '<div lang="en">MNIST could not be downloaded.</div>' in panel.message.value
    assert panel.runs == []
    run(panel, dataset="digits")
    assert panel.runs[0].ended == "finished"


def test_an_unknown_error_is_shown_with_its_type_and_kept(panel, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("out of <luck>")
        yield

    monkeypatch.setattr(rerun, "train", broken)
    run(panel)
    assert "RuntimeError: out of &lt;luck&gt;" in panel.message.value
    with pytest.raises(RuntimeError, match="luck") as raised:
        raise panel.error
    assert raised.traceback[-1].name == "broken"


def test_an_error_half_way_keeps_the_curves_so_far(panel, monkeypatch):
    def breaks(*arguments, **options):
        yield from list(train(*arguments, **options))[:3]
        raise MemoryError("full")

    monkeypatch.setattr(rerun, "train", breaks)
    run(panel)
    assert "MemoryError: full" in panel.message.value
    assert panel.runs[0].ended == "failed" and len(panel.runs[0].points) == 3


def test_an_error_while_drawing_is_shown_too(panel, monkeypatch):
    def broken(self):
        raise ValueError("no ink")

    monkeypatch.setattr(training_panel.RunTable, "redraw", broken)
    run(panel)
    assert "ValueError: no ink" in panel.message.value
    assert not panel.train_button.disabled


def test_an_interrupt_while_it_begins_leaves_it_usable(panel, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training_panel.LiveCurves, "begin", interrupted)
        panel.train_button.click()
    run(panel)
    assert panel.runs[0].ended == "finished"


def test_stop_while_the_data_are_read_does_not_wait_for_them(panel, monkeypatch, unread):
    may_read = threading.Event()

    def slow(*arguments, **options):
        assert may_read.wait(LONG)
        return load_data(*arguments, **options)

    monkeypatch.setattr(rerun, "load_data", slow)
    panel.train_button.click()
    assert "Reading the data" in panel.message.value
    panel.stop_button.click()
    assert panel.wait(0)
    assert "before training had begun" in panel.message.value
    assert not panel.train_button.disabled
    panel.train_button.click()  # waits for the data that are being read
    may_read.set()
    assert panel.wait(LONG)
    assert [(kept.number, kept.ended) for kept in panel.runs] == [(2, "finished")]


# Several at once, and none left behind


def test_two_panels_at_once_do_not_disturb_each_other(make_panel):
    settings = {"activation": "relu", "lr": 0.1, "epochs": 3}
    alone = make_panel()
    run(alone, **settings)
    panels = [make_panel(), make_panel()]
    for seed, panel in enumerate(panels):
        for name, value in settings.items():
            getattr(panel, name).value = value
        panel.seed.value = seed
        panel.train_button.click()
    assert all(panel.wait(LONG) for panel in panels)
    assert panels[0].runs[0].points == alone.runs[0].points
    assert panels[1].runs[0].points != alone.runs[0].points
    assert torch.equal(state(panels[0].net), state(alone.net))


def test_a_closed_panel_stops_its_thread_and_leaves_no_widget(make_panel):
    make_panel()  # what is made once for all panels
    gc.collect()
    before = len(widget_registry._instances)
    panel = make_panel()
    panel.train_button.click()
    wait_for_points(panel, 1)
    panel.close()
    deadline = time.monotonic() + LONG
    while training_threads():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert panel.runs[0].ended == "stopped"
    assert len(widget_registry._instances) == before


def test_runs_keep_their_curves_and_no_more(panel, monkeypatch, unread):
    loads = []
    monkeypatch.setattr(rerun, "load_data", lambda *a, **k: loads.append(a) or load_data(*a, **k))
    nets, widgets = [], []
    for _ in range(6):
        run(panel, epochs=1)
        nets.append(weakref.ref(panel.net))
        widgets.append(len(widget_registry._instances))
    gc.collect()
    assert len(loads) == 1
    assert [net() is not None for net in nets] == [False] * 5 + [True]
    steps = {after - before for before, after in zip(widgets[1:], widgets[2:], strict=False)}
    assert len(steps) == 1 and steps.pop() <= 10  # a check box, a button, their looks
    assert len(panel.runs) == 6


# The kept runs


def chart(panel: TrainingPanel) -> str:
    return panel.table.chart.caption.value


def test_runs_stand_in_a_table_with_their_settings_and_results(panel):
    run(panel, pooling="max", seed=7)
    table = panel.table._table.value
    kept = panel.runs[0]
    for cell in ("relu", "0.1", "32", "7", f"{kept.last.loss:.3f}", f"{kept.test_acc:.3f}"):
        assert f"<td>{cell}</td>" in table
    assert '<div lang="zh">最大</div> <div lang="en">maximum</div>' in table
    assert '<th scope="row">1</th>' in table


def test_the_chart_overlays_the_chosen_runs(panel):
    for lr in (0.05, 0.1, 0.2):
        run(panel, lr=lr, epochs=1)
    assert all(f"lr {lr}:" in chart(panel) for lr in (0.05, 0.1, 0.2))
    before = bytes(panel.table.chart.image.value)
    panel.table.chips[2].show.value = False
    assert bytes(panel.table.chart.image.value) != before
    assert "lr 0.1:" not in chart(panel) and "lr 0.2:" in chart(panel)
    for chip in panel.table.chips.values():
        chip.show.value = False
    assert panel.table.chart.layout.display == "none"


def test_a_removed_run_is_gone_everywhere(panel):
    for lr in (0.05, 0.1, 0.2):
        run(panel, lr=lr, epochs=1)
    panel.table.chips[2].remove.click()
    assert [kept.number for kept in panel.runs] == [1, 3]
    assert "lr 0.1:" not in chart(panel)
    assert '<th scope="row">2</th>' not in panel.table._table.value
    run(panel, epochs=1)
    assert [kept.number for kept in panel.runs] == [1, 3, 4]


def test_a_run_can_be_chosen_while_another_trains(panel):
    run(panel)
    run(panel, lr=0.05)
    panel.epochs.value = 20
    panel.train_button.click()
    wait_for_points(panel, 2)
    panel.table.chips[1].show.value = False
    assert "1: lr" not in chart(panel)
    panel.stop_button.click()
    assert panel.wait(LONG) and panel.error is None


def test_the_table_can_be_taken_along_as_csv(panel):
    run(panel, seed=3)
    run(panel, lr=10)
    link = panel.table._save.value
    assert 'download="lenet-runs.csv"' in link
    text = base64.b64decode(re.search('base64,([^"]+)"', link)[1]).decode()
    finished, diverged = csv.DictReader(io.StringIO(text))
    kept = panel.runs[0]
    assert (finished["run"], finished["lr"], finished["seed"]) == ("1", "0.1", "3")
    assert finished["epochs"] == "2" and finished["activation"] == "relu"
    assert float(finished["test_acc"]) == pytest.approx(kept.test_acc, abs=1e-4)
    assert (diverged["ended"], diverged["test_acc"]) == ("diverged", "")


# Words


def test_all_labels_follow_the_language(panel):
    run(panel)

    def seen() -> dict[str, str]:
        controls = panel.controls
        labels = {name: getattr(controls, name).description for name in LABELS}
        buttons = {
            name: (button.description, button.tooltip)
            for name, button in vars(panel.buttons).items()
            if name in ("train", "stop", "go_on", "reset")
        }
        return labels | buttons | {"chip": panel.table.chips[1].show.description}

    CHOICE.language = "en"
    english = seen()
    CHOICE.language = "zh"
    chinese = seen()
    assert english["lr"] == "Learning rate" and chinese["lr"] == "学习率"
    assert english["train"][0] == "Train" and chinese["train"][0] == "训练"
    for name in english:
        assert not re.search("[一-鿿]", str(english[name])), name
        assert re.search("[一-鿿]", str(chinese[name])), name


def test_options_follow_the_language_and_the_choice_stays(panel):
    panel.pooling.value, panel.dataset.value = "max", "mnist"
    panel.batch_size.value = 99
    settings = panel.controls.values()
    for chosen, word in (("zh", "最大"), ("en", "maximum"), ("both", "最大 / maximum")):
        CHOICE.language = chosen
        assert panel.pooling.label == word
        assert panel.controls.values() == settings


# Without threads


def test_blocking_trains_before_the_click_returns(make_panel):
    panel = make_panel(blocking=True)
    panel.activation.value, panel.lr.value, panel.epochs.value = "relu", 0.1, 1
    threads = training_threads()
    panel.train_button.click()
    assert training_threads() == threads
    assert panel.runs[0].ended == "finished"
    assert panel.stop_button.disabled


def test_blocking_is_stopped_by_an_interrupt(make_panel, monkeypatch):
    panel = make_panel(blocking=True)
    messages = []
    panel.message.observe(lambda change: messages.append(change["new"]), "value")

    def interrupted(*arguments, **options):
        reports = train(*arguments, **options)
        yield next(reports)
        yield next(reports)
        raise KeyboardInterrupt

    monkeypatch.setattr(rerun, "train", interrupted)
    panel.train_button.click()
    kept = panel.runs[0]
    assert (kept.ended, len(kept.points)) == ("stopped", 2)
    assert any("interrupt the kernel" in message for message in messages)
    assert panel.error is None and not panel.continue_button.disabled


def test_a_hosted_notebook_has_no_use_for_threads(make_panel, monkeypatch):
    assert not make_panel().blocking
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert make_panel().blocking


# The still picture


def test_the_still_picture_says_what_was_trained(panel):
    assert "nothing has been trained" in panel.still().caption.en
    run(panel)
    assert "1: lr 0.1: loss" in panel.still().caption.en
    assert len(panel.still().figure.axes) == 2
    run(panel, lr=10)
    still = panel.still()
    assert "2: lr 10: loss nan, test accuracy – (diverged)" in still.caption.en
    assert len(still.figure.axes) == 4
