"""The training panel without a kernel or a browser: through its widgets' values and clicks."""

import base64
import csv
import gc
import io
import re
import sys
import threading
import weakref
from dataclasses import fields

import ipywidgets as widgets
import pytest
import torch

from lenet_helpers import DataUnavailableError, lenet, live_plot, load_data, train
from lenet_helpers.data import batches, downloads
from lenet_helpers.figures import Picture
from lenet_helpers.language import CHOICE
from lenet_helpers.runs import TrainingPanel, training
from lenet_helpers.runs.controls import CONTROLS
from lenet_helpers.runs.live import LiveCurves
from lenet_helpers.runs.records import Settings
from lenet_helpers.runs.table import COLUMNS, RunTable
from tests.conftest import wait_until
from tests.tiny_training import weights as weights_of

LONG = 120  # seconds: only a hang takes that long
PNG = b"\x89PNG\r\n\x1a\n"


def few_digits(*arguments, **options):
    """What `load_data` gives, but 128 pictures to train with and 40 to test with."""
    both = load_data(*arguments, **options)
    for data, count in zip(both, (128, 40), strict=True):
        data.images, data.labels = data.images[:count], data.labels[:count]
    return both


@pytest.fixture(autouse=True)
def loads(monkeypatch):
    """A small data set, read anew by each test; returns the list of readings.

    Pictures are not drawn, which would take longer than all the rest.
    """
    calls = []
    monkeypatch.setattr(Picture, "png", lambda picture: PNG + picture.caption.en.encode())
    monkeypatch.setattr(
        batches, "load_data", lambda *a, **k: calls.append(a) or few_digits(*a, **k)
    )
    monkeypatch.setattr(batches, "bring", lambda *_: None)  # no data set has to be here
    batches.read_once.cache_clear()
    yield calls
    batches.read_once.cache_clear()


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
    wait_until(lambda: not training_threads())


@pytest.fixture
def panel(make_panel) -> TrainingPanel:
    """A panel for two epochs of four batches."""
    panel = make_panel()
    panel.activation.value, panel.lr.value, panel.epochs.value = "relu", 0.1, 2
    return panel


@pytest.fixture
def held(monkeypatch) -> threading.Event:
    """Every run stops after its second report and waits to be stopped; set when one waits."""
    waits = threading.Event()

    def train_and_wait(*arguments, should_stop, **options):
        for count, report in enumerate(train(*arguments, should_stop=should_stop, **options), 1):
            yield report
            if count == 2:
                waits.set()
                wait_until(should_stop)

    monkeypatch.setattr(training, "train", train_and_wait)
    return waits


def training_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lenet-training"]


def number_of_widgets() -> int:
    gc.collect()
    return len(widgets.Widget.get_manager_state()["state"])


def choose(panel: TrainingPanel, **settings) -> None:
    for name, value in settings.items():
        getattr(panel, name).value = value


def run(panel: TrainingPanel, button: str = "train", **settings) -> None:
    """Choose these settings, press a button, and wait until it is over."""
    choose(panel, **settings)
    getattr(panel, f"{button}_button").click()
    assert panel.wait(LONG)


# Settings


def test_every_setting_has_a_control_and_a_column():
    assert list(CONTROLS) == [field.name for field in fields(Settings)]
    headings = [heading for heading, _ in COLUMNS]
    assert all(control.heading or control.label in headings for control in CONTROLS.values())


def test_settings_begin_as_in_the_lesson_and_the_few_digits_have_a_recipe_of_their_own(make_panel):
    assert make_panel("mnist").controls.values() == Settings(
        "mnist", device=training.try_gpu().type
    )
    panel = make_panel("digits")
    assert (panel.batch_size.value, panel.epochs.value, panel.standardize.value) == (32, 50, True)
    assert panel.standardize.disabled


def test_another_data_set_brings_its_recipe_but_keeps_what_was_chosen(make_panel):
    panel = make_panel("mnist")
    choose(panel, lr=0.2, dataset="digits")
    assert (panel.lr.value, panel.batch_size.value, panel.epochs.value) == (0.2, 32, 50)
    choose(panel, batch_size=64, dataset="fashion_mnist")
    assert (panel.lr.value, panel.batch_size.value, panel.epochs.value) == (0.2, 64, 10)
    assert not panel.standardize.value and not panel.standardize.disabled


def test_the_first_data_set_is_the_one_wished_for_or_one_that_is_here(
    tiny_sets, monkeypatch, tmp_path
):
    assert TrainingPanel().dataset.value == "digits"
    tiny_sets["mnist"].write_below(tmp_path)
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    assert TrainingPanel().dataset.value == "mnist"
    monkeypatch.setenv("LENET_DATASET", "fashion_mnist")
    assert TrainingPanel().dataset.value == "fashion_mnist"


def test_sliders_move_the_numbers_and_follow_what_is_typed(panel):
    lr, epochs = panel.controls.sliders.values()
    for typed, used in ((0.0123, 0.0123), (0.00001, 0.001), (99, 10)):
        panel.lr.value = typed
        assert panel.lr.value == lr.value == used
    lr.value, epochs.value = 10**-1.35, 7
    assert (panel.lr.value, panel.epochs.value) == (0.0447, 7)
    panel.lr.value, panel.epochs.value = 0.9, 99
    lr.value = 10**-0.05  # what JupyterLab's slider makes of 0.9: its nearest notch
    assert panel.lr.value == 0.9
    assert epochs.value == 50


def test_reset_brings_back_the_first_settings_and_a_new_network(panel):
    fresh = weights_of(panel.net)
    run(panel, pooling="max", seed=4)
    panel.reset_button.click()
    assert panel.controls.values() == panel.controls.initial
    assert torch.equal(weights_of(panel.net), fresh)
    assert panel.continue_button.disabled
    assert len(panel.runs) == 1


# Training


def test_a_run_is_the_one_that_the_lessons_code_gives_and_is_shown(panel):
    random = torch.random.get_rng_state()
    run(panel, activation="tanh", lr=0.3, seed=5, batch_size=16)
    assert torch.equal(torch.random.get_rng_state(), random)
    torch.manual_seed(5)
    net, kept = lenet("tanh"), panel.runs[0]
    reports = list(train(net, *few_digits("digits", 16, seed=5), 2, 0.3))
    assert [p.loss for p in kept.points] == [r.loss for r in reports if r.test_acc is None]
    assert kept.tests == [(r.epoch, r.test_acc) for r in reports if r.test_acc is not None]
    assert torch.equal(weights_of(panel.net), weights_of(net))
    assert (kept.ended, kept.last.epoch, kept.number) == ("finished", 2, 1)
    assert bytes(panel.curves.image.value).startswith(PNG)
    assert f"{kept.test_acc:.3f}" in panel.progress.numbers.value
    assert panel.progress.bar.value == 1


def test_the_images_are_read_once_and_standardised_or_not(
    make_panel, tiny_sets, monkeypatch, tmp_path, loads
):
    tiny_sets["mnist"].write_below(tmp_path)
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    panel = make_panel("mnist")
    for standardize in (False, True):
        run(panel, standardize=standardize, epochs=1, batch_size=10, seed=2)
        torch.manual_seed(2)
        data = load_data("mnist", 10, standardize=standardize, seed=2)
        *_, last = train(lenet(), *data, 1, 0.9)
        means = last.loss, last.train_acc, last.recent_loss, last.recent_acc
        assert panel.runs[-1].last[1:] == (*means, last.test_acc)
    assert len(loads) == 1


def test_while_it_trains_the_numbers_change_and_only_stop_can_be_pressed(panel, held, monkeypatch):
    monkeypatch.setattr(live_plot, "SECONDS_BETWEEN_DRAWS", 0)
    panel.train_button.click()
    empty = bytes(panel.curves.image.value)
    assert held.wait(LONG)
    assert "left" in panel.progress.numbers.value
    assert bytes(panel.curves.image.value) != empty
    assert not panel.stop_button.disabled
    for button in (panel.train_button, panel.continue_button, panel.reset_button):
        assert button.disabled
        button.click()  # as from code, or by a click on the way here
        assert "stop it first" in panel.message.value
    panel.stop_button.click()
    assert panel.wait(LONG)
    assert len(panel.runs) == 1


def test_a_stopped_run_keeps_network_and_curves_and_goes_on_with_another_rate(panel, held):
    panel.train_button.click()
    assert held.wait(LONG)
    panel.stop_button.click()
    assert panel.wait(LONG)
    kept = panel.runs[0]
    stopped_at, points, net = kept.last.epoch, len(kept.points), weights_of(panel.net)
    assert kept.ended == "stopped" and 0 < stopped_at < 2
    assert f"stopped at epoch {stopped_at:.3g}" in panel.message.value
    assert f"up to epoch {stopped_at:.2g}" in panel.curves.caption.value
    assert not torch.equal(net, weights_of(training.new_net(kept.settings)))
    assert panel.stop_button.disabled and not panel.continue_button.disabled
    held.clear()
    choose(panel, lr=0.05, epochs=1, activation="tanh")  # the network stays as it is
    panel.continue_button.click()
    assert held.wait(LONG)
    panel.stop_button.click()
    assert panel.wait(LONG)
    assert kept.rates == "0.1 → 0.05" and kept.settings.activation == "relu"
    assert kept.last.epoch > stopped_at and len(kept.points) > points


def test_two_epochs_and_two_more_are_four_and_train_starts_anew(panel):
    run(panel)
    run(panel, "continue")
    in_two, net = panel.runs[0], panel.net
    run(panel, epochs=4)
    assert [kept.number for kept in panel.runs] == [1, 2]
    assert in_two.points == panel.runs[1].points and in_two.rates == "0.1"
    assert torch.equal(weights_of(net), weights_of(panel.net))


def test_continue_and_stop_without_a_run_do_no_harm(panel):
    panel.continue_button.click()
    assert "no run to go on with" in panel.message.value
    panel.stop_button.click()
    assert panel.wait(0)
    assert panel.runs == []


# What can go wrong


def test_a_diverging_run_ends_with_a_sentence(panel):
    run(panel, lr=10)
    assert 'role="alert"' in panel.message.value
    assert "训练很可能发散了，请用更小的学习率" in panel.message.value
    assert "diverged; train it again with a smaller learning rate" in panel.message.value
    assert panel.runs[0].ended == "diverged"
    assert panel.continue_button.disabled and not panel.train_button.disabled
    run(panel, lr=0.1)
    assert panel.runs[1].ended == "finished" and panel.error is None


def test_a_data_set_that_cannot_be_had_says_so(panel, monkeypatch):
    def offline(dataset, watch):
        raise DataUnavailableError("无法下载 MNIST。", "MNIST could not be downloaded.")

    monkeypatch.setattr(downloads, "download", offline)
    run(panel, dataset="mnist")
    assert '<div lang="zh">无法下载 MNIST。</div>' in panel.message.value
    assert panel.runs == []
    run(panel, dataset="digits")
    assert panel.runs[0].ended == "finished"


@pytest.mark.parametrize("reports", [0, 3])
def test_an_unknown_error_is_shown_with_its_type_and_keeps_the_curves(panel, monkeypatch, reports):
    def broken(*arguments, **options):
        yield from list(train(*arguments, **options))[:reports]
        raise RuntimeError("out of <luck>")

    monkeypatch.setattr(training, "train", broken)
    run(panel)
    assert "RuntimeError: out of &lt;luck&gt;" in panel.message.value
    with pytest.raises(RuntimeError, match="luck") as raised:
        raise panel.error
    assert raised.traceback[-1].name == "broken"
    assert [(kept.ended, len(kept.points)) for kept in panel.runs] == [("failed", 3)][:reports]


def test_an_error_while_drawing_is_shown_too(panel, monkeypatch):
    def broken(self):
        raise ValueError("no ink")

    monkeypatch.setattr(RunTable, "redraw", broken)
    run(panel)
    assert "ValueError: no ink" in panel.message.value
    assert not panel.train_button.disabled


def test_an_interrupt_while_it_begins_leaves_it_usable(panel, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LiveCurves, "begin", interrupted)
        panel.train_button.click()
    run(panel)
    assert panel.runs[0].ended == "finished"


def test_stop_while_the_data_are_read_does_not_wait_for_them(panel, monkeypatch):
    may_read = threading.Event()

    def slow(name, **options):
        assert name == "digits" or may_read.wait(LONG)
        return few_digits("digits", **options)

    monkeypatch.setattr(batches, "load_data", slow)
    panel.dataset.value = "mnist"
    panel.train_button.click()
    assert "Reading the data" in panel.message.value
    panel.stop_button.click()
    assert panel.wait(0)
    assert "before training had begun" in panel.message.value
    assert not panel.train_button.disabled
    run(panel, dataset="digits", epochs=1)  # another data set does not wait for that one
    choose(panel, dataset="mnist", epochs=1)
    panel.train_button.click()  # waits for the data that are being read
    may_read.set()
    assert panel.wait(LONG)
    assert [(kept.number, kept.ended) for kept in panel.runs] == [(2, "finished"), (3, "finished")]


# Several at once, and none left behind


def test_two_panels_at_once_do_not_disturb_each_other(make_panel):
    alone, *panels = [make_panel() for _ in range(3)]
    for panel in (alone, *panels):
        choose(panel, activation="relu", lr=0.1, epochs=2)
    run(alone)
    for seed, panel in enumerate(panels):
        panel.seed.value = seed
        panel.train_button.click()
    assert all(panel.wait(LONG) for panel in panels)
    assert panels[0].runs[0].points == alone.runs[0].points
    assert panels[1].runs[0].points != alone.runs[0].points
    assert torch.equal(weights_of(panels[0].net), weights_of(alone.net))


def test_a_closed_panel_stops_its_thread_and_leaves_no_widget(make_panel, held):
    make_panel()  # what is made once for all panels
    before = number_of_widgets()
    panel = make_panel()
    panel.train_button.click()
    assert held.wait(LONG)
    panel.close()
    wait_until(lambda: not training_threads())
    assert panel.runs[0].ended == "stopped"
    assert number_of_widgets() == before


def test_runs_keep_their_curves_and_no_more(panel, loads):
    nets, counts = [], []
    for _ in range(3):
        run(panel, epochs=1)
        nets.append(weakref.ref(panel.net))
        counts.append(number_of_widgets())
    assert len(loads) == 1
    assert [net() is not None for net in nets] == [False, False, True]
    assert counts[2] - counts[1] <= 10  # a check box, a button, looks
    assert len(panel.runs) == 3


# The kept runs


def test_runs_stand_in_a_table_with_settings_and_results_also_as_csv(panel):
    run(panel, pooling="max", seed=7)
    table, kept = panel.table.table.value, panel.runs[0]
    headings = re.findall('<th scope="col">.*?lang="en">(.*?)</div></th>', table)
    row = re.findall("<t[hd](?: scope=.row.)?>(.*?)</t[hd]>", table.split("<tbody>")[1])
    cells = dict(zip(headings, row, strict=True))
    expected = {"Run": "1", "Seed": "7", "lr": "0.1", "Epochs": "2", "Batch": "32",
                "Pooling": '<div lang="zh">最大</div> <div lang="en">maximum</div>',
                "Activation": "relu", "Standard.": "✓", "Loss": f"{kept.last.loss:.3f}",
                "Test acc.": f"{kept.test_acc:.3f}"}  # fmt: skip
    assert expected.items() <= cells.items() and "完成" in cells["Ended"]
    link = panel.table.link.value
    assert 'download="lenet-runs.csv"' in link
    text = base64.b64decode(re.search('base64,([^"]+)"', link)[1]).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["run"], row["lr"], row["seed"], row["epochs"]) == ("1", "0.1", "7", "2")


def test_the_chart_overlays_the_chosen_runs_and_a_removed_one_is_gone_everywhere(panel, held):
    chart = panel.table.chart
    for lr in (0.05, 0.1, 0.2):
        held.clear()
        choose(panel, lr=lr)
        panel.train_button.click()
        assert held.wait(LONG)
        if lr == 0.2:  # while the third one trains
            panel.table.chips[1].show.value = False
            assert "1: lr" not in chart.caption.value
            panel.table.chips[1].show.value = True
        panel.stop_button.click()
        assert panel.wait(LONG) and panel.error is None
    assert all(f"lr {lr}:" in chart.caption.value for lr in (0.05, 0.1, 0.2))
    all_three = bytes(chart.image.value)
    panel.table.chips[2].show.value = False
    assert bytes(chart.image.value) != all_three
    assert "lr 0.1:" not in chart.caption.value and "lr 0.2:" in chart.caption.value
    panel.table.chips[3].remove.click()
    assert [kept.number for kept in panel.runs] == [1, 2]
    assert "lr 0.2:" not in chart.caption.value
    assert '<th scope="row">3</th>' not in panel.table.table.value
    panel.table.chips[1].show.value = False
    assert chart.layout.display == "none"


# Words


def test_labels_and_options_follow_the_language_and_choices_stay(panel):
    run(panel, epochs=1)
    choose(panel, pooling="max", dataset="mnist", batch_size=99)
    settings, seen = panel.controls.values(), {}
    for chosen, option in (("zh", "最大"), ("en", "maximum"), ("both", "最大 / maximum")):
        CHOICE.language = chosen
        assert panel.pooling.label == option and panel.controls.values() == settings
        labels = {name: widget.description for name, widget in panel.controls.fields.items()}
        for name in ("train", "stop", "continue", "reset"):
            button = getattr(panel, f"{name}_button")
            labels |= {name: button.description, f"{name}, tip": button.tooltip}
        seen[chosen] = labels | {"chip": panel.table.chips[1].show.description}
    assert (seen["en"]["lr"], seen["zh"]["lr"]) == ("Learning rate", "学习率")
    assert (seen["en"]["train"], seen["zh"]["train"]) == ("Train", "训练")
    assert not re.search("[一-鿿]", "".join(seen["en"].values()))
    assert all(re.search("[一-鿿]", words) for words in seen["zh"].values())


# Without threads


def test_blocking_trains_before_the_click_returns_until_the_kernel_is_interrupted(
    make_panel, monkeypatch
):
    panel = make_panel(blocking=True)
    choose(panel, activation="relu", lr=0.1, epochs=1)
    messages, seen = [], []
    panel.message.observe(lambda change: messages.append(change["new"]), "value")
    panel.progress.observe(lambda _: seen.extend(training_threads()))
    panel.train_button.click()
    assert panel.runs[0].ended == "finished" and seen == []
    assert panel.stop_button.disabled

    def interrupted(*arguments, **options):
        reports = train(*arguments, **options)
        yield next(reports)
        yield next(reports)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", interrupted)
    panel.train_button.click()
    kept = panel.runs[1]
    assert (kept.ended, len(kept.points)) == ("stopped", 2)
    assert any("interrupt the kernel" in message for message in messages)
    assert panel.error is None and not panel.continue_button.disabled


def test_a_hosted_notebook_has_no_use_for_threads(make_panel, monkeypatch):
    assert not make_panel().blocking
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert make_panel().blocking


def test_the_still_picture_says_what_was_trained(panel):
    assert "nothing has been trained" in panel.still().caption.en
    run(panel)
    assert "1: lr 0.1: loss" in panel.still().caption.en
    assert len(panel.still().figure.axes) == 2
    run(panel, lr=10)
    still = panel.still()
    assert "2: lr 10: loss" in still.caption.en
    assert "(diverged)" in still.caption.en
    assert len(still.figure.axes) == 4
