"""Looking inside a network, against torch: outputs, receptive fields, sums, answers, pictures."""

from __future__ import annotations

import copy
import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib import image as mpl_image
from sklearn.metrics import confusion_matrix as counted_by_sklearn
from torch import nn

from lenet_helpers import SettingError, Words, lenet
from lenet_helpers.inside.figures import (
    confusion_matrix,
    feature_maps,
    kernel_maps,
    map_png,
    sheet_png,
)
from lenet_helpers.inside.layers import (
    kernels,
    layer_outputs,
    layers_with_maps,
    origin,
    receptive_field,
    untrained_like,
)
from lenet_helpers.inside.map_sheet import NAMES, PAPER, WIDTH, kernel_sheet, map_sheet
from lenet_helpers.inside.predictions import (
    Predictions,
    next_mistake,
    predict_all,
    probabilities,
    require_pictures,
)
from lenet_helpers.inside.tables import confusion_html, gallery_html, sum_html
from lenet_helpers.inside.windows import Window, require_explorable

VARIANTS = [(a, p) for a in ("sigmoid", "tanh", "relu") for p in ("average", "max")]


def odd_net() -> nn.Sequential:
    """Strides, dilation, uneven kernels and every kind of padding, on a 28×28 picture."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 3, (3, 5), stride=(1, 2), padding=(2, 1), bias=False),
        nn.LeakyReLU(),
        nn.Conv2d(3, 2, (3, 4), padding="same", dilation=(1, 2)),
        nn.AvgPool2d((2, 3), stride=(2, 1)),
        nn.Dropout(0.5),
        nn.Conv2d(2, 4, 3, padding="valid"),
        nn.MaxPool2d(2),
    )


@pytest.fixture
def X() -> torch.Tensor:
    return torch.randn(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def error_of(act) -> SettingError:
    with pytest.raises(SettingError) as caught:
        act()
    assert all(text.strip() for text in caught.value.words)
    return caught.value


# Outputs of the layers


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_outputs_are_those_of_each_layer_in_order(X, variant):
    net = lenet(*variant)
    outputs = layer_outputs(net, X)
    assert [name.split()[0] for name, _ in outputs] == [str(n) for n in range(1, 13)]
    assert [name.split()[1] for name, _ in outputs] == [type(layer).__name__ for layer in net]
    with torch.no_grad():
        for last, (_, output) in enumerate(outputs, 1):
            torch.testing.assert_close(output, net[:last](X))


def test_looking_changes_nothing(X):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.9), nn.BatchNorm2d(2)).train()
    net[1].eval()
    before = copy.deepcopy(net.state_dict())
    first, second = layer_outputs(net, X), layer_outputs(net, X)
    torch.testing.assert_close(first[1][1], first[0][1])  # dropout lets all pass: evaluation
    torch.testing.assert_close(second[2][1], first[2][1])
    assert [module.training for module in net] == [True, False, True]
    for name, value in net.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_a_layer_that_works_in_place_does_not_spoil_the_one_before(X):
    outputs = layer_outputs(nn.Sequential(nn.Identity(), nn.ReLU(inplace=True)), X)
    assert outputs[0][1].min() < 0 <= outputs[1][1].min()
    assert X.min() < 0


@pytest.mark.parametrize("net", [nn.Conv2d(1, 2, 3), nn.Sequential(), "lenet"])
def test_only_a_sequential_with_layers_can_be_looked_into(X, net):
    assert type(net).__name__ in error_of(lambda: layer_outputs(net, X)).words.en


def test_a_layer_that_cannot_take_the_data_is_named(X):
    message = error_of(lambda: layer_outputs(lenet(), X[..., :20])).words
    assert "8" in message.zh and "layer 8 (Linear" in message.en


# Where a number comes from


def seen_by_gradient(net: nn.Sequential, layer: int, row: int, column: int) -> torch.Tensor:
    """Which pixels of the picture the number depends on, as backpropagation finds them."""
    net = copy.deepcopy(net[: layer + 1]).eval()
    for at, module in enumerate(net):
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 0.1)  # nothing cancels out
        if isinstance(module, nn.MaxPool2d):  # the gradient would reach one pixel alone
            net[at] = nn.AvgPool2d(module.kernel_size, module.stride)
        if isinstance(module, nn.ReLU):
            net[at] = nn.Identity()
    X = torch.rand(1, 1, 28, 28).requires_grad_()
    net(X)[0, 0, row, column].backward()
    return X.grad[0, 0] != 0


@pytest.mark.parametrize(
    "net", [lenet(), lenet("relu", "max"), odd_net()], ids=["lenet", "relu, max", "odd"]
)
def test_receptive_field_is_what_backpropagation_reaches(net, X):
    has_holes = any(getattr(layer, "dilation", 1) not in (1, (1, 1)) for layer in net)
    for layer, (_, output) in enumerate(layer_outputs(net, X)):
        if output.ndim != 4:
            break
        for row, column in {(0, 0), (output.shape[2] // 2, 1), (output.shape[2] - 1, -1)}:
            column %= output.shape[3]
            top, left, height, width = receptive_field(net, layer, row, column)
            reached = seen_by_gradient(net, layer, row, column)
            inside = torch.zeros(28, 28, dtype=torch.bool)
            inside[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
            assert not (reached & ~inside).any()
            if has_holes and inside.sum() < height * width:
                continue  # a hole may be where the edge of the picture cuts the field
            for axis in (0, 1):
                reach = reached.any(dim=axis).nonzero()
                edge = inside.any(dim=axis).nonzero()
                assert (reach.min(), reach.max()) == (edge.min(), edge.max())


def test_receptive_fields_of_lenet_are_known():
    net = lenet()
    sizes = [receptive_field(net, layer, 1, 1)[2:] for layer in range(6)]
    assert sizes == [(5, 5), (5, 5), (6, 6), (14, 14), (14, 14), (16, 16)]
    assert receptive_field(net, 0, 0, 0) == Window(-2, -2, 5, 5)
    assert receptive_field(net, 3, 2, 3) == Window(2, 4, 14, 14)


@pytest.mark.parametrize(
    "net", [*(lenet(*v) for v in VARIANTS), odd_net()], ids=[*map("-".join, VARIANTS), "odd"]
)
def test_the_arithmetic_gives_torchs_number(net, X):
    outputs = layer_outputs(net, X)
    rules = set()
    for layer, (_, output) in enumerate(outputs):
        if output.ndim != 4:
            break
        channels, height, width = output.shape[1:]
        for channel, row, column in {
            (0, 0, 0),
            (channels - 1, height - 1, width - 1),
            (channels // 2, height // 2, width // 2),
        }:
            found = origin(net, X, layer, channel, row, column)
            assert found.number == pytest.approx(output[0, channel, row, column].item())
            rules.add(found.rule)
            if found.rule == "convolution":
                assert found.patch.shape == found.kernel.shape == net[layer].weight.shape[1:]
                assert found.total == pytest.approx(found.number, abs=1e-5)
            elif found.rule in ("average", "maximum"):
                value = found.patch.mean() if found.rule == "average" else found.patch.amax()
                assert found.patch.shape[0] == 1
                assert value.item() == pytest.approx(found.number, abs=1e-6)
            else:
                act = copy.deepcopy(net[layer]).eval()
                assert act(found.patch).item() == pytest.approx(found.number, abs=1e-6)
                assert found.rule == type(net[layer]).__name__
    assert {"convolution"} < rules


def test_patch_is_what_the_net_sees_with_zeros_beyond_the_edge(digits):
    _, test_iter = digits
    X = test_iter.prepare(test_iter.images[:1])
    found = origin(lenet(), X, 0, 0, 0, 1)
    assert found.window == found.field == Window(-2, -1, 5, 5)
    assert (found.patch[0, :2] == 0).all() and (found.patch[0, :, 0] == 0).all()
    torch.testing.assert_close(found.patch[0, 2:, 1:], X[0, 0, :3, :4])
    assert X[0, 0, 0, 0] < 0  # standardised: paper is not 0, the padding is


@pytest.mark.parametrize("place", [(6, 0, 0), (0, 28, 0), (0, 0, 28), (-1, 0, 0), (0, 0, -1)])
def test_a_place_beside_the_map_is_refused(X, place):
    assert "(6, 28, 28)" in error_of(lambda: origin(lenet(), X, 0, *place)).words.zh


@pytest.mark.parametrize("layer", [6, 7, 11])
def test_vectors_have_no_receptive_field(X, layer):
    assert "whole picture" in error_of(lambda: origin(lenet(), X, layer, 0, 0, 0)).words.en


@pytest.mark.parametrize("layer", [-1, 12])
def test_a_layer_that_is_not_there_is_refused(layer):
    assert "12" in error_of(lambda: receptive_field(lenet(), layer, 0, 0)).words.en


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 2, 3, groups=2),
        nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
        nn.AvgPool2d(2, padding=1),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2, divisor_override=3),
        nn.MaxPool2d(2, dilation=2),
        nn.BatchNorm2d(2),
        nn.Softmax(dim=1),
        nn.Sequential(nn.ReLU()),
    ],
    ids=repr,
)
def test_layers_that_cannot_be_traced_back_are_named(layer):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), layer, nn.Flatten(), nn.Linear(8, 10))
    message = error_of(lambda: require_explorable(net)).words
    assert "2" in message.zh and type(layer).__name__ in message.en


def test_kernels_are_the_weights_of_all_convolutions():
    net = lenet()
    (first, w1), (second, w2) = kernels(net)
    assert (first, second) == ("1 Conv2d", "4 Conv2d")
    assert w1.data_ptr() == net[0].weight.data_ptr() and w2.shape == (16, 6, 5, 5)


def test_untrained_twin_has_the_architecture_and_other_weights():
    net = lenet("relu", "max")
    state, before = torch.get_rng_state(), copy.deepcopy(net.state_dict())
    twin, again, other = untrained_like(net), untrained_like(net), untrained_like(net, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert repr(twin) == repr(net)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
        assert torch.equal(twin.state_dict()[name], again.state_dict()[name])
        assert not torch.equal(twin.state_dict()[name], value)
        assert not torch.equal(twin.state_dict()[name], other.state_dict()[name])
    bound = (6 / (400 + 120)) ** 0.5  # Xavier, as in the lesson
    assert 0.98 * bound < twin[7].weight.abs().max() <= bound


def test_layers_with_maps_end_where_the_maps_do(X):
    found = layers_with_maps([lenet(), lenet()], X)
    assert list(found) == [0, 1, 2, 3, 4, 5]
    assert found[3] == "4 Conv2d · 16 × 10 × 10"


def test_networks_to_compare_need_the_same_shapes(X):
    message = error_of(lambda: layers_with_maps([lenet(), lenet("relu")], X)).words
    assert "Sigmoid" in message.en and "ReLU" in message.zh


def test_a_network_without_maps_says_so(X):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    assert "no feature maps" in error_of(lambda: layers_with_maps([net], X)).words.en


# Predictions


@pytest.fixture
def some() -> Predictions:
    """Six pictures, three classes; the third and the last two are wrong."""
    return Predictions(
        torch.tensor([0, 0, 0, 1, 2, 2]),
        torch.tensor(
            [
                [0.5, 0.3, 0.2],
                [0.9, 0.1, 0.0],
                [0.2, 0.8, 0.0],
                [0.1, 0.6, 0.3],
                [0.7, 0.2, 0.1],
                [0.95, 0.0, 0.05],
            ]
        ),
    )


def test_confusion_counts_rows_of_truth_and_columns_of_answers(some):
    assert some.confusion.tolist() == [[2, 1, 0], [0, 1, 0], [2, 0, 0]]


def test_surest_mistakes_come_first_and_least_sure_correct_ones(some):
    assert some.mistakes().tolist() == [5, 2, 4]
    assert some.cell(2, 0).tolist() == [5, 4]
    assert some.cell(0, 0).tolist() == [0, 1]
    assert some.cell(1, 2).tolist() == []


def test_predictions_of_a_data_set_agree_with_torch_and_sklearn(digits):
    _, test_iter = digits
    net = lenet("relu").train()
    found = predict_all(net, test_iter)
    with torch.no_grad():
        scores = torch.cat([net(X) for X, _ in test_iter])
    torch.testing.assert_close(found.probabilities, scores.softmax(dim=1))
    expected = counted_by_sklearn(test_iter.labels, scores.argmax(dim=1), labels=range(10))
    np.testing.assert_array_equal(found.confusion, expected)
    assert found.confusion.sum() == len(test_iter.labels)
    assert net.training


def test_predictions_are_in_file_order_for_a_shuffled_iterator_too(digits):
    train_iter, _ = digits
    found = predict_all(lenet("relu"), train_iter)
    assert torch.equal(found.labels, train_iter.labels)


def test_next_mistake_is_the_first_wrong_one_among_those_asked_for(digits, monkeypatch):
    monkeypatch.setattr("lenet_helpers.inside.predictions.SEARCH", 7)  # several pieces
    _, test_iter = digits
    net = lenet("relu")
    wrong = set(predict_all(net, test_iter).mistakes().tolist())
    among = torch.arange(len(test_iter.labels)).flip(0)
    assert next_mistake(net, test_iter, among) == max(wrong)
    right = torch.tensor([i for i in range(len(test_iter.labels)) if i not in wrong])
    assert len(right) and next_mistake(net, test_iter, right) is None


@pytest.mark.parametrize("classes", [9, 11])
def test_wrong_number_of_scores_is_explained(digits, classes):
    _, test_iter = digits
    message = error_of(lambda: predict_all(lenet(num_classes=classes), test_iter)).words
    assert "10" in message.zh and str(classes) in message.en


def test_a_diverged_network_is_explained(digits):
    _, test_iter = digits
    net = lenet()
    nn.init.constant_(net[-1].bias, torch.nan)
    assert "diverged" in error_of(lambda: predict_all(net, test_iter)).words.en
    assert "发散" in error_of(lambda: probabilities(net, test_iter, test_iter.images[:1])).words.zh


def empty(test_iter):
    nothing = copy.copy(test_iter)
    nothing.images, nothing.labels = nothing.images[:0], nothing.labels[:0]
    return nothing


def test_an_empty_data_set_is_explained(digits):
    nothing = empty(digits[1])
    assert "empty" in error_of(lambda: predict_all(lenet(), nothing)).words.en
    assert "空" in error_of(lambda: require_pictures(nothing)).words.zh


# Maps on a sheet


def pixels(png: bytes) -> np.ndarray:
    return (mpl_image.imread(io.BytesIO(png))[..., :3] * 255).round().astype(int)


def test_every_number_lies_where_the_sheet_says(X):
    outputs = layer_outputs(lenet("tanh"), X)
    sheet = map_sheet(outputs, outputs)
    assert len(sheet.places) == 2 * (6 + 6 + 6 + 16 + 16 + 16)
    for place in sheet.places:
        tensor = outputs[place.layer][1]
        maps = tensor[0, place.channel]
        for row, column in {(0, 0), (place.height - 1, 0), (1, place.width - 1)}:
            left, top, width, height = place.box(row, column, 1, 1)
            inside = [(left, top), (left + width - 1, top + height - 1)]
            assert all(sheet.at(x, y) == (place, row, column) for x, y in inside)
            shade = 255 * (tensor.max() - maps[row, column]) / (tensor.max() - tensor.min())
            assert sheet.pixels[int(top), int(left)].tolist() == pytest.approx(
                [shade.item()] * 3, abs=1.5
            )
    assert sheet.at(5, 100) is None and sheet.at(-3, 5000) is None


def test_maps_do_not_overlap_and_fit_a_notebook(X):
    sheet = map_sheet(*[[("input", X), *layer_outputs(lenet(), X)]] * 2)
    taken = np.zeros(sheet.pixels.shape[:2], int)
    for place in sheet.places:
        left, top, width, height = map(int, place.box())
        taken[top : top + height, left : left + width] += 1
    assert taken.max() == 1 and taken.shape[1] <= 840


@pytest.mark.parametrize("channels", [1, 9, 64, 300])
def test_any_number_of_maps_fits_in_the_row(X, channels):
    outputs = layer_outputs(nn.Sequential(nn.Conv2d(1, channels, 3)), X)
    sheet = map_sheet(outputs)
    assert {place.channel for place in sheet.places} == set(range(channels))
    assert max(sum(place.box()[::2]) for place in sheet.places) <= NAMES + WIDTH


@pytest.mark.parametrize("length", [1, 10, 356, 357, 2000])
def test_a_vector_becomes_strips_that_show_every_number(length):
    numbers = torch.arange(float(length))[None]
    sheet = map_sheet([("7 Flatten", numbers)])
    assert sheet.places == []
    strip = sheet.pixels[:, NAMES : NAMES + WIDTH, 0]
    shades = set(strip[strip != PAPER].tolist()) - {PAPER}
    assert len(shades) >= min(length, 200) - 2


def test_equal_numbers_are_drawn_and_not_divided_by_zero(X):
    sheet = map_sheet([("1 Conv2d", torch.zeros(1, 2, 4, 4))])
    assert sheet.places[0].channel == 0
    assert kernel_sheet([("1 Conv2d", torch.zeros(2, 1, 3, 3))]).pixels.any()


def test_kernels_are_blue_where_positive_and_orange_where_negative():
    weight = torch.tensor([[[[1.0, -1.0], [0.0, 0.5]]]])
    sheet = kernel_sheet([("1 Conv2d", weight)])
    (place,) = sheet.places
    colors = {}
    for row, column in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        left, top, *_ = map(int, place.box(row, column))
        colors[row, column] = sheet.pixels[top, left].astype(int)
    assert colors[0, 0].tolist() == [0, 114, 178] and colors[0, 1].tolist() == [213, 94, 0]
    assert colors[1, 0].min() >= 253
    assert colors[0, 0][0] < colors[1, 1][0] < 255


def test_a_bank_of_kernels_has_output_channels_as_columns():
    sheet = kernel_sheet(kernels(lenet()))
    second = [place for place in sheet.places if place.layer == 1]
    assert len(second) == 96
    assert len({place.left for place in second}) == 16 and len({p.top for p in second}) == 6
    assert max(sum(place.box()[::2]) for place in second) <= NAMES + WIDTH


def test_a_wide_bank_of_kernels_is_cut():
    sheet = kernel_sheet([("1 Conv2d", torch.randn(120, 64, 5, 5))])
    assert len(sheet.places) == 16 * 8
    assert sheet.rows[0][1] == "120 × 64 × 5 × 5"


def test_the_fast_png_is_the_figure_to_the_pixel(X):
    networks = [layer_outputs(lenet("relu"), X)] * 2
    titles = ("untrained", "trained")
    slow = pixels(feature_maps(*networks, titles=titles).png())
    np.testing.assert_array_equal(pixels(sheet_png(map_sheet(*networks), titles)), slow)
    assert (slow[:20] < 128).any()  # the titles


def test_feature_maps_frame_what_is_marked(X):
    outputs = layer_outputs(lenet(), X)
    place = map_sheet(outputs).place(0, 0, 2)
    plain, marked = (
        pixels(feature_maps(outputs, marks=marks).png()) for marks in ([], [place.box(3, 4, 5, 6)])
    )
    rows, columns = np.nonzero((plain != marked).any(axis=2))
    left, top, width, height = place.box(3, 4, 5, 6)
    assert abs(rows.min() - top) <= 2 and abs(rows.max() - top - height) <= 2
    assert abs(columns.min() - left) <= 2 and abs(columns.max() - left - width) <= 2


def test_captions_name_every_layer_with_its_shape(X):
    caption = feature_maps(layer_outputs(lenet(), X)).caption
    for words in caption:
        assert "4 Conv2d 16 × 10 × 10" in words and "12 Linear 10" in words
    assert "4 Conv2d 16 × 6 × 5 × 5" in kernel_maps(kernels(lenet())).caption.zh


def test_one_map_has_a_pixel_for_each_number():
    picture = pixels(map_png(torch.tensor([[0.0, 1.0], [0.5, 0.25]]), margin=2))
    assert picture.shape == (6, 6, 3)
    assert picture[2:4, 2:4, 0].tolist() == pytest.approx(np.array([[255, 0], [127, 191]]), abs=1)
    assert (picture[:2] == PAPER).all() and (picture[:, 4:] == PAPER).all()


def test_confusion_picture_has_every_count(some):
    classes = [Words("猫", "cat"), Words("狗", "dog"), Words("3", "3")]
    picture = confusion_matrix(some.confusion, classes)
    (axis,) = picture.figure.axes
    assert [text.get_text() for text in axis.texts] == list("210010200")
    assert axis.get_xticklabels()[2].get_text() == "3"
    assert "3 of 6" in picture.caption.en and "6 张" in picture.caption.zh


# Tables


def test_the_sum_is_written_out_channel_by_channel(X):
    found = origin(lenet(), X, 3, 5, 4, 4)
    html = sum_html(found)
    assert html.count("<table>") == 18
    assert len(re.findall(r"<td ", html)) == 18 * 25
    for channel, products in enumerate(found.products):
        text = f"{products.sum().item():.3f}".replace("-", "−")
        assert f"products, sum {text}" in html and f"input {channel}" in html
    total = f"{found.number:.4f}".replace("-", "−")
    assert f"torch computes {total}" in html and f"= {total}；torch" in html


@pytest.mark.parametrize(
    ("pooling", "layer", "en", "zh"),
    [
        ("average", 2, "mean of these 4 numbers", "平均值"),
        ("max", 2, "greatest of these 4 numbers", "最大值"),
        ("max", 1, "Sigmoid(", "Sigmoid("),
    ],
)
def test_poolings_and_activations_show_their_input(X, pooling, layer, en, zh):
    found = origin(lenet(pooling=pooling), X, layer, 0, 3, 3)
    html = sum_html(found)
    assert en in html and zh in html
    assert f"= {found.number:.4f}".replace("-", "−") in html
    assert html.count("<td ") == found.patch.numel()


def test_what_rounds_to_zero_has_no_sign(X):
    found = replace(origin(lenet(), X, 0, 0, 5, 5), bias=-0.0001)
    assert "bias 0.000 " in sum_html(found)
    assert "−0.00<" not in sum_html(found)


def test_confusion_table_has_a_named_button_for_each_cell(some):
    html = confusion_html(
        some.confusion, [Words("猫", "cat"), Words("狗", "<dog>"), Words("3", "3")]
    )
    assert re.findall(r'data-cell="(\d,\d)"', html) == [f"{r},{c}" for r in "012" for c in "012"]
    assert 'aria-label="真实类别 猫，网络认为 狗：1 张 / cat taken for &lt;dog&gt;: 1"' in html
    assert "<dog>" not in html and '<span lang="zh">猫</span>' in html
    shown = re.findall(r">([^<>]*)</button>", html)
    assert shown == ["2", "1", "·", "·", "1", "·", "2", "·", "·"]


def test_gallery_says_under_each_picture_what_it_is():
    html = gallery_html(torch.rand(2, 28, 28), [[Words("一", "one"), Words("#1", "#1")]] * 2)
    assert html.count("<img") == html.count("<figcaption>") == 2
    assert 'alt="一 / one; #1"' in html and "<div>#1</div>" in html
