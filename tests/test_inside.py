"""Looking inside a network, against torch: outputs, receptive fields, answers, pictures."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import SettingError, lenet
from lenet_helpers.layers import Window, field_of, kernels, layer_outputs
from lenet_helpers.maps import SIGNED, corner, kernel_maps, mosaic
from lenet_helpers.predictions import Predictions, predict_all
from tests.conftest import diverged, part


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


# Outputs of the layers


@pytest.mark.parametrize("net", [lenet(), lenet("relu", "max"), odd_net()], ids=["0", "1", "odd"])
def test_outputs_are_those_of_each_layer_in_order(X, net):
    outputs = layer_outputs(net, X)
    names = [f"{number} {type(layer).__name__}" for number, layer in enumerate(net, 1)]
    assert [name for name, _ in outputs] == names
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


def test_kernels_are_the_weights_of_all_convolutions():
    net = lenet()
    (first, w1), (second, w2) = kernels(net)
    assert (first, second) == ("conv1", "conv2")
    assert w1.data_ptr() == net[0].weight.data_ptr() and w2.shape == (16, 6, 5, 5)


# Where a number comes from


def transparent(layer: nn.Module) -> nn.Module:
    """The same window, through which every number has an influence that nothing cancels."""
    layer = copy.deepcopy(layer)
    if isinstance(layer, nn.MaxPool2d):  # the gradient would reach one pixel alone
        return nn.AvgPool2d(layer.kernel_size, layer.stride)
    if isinstance(layer, nn.Conv2d):
        nn.init.constant_(layer.weight, 0.1)
    return nn.Identity() if isinstance(layer, nn.ReLU) else layer


@pytest.mark.parametrize("net", [lenet("relu", "max")[:6], odd_net()], ids=["lenet", "odd"])
def test_receptive_field_is_what_backpropagation_reaches(net):
    picture = output = torch.ones(1, 1, 60, 60, requires_grad=True)
    for number, layer in enumerate(net):
        output = transparent(layer)(output)
        row, column = output.shape[2] // 2, output.shape[3] // 2
        (slopes,) = torch.autograd.grad(output[0, 0, row, column], picture, retain_graph=True)
        seen = slopes[0, 0].nonzero()
        (top, left), (bottom, right) = seen.amin(dim=0).tolist(), seen.amax(dim=0).tolist()
        expected = Window(top, left, bottom - top + 1, right - left + 1)
        assert field_of(net, number, row, column) == expected


def test_receptive_fields_of_lenet_are_known():
    net = lenet()
    sizes = [field_of(net, layer, 1, 1)[2:] for layer in range(6)]
    assert sizes == [(5, 5), (5, 5), (6, 6), (14, 14), (14, 14), (16, 16)]
    assert field_of(net, 0, 0, 0) == Window(-2, -2, 5, 5)
    assert field_of(net, 3, 2, 3) == Window(2, 4, 14, 14)
    assert field_of(net, -1, 2, 3) is None  # a pixel
    assert field_of(net, 6, 0, 0) is field_of(net, 11, 0, 0) is None  # the whole picture


# Predictions


def test_surest_mistakes_come_first_and_least_sure_correct_ones():
    """Six pictures, three classes; the third and the last two are wrong."""
    rows = [[5, 3, 2], [9, 1, 0], [2, 8, 0], [1, 6, 3], [7, 2, 1], [9.5, 0, 0.5]]
    some = Predictions(torch.tensor([0, 0, 0, 1, 2, 2]), torch.tensor(rows) / 10)
    assert some.confusion.tolist() == [[2, 1, 0], [0, 1, 0], [2, 0, 0]]
    assert some.mistakes().tolist() == [5, 2, 4]
    assert some.cell(2, 0).tolist() == [5, 4]
    assert some.cell(0, 0).tolist() == [0, 1]
    assert some.cell(1, 2).tolist() == []


# Errors


@pytest.mark.parametrize(
    ("act", "zh", "en"),
    [
        (lambda X, _: layer_outputs(nn.Conv2d(1, 2, 3), X), "得到的却是 Conv2d", "not Conv2d"),
        (lambda X, _: layer_outputs(nn.Sequential(), X), "nn.Sequential", "with layers"),
        (lambda X, _: layer_outputs(lenet(), X[..., :20]), "第 8 层", "layer 8 (Linear"),
        (lambda _, data: predict_all(lenet(num_classes=9), data), "10 个得分", "9)"),
        (lambda _, data: predict_all(diverged(), data), "发散", "diverged"),
        (lambda _, data: predict_all(lenet(), part(data, slice(0))), "空", "empty"),
    ],
)
def test_what_cannot_be_looked_at_is_explained(X, digits, act, zh, en):
    with pytest.raises(SettingError) as caught:
        act(X, digits[1])
    assert zh in caught.value.words.zh
    assert en in caught.value.words.en


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
    titles = [axis.get_title() for axis in axes]
    assert titles == ["one\nconv1", "two\nconv1", "conv2", "conv2"]
    shown = axes[3].images[0].get_array()
    assert shown.shape == (6 * 6 - 1, 16 * 6 - 1)
    np.testing.assert_allclose(shown[12:17, 18:23], second[3].weight[3, 2].detach())
    assert axes[3].images[0].get_clim()[1] == pytest.approx(second[3].weight.abs().max().item())
    assert "conv2 16 × 6 × 5 × 5" in picture.caption.zh
    wide = kernel_maps([("conv1", torch.randn(120, 64, 5, 5))])  # is cut
    assert wide.figure.axes[0].images[0].get_array().shape == (8 * 6 - 1, 16 * 6 - 1)
    assert "120 × 64 × 5 × 5" in wide.caption.en


def test_kernels_are_blue_where_positive_and_orange_where_negative():
    blue, white, orange = SIGNED([1.0, 0.5, 0.0], bytes=True)[:, :3].astype(int).tolist()
    assert blue == [0, 114, 178] and orange == [213, 94, 0] and min(white) >= 253
