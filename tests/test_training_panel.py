"""The training panel without a kernel or a browser: through its widgets' values and clicks."""

import base64
import gc
import re
import sys
import threading
import weakref
from contextlib import contextmanager
from unittest.mock import Mock

import ipywidgets as widgets
import pytest
import torch

from lenet_helpers import DataUnavailableError, lenet, live_plot, train
from lenet_helpers.figures import Picture
from lenet_helpers.language import CHOICE
from lenet_helpers.runs import TrainingPanel, training
from lenet_helpers.runs.live import LiveCurves
from lenet_helpers.runs.records import Settings
from lenet_helpers.runs.table import RunTable, to_csv
from tests.conftest import part, wait_until
from tests.tiny_training import weights as weights_of

LONG = 120  # seconds: only a hang takes that long
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def load(monkeypatch, digits):
    """A few digits in place of any data set; ``load.asked`` is which. Pictures are not drawn."""

    def load(name, batch_size, device, *, standardize=False, seed=0, **_):
        load.asked.append((name, batch_size, device, standardize, seed))
        both = [part(data, slice(count)) for data, count in zip(digits, (128, 40), strict=True)]
        both[0].batch_size = batch_size
        both[0].reseed(seed)
        return both

    load.asked = []
    monkeypatch.setattr(training, "load_for_run", load)
    monkeypatch.setattr(Picture, "png", lambda picture: PNG + picture.caption.en.encode())
    return load


@pytest.fixture
def make_panel():
    """Makes panels, and closes them when the test is over, so that no thread outlives it."""
    panels = []

    def make(dataset: str = "digits", **settings) -> TrainingPanel:
        panels.append(TrainingPanel(dataset))
        choose(panels[-1], **settings)
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()
    wait_until(lambda: not training_threads())


@pytest.fixture
def panel(make_panel) -> TrainingPanel:
    """A panel for two epochs of four batches."""
    return make_panel(activation="relu", lr=0.1, epochs=2)


@pytest.fixture
def held(monkeypatch):
    """A context in which a panel's run has given its second report and waits to be stopped."""
    waits = threading.Event()

    def train_and_wait(*arguments, should_stop, **options):
        for count, report in enumerate(train(*arguments, should_stop=should_stop, **options), 1):
            yield report
            if count == 2:
                waits.set()
                wait_until(should_stop)

    @contextmanager
    def hold(panel: TrainingPanel, button: str = "train", **settings):
        waits.clear()
        press(panel, button, **settings)
        assert waits.wait(LONG)
        yield
        panel.stop_button.click()
        assert panel.wait(LONG)

    monkeypatch.setattr(training, "train", train_and_wait)
    return hold


def training_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lenet-training"]


def number_of_widgets() -> int:
    gc.collect()
    return len(widgets.Widget.get_manager_state()["state"])


def choose(panel: TrainingPanel, **settings) -> None:
    for name, value in settings.items():
        getattr(panel, name).value = value


def chosen(panel: TrainingPanel, *names: str) -> list:
    return [getattr(panel, name).value for name in names]


def press(panel: TrainingPanel, button: str = "train", **settings) -> None:
    choose(panel, **settings)
    getattr(panel, f"{button}_button").click()


def run(panel: TrainingPanel, button: str = "train", **settings) -> None:
    """Choose these settings, press a button, and wait until it is over."""
    press(panel, button, **settings)
    assert panel.wait(LONG)


# Settings


def test_settings_begin_as_a_data_set_needs_them_and_another_one_keeps_what_was_chosen(make_panel):
    panel = make_panel("mnist")
    assert panel.controls.values() == Settings("mnist", device=training.try_gpu().type)
    choose(panel, lr=0.2, dataset="digits")
    assert chosen(panel, "lr", "batch_size", "epochs", "standardize") == [0.2, 32, 50, True]
    assert panel.standardize.disabled
    choose(panel, batch_size=64, dataset="fashion_mnist")
    assert chosen(panel, "lr", "batch_size", "epochs", "standardize") == [0.2, 64, 10, False]
    assert not panel.standardize.disabled


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
    assert chosen(panel, "lr", "epochs") == [0.0447, 7]
    choose(panel, lr=0.9, epochs=99)
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
    panel.continue_button.click()  # as from code
    assert "no run to go on with" in panel.message.value
    panel.stop_button.click()
    assert panel.wait(0)
    assert len(panel.runs) == 1


# Training


def test_a_run_is_the_one_that_the_lessons_code_gives_and_is_shown(panel, load):
    random = torch.random.get_rng_state()
    run(panel, activation="tanh", lr=0.3, seed=5, batch_size=16)
    assert torch.equal(torch.random.get_rng_state(), random)
    assert load.asked == [("digits", 16, panel.device.value, True, 5)]
    torch.manual_seed(5)
    net, kept = lenet("tanh"), panel.runs[0]
    reports = list(train(net, *load("digits", 16, "cpu", seed=5), 2, 0.3))
    tests = [report.test_acc for report in reports if report.test_acc is not None]
    assert [p.loss for p in kept.points] == [r.loss for r in reports if r.test_acc is None]
    assert kept.curve("test_acc") == ([1, 2], tests)
    assert torch.equal(weights_of(panel.net), weights_of(net))
    assert (kept.ended, kept.last.epoch, kept.number) == ("finished", 2, 1)
    assert bytes(panel.curves.image.value).startswith(PNG)
    assert panel.curves.caption.value.endswith(
        f"epoch 2: train loss {kept.last.recent_loss:.3f}, train acc {kept.last.recent_acc:.3f}, "
        f"test acc {kept.test_acc:.3f}</div></small>"
    )
    assert f"{kept.test_acc:.3f}" in panel.progress.numbers.value
    assert panel.progress.bar.value == 1


def test_while_it_trains_the_numbers_change_and_only_stop_can_be_pressed(panel, held, monkeypatch):
    monkeypatch.setattr(live_plot, "SECONDS_BETWEEN_DRAWS", 0)
    seen = []
    panel.curves.image.observe(lambda change: seen.append(bytes(change["new"])), "value")
    with held(panel):
        assert "left" in panel.progress.numbers.value
        assert len(set(seen)) >= 2
        assert not panel.stop_button.disabled
        for button in (panel.train_button, panel.continue_button, panel.reset_button):
            assert button.disabled
            button.click()  # as from code, or by a click on the way here
            assert "stop it first" in panel.message.value
    assert len(panel.runs) == 1


def test_a_stopped_run_keeps_network_and_curves_and_goes_on_with_another_rate(panel, held):
    with held(panel):
        pass
    kept = panel.runs[0]
    stopped_at, points, net = kept.last.epoch, len(kept.points), weights_of(panel.net)
    assert kept.ended == "stopped" and 0 < stopped_at < 2
    assert f"stopped at epoch {stopped_at:.3g}" in panel.message.value
    assert f"up to epoch {stopped_at:.2g}" in panel.curves.caption.value
    assert not torch.equal(net, weights_of(training.new_net(kept.settings)))
    assert panel.stop_button.disabled and not panel.continue_button.disabled
    with held(panel, "continue", lr=0.05, epochs=1, activation="tanh"):
        pass
    assert kept.rates == "0.1 → 0.05" and kept.settings.activation == "relu"  # the same network
    assert kept.last.epoch > stopped_at and len(kept.points) > points


def test_two_epochs_and_two_more_are_four_and_train_starts_anew(panel):
    run(panel)
    run(panel, "continue")
    in_two, net = panel.runs[0], panel.net
    run(panel, epochs=4)
    assert [kept.number for kept in panel.runs] == [1, 2]
    assert in_two.points == panel.runs[1].points and in_two.rates == "0.1"
    assert torch.equal(weights_of(net), weights_of(panel.net))


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
    error = DataUnavailableError("无法下载 MNIST。", "MNIST could not be downloaded.")
    with monkeypatch.context() as patch:
        patch.setattr(training, "load_for_run", Mock(side_effect=error))
        run(panel)
    assert '<div lang="zh">无法下载 MNIST。</div>' in panel.message.value
    assert panel.runs == []
    run(panel)
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
    monkeypatch.setattr(RunTable, "redraw", Mock(side_effect=ValueError("no ink")))
    run(panel)
    assert "ValueError: no ink" in panel.message.value
    assert not panel.train_button.disabled


def test_an_interrupt_while_it_begins_leaves_it_usable(panel, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LiveCurves, "begin", Mock(side_effect=KeyboardInterrupt))
        panel.train_button.click()
    run(panel)
    assert panel.runs[0].ended == "finished"


def test_stop_while_the_data_are_read_does_not_wait_for_them(panel, monkeypatch, load):
    may_read = threading.Event()

    def slow(name, *arguments, **options):
        assert name == "digits" or may_read.wait(LONG)
        return load(name, *arguments, **options)

    monkeypatch.setattr(training, "load_for_run", slow)
    press(panel, dataset="mnist", epochs=1)
    assert "Reading the data" in panel.message.value
    panel.stop_button.click()
    assert panel.wait(0)
    assert "before training had begun" in panel.message.value
    assert not panel.train_button.disabled
    run(panel, dataset="digits", epochs=1)
    may_read.set()  # nobody is interested any more
    wait_until(lambda: not training_threads())
    assert [(kept.number, kept.ended) for kept in panel.runs] == [(2, "finished")]
    assert "Run 2 finished" in panel.message.value


# Several at once, and none left behind


def test_two_panels_at_once_do_not_disturb_each_other(make_panel):
    alone, *panels = [
        make_panel(activation="relu", lr=0.1, epochs=2, seed=seed) for seed in (0, 0, 1)
    ]
    run(alone)
    for panel in panels:
        panel.train_button.click()
    assert all(panel.wait(LONG) for panel in panels)
    assert panels[0].runs[0].points == alone.runs[0].points
    assert panels[1].runs[0].points != alone.runs[0].points
    assert torch.equal(weights_of(panels[0].net), weights_of(alone.net))


def test_a_closed_panel_stops_its_thread_and_leaves_no_widget(make_panel, held):
    make_panel()  # what is made once for all panels
    before = number_of_widgets()
    panel = make_panel()
    with held(panel):
        panel.close()
        wait_until(lambda: not training_threads())
    assert panel.runs[0].ended == "stopped"
    assert number_of_widgets() == before


def test_runs_keep_their_curves_and_no_more(panel):
    nets, counts = [], []
    for _ in range(3):
        run(panel, epochs=1)
        nets.append(weakref.ref(panel.net))
        counts.append(number_of_widgets())
    assert [net() is not None for net in nets] == [False, False, True]
    assert counts[2] - counts[1] <= 10  # a check box, a button, looks
    assert len(panel.runs) == 3


# The kept runs


def test_runs_stand_in_a_table_with_settings_and_results_also_as_a_file(panel):
    run(panel, pooling="max", seed=7)
    table, kept = panel.table.table.value, panel.runs[0]
    headings = re.findall('<th scope="col".*?lang="en">(.*?)</div></th>', table)
    row = re.findall("<t[hd] .*?>(.*?)</t[hd]>", table.split("<tbody>")[1])
    cells = dict(zip(headings, row, strict=True))
    expected = {"Run": "1", "Seed": "7", "lr": "0.1", "Epochs": "2", "Batch": "32",
                "Data set": '<div lang="zh">手写数字</div> <div lang="en">digits</div>',
                "Pooling": '<div lang="zh">最大</div> <div lang="en">maximum</div>',
                "Activation": "relu", "Standard.": "✓", "Loss": f"{kept.last.loss:.3f}",
                "Test acc.": f"{kept.test_acc:.3f}"}  # fmt: skip
    assert expected.items() <= cells.items() and "完成" in cells["Ended"]
    link = re.search('download="lenet-runs.csv" href=".*base64,([^"]+)"', panel.table.link.value)
    assert base64.b64decode(link[1]).decode() == to_csv(panel.runs)


def test_the_chart_overlays_the_chosen_runs_and_a_removed_one_is_gone_everywhere(panel, held):
    chart, chips = panel.table.chart, panel.table.chips
    for lr in (0.05, 0.1, 0.2):
        with held(panel, lr=lr):
            if lr == 0.2:  # while the third one trains
                chips[1].show.value = False
                assert "1: lr" not in chart.caption.value
                chips[1].show.value = True
        assert panel.error is None
    assert all(f"lr {lr}:" in chart.caption.value for lr in (0.05, 0.1, 0.2))
    all_three = bytes(chart.image.value)
    chips[2].show.value = False
    assert bytes(chart.image.value) != all_three
    assert "lr 0.1:" not in chart.caption.value and "lr 0.2:" in chart.caption.value
    removed = chips[3]
    removed.remove.click()
    assert removed.comm is None
    assert [kept.number for kept in panel.runs] == [1, 2]
    assert "lr 0.2:" not in chart.caption.value
    assert ">3</th>" not in panel.table.table.value
    chips[1].show.value = False
    assert chart.layout.display == "none"


def test_the_still_picture_says_what_was_trained(panel):
    assert "nothing has been trained" in panel.still().caption.en
    run(panel)
    run(panel, lr=10)
    still = panel.still().caption.en
    assert "1: lr 0.1: loss" in still and "2: lr 10: loss" in still and "(diverged)" in still


# Words


def test_labels_follow_the_language_and_choices_stay(panel):
    run(panel, epochs=1)
    choose(panel, pooling="max", dataset="mnist", batch_size=99)
    settings, seen = panel.controls.values(), {}
    for language in ("zh", "en"):
        CHOICE.language = language
        assert panel.controls.values() == settings
        labels = {name: widget.description for name, widget in panel.controls.fields.items()}
        for name in ("train", "stop", "continue", "reset"):
            button = getattr(panel, f"{name}_button")
            labels |= {name: button.description, f"{name}, tip": button.tooltip}
        seen[language] = labels | {"chip": panel.table.chips[1].show.description}
    assert (seen["en"]["lr"], seen["zh"]["lr"]) == ("Learning rate", "学习率")
    assert (seen["en"]["train"], seen["zh"]["train"]) == ("Train", "训练")
    assert not re.search("[一-鿿]", "".join(seen["en"].values()))
    assert all(re.search("[一-鿿]", words) for words in seen["zh"].values())


# Without threads


def test_in_colab_it_trains_before_the_click_returns(panel, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", object())
    messages, threads = [], []
    panel.message.observe(lambda change: messages.append(change["new"]), "value")
    panel.progress.bar.observe(lambda _: threads.append(threading.current_thread()), "value")
    panel.train_button.click()
    assert panel.runs[0].ended == "finished"
    assert set(threads) == {threading.main_thread()}
    assert any("interrupt the kernel" in message for message in messages)
    assert panel.stop_button.disabled
