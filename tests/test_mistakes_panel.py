"""The panel on mix-ups through its widgets' values and clicks, without a kernel or a browser."""

from __future__ import annotations

import base64
import copy
import gc
import io
import re
import weakref

import numpy as np
import pytest
import torch
from matplotlib import image as mpl_image
from torch import nn

from lenet_helpers import SettingError, lenet, train
from lenet_helpers.language import CHOICE
from lenet_helpers.mistakes import panel as mistakes_panel
from lenet_helpers.mistakes.panel import MOST_PICTURES, MistakesPanel
from lenet_helpers.predictions import predict_all


@pytest.fixture(scope="module")
def net(_digits_once):
    """A LeNet that has learned some digits, and gets some wrong."""
    torch.manual_seed(0)
    net = lenet("tanh")
    for _ in train(net, *_digits_once, 1, 0.1, "cpu"):
        pass
    return net


@pytest.fixture
def test_iter(digits):
    return digits[1]


@pytest.fixture(autouse=True)
def _both_languages():
    CHOICE.language = "both"
    yield
    CHOICE.language = "both"


@pytest.fixture
def panel(net, test_iter):
    return MistakesPanel(net, test_iter)


def click(panel, row: int, column: int) -> None:
    """What the browser sends when this cell is clicked, or reached by arrow keys."""
    panel.matrix._handle_custom_msg({"cell": [row, column]}, [])


def shown(panel) -> list[int]:
    """Numbers of the pictures in the gallery, in order."""
    return [int(number) for number in re.findall(r"<div>#(\d+)</div>", panel.pictures.value)]


def captions(panel) -> list[str]:
    found = re.findall("<figcaption>(.*?)</figcaption>", panel.pictures.value)
    return [re.sub(r"<[^>]*>", " ", caption) for caption in found]


def test_it_opens_on_the_most_frequent_mistake(panel, net, test_iter):
    counts = predict_all(net, test_iter).confusion.clone()
    counts.fill_diagonal_(0)
    row, column = panel.matrix.cell
    assert counts[row, column] == counts.max() > 0
    assert (panel.truth.value, panel.answer.value) == (str(row), str(column))
    assert len(shown(panel)) == min(counts.max(), MOST_PICTURES)


def test_matrix_has_every_count(panel, net, test_iter):
    texts = re.findall(r">([^<>]*)</button>", panel.matrix.html)
    numbers = [0 if text == "·" else int(text) for text in texts]
    np.testing.assert_array_equal(
        np.reshape(numbers, (10, 10)), predict_all(net, test_iter).confusion
    )
    assert sum(numbers) == len(test_iter.labels)


def test_a_click_shows_the_pictures_of_that_cell(panel, net, test_iter):
    predictions = predict_all(net, test_iter)
    for row, column in (predictions.confusion > 0).nonzero().tolist():
        click(panel, row, column)
        assert panel.matrix.cell == [row, column]
        assert (panel.truth.value, panel.answer.value) == (str(row), str(column))
        for number in shown(panel):
            assert test_iter.labels[number] == row
            assert predictions.predicted[number] == column
        count = int(predictions.confusion[row, column])
        assert len(shown(panel)) == min(count, MOST_PICTURES)
        assert f"{count:,} of class {row}" in panel.message.value


def test_the_lists_choose_as_a_click_does(panel):
    click(panel, 3, 3)
    expected = panel.pictures.value
    click(panel, 0, 0)
    panel.truth.value = "3"
    assert panel.matrix.cell == [3, 0]
    panel.answer.value = "3"
    assert panel.matrix.cell == [3, 3] and panel.pictures.value == expected


def test_surest_mistakes_come_first(panel):
    sureness = panel.predictions.sureness
    row, column = panel.matrix.cell
    assert row != column
    sure = [sureness[number].item() for number in shown(panel)]
    assert sure == sorted(sure, reverse=True)
    everywhere = panel.predictions.cell(row, column)
    assert sure[0] == sureness[everywhere].max()
    assert "surest mistakes first" in panel.message.value
    assert "最有把握的错误排在前面" in panel.message.value


def test_on_the_diagonal_the_least_sure_come_first_and_it_says_so(panel):
    click(panel, 0, 0)
    sure = [panel.predictions.sureness[number].item() for number in shown(panel)]
    assert sure == sorted(sure) and len(sure) == MOST_PICTURES
    assert sure[0] == panel.predictions.sureness[panel.predictions.cell(0, 0)].min()
    assert "least sure first" in panel.message.value
    assert f"the first {MOST_PICTURES}" in panel.message.value
    assert "最没有把握的排在前面" in panel.message.value


def test_captions_say_what_the_network_thought_and_how_sure_it_was(panel):
    row, column = panel.matrix.cell
    for number, caption in zip(shown(panel), captions(panel), strict=True):
        shares = panel.predictions.probabilities[number]
        assert f"{column} {shares[column]:.0%}" in caption
        assert f"is {row} {shares[row]:.0%}" in caption and f"应为 {row}" in caption
    click(panel, 0, 0)
    number, caption = shown(panel)[0], captions(panel)[0]
    share, second = panel.predictions.probabilities[number].topk(2)
    assert f"0 {share[0]:.0%}" in caption
    assert f"next {second[1]} {share[1]:.0%}" in caption


def test_pictures_are_the_pictures(panel, test_iter):
    (first, *_) = re.findall(r'base64,([^"]*)"', panel.pictures.value)
    seen = mpl_image.imread(io.BytesIO(base64.b64decode(first)))
    image = test_iter.images[shown(panel)[0]].double()
    np.testing.assert_allclose(seen, 1 - (image / image.max()).numpy(), atol=0.01)


def test_an_empty_cell_says_so(panel):
    row, column = (panel.predictions.confusion == 0).nonzero()[0].tolist()
    click(panel, row, column)
    assert "this cell is empty" in panel.message.value and "这一格是空的" in panel.message.value
    assert shown(panel) == [] and "<img" not in panel.pictures.value


def test_a_perfect_network_opens_without_a_mistake(net, test_iter):
    right = predict_all(net, test_iter).predicted == test_iter.labels
    easy = copy.copy(test_iter)
    easy.images, easy.labels = test_iter.images[right], test_iter.labels[right]
    panel = MistakesPanel(net, easy)
    assert panel.matrix.cell == [0, 0]
    assert "100.0%" in panel.children[0].value


def test_heading_says_how_many_are_right(panel, net, test_iter):
    correct = (predict_all(net, test_iter).predicted == test_iter.labels).sum().item()
    total = len(test_iter.labels)
    assert f"Of {total:,} test pictures the network gets {correct:,}" in panel.children[0].value
    assert f"{correct / total:.1%}" in panel.children[0].value


def test_the_test_set_is_looked_at_once(net, test_iter, monkeypatch):
    calls = []
    monkeypatch.setattr(
        mistakes_panel, "predict_all", lambda *args: calls.append(1) or predict_all(*args)
    )
    panel = MistakesPanel(net, test_iter)
    for row in range(10):
        click(panel, row, 3)
    panel.still()
    assert calls == [1]


def test_words_follow_the_language_and_the_choice_stays(panel):
    click(panel, 4, 7)
    pictures = panel.pictures.value
    CHOICE.language = "zh"
    assert (panel.truth.description, panel.answer.description) == ("真实类别", "网络认为")
    CHOICE.language = "en"
    assert (panel.truth.description, panel.answer.description) == ("True class", "Taken for")
    assert panel.matrix.cell == [4, 7] and panel.pictures.value == pictures
    assert (panel.truth.value, panel.answer.value) == ("4", "7")


def test_classes_have_their_names_in_both_languages(net, test_iter, tiny_sets, monkeypatch):
    clothes = copy.copy(test_iter)
    clothes.classes = tiny_sets["fashion_mnist"].dataset.classes
    panel = MistakesPanel(net, clothes)
    assert '<span lang="zh">裤子</span> <span lang="en">Trouser</span>' in panel.matrix.html
    click(panel, 1, 1)
    assert "“裤子”" in panel.message.value and "Trouser" in panel.message.value
    CHOICE.language = "zh"
    assert [name for name, _ in panel.truth.options][:2] == ["T恤", "裤子"]


def test_still_is_the_confusion_matrix(panel):
    (axis,) = panel.still().figure.axes
    counts = [int(text.get_text()) for text in axis.texts]
    assert counts == panel.predictions.confusion.flatten().tolist()


@pytest.mark.parametrize("classes", [2, 12])
def test_a_network_for_other_classes_is_explained(test_iter, classes):
    with pytest.raises(SettingError) as caught:
        MistakesPanel(lenet(num_classes=classes), test_iter)
    assert "10 scores" in caught.value.words.en and str(classes) in caught.value.words.zh


def test_no_pictures_and_a_diverged_network_are_explained(net, test_iter):
    nothing = copy.copy(test_iter)
    nothing.images, nothing.labels = test_iter.images[:0], test_iter.labels[:0]
    with pytest.raises(SettingError, match="empty"):
        MistakesPanel(net, nothing)
    broken = copy.deepcopy(net)
    nn.init.constant_(broken[0].weight, torch.inf)
    with pytest.raises(SettingError, match="diverged"):
        MistakesPanel(broken, test_iter)


def test_a_closed_panel_can_go(net, test_iter):
    panel = MistakesPanel(net, test_iter)
    gone = weakref.ref(panel)
    panel.close()
    del panel
    gc.collect()
    assert gone() is None
