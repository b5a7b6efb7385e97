"""Weights kept at chosen moments of a training."""

import pytest
import torch

from lenet_helpers import Checkpoints, moments
from lenet_helpers.checkpoints import net_at, to_bytes
from tests.tiny_training import batches, run, small_net, weights

BATCHES = batches(24)


@pytest.fixture(scope="module")
def trained():
    net, kept = small_net(), Checkpoints([0, 1, 3, 24, 10_000])
    return net, kept, run(net, BATCHES, num_epochs=2, init=None, checkpoints=kept)


def test_they_hold_the_weights_of_the_moments_that_were_asked_for(trained):
    net, kept, _ = trained
    assert [(c.batch, c.epoch) for c in kept] == [(0, 0), (1, 1 / 12), (3, 3 / 12), (24, 2)]
    found = [weights(net_at(small_net(), each)) for each in kept]
    assert torch.equal(found[0], weights(small_net())) and torch.equal(found[3], weights(net))
    again = small_net()
    for expected, batch in zip(found[:2], BATCHES, strict=False):
        assert torch.equal(weights(again), expected)
        run(again, [batch], init=None)


def test_losses_are_means_since_the_checkpoint_before(trained):
    _, kept, reports = trained
    X, y = BATCHES[0]
    first = torch.nn.functional.cross_entropy(small_net()(X), y).item()
    whole = 12 * sum(report.loss for report in reports if report.test_acc is not None)
    rest = (whole - first - 2 * kept[2].loss) / 21
    assert [kept[0].loss, kept[1].loss, kept[3].loss] == pytest.approx([first, first, rest])


def test_training_is_the_same_with_and_without(trained):
    again = small_net()
    run(again, BATCHES, num_epochs=2, init=None)
    assert torch.equal(weights(again), weights(trained[0]))


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
