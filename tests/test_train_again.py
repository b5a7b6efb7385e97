"""A lesson's own loop behind sliders: values, curves, stop, errors."""

import itertools
import threading

import ipywidgets as widgets
import pytest

from lenet_helpers import LiveAnimator, SettingError
from lenet_helpers.runs import TrainAgain
from lenet_helpers.runs.again import GREY

LONG = 60  # seconds after which a test gives up waiting


def loop(train_iter, test_iter, lr, num_epochs):
    """What a lesson's loop does with its batches and its plot."""
    animator = LiveAnimator(xlabel="epoch", xlim=[0, num_epochs], legend=["loss", "acc"])
    for epoch in range(num_epochs):
        for _ in train_iter:
            pass
        animator.add(epoch + 1, (lr / (epoch + 1), None))
        animator.add(epoch + 1, (None, sum(test_iter)))


def panel(train=loop, train_iter=(1, 2), test_iter=(3, 4)):
    lr, num_epochs = widgets.FloatLogSlider(0.5, min=-2), widgets.IntSlider(2, min=1, max=9)
    return TrainAgain(train, train_iter, test_iter, lr=lr, num_epochs=num_epochs)


def run(again):
    again.train_button.click()
    assert again.wait(LONG)


def test_loop_gets_what_the_sliders_say():
    got = []
    again = panel(lambda train_iter, test_iter, **values: got.append((len(train_iter), values)))
    again.children[0].value = 0.1
    run(again)
    assert got == [(2, {"lr": 0.1, "num_epochs": 2})]
    assert "lr = 0.1, num_epochs = 2: no curves were drawn" in again.results.value


def test_plots_appear_in_the_panel_with_earlier_curves_in_grey_and_last_values_below():
    again = panel()
    assert "nothing has been trained" in again.still().caption.en
    run(again)
    assert again.box.image.value == again.still().png()
    assert "lr = 0.5, num_epochs = 2: loss 0.250, acc 7.000" in again.results.value
    assert again.error is None and not again.train_button.disabled
    again.children[0].value = 0.1
    run(again)
    lines = again.still().figure.axes[0].lines
    earlier = [line for line in lines if line.get_color() == GREY]
    assert [list(line.get_ydata()) for line in earlier] == [[0.5, 0.25], [7, 7]]
    assert again.results.value.count("<li>") == 2


@pytest.mark.parametrize("where", ["train", "test", "closed"])
def test_stop_or_closing_ends_the_loop_before_its_next_batch(where):
    begun = threading.Event()

    def endless(train_iter, test_iter, lr, num_epochs):
        for _ in test_iter if where == "test" else train_iter:
            begun.set()

    again = panel(endless, itertools.count(), itertools.count())
    again.train_button.click()
    assert begun.wait(LONG)
    assert again.train_button.disabled
    again.train_button.click()  # a second click changes nothing
    if where == "closed":
        again.close()
        assert again.wait(LONG)
        return
    again.stop_button.click()
    assert again.wait(LONG)
    assert "Stopped" in again.message.value
    assert again.error is None and again.stop_button.disabled


def test_error_of_the_loop_is_explained_and_another_run_is_possible():
    def broken(train_iter, test_iter, lr, num_epochs):
        raise SettingError("不行", "That won't do")

    again = panel(broken)
    run(again)
    assert "won&#x27;t do" in again.message.value
    assert isinstance(again.error, SettingError)
    assert not again.train_button.disabled


def test_without_a_control_there_is_nothing_to_change():
    with pytest.raises(SettingError, match="control"):
        TrainAgain(loop, [], [])
