"""LeNet-5 as published, its loss, and both ways of training it."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from lenet_helpers import SettingError
from lenet_helpers.paper1998 import per_pattern
from lenet_helpers.paper1998.lenet5 import (
    C3_TABLE,
    INK,
    PAPER,
    RBFOutput,
    ScaledTanh,
    SparseConv2d,
    TrainableSubsampling,
    digit_bitmaps,
    layer_counts,
    lenet5_1998,
    to_lenet5_input,
)
from lenet_helpers.paper1998.mini_batches import error_rate, map_loss, predict, train_minibatches
from lenet_helpers.paper1998.per_pattern import loss_curvature, second_derivatives

# What the paper says of each layer: its output, free parameters and connections.
PUBLISHED_COUNTS = (
    ("C1", (6, 28, 28), 156, 122_304),
    ("S2", (6, 14, 14), 12, 5_880),
    ("C3", (16, 10, 10), 1_516, 151_600),
    ("S4", (16, 5, 5), 32, 2_000),
    ("C5", (120, 1, 1), 48_120, 48_120),
    ("F6", (84,), 10_164, 10_164),
    ("output", (10,), 0, 840),
)


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
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_squashing_function_goes_through_one_and_minus_one():
    a = torch.tensor([-1.0, 0.0, 1.0, 100.0])
    expected = torch.tensor([-1.0, 0.0, 1.0, 1.7159])
    torch.testing.assert_close(ScaledTanh()(a), expected, atol=1e-4, rtol=0)


def test_subsampling_is_the_hand_computation():
    layer = TrainableSubsampling(2)
    layer.coefficient.data = torch.tensor([0.5, -1.0])
    layer.bias.data = torch.tensor([1.0, 0.0])
    x = torch.tensor([[[1.0, 2, 3, 4], [5, 6, 7, 8]], [[0, 1, 0, 0], [0, 0, 0, 2]]])[None]
    # first map: (1+2+5+6)/2 + 1 = 8, (3+4+7+8)/2 + 1 = 12; second: −1 and −2
    torch.testing.assert_close(layer(x), torch.tensor([[[[8.0, 12.0]], [[-1.0, -2.0]]]]))


def test_c3_has_the_60_links_of_table_1_as_the_paper_says_them_in_words():
    inputs = [set(torch.nonzero(kernels.flatten(1).any(dim=1)).flatten().tolist())
              for kernels in SparseConv2d(C3_TABLE).weight]  # fmt: skip
    assert inputs[:6] == [{k, (k + 1) % 6, (k + 2) % 6} for k in range(6)]
    assert inputs[6:12] == [{(k + i) % 6 for i in range(4)} for k in range(6)]
    assert inputs[12:15] == [{k, (k + 1) % 6, (k + 3) % 6, (k + 4) % 6} for k in range(3)]
    assert inputs[15] == set(range(6))


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
    assert layer(torch.tensor([[1.0, -1.0], [0.0, 3.0]])).tolist() == [[0.0, 4.0], [17.0, 5.0]]


def test_bitmaps_are_ten_different_drawings_each_recognised_with_penalty_zero():
    bitmaps = digit_bitmaps()
    assert bitmaps.shape == (10, 12, 7)
    assert set(bitmaps.unique().tolist()) == {-1.0, 1.0}
    penalties = lenet5_1998().output(bitmaps.flatten(1))
    assert penalties.diagonal().abs().max() == 0
    assert penalties[~torch.eye(10, dtype=bool)].min() > 4 * 10  # ten dots or more differ


def test_initial_weights_fill_the_range_of_2_4_by_fan_in_and_no_more():
    net = lenet5_1998()
    for name, fan_in in {"C1": 25, "S2": 4, "S4": 4, "C5": 400, "F6": 120}.items():
        for p in net.get_submodule(name).parameters():
            assert p.abs().max() <= 2.4 / fan_in
            assert p.numel() < 30 or p.abs().max() > 0.9 * 2.4 / fan_in
    layer = net.C3[0]  # whose maps see 3, 4 or all 6 of the maps before
    for kernels, bias, maps in zip(
        layer.weight, layer.bias, [3] * 6 + [4] * 9 + [6], strict=True
    ):  # fmt: skip
        bound = 2.4 / (25 * maps)
        assert 0.9 * bound < kernels.abs().max() <= bound and bias.abs() <= bound


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


# The loss and its second derivatives


def test_map_loss_is_equation_9():
    penalties = torch.tensor([[2.0, 3.0], [0.5, 4.0]])
    labels, j = torch.tensor([1, 0]), 0.7
    by_hand = [
        right + torch.log(torch.exp(torch.tensor([-j, *(-row).tolist()])).sum())
        for right, row in zip([3.0, 0.5], penalties, strict=True)
    ]
    torch.testing.assert_close(map_loss(penalties, labels, j), sum(by_hand) / 2)


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
    weights = {name: p.detach() for name, p in net.named_parameters()}
    hessian = torch.func.hessian(
        lambda weights: map_loss(torch.func.functional_call(net, weights, X), labels)
    )(weights)
    found = second_derivatives(net, X)
    assert found.keys() == weights.keys()
    for name, p in weights.items():
        exact = hessian[name][name].view(p.numel(), p.numel()).diagonal().view_as(p)
        torch.testing.assert_close(found[name], exact)


def test_second_derivatives_through_squashing_are_gauss_newtons():
    """A chain of single units: what the approximation leaves out is the squashing's own bend."""
    net = nn.Sequential(
        nn.Linear(2, 1), ScaledTanh(), nn.Linear(1, 1), ScaledTanh(), RBFOutput(torch.randn(3, 1))
    )
    x = torch.randn(1, 2)
    features = net[:-1]
    curvature = loss_curvature(features(x).detach(), net[-1]).item()
    found = second_derivatives(net, x)
    for name, p in net.named_parameters():
        (slope,) = torch.autograd.grad(features(x).sum(), p)
        torch.testing.assert_close(found[name], curvature * slope.square())


def test_second_derivatives_of_shared_weights_add_up_over_the_places():
    """One weight at four places, each of which is seen by one output unit of its own."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), RBFOutput(torch.randn(2, 4)))
    x = torch.randn(1, 1, 2, 2)
    h = loss_curvature(net[:2](x).detach(), net[-1])
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


def trained_by_batches(net, X, labels):
    return train_minibatches(net, X[:700], labels[:700], passes=5, batch_size=16)


def trained_per_pattern(net, X, labels):
    return per_pattern.train_per_pattern(net, X[:600], labels[:600], [5e-5])


@pytest.mark.parametrize(("way", "most"), [(trained_by_batches, 0.2), (trained_per_pattern, 0.5)])
def test_training_teaches_lenet5_the_digits_and_leaves_its_mode(digits_as_input, way, most):
    X, labels, test_X, test_labels = digits_as_input
    net = lenet5_1998()
    net.C1.eval()
    modes = [module.training for module in net.modules()]
    assert error_rate(net, test_X, test_labels) > 0.6
    reports = []
    for report in way(net, X, labels):
        reports.append(report)
        assert [module.training for module in net.modules()] == modes
    assert [report.number for report in reports] == list(range(1, len(reports) + 1))
    assert reports[-1].loss <= reports[0].loss
    assert error_rate(net, test_X, test_labels) < most
    assert [module.training for module in net.modules()] == modes


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_first_step_per_pattern_is_the_papers_rule(digits_as_input, layout):
    X, labels = digits_as_input[0][:1], digits_as_input[1][:1]
    net, twin = lenet5_1998().to(memory_format=layout), lenet5_1998()
    twin.load_state_dict(net.state_dict())
    h = second_derivatives(twin, X)
    map_loss(twin(X), labels).backward()
    list(per_pattern.train_per_pattern(net, X, labels, schedule=(1e-3,)))
    trained = dict(net.named_parameters())
    for name, p in twin.named_parameters():
        torch.testing.assert_close(trained[name], p - 1e-3 / (0.02 + h[name]) * p.grad)


def test_same_seed_trains_the_same_network_and_another_does_not(digits_as_input):
    X, labels = digits_as_input[0][:128], digits_as_input[1][:128]
    weights = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        net = lenet5_1998()
        list(train_minibatches(net, X, labels, 1))
        weights.append(parameters_to_vector(net.parameters()))
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[1], weights[2])


def test_prediction_is_the_smallest_penalty_also_across_batches():
    net = RBFOutput(2 * torch.eye(10) - 1)
    X = 2 * torch.eye(10)[torch.tensor([3, 1, 4, 1, 5])] - 1
    assert predict(net, X, batch_size=2).tolist() == [3, 1, 4, 1, 5]
    assert error_rate(net, X, torch.tensor([3, 1, 4, 0, 0])) == pytest.approx(0.4)
