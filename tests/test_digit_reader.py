"""What a network makes of a drawing, what is said of it, and the pictures that show it."""

from __future__ import annotations

import base64
import copy
import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lenet_helpers import SettingError, Words, lenet
from lenet_helpers.drawing.figures import (
    answer_picture,
    image_html,
    probability_table,
    steps_picture,
)
from lenet_helpers.drawing.form import form_steps, normalize_digit
from lenet_helpers.drawing.reader import (
    BLANK,
    CLOTHES,
    OTHER_FORM,
    TOO_BLACK,
    notice,
    read_drawing,
    read_sample,
)

NAMES = [Words(str(k), str(k)) for k in range(10)]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return lenet()


@pytest.fixture
def test_iter(digits):
    return digits[1]


def stroke(height: int = 200, width: int = 22) -> np.ndarray:
    ink = np.zeros((280, 280), np.uint8)
    ink[40 : 40 + height, 120 : 120 + width] = 255
    return ink


def test_probabilities_are_the_softmax_of_the_net_on_the_prepared_image(net, test_iter):
    reading = read_drawing(net, test_iter, stroke())
    image = normalize_digit(stroke()).round().to(torch.uint8)
    assert torch.equal(reading.image, image)
    with torch.no_grad():
        expected = net(test_iter.prepare(image[None])).softmax(dim=1)[0]
    assert reading.probabilities == pytest.approx(expected.tolist())
    assert sum(reading.probabilities) == pytest.approx(1)
    assert reading.remark == Words("", "")


def test_a_test_picture_goes_to_the_network_as_it_is(net, test_iter):
    reading = read_sample(net, test_iter, 7)
    assert torch.equal(reading.image, test_iter.images[7])
    assert reading.steps is None
    with torch.no_grad():
        expected = net(test_iter.prepare(test_iter.images[7:8])).softmax(dim=1)[0]
    assert reading.probabilities == pytest.approx(expected.tolist())
    label = str(test_iter.labels[7].item())
    words = reading.verdict(NAMES)
    assert f"标签是 {label}" in words.zh
    assert f"labelled {label}" in words.en


def test_maps_are_the_outputs_before_flatten(net, test_iter):
    shapes = [tuple(output.shape) for _, output in read_drawing(net, test_iter, stroke()).maps]
    assert shapes[0] == (1, 1, 28, 28)
    assert shapes[-1] == (1, 16, 5, 5)
    assert len(shapes) == 7


# What is said


class Fixed(nn.Module):
    """Always gives the same scores."""

    def __init__(self, scores) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.tensor([scores], dtype=torch.float32))

    def forward(self, X):
        return self.scores


def test_verdict_names_the_two_likeliest_with_their_probabilities(test_iter):
    likely = torch.tensor([0.01] * 10)
    likely[4], likely[9] = 0.7, 0.22
    words = read_drawing(nn.Sequential(Fixed(likely.log().tolist())), test_iter, stroke()).verdict(
        NAMES
    )
    assert words.zh == "网络认为是 4，概率 70.0%；其次是 9，22.0%。"
    assert words.en == "The network takes it for 4, probability 70.0%; next is 9, 22.0%."


def test_a_blank_sheet_gets_words_and_no_probabilities(net, test_iter):
    reading = read_drawing(net, test_iter, np.zeros((280, 280)))
    assert reading.probabilities is None
    assert reading.verdict(NAMES) == BLANK


@pytest.mark.parametrize(
    "scan", [np.full((280, 280), 255), 255 - stroke()], ids=["all", "inverted"]
)
def test_a_black_sheet_is_told_apart_and_still_answered(net, test_iter, scan):
    reading = read_drawing(net, test_iter, scan)
    assert len(reading.probabilities) == 10
    assert reading.remark == TOO_BLACK
    assert reading.verdict(NAMES).en.endswith(TOO_BLACK.en)


@pytest.mark.parametrize(("side", "is_dot"), [(1, True), (22, True), (46, True), (47, False)])
def test_a_dot_is_told_from_a_small_digit(net, test_iter, side, is_dot):
    remark = read_drawing(net, test_iter, stroke(height=side)).remark
    assert ("dot" in remark.en, "点" in remark.zh) == (is_dot, is_dot)
    if is_dot:
        assert f"{max(side, 22)} pixels on a pad of 280" in remark.en


def test_notice_of_clothes_of_digits_in_another_form_and_of_none(test_iter):
    assert notice(test_iter) == OTHER_FORM
    normal = [normalize_digit(image).round() for image in test_iter.images[:50]]
    test_iter = _copy(test_iter, images=torch.stack(normal).to(torch.uint8))
    assert notice(test_iter) is None
    assert notice(_copy(test_iter, name="fashion_mnist")) == CLOTHES


def _copy(test_iter, **changes):
    changed = copy.copy(test_iter)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


# What cannot be used


def test_a_network_with_other_classes_is_refused(test_iter):
    with pytest.raises(SettingError, match="a score for each class"):
        read_drawing(lenet(num_classes=3), test_iter, stroke())


def test_a_diverged_network_is_explained(test_iter):
    net = nn.Sequential(Fixed([float("nan")] * 10))
    with pytest.raises(SettingError, match="发散"):
        read_drawing(net, test_iter, stroke())


# Pictures and tables


def test_table_has_a_row_for_each_class_and_marks_the_largest():
    likely = [0.02] * 10
    likely[3] = 0.82
    html = probability_table(likely, NAMES)
    rows = html.split("<tr")[1:]
    assert len(rows) == 10
    assert [number for number, row in enumerate(rows) if "◀" in row and "first" in row] == [3]
    assert "82.0%" in rows[3]
    assert 'style="width: 82.0%"' in rows[3]


def test_table_without_an_answer_marks_nothing():
    html = probability_table(None, NAMES)
    assert "◀" not in html
    assert "%</td>" not in html


def test_table_says_names_in_both_languages_and_escapes_them():
    html = probability_table(None, [Words("T恤", "T-shirt"), Words("<b>", "a&b")])
    assert '<span lang="zh">T恤</span>' in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_image_is_black_on_white_and_described():
    html = image_html(torch.tensor([[0, 255]], dtype=torch.uint8), Words("图", "a picture"))
    assert 'alt="图 / a picture"' in html
    png = base64.b64decode(html.split("base64,")[1].split('"')[0])
    assert np.asarray(Image.open(io.BytesIO(png))).tolist() == [[255, 0]]


def test_steps_show_every_size_and_the_centre():
    picture = steps_picture(form_steps(stroke()))
    titles = [axis.get_title() for axis in picture.figure.axes]
    assert [title.split("\n")[1] for title in titles] == ["280×280", "200×22", "20×2", "28×28"]
    assert "200×22" in picture.caption.en
    assert "200×22" in picture.caption.zh
    assert picture.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("probabilities", [None, [0.1] * 9 + [0.5]])
def test_still_has_the_sheet_the_image_and_the_bars(probabilities):
    caption = Words("甲", "a")
    steps = form_steps(stroke())
    picture = answer_picture(steps.scan, steps.image, probabilities, NAMES, caption)
    assert picture.caption == caption
    bars = picture.figure.axes[2].patches
    assert [bar.get_width() for bar in bars] == (probabilities or [0.0] * 10)
    assert len({bar.get_facecolor() for bar in bars}) == (2 if probabilities else 1)
