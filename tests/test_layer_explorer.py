"""The layer explorer through its widgets' values and clicks, without a kernel or a browser."""

from __future__ import annotations

import asyncio
import copy
import gc
import io
import re
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from matplotlib import image as mpl_image
from torch import nn

from lenet_helpers import SettingError, lenet, train
from lenet_helpers.inside.layers import layer_outputs, origin, untrained_like
from lenet_helpers.inside.predictions import predict_all
from lenet_helpers.language import CHOICE
from lenet_helpers.panels import calm
from lenet_helpers.panels.layer_explorer import LayerExplorer


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
def explorer(net, test_iter):
    return LayerExplorer(net, test_iter)


def click(picture, x: float, y: float) -> None:
    """What the browser sends when this pixel of the PNG is clicked."""
    picture._handle_custom_msg({"click": [x, y]}, [])


def press(picture, rows: int, columns: int) -> None:
    """What the browser sends at an arrow key."""
    picture._handle_custom_msg({"move": [rows, columns]}, [])


def shown(png: bytes) -> np.ndarray:
    return (mpl_image.imread(io.BytesIO(png))[..., 0] * 255).round()


def text(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


# Choosing a picture


def test_it_opens_on_the_first_picture_and_a_number_in_the_middle(explorer, net, test_iter):
    assert explorer.image_number == 0
    assert explorer.number.chosen == (1, 0, 0, 14, 14)
    X = test_iter.prepare(test_iter.images[:1])
    assert explorer.number.origin.number == pytest.approx(net[0](X)[0, 0, 14, 14].item())
    assert "net[:1](X)[0, 0, 14, 14]" in explorer.number.line.value


def test_slider_takes_another_picture_through_both_networks(explorer, net, test_iter):
    before = explorer.maps.png, explorer.number.picture.png, explorer.bars[0].value
    explorer.index.value = 7
    assert explorer.image_number == 7
    after = explorer.maps.png, explorer.number.picture.png, explorer.bars[0].value
    assert all(a != b for a, b in zip(after, before, strict=True))
    outputs = layer_outputs(net, test_iter.prepare(test_iter.images[7:8]))
    for (_, expected), (_, seen) in zip(outputs, explorer._outputs[1][1:], strict=True):
        torch.testing.assert_close(seen, expected)
    share = outputs[-1][1].softmax(dim=1)[0].max().item()
    assert f"{share:.1%}" in explorer.bars[1].value
    assert f"Test picture 7, class {test_iter.labels[7]}" in explorer.message.value


def test_class_filter_leaves_pictures_of_one_class(explorer, test_iter):
    explorer.index.value = 20
    explorer.class_filter.value = "4"
    fours = (test_iter.labels == 4).nonzero().flatten()
    assert explorer.index.value == 0 and explorer.index.max == len(fours) - 1
    for place in (0, 3, len(fours) - 1):
        explorer.index.value = place
        assert explorer.image_number == fours[place]
        assert f"Test picture {fours[place]}, class 4" in explorer.message.value
    explorer.class_filter.value = ""
    assert explorer.index.max == len(test_iter.labels) - 1


def test_class_filter_shows_the_new_picture_also_when_the_slider_stays(explorer, test_iter):
    explorer.class_filter.value = "9"
    first = (test_iter.labels == 9).nonzero()[0].item()
    assert f"Test picture {first}, class 9" in explorer.message.value


def test_only_classes_that_are_there_can_be_chosen(net, test_iter):
    few = copy.copy(test_iter)
    few.images, few.labels = test_iter.images[:3], test_iter.labels[:3]
    present = {str(label) for label in few.labels.tolist()}
    assert set(LayerExplorer(net, few).class_filter.words) == {"", *present}


def test_button_goes_from_one_wrong_picture_to_the_next_and_round(explorer, net, test_iter):
    wrong = sorted(predict_all(net, test_iter).mistakes().tolist())
    assert len(wrong) > 2
    seen = []
    for _ in range(len(wrong) + 1):
        explorer.wrong_button.click()
        seen.append(explorer.image_number)
    assert seen == [*wrong, wrong[0]] or seen == [*wrong[1:], wrong[0], wrong[1]]


def test_button_stays_within_the_class(explorer, net, test_iter):
    wrong = predict_all(net, test_iter).mistakes()
    label = test_iter.labels[wrong[0]].item()
    explorer.class_filter.value = str(label)
    explorer.wrong_button.click()
    assert explorer.image_number in wrong.tolist()
    assert test_iter.labels[explorer.image_number] == label


def test_button_says_when_there_is_none(net, test_iter):
    right = predict_all(net, test_iter).predicted == test_iter.labels
    easy = copy.copy(test_iter)
    easy.images, easy.labels = test_iter.images[right], test_iter.labels[right]
    explorer = LayerExplorer(net, easy)
    explorer.wrong_button.click()
    assert "gets all of these right" in explorer.message.value


# Choosing a number


def test_a_click_on_a_map_chooses_the_number_there(explorer, net, test_iter):
    place = explorer._sheet.place(1, 4, 5)  # the input is row 0: layer 3, the second convolution
    left, top, width, height = place.box(7, 2, 1, 1)
    click(explorer.maps, left + width / 2, top + height / 2)
    assert explorer.number.chosen == (1, 3, 5, 7, 2)
    controls = (explorer.number.channel, explorer.number.row, explorer.number.column)
    assert [control.value for control in controls] == [5, 7, 2]
    assert explorer.number.layer.value == "3"
    X = test_iter.prepare(test_iter.images[:1])
    expected = net[:4](X)[0, 5, 7, 2].item()
    assert explorer.number.origin.number == pytest.approx(expected, abs=1e-5)
    written = f"{expected:.4f}".replace("-", "−")
    assert f"torch computes {written}" in explorer.number.sum.value
    assert explorer.number.sum.value.count("<table>") == 3 * 6


def test_a_click_on_the_other_network_shows_its_numbers(net, test_iter):
    other = untrained_like(net, seed=5)
    explorer = LayerExplorer(net, test_iter, other)
    click(explorer.maps, *explorer._sheet.place(0, 1, 3).box(9, 9)[:2])
    assert explorer.number.chosen == (0, 0, 3, 9, 9)
    X = test_iter.prepare(test_iter.images[:1])
    assert explorer.number.origin.number == pytest.approx(other[0](X)[0, 3, 9, 9].item())
    assert "untrained network" in explorer.number.line.value


def test_a_click_beside_the_maps_or_on_the_picture_changes_nothing(explorer):
    before = explorer.number.chosen
    for x, y in [(2, 2), (explorer._sheet.place(1, 0, 0).box(5, 5)[:2])]:
        click(explorer.maps, x, y)
        assert explorer.number.chosen == before


def test_number_fields_and_lists_choose_by_keyboard(explorer, net, test_iter):
    explorer.number.layer.value = "5"
    assert (explorer.number.channel.max, explorer.number.row.max) == (15, 4)
    explorer.number.channel.value = 15
    explorer.number.row.value = 4
    explorer.number.column.value = 0
    explorer.number.network.value = "0"
    assert explorer.number.chosen == (0, 5, 15, 4, 0)
    X = test_iter.prepare(test_iter.images[:1])
    expected = origin(explorer._nets[0], X, 5, 15, 4, 0)
    assert explorer.number.origin.number == pytest.approx(expected.number)
    assert "mean of these 4 numbers" in explorer.number.sum.value


def test_a_smaller_map_pulls_the_choice_inside(explorer):
    explorer.number.choose(layer=0, channel=5, row=27, column=27)
    explorer.number.layer.value = "5"
    assert explorer.number.chosen == (1, 5, 5, 4, 4)


@pytest.mark.parametrize("which", ["map", "picture", "maps"])
def test_arrow_keys_move_on_and_stop_at_the_edge(explorer, which):
    picture = explorer.maps if which == "maps" else getattr(explorer.number, which)
    explorer.number.choose(layer=3, row=8, column=1)
    for rows, columns in [(1, 0), (1, 0), (0, -1), (0, -1)]:
        press(picture, rows, columns)
    assert explorer.number.chosen[3:] == (9, 0)


def test_a_click_on_the_enlarged_map_is_a_number_of_it(explorer):
    explorer.number.choose(layer=3)
    click(explorer.number.map, 4.6, 8.3)
    assert explorer.number.chosen[3:] == (8, 4)


@pytest.mark.parametrize("layer", [0, 2, 3, 5])
def test_a_click_on_the_picture_finds_the_number_that_looks_there(explorer, layer):
    for row in range(explorer._outputs[1][layer + 1][1].shape[2]):
        explorer.number.choose(layer=layer, row=row, column=0)
        ((_, left, top, width, height),) = explorer.number.picture.marks
        explorer.number.choose(row=1, column=1)
        click(explorer.number.picture, left + width / 2, top + height / 2)
        assert explorer.number.chosen[3:] == (row, 0)


def test_play_goes_through_the_whole_map_row_by_row(explorer):
    explorer.number.choose(layer=5, row=0, column=0)
    assert (explorer.number.play.min, explorer.number.play.max) == (0, 24)
    places, sums = [], set()
    for step in range(25):
        explorer.number.play.value = step
        places.append(explorer.number.chosen[3:])
        sums.add(explorer.number.sum.value)
    assert places == [divmod(step, 5) for step in range(25)]
    assert len(sums) > 10
    explorer.number.choose(row=2, column=3)
    assert explorer.number.play.value == 13


# What is marked


def test_receptive_field_is_framed_on_the_picture_with_its_padding(explorer):
    explorer.number.choose(layer=0, row=0, column=27)
    margin = 2
    assert shown(explorer.number.picture.png).shape == (28 + 2 * margin, 28 + 2 * margin)
    assert explorer.number.picture.marks == [["field", 25 + margin, 0, 5, 5]]
    assert "padding" in explorer.number.line.value
    explorer.number.choose(layer=3, row=4, column=4)  # the first row's fields still reach out
    assert explorer.number.picture.marks == [["field", 6 + margin, 6 + margin, 14, 14]]
    assert "rows 6…19, columns 6…19" in explorer.number.line.value
    assert "padding" not in explorer.number.line.value


def test_sheet_frames_the_number_and_all_it_was_computed_from(explorer):
    explorer.number.choose(layer=3, channel=2, row=1, column=0)
    fields = [mark for mark in explorer.maps.marks if mark[0] == "field"]
    sheet = explorer._sheet
    assert fields == [["field", *sheet.place(1, 3, c).box(1, 0, 5, 5)] for c in range(6)]
    assert ["number", *sheet.place(1, 4, 2).box(1, 0, 1, 1)] in explorer.maps.marks
    explorer.number.choose(layer=5, channel=7)
    assert sum(mark[0] == "field" for mark in explorer.maps.marks) == 1  # pooling: one map


def test_enlarged_map_is_the_chosen_one(explorer):
    explorer.number.choose(layer=3, channel=9, row=2, column=6)
    numbers = explorer._outputs[1][4][1][0, 9]
    shades = 255 * (numbers.max() - numbers) / (numbers.max() - numbers.min())
    assert np.abs(shown(explorer.number.map.png) - shades.numpy()).max() <= 1
    assert explorer.number.map.marks == [["number", 6, 2, 1, 1]]


# Both networks


def test_the_untrained_twin_is_the_same_every_time(net, test_iter):
    one, two = (LayerExplorer(net, test_iter) for _ in range(2))
    assert one.maps.png == two.maps.png
    assert one.bars[0].value == two.bars[0].value != one.bars[1].value


def test_weights_are_read_anew_for_every_picture(net, test_iter):
    mine = copy.deepcopy(net)
    explorer = LayerExplorer(mine, test_iter)
    before = explorer.kernels.value
    nn.init.normal_(mine[0].weight)
    explorer.index.value = 1
    assert explorer.kernels.value != before
    X = test_iter.prepare(test_iter.images[1:2])
    torch.testing.assert_close(explorer._outputs[1][1][1], mine[0](X).detach())


def test_looking_leaves_the_network_as_it_is(net, test_iter):
    mine = copy.deepcopy(net).train()
    before = copy.deepcopy(mine.state_dict())
    explorer = LayerExplorer(mine, test_iter)
    explorer.wrong_button.click()
    explorer.number.choose(layer=4, row=3)
    assert mine.training
    assert all(torch.equal(value, before[name]) for name, value in mine.state_dict().items())


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_every_variant_of_lenet_can_be_explored(test_iter, activation, pooling):
    explorer = LayerExplorer(lenet(activation, pooling), test_iter)
    for layer in range(6):
        explorer.number.layer.value = str(layer)
        output = explorer._outputs[1][layer + 1][1]
        expected = output[0][explorer.number.chosen[2:]].item()
        assert explorer.number.origin.number == pytest.approx(expected)


def test_other_networks_can_be_explored_too(test_iter):
    other = nn.Sequential(
        nn.Conv2d(1, 20, 7, stride=2, padding="valid"), nn.GELU(), nn.Dropout(0.5),
        nn.Conv2d(20, 3, 3, padding=1, bias=False), nn.MaxPool2d(3), nn.Flatten(),
        nn.Linear(27, 10),
    )  # fmt: skip
    explorer = LayerExplorer(other, test_iter)
    assert list(explorer.number.layer.words) == ["0", "1", "2", "3", "4"]
    explorer.number.choose(layer=3, channel=2, row=0, column=0)
    found = explorer.number.origin
    assert found.total == pytest.approx(found.number, abs=1e-5)
    assert len(found.patch) == 20


def test_a_network_without_convolutions_has_no_kernels_to_show(test_iter):
    net = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(49, 10))
    explorer = LayerExplorer(net, test_iter)
    assert explorer.kernels.value == "" and explorer.number.map.png
    assert "mean of these 16 numbers" in explorer.number.sum.value


# What cannot be explored


def empty(test_iter):
    nothing = copy.copy(test_iter)
    nothing.images, nothing.labels = nothing.images[:0], nothing.labels[:0]
    return nothing


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda it: LayerExplorer(nn.Conv2d(1, 1, 3), it), "Conv2d"),
        (lambda it: LayerExplorer(lenet(num_classes=7), it), "10 scores"),
        (lambda it: LayerExplorer(lenet(), empty(it)), "empty"),
        (lambda it: LayerExplorer(lenet(), it, lenet("relu")), "same layers"),
        (
            lambda it: LayerExplorer(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), it),
            "no feature maps",
        ),
        (
            lambda it: LayerExplorer(
                nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(784, 10)), it
            ),
            "BatchNorm2d",
        ),
    ],
    ids=["no Sequential", "7 classes", "no pictures", "two kinds", "no maps", "unknown layer"],
)
def test_what_cannot_be_explored_is_explained(test_iter, make, names):
    with pytest.raises(SettingError) as caught:
        make(test_iter)
    assert names in caught.value.words.en
    assert caught.value.words.zh


def test_a_network_that_diverged_meanwhile_is_explained_in_the_panel(net, test_iter):
    mine = copy.deepcopy(net)
    explorer = LayerExplorer(mine, test_iter)
    nn.init.constant_(mine[-1].bias, torch.nan)
    explorer.index.value = 2
    assert 'role="alert"' in explorer.message.value and "diverged" in explorer.message.value
    explorer.wrong_button.click()
    assert 'role="alert"' in explorer.message.value


# Language, still, end


def test_words_follow_the_language_and_the_choice_stays(explorer):
    explorer.class_filter.value = "3"
    explorer.number.choose(network=0, layer=3, row=2)
    chosen, png = explorer.number.chosen, explorer.maps.png
    CHOICE.language = "zh"
    assert explorer.wrong_button.description == "找一张答错的"
    assert explorer.number.layer.description == "层"
    assert [label for label, _ in explorer.number.network.options][1] == "训练过的网络"
    assert explorer.class_filter.options[0][0] == "所有类别"
    CHOICE.language = "en"
    assert explorer.wrong_button.description == "One it gets wrong"
    assert explorer.number.row.description == "Row"
    assert "What each layer puts out" in explorer.maps.label
    assert explorer.class_filter.value == "3"
    assert explorer.number.chosen == chosen and explorer.maps.png == png


def test_every_control_has_a_name(explorer):
    number = explorer.number
    controls = (explorer.class_filter, explorer.index, explorer.wrong_button, number.network)
    for control in (*controls, number.layer, number.channel, number.row, number.column):
        assert control.description
    for picture in (explorer.maps, number.picture, number.map):
        assert picture.label
    assert 'alt="卷积核 / The kernels: ' in explorer.kernels.value


def test_texts_are_marked_with_their_language(explorer):
    for html in (explorer.message.value, explorer.number.line.value, explorer.number.sum.value):
        assert html.count('lang="zh"') == html.count('lang="en"') > 0


def test_still_is_the_sheet_with_its_marks_and_what_it_says(explorer):
    explorer.index.value = 3
    still = explorer.still()
    assert "Test picture 3" in still.caption.en and "net[:1](X)" in still.caption.zh
    framed = shown(still.png()) != shown(explorer.maps.png)
    rows, columns = np.nonzero(framed)
    ((_, left, top, *_),) = [mark for mark in explorer.maps.marks if mark[0] == "number"]
    assert len(rows) and abs(rows - top).min() <= 2 and abs(columns - left).min() <= 2


def in_a_loop(use) -> None:
    """Run it in an event loop, as a kernel does; in a thread, for the browser tests have their own
    loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, use()).result()


def test_still_is_saved_once_when_the_clicking_has_paused(explorer, monkeypatch):
    monkeypatch.setattr(calm, "SECONDS_OF_CALM", 0.05)
    saved = []
    monkeypatch.setattr(explorer, "keep_still", lambda: saved.append(explorer.image_number))

    async def use() -> None:
        for step in (1, 2, 3):
            explorer.index.value = step
            await asyncio.sleep(0.01)
        assert saved == []
        await asyncio.sleep(0.2)

    in_a_loop(use)
    assert saved == [3]


def test_a_closed_panel_saves_no_still(explorer, monkeypatch):
    monkeypatch.setattr(calm, "SECONDS_OF_CALM", 0.02)
    monkeypatch.setattr(explorer, "keep_still", lambda: pytest.fail("a closed panel drew"))

    async def use() -> None:
        explorer.index.value = 1
        explorer.close()
        await asyncio.sleep(0.1)

    in_a_loop(use)


def test_a_closed_explorer_can_go(net, test_iter):
    explorer = LayerExplorer(net, test_iter)
    gone = weakref.ref(explorer)
    explorer.close()
    del explorer
    gc.collect()
    assert gone() is None
    CHOICE.language = "zh"
