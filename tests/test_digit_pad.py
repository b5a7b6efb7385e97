"""The digit pad through its widgets' values and clicks, without a kernel or a browser."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch
from ipywidgets import Widget

from lenet_helpers import SettingError, lenet
from lenet_helpers.drawing.form import normalize_digit
from lenet_helpers.drawing.reader import BLANK, CLOTHES, OTHER_FORM
from lenet_helpers.language import CHOICE
from lenet_helpers.panels import digit_pad
from lenet_helpers.panels.digit_pad import DigitPad
from lenet_helpers.panels.paper import HERE, SIZE, Paper, as_array, as_ink


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return lenet("tanh")


@pytest.fixture
def test_iter(digits):
    return digits[1]


@pytest.fixture
def pad(net, test_iter):
    return DigitPad(net, test_iter)


@pytest.fixture(autouse=True)
def _both_languages():
    yield
    CHOICE.language = "both"


def stroke(left: int = 120) -> np.ndarray:
    ink = np.zeros((SIZE, SIZE), np.uint8)
    ink[40:240, left : left + 22] = 255
    return ink


def ends_in_browser(pad, ink: np.ndarray) -> None:
    """What arrives from the browser when a stroke ends: a memoryview."""
    pad.paper.set_state({"ink": memoryview(ink.tobytes())})


def on_paper(pad) -> np.ndarray:
    return as_array(pad.paper.ink)


def text(widget) -> str:
    return unescape(re.sub("<[^>]*>", "", widget.value))


# Drawing


def test_begins_blank_and_says_so(pad):
    assert pad.probabilities is None
    assert not pad.image.any()
    assert BLANK.en in text(pad.message)
    assert "◀" not in pad.bars.value
    assert pad.maps.layout.display == "none"


def test_a_stroke_from_the_browser_is_read(pad, net, test_iter):
    ends_in_browser(pad, stroke())
    assert torch.equal(pad.image, normalize_digit(stroke()).round().to(torch.uint8))
    with torch.no_grad():
        expected = net(test_iter.prepare(pad.image[None])).softmax(dim=1)[0]
    assert pad.probabilities == pytest.approx(expected.tolist())
    assert f"{max(pad.probabilities):.1%} ◀" in text(pad.bars)
    assert f"{max(pad.probabilities):.1%}" in text(pad.message)


def test_draw_does_the_same_as_a_stroke(pad, net, test_iter):
    ends_in_browser(pad, stroke())
    scripted = DigitPad(net, test_iter)
    scripted.draw(stroke())
    assert scripted.probabilities == pad.probabilities
    assert np.array_equal(on_paper(scripted), stroke())


@pytest.mark.parametrize("kind", [torch.tensor, np.asarray, np.ndarray.tolist])
def test_draw_takes_tables_of_numbers_of_any_kind(pad, kind):
    pad.draw(kind(stroke()))
    assert np.array_equal(on_paper(pad), stroke())


def test_draw_scales_to_the_paper_and_keeps_the_aspect_ratio(pad):
    scan = np.zeros((70, 140))
    scan[10:60, 20:120] = 300.0  # darker than ink can be
    pad.draw(scan)
    rows, columns = (on_paper(pad) > 128).nonzero()
    assert (rows.min(), rows.max() + 1) == (70 + 20, 70 + 120)
    assert (columns.min(), columns.max() + 1) == (40, 240)
    assert on_paper(pad).max() == 255


@pytest.mark.parametrize("bad", [np.full((28, 28), -1), np.zeros(784), "7"], ids=str)
def test_draw_refuses_what_is_no_picture_and_keeps_the_sheet(pad, bad):
    pad.draw(stroke())
    with pytest.raises(SettingError):
        pad.draw(bad)
    assert np.array_equal(on_paper(pad), stroke())


def test_a_dot_and_a_black_sheet_are_answered_with_a_word_of_warning(pad):
    dot = np.zeros((SIZE, SIZE))
    dot[100:120, 100:120] = 255
    for scan, word in ((dot, "dot"), (np.full((SIZE, SIZE), 255), "more ink than paper")):
        pad.draw(scan)
        assert len(pad.probabilities) == 10
        assert word in text(pad.message)


def test_the_net_is_asked_anew_when_it_has_learned_more(test_iter):
    torch.manual_seed(1)
    net = lenet("tanh")
    pad = DigitPad(net, test_iter)
    pad.draw(stroke())
    before = pad.probabilities
    with torch.no_grad():
        net[-1].bias[3] += 100
    pad.draw(stroke())
    assert before[3] < 0.99 < pad.probabilities[3]


# Undo and clear


def test_undo_goes_back_stroke_by_stroke_also_over_a_clearing(pad):
    states = [(None, on_paper(pad))]
    for act in (
        lambda: ends_in_browser(pad, stroke(60)),
        lambda: ends_in_browser(pad, stroke(60) | stroke(180)),
        pad.clear_button.click,
        pad.next_button.click,
    ):
        act()
        states.append((pad.probabilities, on_paper(pad)))
    for probabilities, ink in reversed(states[:-1]):
        pad.undo_button.click()
        assert pad.probabilities == probabilities
        assert np.array_equal(on_paper(pad), ink)
    pad.undo_button.click()
    assert pad.probabilities is None


def test_clear_takes_a_blank_sheet(pad):
    pad.draw(stroke())
    pad.clear_button.click()
    assert pad.paper.ink == b""
    assert pad.probabilities is None
    assert BLANK.zh in text(pad.message)
    assert pad.maps.layout.display == "none"


def test_undo_goes_back_only_so_far(pad, monkeypatch):
    monkeypatch.setattr(digit_pad, "MOST_DRAWINGS", 4)
    for left in range(8):
        ends_in_browser(pad, stroke(left))
    for _ in range(8):
        pad.undo()
    assert np.array_equal(on_paper(pad), stroke(4))


# Test pictures


def test_next_goes_through_the_pictures_of_the_chosen_class_and_begins_again(pad, test_iter):
    of_class = (test_iter.labels == 4).nonzero().flatten().tolist()
    pad.sample_class.value, pad.show_maps.value = "4", False
    for index in [*of_class, of_class[0]]:
        pad.next_button.click()
        assert torch.equal(pad.image, test_iter.images[index])
        assert f"test picture {index}, labelled 4" in text(pad.message)


def test_next_of_any_class_goes_in_order(pad, test_iter):
    for index in range(3):
        pad.next_button.click()
        assert torch.equal(pad.image, test_iter.images[index])


def test_a_test_picture_stands_on_the_paper_and_drawn_on_is_a_drawing(pad, test_iter):
    pad.show_sample(5)
    shown = on_paper(pad).reshape(28, 10, 28, 10).mean(axis=(1, 3))
    assert np.abs(shown - test_iter.images[5].numpy()).mean() < 10
    drawn = np.maximum(on_paper(pad), stroke())
    ends_in_browser(pad, drawn)
    assert torch.equal(pad.image, normalize_digit(drawn).round().to(torch.uint8))
    assert "test picture" not in text(pad.message)


def test_changing_the_language_shows_no_picture_and_keeps_the_class(pad):
    pad.sample_class.value = "4"
    pad.draw(stroke())
    for language in ("zh", "en"):
        CHOICE.language = language
    assert pad.sample_class.value == "4"
    assert np.array_equal(on_paper(pad), stroke())


# What explains the answer


def test_maps_and_steps_are_shown_when_wanted_and_when_there_is_ink(pad):
    pad.draw(stroke())
    assert pad.maps.layout.display is None
    assert pad.steps.layout.display == "none"
    pad.show_maps.value, pad.show_steps.value = False, True
    assert pad.maps.layout.display == "none"
    assert pad.steps.layout.display is None
    assert "200×22" in text(pad.steps.caption)
    pad.next_button.click()  # a test picture has gone through no steps
    assert pad.steps.layout.display == "none"


def test_every_stroke_redraws_the_maps(pad):
    pad.draw(stroke(60))
    first = pad.map_image.value
    pad.draw(stroke(60) | stroke(180))
    assert bytes(first).startswith(b"\x89PNG")
    assert pad.map_image.value != first


# Words


@pytest.mark.parametrize(
    ("language", "undo", "label"), [("zh", "撤销", "画板"), ("en", "Undo", "Pad")]
)
def test_words_follow_the_language(pad, language, undo, label):
    CHOICE.language = language
    assert pad.undo_button.description == undo
    assert pad.paper.label.startswith(label)
    described = [
        pad.clear_button, pad.brush, pad.sample_class, pad.next_button,
        pad.show_maps, pad.show_steps,
    ]  # fmt: skip
    for widget in described:
        assert bool(re.search("[一-鿿]", widget.description)) == (language == "zh")


def test_a_network_trained_on_clothes_says_so(net, test_iter, monkeypatch):
    assert OTHER_FORM.en in text(DigitPad(net, test_iter).children[0])
    monkeypatch.setattr(test_iter, "name", "fashion_mnist")
    assert CLOTHES.zh in text(DigitPad(net, test_iter).children[0])


def test_names_of_clothes_follow_the_language(net, test_iter, monkeypatch, tiny_sets):
    monkeypatch.setattr(test_iter, "classes", tiny_sets["fashion_mnist"].dataset.classes)
    pad = DigitPad(net, test_iter)
    pad.draw(stroke())
    assert '<span lang="zh">裤子</span> <span lang="en">Trouser</span>' in pad.bars.value
    CHOICE.language = "en"
    assert "Trouser" in [name for name, _ in pad.sample_class.options]


# What goes wrong, what is saved, what is left


def test_a_network_that_does_not_fit_is_refused_at_once(test_iter):
    with pytest.raises(SettingError, match="a score for each class"):
        DigitPad(lenet(num_classes=3), test_iter)


def test_a_network_that_diverged_meanwhile_is_explained_and_then_recovers(test_iter):
    net = lenet("tanh")
    pad = DigitPad(net, test_iter)
    good = net[-1].bias.detach().clone()
    net[-1].bias.data.fill_(float("nan"))
    pad.draw(stroke())
    assert "diverged" in text(pad.message)
    assert 'role="alert"' in pad.message.value
    net[-1].bias.data.copy_(good)
    pad.draw(stroke(60))
    assert len(pad.probabilities) == 10
    assert 'role="status"' in pad.message.value


def test_still_shows_the_last_drawing_with_its_probabilities(pad):
    pad.draw(stroke())
    picture = pad.still()
    sheet, image, bars = picture.figure.axes
    assert np.array_equal(sheet.images[0].get_array(), stroke())
    assert np.array_equal(image.images[0].get_array(), pad.image)
    assert [bar.get_width() for bar in bars.patches] == pad.probabilities
    assert f"{max(pad.probabilities):.1%}" in picture.caption.zh


def test_the_still_is_saved_after_every_stroke(pad, monkeypatch):
    saved = []
    monkeypatch.setattr(DigitPad, "keep_still_soon", lambda pad: saved.append(pad.still().caption))
    ends_in_browser(pad, stroke())
    pad.clear()
    assert len(saved) == 2
    assert saved[1] == BLANK


def test_the_paper_sends_no_ink_back_to_where_it_came_from():
    sent = Paper.class_traits()["ink"].metadata
    assert sent["sync"]
    assert sent["echo_update"] is False


def test_closing_the_pad_leaves_no_widget_of_it(net, test_iter):
    before = set(Widget.get_manager_state()["state"])
    pad = DigitPad(net, test_iter)
    pad.draw(stroke())
    pad.close()
    assert set(Widget.get_manager_state()["state"]) <= before


def test_two_pads_do_not_disturb_each_other(net, test_iter):
    one, other = DigitPad(net, test_iter), DigitPad(net, test_iter)
    one.draw(stroke())
    one.brush.value = 30
    assert other.probabilities is None
    assert other.paper.brush == 22


def test_brush_reaches_the_paper(pad):
    pad.brush.value = 12
    assert pad.paper.brush == 12


def test_ink_survives_the_way_to_the_paper_and_back():
    assert np.array_equal(as_array(as_ink(torch.from_numpy(stroke()))), stroke())
    assert not as_array(b"").any()


@pytest.mark.parametrize("name", ["pad.js", "pad.css"])
def test_the_browsers_half_comes_with_the_package_and_is_short(name):
    source = Path(HERE / name).read_text(encoding="utf-8")
    assert 5 < len(source.splitlines()) <= 80
    assert "touch-action: none" in Path(HERE / "pad.css").read_text(encoding="utf-8")
