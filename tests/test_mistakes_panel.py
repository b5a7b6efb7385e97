"""The panel on mix-ups through its widgets' values and clicks, without a kernel or a browser."""

import base64
import copy
import io
import re
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from matplotlib import image as mpl_image

from lenet_helpers import Words
from lenet_helpers.language import CHOICE
from lenet_helpers.mistakes import panel as mistakes_panel
from lenet_helpers.mistakes.matrix import confusion_html, confusion_matrix
from lenet_helpers.mistakes.panel import MOST_PICTURES, MistakesPanel, gallery_html
from lenet_helpers.predictions import predict_all
from tests.conftest import part


@pytest.fixture
def net(trained):
    return trained[0]


@pytest.fixture
def test_iter(digits):
    return digits[1]


@pytest.fixture
def panel(net, test_iter):
    return MistakesPanel(net, test_iter)


def shown(panel) -> list[int]:
    """Numbers of the pictures in the gallery, in order."""
    return [int(number) for number in re.findall(r"<div>#(\d+)</div>", panel.pictures.value)]


def captions(panel) -> list[str]:
    found = re.findall("<figcaption>(.*?)</figcaption>", panel.pictures.value)
    return [re.sub(r"<[^>]*>", " ", caption) for caption in found]


def pixels(html: str) -> list[np.ndarray]:
    """All pictures; 1 is white."""
    files = map(base64.b64decode, re.findall(r'base64,([^"]*)"', html))
    return [mpl_image.imread(io.BytesIO(file)) for file in files]


# Tables and pictures


def test_a_confusion_matrix_names_every_cell_as_a_table_and_as_a_picture():
    classes = [Words("猫", "cat"), Words("狗", "<dog>"), Words.same("3")]
    counts = torch.tensor([[2, 1, 0], [0, 1, 0], [2, 0, 0]])
    html = confusion_html(counts, classes)
    assert re.findall(r'data-cell="(\d,\d)"', html) == [f"{r},{c}" for r in "012" for c in "012"]
    assert 'aria-label="真实类别 猫，网络认为 狗：1 张 / cat taken for &lt;dog&gt;: 1"' in html
    assert "<dog>" not in html and '<span lang="zh">猫</span>' in html
    assert re.findall(r">([^<>]*)</button>", html) == list("21··1·2··")
    picture = confusion_matrix(counts, classes)
    (axis,) = picture.figure.axes
    assert [text.get_text() for text in axis.texts] == list("210010200")
    assert axis.get_xticklabels()[2].get_text() == "3"
    assert "3 of 6" in picture.caption.en and "6 张" in picture.caption.zh


def test_a_gallery_shows_each_picture_and_says_below_what_it_is():
    images = torch.tensor([[[0, 200], [100, 50]], [[0, 0], [0, 0]]], dtype=torch.uint8)
    html = gallery_html(images, [[Words("一", "one"), Words.same("#1")]] * 2)
    assert html.count("<figcaption>") == 2
    assert 'alt="一 / one; #1"' in html and "<div>#1</div>" in html
    np.testing.assert_allclose(pixels(html), [[[1, 0], [0.5, 0.75]], np.ones((2, 2))], atol=0.005)


# The panel


def test_it_opens_on_the_most_frequent_mistake(panel, net, test_iter):
    counts = predict_all(net, test_iter).confusion
    mistakes = counts.clone().fill_diagonal_(0)
    row, column = panel.matrix.cell
    assert mistakes[row, column] == mistakes.max() > 0
    assert panel.matrix.html == confusion_html(counts, test_iter.classes)
    (axis,) = panel.still().figure.axes
    assert [int(text.get_text()) for text in axis.texts] == counts.flatten().tolist()
    correct, total = counts.trace().item(), len(test_iter.labels)
    heading = panel.children[0].value
    assert f"Of {total:,} test pictures the network gets {correct:,} right" in heading
    assert f"{correct / total:.1%}" in heading


def test_a_click_shows_the_pictures_of_that_cell(panel, test_iter):
    for row, column in (panel.predictions.confusion > 0).nonzero().tolist():
        panel.matrix._handle_custom_msg({"cell": [row, column]}, [])
        assert panel.matrix.cell == [row, column]
        assert (panel.truth.value, panel.answer.value) == (str(row), str(column))
        found = shown(panel)
        assert (test_iter.labels[found] == row).all()
        assert (panel.predictions.predicted[found] == column).all()
        count = int(panel.predictions.confusion[row, column])
        assert len(found) == min(count, MOST_PICTURES)
        assert f"{count:,} of class {row}" in panel.message.value


def test_the_lists_choose_as_a_click_does(panel):
    panel.choose(3, 3)
    expected = panel.pictures.value
    panel.choose(0, 0)
    panel.truth.value = "3"
    assert panel.matrix.cell == [3, 0]
    panel.answer.value = "3"
    assert panel.matrix.cell == [3, 3] and panel.pictures.value == expected


def test_surest_mistakes_come_first_and_of_the_right_ones_the_least_sure(panel):
    predictions = panel.predictions
    row, column = panel.matrix.cell
    assert shown(panel) == predictions.cell(row, column)[:MOST_PICTURES].tolist()
    assert "surest mistakes first" in panel.message.value
    assert "最有把握的错误排在前面" in panel.message.value
    panel.choose(0, 0)
    assert shown(panel) == predictions.cell(0, 0)[:MOST_PICTURES].tolist()
    assert f"the first {MOST_PICTURES}, least sure first" in panel.message.value
    assert "最没有把握的排在前面" in panel.message.value
    panel.choose(*(predictions.confusion == 0).nonzero()[0].tolist())
    assert "this cell is empty" in panel.message.value and "这一格是空的" in panel.message.value
    assert shown(panel) == [] and "<img" not in panel.pictures.value


def test_captions_say_what_the_network_thought_and_how_sure_it_was(panel, test_iter):
    row, column = panel.matrix.cell
    for number, caption in zip(shown(panel), captions(panel), strict=True):
        shares = panel.predictions.probabilities[number]
        assert f"{column} {shares[column]:.0%}" in caption
        assert f"is {row} {shares[row]:.0%}" in caption and f"应为 {row}" in caption
    panel.choose(0, 0)
    number, caption = shown(panel)[0], captions(panel)[0]
    share, second = panel.predictions.probabilities[number].topk(2)
    assert f"0 {share[0]:.0%}" in caption
    assert f"next {second[1]} {share[1]:.0%}" in caption
    image = test_iter.images[number] / test_iter.images[number].max()
    np.testing.assert_allclose(pixels(panel.pictures.value)[0], 1 - image, atol=0.01)


def test_a_perfect_network_opens_without_a_mistake(net, test_iter):
    right = predict_all(net, test_iter).predicted == test_iter.labels
    panel = MistakesPanel(net, part(test_iter, right))
    assert panel.matrix.cell == [0, 0]
    assert "100.0%" in panel.children[0].value


def test_the_test_set_is_looked_at_once_and_each_cell_too(net, test_iter, monkeypatch):
    looked, drawn = Mock(wraps=predict_all), Mock(wraps=gallery_html)
    monkeypatch.setattr(mistakes_panel, "predict_all", looked)
    monkeypatch.setattr(mistakes_panel, "gallery_html", drawn)
    panel = MistakesPanel(net, test_iter)
    for row in range(10):
        panel.choose(row, 9 - row)
    panel.still()
    assert (looked.call_count, drawn.call_count) == (1, 11)


def test_words_and_classes_follow_the_language_and_the_choice_stays(net, test_iter, tiny_sets):
    clothes = copy.copy(test_iter)
    clothes.classes = tiny_sets["fashion_mnist"].dataset.classes
    panel = MistakesPanel(net, clothes)
    panel.choose(1, 1)
    assert "“裤子”" in panel.message.value and "Trouser" in panel.message.value
    pictures = panel.pictures.value
    CHOICE.language = "zh"
    assert (panel.truth.description, panel.answer.description) == ("真实类别", "网络认为")
    assert panel.truth._options_labels[:2] == ("T恤", "裤子")
    CHOICE.language = "en"
    assert (panel.truth.description, panel.answer.description) == ("True class", "Taken for")
    assert panel.matrix.cell == [1, 1] and panel.pictures.value == pictures
    assert (panel.truth.value, panel.answer.value) == ("1", "1")
