"""The panel on mix-ups through its widgets' values and clicks, without a kernel or a browser."""

import base64
import copy
import gc
import io
import re
import weakref

import numpy as np
import pytest
from matplotlib import image as mpl_image

from lenet_helpers.language import CHOICE
from lenet_helpers.mistakes import panel as mistakes_panel
from lenet_helpers.mistakes.panel import MOST_PICTURES, MistakesPanel
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


def test_it_opens_on_the_most_frequent_mistake(panel):
    counts = panel.predictions.confusion.clone().fill_diagonal_(0)
    row, column = panel.matrix.cell
    assert counts[row, column] == counts.max() > 0
    assert (panel.truth.value, panel.answer.value) == (str(row), str(column))


def test_the_matrix_and_the_still_have_every_count(panel, net, test_iter):
    counts = predict_all(net, test_iter).confusion.flatten().tolist()
    texts = re.findall(r">([^<>]*)</button>", panel.matrix.html)
    assert [0 if text == "·" else int(text) for text in texts] == counts
    (axis,) = panel.still().figure.axes
    assert [int(text.get_text()) for text in axis.texts] == counts
    correct, total = panel.predictions.confusion.trace().item(), len(test_iter.labels)
    heading = panel.children[0].value
    assert f"Of {total:,} test pictures the network gets {correct:,} right" in heading
    assert f"{correct / total:.1%}" in heading


def test_a_click_shows_the_pictures_of_that_cell(panel, test_iter):
    for row, column in (panel.predictions.confusion > 0).nonzero().tolist():
        panel.choose(row, column)
        assert panel.matrix.cell == [row, column]
        assert (panel.truth.value, panel.answer.value) == (str(row), str(column))
        for number in shown(panel):
            assert test_iter.labels[number] == row
            assert panel.predictions.predicted[number] == column
        count = int(panel.predictions.confusion[row, column])
        assert len(shown(panel)) == min(count, MOST_PICTURES)
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
    sure = predictions.sureness[shown(panel)].tolist()
    assert sure == sorted(sure, reverse=True)
    assert sure[0] == predictions.sureness[predictions.cell(row, column)].max()
    assert "surest mistakes first" in panel.message.value
    assert "最有把握的错误排在前面" in panel.message.value
    panel.choose(0, 0)
    sure = predictions.sureness[shown(panel)].tolist()
    assert sure == sorted(sure) and len(sure) == MOST_PICTURES
    assert sure[0] == predictions.sureness[predictions.cell(0, 0)].min()
    assert f"the first {MOST_PICTURES}, least sure first" in panel.message.value
    assert "最没有把握的排在前面" in panel.message.value


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
    (first, *_) = re.findall(r'base64,([^"]*)"', panel.pictures.value)
    seen = mpl_image.imread(io.BytesIO(base64.b64decode(first)))
    image = test_iter.images[number].double()
    np.testing.assert_allclose(seen, 1 - (image / image.max()).numpy(), atol=0.01)


def test_an_empty_cell_says_so(panel):
    panel.choose(*(panel.predictions.confusion == 0).nonzero()[0].tolist())
    assert "this cell is empty" in panel.message.value and "这一格是空的" in panel.message.value
    assert shown(panel) == [] and "<img" not in panel.pictures.value


def test_a_perfect_network_opens_without_a_mistake(net, test_iter):
    right = predict_all(net, test_iter).predicted == test_iter.labels
    panel = MistakesPanel(net, part(test_iter, right))
    assert panel.matrix.cell == [0, 0]
    assert "100.0%" in panel.children[0].value


def test_the_test_set_is_looked_at_once(net, test_iter, monkeypatch):
    calls = []
    monkeypatch.setattr(
        mistakes_panel, "predict_all", lambda *args: calls.append(1) or predict_all(*args)
    )
    panel = MistakesPanel(net, test_iter)
    for row in range(10):
        panel.choose(row, 3)
    panel.still()
    assert calls == [1]


def test_words_and_classes_follow_the_language_and_the_choice_stays(net, test_iter, tiny_sets):
    clothes = copy.copy(test_iter)
    clothes.classes = tiny_sets["fashion_mnist"].dataset.classes
    panel = MistakesPanel(net, clothes)
    assert '<span lang="zh">裤子</span> <span lang="en">Trouser</span>' in panel.matrix.html
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


def test_a_closed_panel_can_go(net, test_iter):
    panel = MistakesPanel(net, test_iter)
    gone = weakref.ref(panel)
    panel.close()
    del panel
    gc.collect()
    assert gone() is None
