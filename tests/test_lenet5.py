"""LeNet-5 as published beside lesson 12's own layers; its loss, and both ways of training it."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, hessian, jacrev
from torch.nn.utils import parameters_to_vector

from lenet_helpers import SettingError
from lenet_helpers.paper1998 import lenet5 as package
from lenet_helpers.paper1998.lenet5 import (
    C3_TABLE,
    INK,
    PAPER,
    RBFOutput,
    ScaledTanh,
    digit_bitmaps,
    layer_counts,
    lenet5_1998,
    to_lenet5_input,
)
from lenet_helpers.paper1998.mini_batches import error_rate, map_loss, predict, train_minibatches
from lenet_helpers.paper1998.per_pattern import (
    loss_curvature,
    second_derivatives,
    train_per_pattern,
)
from tests.conftest import cells_of

# What the paper says of each layer: its output, free parameters (60,000) and connections (340,908).
PUBLISHED_COUNTS = (
    ("C1", (6, 28, 28), 156, 122_304),
    ("S2", (6, 14, 14), 12, 5_880),
    ("C3", (16, 10, 10), 1_516, 151_600),
    ("S4", (16, 5, 5), 32, 2_000),
    ("C5", (120, 1, 1), 48_120, 48_120),
    ("F6", (84,), 10_164, 10_164),
    ("output", (10,), 0, 840),
)
close = torch.testing.assert_close


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


# The network


@pytest.fixture(scope="module")
def lesson() -> dict:
    """What the cells that define layers and losses leave behind."""
    cells = cells_of("12_lenet5_1998")
    names = {"torch": torch, "nn": nn, "F": nn.functional, "bitmaps": digit_bitmaps()}
    for cell in ("squash", "subsampling", "c3-table", "c3-layer", "rbf", "network", "loss"):
        exec(cells[cell], names)
    return names


@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        ("Squash()", package.ScaledTanh(), (3, 5)),
        ("Subsampling(6)", package.TrainableSubsampling(6), (2, 6, 8, 8)),
        ("SparseConv(links)", package.SparseConv2d(C3_TABLE), (2, 6, 14, 14)),
        ("RBF(codes)", package.RBFOutput(digit_bitmaps().flatten(1)), (3, 84)),
        ("lenet5()", lenet5_1998(), (2, 1, 32, 32)),
    ],
)
def test_layer_of_the_lesson_is_the_packages(lesson, ours, theirs, shape):
    layer, x = eval(ours, lesson), torch.randn(shape)
    layer.load_state_dict(theirs.state_dict())
    close(layer(x), theirs(x))


def test_counts_of_every_layer_are_the_papers():
    assert layer_counts(lenet5_1998(), torch.zeros(1, 1, 32, 32)) == PUBLISHED_COUNTS


def test_c3_has_the_60_links_of_table_1_as_the_paper_says_them_in_words():
    columns = zip(*C3_TABLE.split(), strict=True)
    inputs = [{k for k, mark in enumerate(column) if mark == "X"} for column in columns]
    assert inputs[:6] == [{k, (k + 1) % 6, (k + 2) % 6} for k in range(6)]
    assert inputs[6:12] == [{(k + i) % 6 for i in range(4)} for k in range(6)]
    assert inputs[12:15] == [{k, (k + 1) % 6, (k + 3) % 6, (k + 4) % 6} for k in range(3)]
    assert inputs[15:] == [set(range(6))]


def test_bitmaps_are_ten_different_drawings_each_recognised_with_penalty_zero():
    bitmaps = digit_bitmaps()
    assert bitmaps.shape == (10, 12, 7)
    assert set(bitmaps.unique().tolist()) == {-1.0, 1.0} and bitmaps.mean() < 0  # ink is +1
    penalties = lenet5_1998().output(bitmaps.flatten(1))
    assert penalties.diagonal().abs().max() == 0
    assert penalties[~torch.eye(10, dtype=bool)].min() > 4 * 10  # ten dots or more differ


def test_initial_weights_fill_the_range_of_2_4_by_fan_in_and_no_more():
    net = lenet5_1998()
    drawn = [
        (p, fan_in)
        for name, fan_in in {"C1": 25, "S2": 4, "S4": 4, "C5": 400, "F6": 120}.items()
        for p in net.get_submodule(name).parameters()
    ]
    layer = net.C3[0]  # whose maps see 3, 4 or all 6 of the maps before
    for part in (layer.weight, layer.bias):
        drawn += zip(part, [75] * 6 + [100] * 9 + [150], strict=True)
    for p, fan_in in drawn:
        assert p.abs().max() <= 2.4 / fan_in
        assert p.numel() < 30 or p.abs().max() > 0.9 * 2.4 / fan_in


# Inputs


def test_input_is_extended_not_enlarged_and_has_the_papers_values():
    images = torch.zeros(1, 28, 28, dtype=torch.uint8)
    images[0, 0, 27] = 255
    X = to_lenet5_input(images)
    expected = torch.full((1, 1, 32, 32), -0.1)
    expected[0, 0, 2, 29] = 1.175
    close(X, expected)
    assert (PAPER, INK) == (-0.1, 1.175)


@pytest.mark.parametrize(
    "images", [torch.zeros(2, 28, 28), torch.zeros(2, 1, 28, 28, dtype=torch.uint8)]
)
def test_other_images_are_refused_in_both_languages(images):
    with pytest.raises(SettingError, match="uint8") as caught:
        to_lenet5_input(images)
    assert "BatchIterator.images" in caught.value.words.zh


# The loss and its second derivatives


@pytest.mark.parametrize("j", [1.0, 10.0])
def test_loss_of_the_lesson_is_the_packages(lesson, j):
    penalties, labels = 20 * torch.rand(6, 10), torch.arange(6)
    close(lesson["map_loss"](penalties, labels, j), map_loss(penalties, labels, j))


def test_second_derivatives_of_a_linear_layer_are_exact():
    net = nn.Sequential(nn.Linear(4, 3), RBFOutput(torch.randn(5, 3)))
    X, labels = torch.randn(6, 4), torch.arange(6) % 5
    weights = {name: p.detach() for name, p in net.named_parameters()}
    exact = hessian(lambda weights: map_loss(functional_call(net, weights, X), labels))(weights)
    for name, found in second_derivatives(net, X).items():
        size = found.numel()
        close(found, exact.pop(name)[name].view(size, size).diagonal().view_as(found))
    assert not exact


def test_second_derivatives_are_gauss_newtons_added_up_over_the_places():
    """Four chains of single units that share weights; the squashing's own bend is left out."""
    features = nn.Sequential(
        nn.Conv2d(1, 1, 1), ScaledTanh(), nn.Conv2d(1, 1, 1), ScaledTanh(), nn.Flatten()
    )
    output, x = RBFOutput(torch.randn(3, 4)), torch.randn(1, 1, 2, 2)
    curvature = loss_curvature(features(x).detach(), output)[0]
    weights = {name: p.detach() for name, p in features.named_parameters()}
    slopes = jacrev(lambda weights: functional_call(features, weights, x)[0])(weights)
    for name, found in second_derivatives(nn.Sequential(*features, output), x).items():
        close(found.flatten(), curvature @ slopes.pop(name).square().view(4, 1))
    assert not slopes


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
    return [each for part in _digits_once for each in (to_lenet5_input(part.images), part.labels)]


def trained_by_batches(net, X, labels):
    return train_minibatches(net, X[:700], labels[:700], passes=5, batch_size=16)


def trained_per_pattern(net, X, labels):
    return train_per_pattern(net, X[:600], labels[:600], [5e-5])


@pytest.mark.parametrize(
    ("way", "passes", "most"), [(trained_by_batches, 5, 0.2), (trained_per_pattern, 1, 0.5)]
)
def test_training_teaches_lenet5_the_digits_and_leaves_its_mode(digits_as_input, way, passes, most):
    X, labels, test_X, test_labels = digits_as_input
    net = lenet5_1998()
    net.C1.eval()
    modes = [module.training for module in net.modules()]
    assert error_rate(net, test_X, test_labels) > 0.6
    reports = []
    for report in way(net, X, labels):
        reports.append(report)
        assert [module.training for module in net.modules()] == modes
    assert [report.number for report in reports] == list(range(1, passes + 1))
    assert 1 < reports[-1].loss <= reports[0].loss < 100  # of one example
    assert error_rate(net, test_X, test_labels) < most
    assert [module.training for module in net.modules()] == modes


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_first_step_per_pattern_is_the_papers_rule(digits_as_input, layout):
    X, labels = digits_as_input[0][:1], digits_as_input[1][:1]
    net, twin = lenet5_1998().to(memory_format=layout), lenet5_1998()
    twin.load_state_dict(net.state_dict())
    h = second_derivatives(twin, X)
    loss = map_loss(twin(X), labels)
    loss.backward()
    (report,) = train_per_pattern(net, X, labels, schedule=(1e-3,))
    assert report == (1, pytest.approx(loss.item()))
    trained = dict(net.named_parameters())
    for name, p in twin.named_parameters():
        close(trained[name], p - 1e-3 / (0.02 + h[name]) * p.grad)


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
