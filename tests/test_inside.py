"""Looking inside a network, against torch: outputs, receptive fields, answers, pictures."""

from __future__ import annotations

import copy
import io
import re

import numpy as np
import pytest
import torch
from matplotlib import image as mpl_image
from sklearn.metrics import confusion_matrix as counted_by_sklearn
from torch import nn

from lenet_helpers import SettingError, Words, lenet
from lenet_helpers.layers import Window, kernels, layer_outputs, receptive_field
from lenet_helpers.maps import SIGNED, corner, kernel_maps, mosaic
from lenet_helpers.mistakes.gallery import gallery_html, map_png
from lenet_helpers.mistakes.matrix import confusion_html, confusion_matrix
from lenet_helpers.predictions import (
    Predictions,
    predict_all,
    probabilities,
    require_pictures,
)

VARIANTS = [(a, p) for a in ("sigmoid", "tanh", "relu") for p in ("average", "max")]


def odd_net() -> nn.Sequential:
    """Strides, dilation, uneven kernels and every kind of padding, on a 28×28 picture."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 3, (3, 5), stride=(1, 2), padding=(2, 1), bias=False),
        nn.ReLU(),
        nn.Conv2d(3, 2, (3, 4), padding="same", dilation=(1, 2)),
        nn.AvgPool2d((2, 3), stride=(2, 1)),
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


@pytest.mark.parametrize("layer", [6, 7, 11])
def test_vectors_have_no_receptive_field(layer):
    assert "whole picture" in error_of(lambda: receptive_field(lenet(), layer, 0, 0)).words.en


@pytest.mark.parametrize("layer", [-1, 12])
def test_a_layer_that_is_not_there_is_refused(layer):
    assert "12" in error_of(lambda: receptive_field(lenet(), layer, 0, 0)).words.en


def test_kernels_are_the_weights_of_all_convolutions():
    net = lenet()
    (first, w1), (second, w2) = kernels(net)
    assert (first, second) == ("1 Conv2d", "4 Conv2d")
    assert w1.data_ptr() == net[0].weight.data_ptr() and w2.shape == (16, 6, 5, 5)


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


# Pictures


def test_a_mosaic_has_every_map_and_gaps_between_them():
    maps = torch.arange(5 * 6.0).reshape(5, 2, 3)
    sheet = mosaic(maps, columns=2)
    assert sheet.shape == (3 * 3 - 1, 2 * 4 - 1)
    for number, each in enumerate(maps):
        top, left = corner(number, 2, 3, columns=2)
        np.testing.assert_array_equal(sheet[top : top + 2, left : left + 3], each)
    assert np.isfinite(sheet).sum() == 30
    assert np.isnan(sheet[2]).all() and np.isnan(sheet[:, 3]).all()


def test_kernels_have_a_column_for_each_output_and_a_row_for_each_input_channel():
    first, second = lenet(), lenet()
    picture = kernel_maps(kernels(first), kernels(second), titles=["one", "two"])
    axes = picture.figure.axes
    assert [axis.get_title() for axis in axes] == [
        "one\n1 Conv2d", "two\n1 Conv2d", "4 Conv2d", "4 Conv2d",
    ]  # fmt: skip
    shown = axes[3].images[0].get_array()
    assert shown.shape == (6 * 6 - 1, 16 * 6 - 1)
    np.testing.assert_allclose(shown[12:17, 18:23], second[3].weight[3, 2].detach())
    assert axes[3].images[0].get_clim()[1] == pytest.approx(second[3].weight.abs().max().item())
    assert "4 Conv2d 16 × 6 × 5 × 5" in picture.caption.zh


def test_a_wide_bank_of_kernels_is_cut():
    picture = kernel_maps([("1 Conv2d", torch.randn(120, 64, 5, 5))])
    assert picture.figure.axes[0].images[0].get_array().shape == (8 * 6 - 1, 16 * 6 - 1)
    assert "120 × 64 × 5 × 5" in picture.caption.en


def test_kernels_are_blue_where_positive_and_orange_where_negative():
    blue, white, orange = SIGNED([1.0, 0.5, 0.0], bytes=True)[:, :3].astype(int).tolist()
    assert blue == [0, 114, 178] and orange == [213, 94, 0] and min(white) >= 253


def test_one_map_has_a_pixel_for_each_number_also_where_all_are_equal():
    picture = pixels(map_png(torch.tensor([[0.0, 1.0], [0.5, 0.25]])))
    assert picture[..., 0].tolist() == pytest.approx(np.array([[255, 0], [127, 191]]), abs=1)
    assert pixels(map_png(torch.zeros(2, 2))).min() == 255


def pixels(png: bytes) -> np.ndarray:
    picture = (mpl_image.imread(io.BytesIO(png)) * 255).round().astype(int)
    return picture if picture.ndim == 3 else picture[..., None]


def test_confusion_picture_has_every_count(some):
    classes = [Words("猫", "cat"), Words("狗", "dog"), Words("3", "3")]
    picture = confusion_matrix(some.confusion, classes)
    (axis,) = picture.figure.axes
    assert [text.get_text() for text in axis.texts] == list("210010200")
    assert axis.get_xticklabels()[2].get_text() == "3"
    assert "3 of 6" in picture.caption.en and "6 张" in picture.caption.zh


# Tables


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
