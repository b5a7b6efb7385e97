"""The panel that reads a whole line of digits, without a browser."""

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import lenet
from lenet_helpers.handwriting import ink_of
from lenet_helpers.words import SettingError
from lenet_helpers.zip_code import FieldView, to_field
from lenet_helpers.zip_code.reading import read_field, slide_over, sliding_lenet
from tests.test_field_js import network, photo_of_line, some_fields


@pytest.fixture(scope="module")
def net() -> nn.Sequential:
    return network()


@pytest.fixture
def view(net) -> FieldView:
    return FieldView(net, some_fields(1))


def test_a_given_field_is_read_as_its_bytes_are(view, net):
    field = some_fields(1).pictures[0]
    assert (view.field - field).abs().max() <= 0.51 / 255
    assert view.reading == read_field(slide_over(net, view.field))
    assert view.view.pictures[0]["note"]["en"].endswith(" is written")
    assert view.refused == (view.reading.sureness < 0.9)


def test_the_rule_for_refusing_is_the_readers(view):
    sureness = view.reading.sureness
    for threshold, refused in ((sureness - 0.01, False), (sureness + 0.01, True)):
        view.view.state = {**view.view.state, "threshold": threshold}
        assert view.refused == refused
        assert ("Refused" in view.still().caption.en) == refused
        assert ("拒绝" in view.still().caption.zh) == refused


def test_so_many_digits_are_read_as_are_asked_for(view):
    for count in (3, 1):
        view.view.state = {**view.view.state, "count": count}
        assert len(view.reading.digits) == len(view.reading.places) == count


def test_a_photo_goes_through_all_steps_in_python(view, net):
    photo = photo_of_line(some_fields(1).pictures[1])
    photo[185:188] = photo[185:188] * 0.7  # a ruled line
    view.draw(photo)
    assert view.view.state["picture"] is None and view.remarks == ()
    ink = np.round(ink_of(photo).values).astype(np.uint8)
    assert torch.equal(view.field, to_field(ink))
    drawing = view.view.state["drawing"]["scan"]
    assert drawing["height"] < photo.shape[0] and drawing["width"] < photo.shape[1]
    assert view.reading == read_field(slide_over(net, view.field))


def test_without_ink_there_is_a_remark_and_no_reading(view):
    view.draw(photo_of_line(torch.zeros(32, 160)))
    assert view.reading is None and view.field is None and view.refused is True
    assert "no ink was found" in view.still().caption.en
    assert "没有找到墨迹" in view.still().caption.zh


def test_what_was_drawn_in_the_browser_is_known(view, net):
    field = torch.rand(32, 100)
    drawing = {"strokes": [{"brush": 9, "points": [1, 2]}]}
    view.view.set_state({
        "state": {**view.view.state, "picture": None, "drawing": drawing},
        "image": memoryview((255 * field).numpy().tobytes()),
    })  # fmt: skip
    assert torch.allclose(view.field, field)
    assert view.reading == read_field(slide_over(net, view.field))


def test_it_begins_blank_without_fields(net):
    view = FieldView(net)
    assert view.field is None and view.reading is None and view.refused is None
    assert view.still().caption.en == "The pad is blank."


@pytest.mark.parametrize(
    "make, zh, en",
    [
        (lambda: FieldView(lenet("relu")), "滑动", "slides over fields"),
        (lambda: FieldView("net"), "网络", "net must be a network"),
        (lambda: FieldView(sliding_lenet()[:-1]), "得分", "a score for each class"),
        (lambda: FieldView(sliding_lenet(), torch.zeros(3, 32, 160)), "字段", "compose"),
        (lambda: FieldView(sliding_lenet()).draw("no.jpg"), "读不出", "cannot be read"),
    ],
)
def test_what_does_not_fit_is_told_in_both_languages(make, zh, en):
    with pytest.raises(SettingError) as error:
        make()
    assert zh in error.value.words.zh and en in error.value.words.en
