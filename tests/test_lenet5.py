"""LeNet-5 as published, LeNet-1, their losses, and both ways of training them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from lenet_helpers import SettingError
from lenet_helpers.paper1998.bitmaps import BITMAP_HEIGHT, BITMAP_WIDTH, digit_bitmaps
from lenet_helpers.paper1998.lenet1 import lenet1, place_codes, to_lenet1_input, two_layer_network
from lenet_helpers.paper1998.lenet5 import (
    C3_TABLE,
    INK,
    PAPER,
    PUBLISHED_COUNTS,
    RBFOutput,
    ScaledTanh,
    SparseConv2d,
    TrainableSubsampling,
    fan_in,
    layer_counts,
    lenet5_1998,
    to_lenet5_input,
)
from lenet_helpers.paper1998.mini_batches import (
    error_rate,
    map_loss,
    mean_squared_loss,
    predict,
    train_minibatches,
)
from lenet_helpers.paper1998.per_pattern import SCHEDULE, loss_curvature, second_derivatives
from lenet_helpers.paper1998.per_pattern import train_per_pattern as per_pattern


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


# The network


def test_counts_of_every_layer_are_the_papers():
    counts = layer_counts(lenet5_1998(), torch.zeros(1, 1, 32, 32))
    assert counts == PUBLISHED_COUNTS
    assert sum(row.parameters for row in counts) == 60_000
    assert sum(row.connections for row in counts) == 340_908


def test_every_parameter_is_trained():
    net = lenet5_1998()
    map_loss(net(torch.rand(2, 1, 32, 32)), torch.tensor([3, 8])).backward()
    assert sum(p.numel() for p in net.parameters()) == 60_000
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_squashing_function_goes_through_one_and_minus_one():
    a = torch.tensor([-1.0, 0.0, 1.0, 100.0])
    torch.testing.assert_close(
        ScaledTanh()(a), torch.tensor([-1.0, 0.0, 1.0, 1.7159]), atol=1e-4, rtol=0
    )


def test_subsampling_is_the_hand_computation():
    layer = TrainableSubsampling(2)
    layer.coefficient.data = torch.tensor([0.5, -1.0])
    layer.bias.data = torch.tensor([1.0, 0.0])
    x = torch.tensor([[[1.0, 2, 3, 4], [5, 6, 7, 8]], [[0, 1, 0, 0], [0, 0, 0, 2]]])[None]
    # first map: (1+2+5+6)/2 + 1 = 8, (3+4+7+8)/2 + 1 = 12; second: −1 and −2
    torch.testing.assert_close(layer(x), torch.tensor([[[[8.0, 12.0]], [[-1.0, -2.0]]]]))


def test_c3_has_the_60_links_of_table_1():
    layer = SparseConv2d(C3_TABLE)
    inputs = [set(torch.nonzero(kernels.flatten(1).any(dim=1)).flatten().tolist())
              for kernels in layer.weight]  # fmt: skip
    assert sum(map(len, inputs)) == 60
    # as the paper says it in words
    assert inputs[:6] == [{k, (k + 1) % 6, (k + 2) % 6} for k in range(6)]
    assert inputs[6:12] == [{(k + i) % 6 for i in range(4)} for k in range(6)]
    assert inputs[12:15] == [{k, (k + 1) % 6, (k + 3) % 6, (k + 4) % 6} for k in range(3)]
    assert inputs[15] == set(range(6))
    assert sum(p.numel() for p in layer.parameters()) == 60 * 25 + 16


def test_c3_computes_what_separate_convolutions_would():
    layer, x = SparseConv2d(C3_TABLE), torch.rand(2, 6, 14, 14)
    link = iter(layer.kernels)
    for out, column in enumerate(zip(*C3_TABLE.split(), strict=True)):
        expected = layer.bias[out]
        for source, mark in enumerate(column):
            if mark == "X":
                expected = expected + nn.functional.conv2d(x[:, [source]], next(link)[None, None])
        torch.testing.assert_close(layer(x)[:, [out]], expected)
    assert next(link, None) is None


def test_rbf_outputs_are_squared_distances_to_the_codes():
    layer = RBFOutput(torch.tensor([[1.0, -1.0], [1.0, 1.0]]))
    x = torch.tensor([[1.0, -1.0], [0.0, 3.0]])
    assert layer(x).tolist() == [[0.0, 4.0], [17.0, 5.0]]
    assert list(layer.parameters()) == []


def test_a_perfect_bitmap_is_recognised_with_penalty_zero():
    codes = digit_bitmaps().flatten(1)
    penalties = lenet5_1998().output(codes)
    assert penalties.argmin(dim=1).tolist() == list(range(10))
    assert penalties.diagonal().abs().max() == 0


def test_bitmaps_are_ten_different_drawings_of_plus_and_minus_one():
    bitmaps = digit_bitmaps()
    assert bitmaps.shape == (10, BITMAP_HEIGHT, BITMAP_WIDTH) == (10, 12, 7)
    assert set(bitmaps.unique().tolist()) == {-1.0, 1.0}
    different = (bitmaps[:, None] != bitmaps[None]).sum(dim=(2, 3))
    assert different[~torch.eye(10, dtype=bool)].min() > 10


def test_initial_weights_fill_the_range_of_2_4_by_fan_in_and_no_more():
    net = lenet5_1998()
    found = {}
    for name, layer in net.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | TrainableSubsampling):
            bound = 2.4 / fan_in(layer)
            found[name] = fan_in(layer)
            for p in layer.parameters():
                assert p.abs().max() <= bound
                assert p.numel() < 30 or p.abs().max() > 0.9 * bound
    assert found == {"C1.0": 25, "S2.0": 4, "S4.0": 4, "C5.0": 400, "F6.1": 120}


def test_initial_weights_of_c3_depend_on_how_many_maps_each_unit_sees():
    layer = SparseConv2d(C3_TABLE)
    assert layer.fan_in.tolist() == [75] * 6 + [100] * 9 + [150]
    for kernels, inputs in zip(layer.weight, layer.fan_in, strict=True):
        assert 0.9 * 2.4 / inputs < kernels.abs().max() <= 2.4 / inputs
    assert (layer.bias.abs() <= 2.4 / layer.fan_in).all()


def test_two_networks_start_differently():
    first, second = (parameters_to_vector(lenet5_1998().parameters()) for _ in range(2))
    assert not torch.equal(first, second)


# Inputs


def test_input_is_extended_not_enlarged_and_has_the_papers_values():
    images = torch.zeros(1, 28, 28, dtype=torch.uint8)
    images[0, 0, 27] = 255
    X = to_lenet5_input(images)
    assert X.shape == (1, 1, 32, 32)
    assert X[0, 0, 2, 29] == pytest.approx(INK)
    X[0, 0, 2, 29] = PAPER
    torch.testing.assert_close(X, torch.full_like(X, -0.1))


@pytest.mark.parametrize(
    "images", [torch.zeros(2, 28, 28), torch.zeros(2, 1, 28, 28, dtype=torch.uint8)]
)
def test_other_images_are_refused_in_both_languages(images):
    with pytest.raises(SettingError, match="uint8") as caught:
        to_lenet5_input(images)
    assert "BatchIterator.images" in caught.value.words.zh


# LeNet-1 and the two-layer networks


def test_lenet1_has_the_published_counts():
    counts = layer_counts(lenet1(), torch.zeros(1, 1, 28, 28))[:-1]  # the distance is our loss's
    assert sum(row.parameters for row in counts) == 2_578
    assert sum(row.connections for row in counts) == 98_442
    assert [row.output for row in counts] == [
        (4, 24, 24),
        (4, 12, 12),
        (12, 8, 8),
        (12, 4, 4),
        (10,),
    ]


def test_lenet1_sees_smaller_digits_in_the_same_frame():
    images = torch.zeros(1, 28, 28, dtype=torch.uint8)
    images[0, 4:24, 4:24] = 255  # 20×20
    X = to_lenet1_input(images)
    assert X.shape == (1, 1, 28, 28)
    inked = (X[0, 0] > (PAPER + INK) / 2).any(dim=0).sum()
    assert 15 <= inked <= 17
    torch.testing.assert_close(X, X.flip(2).flip(3))


def test_place_codes_make_the_largest_output_win():
    output = torch.tensor([[-1.0, 0.2, -0.3]])
    assert RBFOutput(place_codes(3))(output).argmin() == 1


def test_two_layer_network_has_its_parameters():
    assert sum(p.numel() for p in two_layer_network(300).parameters()) == 785 * 300 + 301 * 10


# Losses


def test_map_loss_is_equation_9():
    penalties = torch.tensor([[2.0, 3.0], [0.5, 4.0]])
    labels, j = torch.tensor([1, 0]), 0.7
    by_hand = [
        right + torch.log(torch.exp(torch.tensor([-j, *(-row).tolist()])).sum())
        for right, row in zip([3.0, 0.5], penalties, strict=True)
    ]
    torch.testing.assert_close(map_loss(penalties, labels, j), sum(by_hand) / 2)


def test_map_loss_pushes_wrong_classes_away_and_the_mean_squared_one_does_not():
    labels = torch.tensor([0])
    for loss, pushed in ((map_loss, True), (mean_squared_loss, False)):
        penalties = torch.tensor([[1.0, 0.5]], requires_grad=True)
        loss(penalties, labels).backward()
        assert penalties.grad[0, 0] > 0
        assert (penalties.grad[0, 1] < 0) == pushed


# Second derivatives


def exact_hessian_diagonal(net, X, labels):
    """The true second derivative for each weight, by differentiating twice."""
    found = {}
    for name, p in net.named_parameters():
        (gradient,) = torch.autograd.grad(map_loss(net(X), labels), p, create_graph=True)
        diagonal = [
            torch.autograd.grad(g, p, retain_graph=True)[0].flatten()[i]
            for i, g in enumerate(gradient.flatten())
        ]
        found[name] = torch.stack(diagonal).view_as(p)
    return found


def test_curvature_of_the_loss_is_the_one_that_autograd_finds():
    output, labels = RBFOutput(torch.randn(4, 3)), torch.tensor([2])
    x = torch.randn(1, 3)
    exact = torch.autograd.functional.hessian(lambda x: map_loss(output(x), labels, j=1.0), x)
    torch.testing.assert_close(
        loss_curvature(x, output, j=1.0).flatten(), exact.view(3, 3).diagonal()
    )


def test_second_derivatives_of_a_linear_layer_are_exact():
    net = nn.Sequential(nn.Linear(4, 3), RBFOutput(torch.randn(5, 3)))
    X, labels = torch.randn(6, 4), torch.arange(6) % 5
    exact, found = exact_hessian_diagonal(net, X, labels), second_derivatives(net, X)
    assert found.keys() == exact.keys()
    for name in exact:
        torch.testing.assert_close(found[name], exact[name])


def test_second_derivatives_through_squashing_are_gauss_newtons():
    """A chain of single units: what the approximation leaves out is the squashing's own bend."""
    net = nn.Sequential(
        nn.Linear(2, 1), ScaledTanh(), nn.Linear(1, 1), ScaledTanh(), RBFOutput(torch.randn(3, 1))
    )
    x = torch.randn(1, 2)
    features = net[:-1]
    curvature = loss_curvature(features(x).detach(), net[-1], 10.0).item()
    found = second_derivatives(net, x)
    for name, p in net.named_parameters():
        (slope,) = torch.autograd.grad(features(x).sum(), p)
        torch.testing.assert_close(found[name], curvature * slope.square())


def test_second_derivatives_of_shared_weights_add_up_over_the_places():
    """One weight at four places, each of which is seen by one output unit of its own."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), RBFOutput(torch.randn(2, 4)))
    x = torch.randn(1, 1, 2, 2)
    h = loss_curvature(net[:2](x).detach(), net[-1], 10.0)
    expected = (h * x.flatten(1).square()).sum()
    torch.testing.assert_close(second_derivatives(net, x)["0.weight"].sum(), expected)


def test_second_derivatives_cover_all_of_lenet5_and_are_never_negative():
    net = lenet5_1998()
    before = parameters_to_vector(net.parameters()).clone()
    found = second_derivatives(net, torch.rand(3, 1, 32, 32))
    assert {name: p.shape for name, p in net.named_parameters()} == {
        name: h.shape for name, h in found.items()
    }
    assert all((h >= 0).all() and h.any() for h in found.values())
    assert torch.equal(parameters_to_vector(net.parameters()), before)


# Training


@pytest.fixture(scope="module")
def digits_as_input(_digits_once):
    train_iter, test_iter = _digits_once
    return (
        to_lenet5_input(train_iter.images), train_iter.labels,
        to_lenet5_input(test_iter.images), test_iter.labels,
    )  # fmt: skip


def test_minibatches_teach_lenet5_the_digits(digits_as_input):
    X, labels, test_X, test_labels = digits_as_input
    net = lenet5_1998()
    before = error_rate(net, test_X, test_labels)
    reports = list(train_minibatches(net, X, labels, passes=12, batch_size=16))
    assert [report.number for report in reports] == list(range(1, 13))
    assert reports[-1].loss < reports[0].loss / 5
    assert error_rate(net, test_X, test_labels) < 0.06 < before


def test_one_pass_per_pattern_teaches_more_than_chance(digits_as_input):
    X, labels, test_X, test_labels = digits_as_input
    net = lenet5_1998()
    (report,) = per_pattern(net, X[:600], labels[:600], schedule=(SCHEDULE[0] / 10,))
    assert report.number == 1
    assert error_rate(net, test_X, test_labels) < 0.5


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_first_step_per_pattern_is_the_papers_rule(digits_as_input, layout):
    X, labels = digits_as_input[0][:1], digits_as_input[1][:1]
    net, twin = lenet5_1998().to(memory_format=layout), lenet5_1998()
    twin.load_state_dict(net.state_dict())
    h = second_derivatives(twin, X)
    map_loss(twin(X), labels).backward()
    list(per_pattern(net, X, labels, schedule=(1e-3,)))
    trained = dict(net.named_parameters())
    for name, p in twin.named_parameters():
        torch.testing.assert_close(trained[name], p - 1e-3 / (0.02 + h[name]) * p.grad)


def test_same_seed_trains_the_same_network(digits_as_input):
    X, labels = digits_as_input[0][:128], digits_as_input[1][:128]
    nets = []
    for _ in range(2):
        torch.manual_seed(3)
        nets.append(lenet5_1998())
        list(train_minibatches(nets[-1], X, labels, 1, generator=torch.Generator().manual_seed(4)))
    first, second = (parameters_to_vector(net.parameters()) for net in nets)
    assert torch.equal(first, second)


def test_prediction_is_the_smallest_penalty_also_across_batches():
    net = RBFOutput(place_codes(10))
    X = 2 * torch.eye(10)[torch.tensor([3, 1, 4, 1, 5])] - 1
    assert predict(net, X, batch_size=2).tolist() == [3, 1, 4, 1, 5]
    assert error_rate(net, X, torch.tensor([3, 1, 4, 0, 0])) == pytest.approx(0.4)
