"""Weights kept at chosen moments of a training."""

import copy

import pytest
import torch

from lenet_helpers import Checkpoints, lenet, load_data, moments, train
from lenet_helpers.checkpoints import net_at, to_bytes
from lenet_helpers.models import xavier


@pytest.fixture(scope="module")
def run():
    torch.manual_seed(0)
    train_iter, test_iter = load_data("digits", 256, "cpu")
    net = lenet("relu").apply(xavier)
    start, kept = copy.deepcopy(net), Checkpoints([0, 1, 3, 2 * len(train_iter), 10_000])
    reports = list(train(net, train_iter, test_iter, 2, 0.1, "cpu", init=None, checkpoints=kept))
    return start, net, kept, reports, len(train_iter)


def equal(net, other) -> bool:
    pairs = zip(net.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_they_hold_the_weights_of_the_moments_that_were_asked_for(run):
    start, net, kept, _, batches = run
    assert [c.batch for c in kept] == [0, 1, 3, 2 * batches]
    assert [c.epoch for c in kept] == [0, 1 / batches, 3 / batches, 2]
    assert equal(net_at(net, kept[0]), start)
    assert equal(net_at(start, kept[-1]), net)
    assert not equal(net_at(net, kept[1]), start)


def test_losses_are_means_since_the_checkpoint_before(run):
    start, _, kept, reports, _ = run
    train_iter, _ = load_data("digits", 256, "cpu")
    X, y = next(iter(train_iter))
    first = torch.nn.functional.cross_entropy(start(X), y).item()
    assert [kept[0].loss, kept[1].loss] == pytest.approx([first, first], rel=1e-5)
    last = kept[-1].loss  # over all but three batches of two epochs
    assert min(r.loss for r in reports) <= last <= kept[0].loss


def test_training_is_the_same_with_and_without(run):
    start, net, _, _, _ = run
    again = copy.deepcopy(start)
    list(train(again, *load_data("digits", 256, "cpu"), 2, 0.1, "cpu", init=None))
    assert equal(again, net)


def test_moments_are_denser_at_the_beginning():
    chosen = moments(1000, 40)
    assert chosen[0] == 0 and chosen[-1] == 1000 and len(chosen) >= 35
    steps = [b - a for a, b in zip(chosen, chosen[1:], strict=False)]
    assert steps == sorted(steps)
    assert moments(3, 40) == [0, 1, 2, 3]


@pytest.mark.parametrize("weights", [torch.randn(7, 3), torch.full((4,), 0.5), torch.zeros(2)])
def test_eight_bits_a_weight_are_half_a_step_away_at_most(weights):
    least, step, levels = to_bytes(weights)
    back = least + step * torch.frombuffer(bytearray(levels), dtype=torch.uint8)
    assert (back.reshape(weights.shape) - weights).abs().max() <= step / 2 + 1e-6
