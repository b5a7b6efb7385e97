"""The living view from Python: what it gives the browser, and what comes back, with none."""

import base64
import copy
import gc
import weakref
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from ipywidgets import Widget
from torch import nn

from lenet_helpers import SettingError, lenet, panels
from lenet_helpers.checkpoints import net_at
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.language import CHOICE
from lenet_helpers.layers import field_of
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.network_view import NetworkView, Refusal
from lenet_helpers.network_view.describe import weight_bytes
from lenet_helpers.predictions import predict_all
from tests.conftest import part


@pytest.fixture
def net(trained):
    return trained[0]


@pytest.fixture
def test_iter(digits):
    return digits[1]


@pytest.fixture
def view(net, test_iter):
    return NetworkView(net, test_iter)


STROKE = np.zeros((280, 280), np.uint8)
STROKE[40:240, 120:142] = 255


def softmax(net, test_iter, image) -> list[float]:
    with torch.no_grad():
        return pytest.approx(net(test_iter.prepare(image[None])).softmax(dim=1)[0].tolist())


def from_browser(view, image=None, **state) -> None:
    """What arrives when something has been done in the browser."""
    message = {"state": {**view.view.state, **state}}
    if image is not None:
        message["image"] = memoryview(image.numpy().tobytes())
    view.view.set_state(message)


def ink_on_the_pad(view) -> np.ndarray:
    inks = base64.b64decode(view.view.state["drawing"]["scan"]["inks"])
    return np.frombuffer(inks, np.uint8).reshape(280, 280)


# What the browser is given


def test_first_come_pictures_it_reads_right_then_its_surest_mistakes(view, net, test_iter):
    (network,) = view.view.networks
    assert network["weights"] == weight_bytes(net)
    assert len(network["description"]["layers"]) == len(net)
    for picture, number in zip(view.view.pictures, view._numbers, strict=True):
        assert picture["inks"] == test_iter.images[number].numpy().tobytes()
        assert picture["label"] == test_iter.labels[number]
    found = predict_all(net, test_iter)
    right = [p["label"] for p in view.view.pictures if p["note"] is None]
    assert right == found.labels[found.predicted == found.labels].unique().tolist()
    assert view._numbers[len(right) :] == found.mistakes()[:8].tolist()
    assert view.view.pictures[-1]["note"]["en"].startswith("read as ")


def test_checkpoints_come_in_8_bits_and_the_last_is_the_network_itself(trained, test_iter):
    net, checkpoints = trained
    given = NetworkView(net, test_iter, checkpoints=checkpoints).view.checkpoints
    assert given["at"] == [c.batch for c in checkpoints]
    assert given["moments"][-1] == {}
    scales, levels = given["moments"][0].values()
    exact = np.frombuffer(weight_bytes(net_at(net, checkpoints[0])), "<f4")
    *scales, counts = zip(*scales, strict=True)
    least, step = (np.repeat(each, counts) for each in scales)
    numbers = least + step * np.frombuffer(levels, np.uint8)
    assert (np.abs(numbers - exact) <= 0.51 * step).all()


@pytest.mark.parametrize(
    ("activation", "names"),
    [("tanh", ["trained network", "untrained network"]), ("relu", ["tanh", "relu"])],
)
def test_a_second_network_has_a_name(net, test_iter, activation, names):
    view = NetworkView(net, test_iter, lenet(activation))
    assert [each["name"]["en"] for each in view.view.networks] == names


# Pictures and drawings


def test_any_picture_can_be_shown_and_joins_the_others(view, net, test_iter):
    first, count = view._numbers[0], len(view.view.pictures)
    assert view.image_number == first
    new = next(n for n in range(len(test_iter.labels)) if n not in view._numbers)
    for number, at in ((new, count), (new, count), (view._numbers[2], 2)):
        view.image_number = number
        assert view.image_number == number and view.view.state["picture"] == at
        assert len(view.view.pictures) == count + 1
        assert torch.equal(view.image, test_iter.images[number])
        assert view.probabilities == softmax(net, test_iter, view.image)
    from_browser(view, picture=4)
    assert view.image_number == view._numbers[4]


def test_a_drawing_takes_the_form_of_mnist(view, net, test_iter):
    view.draw(STROKE)
    assert view.image_number is None and (ink_on_the_pad(view) == STROKE).all()
    assert torch.equal(view.image, normalize_digit(STROKE).round().to(torch.uint8))
    assert view.probabilities == softmax(net, test_iter, view.image)


def test_a_scan_of_any_size_is_scaled_to_the_pad(view):
    view.draw(np.full((7, 14), 300.0))
    ink = ink_on_the_pad(view)
    assert (ink[70:210] == 255).all() and not ink[:70].any() and not ink[210:].any()


def test_a_drawing_from_the_browser_is_what_the_browser_saw(view, net, test_iter):
    view.draw(STROKE)
    seen = test_iter.images[3]
    drawing = {"strokes": [{"brush": 22, "points": [1, 2]}]}
    from_browser(view, seen, picture=None, drawing=drawing)
    assert view.image_number is None and torch.equal(view.image, seen)
    assert view.probabilities == softmax(net, test_iter, seen)


def test_blank_paper_has_no_probabilities(view):
    view.draw(0 * STROKE)
    assert view.probabilities is None and not view.image.any()
    view.draw(STROKE)
    from_browser(view, torch.zeros(28, 28, dtype=torch.uint8), drawing=None)
    assert view.probabilities is None
    assert "画板还是空的" in view.still().caption.zh


# Choosing a number; other networks


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda v: v.choose("conv9"), "input, conv1, pool1, conv2, pool2, fc1, fc2, fc3"),
        (lambda v: v.choose("conv2", 16), "conv2's channel must be an integer from 0 to 15"),
        (lambda v: v.choose("conv2", 0, 10), "conv2's row must be an integer from 0 to 9"),
        (lambda v: v.choose("fc1", 7), "fc1's channel must be an integer from 0 to 0"),
        (lambda v: v.choose("conv1", True), "not True"),
        (lambda v: setattr(v, "image_number", 359), "from 0 to 358, not 359"),
        (lambda v: setattr(v, "image_number", -1), "not -1"),
        (lambda v: v.draw("7"), "The picture file 7 cannot be read"),
    ],
)
def test_what_is_not_there_is_explained_and_changes_nothing(view, act, says):
    before = copy.deepcopy(view.view.state)
    with pytest.raises(SettingError) as caught:
        act(view)
    assert says in caught.value.words.en and caught.value.words.zh
    assert view.view.state == before


def test_probabilities_are_those_of_the_network_that_is_shown(trained, test_iter):
    net, checkpoints = trained
    mine, other = copy.deepcopy(net).train(), lenet("relu")
    view = NetworkView(mine, test_iter, other, checkpoints)
    nn.init.zeros_(mine[-1].weight)  # it keeps to the weights it was made with
    assert view.probabilities == softmax(net, test_iter, view.image) and mine.training
    from_browser(view, checkpoint=0)
    assert view.probabilities == softmax(net_at(net, checkpoints[0]), test_iter, view.image)
    from_browser(view, network=1)
    assert view.probabilities == softmax(other, test_iter, view.image)
    view.choose("conv1")
    assert view.view.state["chosen"]["network"] == 1


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda it: NetworkView(nn.Sequential(nn.BatchNorm2d(1), *lenet()), it), "BatchNorm2d"),
        (lambda it: NetworkView(lenet(), part(it, slice(0))), "empty"),
        (lambda it: NetworkView(lenet(), it, lenet("relu", "max")), "activations alone"),
        (lambda it: NetworkView(lenet(), it, checkpoints=[]), "checkpoints must be"),
        (lambda it: NetworkView(lenet(), it, refusal=0.5), "refusal must be"),
    ],
)
def test_what_cannot_be_shown_is_explained(test_iter, make, says):
    with pytest.raises(SettingError) as caught:
        make(test_iter)
    assert says in caught.value.words.en and caught.value.words.zh


# Not a digit


def test_a_refused_drawing_is_known_and_said_and_a_digit_is_not_refused(trained, digits):
    net, checkpoints = trained
    train_iter, test_iter = digits
    refusal = Refusal.fit(net, part(train_iter, slice(0, 400)), collages=100)
    view = NetworkView(net, test_iter, copy.deepcopy(net), checkpoints, refusal=refusal)
    assert [tuple(rule) for rule in view.view.refusals] == [refusal.describe()]
    scores = refusal.scores(net, test_iter, test_iter.images)
    view.image_number = int(scores.argmin())
    assert view.refused is False and "not a digit" not in view.still().caption.en
    view.draw(np.full((280, 280), 255))
    assert view.refused is True
    words = view.still().caption
    assert "not a digit" in words.en and "不像数字" in words.zh
    assert f"the threshold {refusal.threshold:.2f}" in words.en
    last = len(checkpoints) - 1
    for state in ({"network": 1, "checkpoint": last}, {"network": 0, "checkpoint": 0}):
        from_browser(view, **state)
        assert view.refused is None  # that network has no rule
    from_browser(view, network="both", checkpoint=last)
    assert view.refused is True
    view.draw(0 * STROKE)
    assert view.refused is None


def test_without_a_network_it_shows_the_courses_own(isolated):
    view = NetworkView()
    assert len(view.view.pictures) > 10
    assert sum(view.probabilities) == pytest.approx(1)
    assert view.refused is False
    view.draw(torch.full((28, 28), 255))
    assert view.refused is True


# Still, language, end


def test_still_has_every_stage_and_frames_the_receptive_field(view, net):
    view.choose("pool2", 5, 3, 2)
    place = {"network": 0, "stage": 4, "channel": 5, "row": 3, "column": 2}
    assert view.view.state["chosen"] == place
    picture = view.still()
    titles = [axis.get_title() for axis in picture.figure.axes]
    assert titles[1:-1] == ["conv1", "pool1", "conv2", "pool2", "fc1", "fc2", "fc3"]
    top, left, height, width = field_of(net, 5, 3, 2)
    (frame,) = picture.figure.axes[0].patches
    assert frame.get_bbox().bounds == (left - 0.5, top - 0.5, width, height)
    assert len(picture.figure.axes[4].patches) == 2  # the number and its map
    bars = picture.figure.axes[-1].patches
    assert [bar.get_width() for bar in bars] == pytest.approx(view.probabilities)
    with torch.no_grad():
        value = net[:6](view._data.prepare(view.image[None]))[0, 5, 3, 2].item()
    for text in (f"pool2[5, 3, 2] = {value:.3f}", f"{max(view.probabilities):.1%}"):
        assert text in picture.caption.zh and text in picture.caption.en


def test_a_number_of_any_layer_can_be_in_the_still_and_be_let_go(view, net):
    seen = []
    for layer in ("input", "fc1", None):
        view.choose(layer, column=3)
        seen.append(view.still())
    boxes = [[len(axis.patches) for axis in still.figure.axes[:-1]] for still in seen]
    assert boxes == [[2, *[0] * 7], [0] * 5 + [1, 0, 0], [0] * 8]
    with torch.no_grad():
        value = net[:9](view._data.prepare(view.image[None]))[0, 3].item()  # squashed
    assert f"fc1[0, 0, 3] = {value:.3f}" in seen[1].caption.en
    assert view.view.state["chosen"] is None


def test_a_diverged_checkpoint_leaves_the_still_without_bars(trained, test_iter):
    net, checkpoints = trained
    broken = checkpoints[0]._replace(weights=[w * torch.nan for w in checkpoints[0].weights])
    view = NetworkView(net, test_iter, checkpoints=[broken, checkpoints[-1]])
    from_browser(view, checkpoint=0)
    with pytest.raises(SettingError, match="diverged"):
        _ = view.probabilities
    assert view.still().png()


def test_still_is_saved_when_the_clicking_has_paused(view, monkeypatch):
    loop, later = Mock(), [Mock() for _ in range(3)]
    loop.call_later.side_effect = later
    monkeypatch.setattr(panels.asyncio, "get_running_loop", lambda: loop)
    for picture in (1, 2, 3):
        from_browser(view, picture=picture)
    loop.call_later.assert_called_with(panels.SECONDS_OF_CALM, view.keep_still)
    assert [handle.cancel.called for handle in later] == [True, True, False]


@pytest.mark.parametrize("kind", [NetworkView, MistakesPanel])
def test_a_closed_panel_leaves_nothing(net, test_iter, kind):
    before = set(Widget.get_manager_state()["state"])
    panel = kind(net, test_iter)
    gone = weakref.ref(panel)
    panel.close()
    assert set(Widget.get_manager_state()["state"]) <= before
    del panel
    gc.collect()
    assert gone() is None
    CHOICE.language = "zh"


def test_the_view_follows_the_language_and_its_echo_is_not_sent(view):
    assert view.view.language == "both"
    for language in ("zh", "en"):
        CHOICE.language = language
        assert view.view.language == language
    for trait in ("state", "image"):
        assert view.view.traits()[trait].metadata["echo_update"] is False
