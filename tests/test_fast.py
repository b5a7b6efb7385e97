"""Fewer passes over memory: the same network, the same numbers, and only where it fits."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lenet_helpers import evaluate_accuracy_gpu, lenet, train
from lenet_helpers.fast import fewer_passes

CHANNELS_LAST = torch.channels_last


def images(*shape: int) -> torch.Tensor:
    torch.manual_seed(3)
    return torch.rand(shape).to(memory_format=CHANNELS_LAST)


def results(net: nn.Module, forward, X: torch.Tensor) -> list[torch.Tensor]:
    """Scores, and the gradients of all weights and of the images."""
    X = X.clone().requires_grad_()
    scores = forward(X)
    net.zero_grad()
    (scores * torch.linspace(-1, 1, scores.numel()).view_as(scores)).sum().backward()
    return [scores.detach(), X.grad, *(p.grad.clone() for p in net.parameters())]


def pool_net(pool: nn.Module | None = None) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.Sigmoid(), pool or nn.AvgPool2d(2, 2))


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_scores_and_gradients_of_lenet_are_the_same(batch):
    torch.manual_seed(0)
    net, X = lenet().double(), images(batch, 1, 28, 28).double()
    forward = fewer_passes(net)
    assert forward is not net
    for ours, theirs in zip(results(net, forward, X), results(net, net, X), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)


def test_gradients_are_those_of_small_differences():
    net = pool_net().double()
    X = images(2, 1, 6, 8).double().requires_grad_()
    assert torch.autograd.gradcheck(fewer_passes(net), (X,))


def test_pooling_is_no_operation_of_its_own_any_more():
    """The point of it: the gradient of the pooling is never written at full size."""
    net, X = lenet(), images(8, 1, 28, 28)

    def pooling_operations(forward) -> int:
        with torch.profiler.profile(record_shapes=True) as profile:
            forward(X).sum().backward()
        return sum("avg_pool2d" in event.name for event in profile.events())

    assert pooling_operations(net) > 0
    assert pooling_operations(fewer_passes(net)) == 0


@pytest.mark.parametrize(
    "X",
    [images(2, 1, 9, 8), images(2, 1, 8, 9), images(2, 1, 8, 8).contiguous(), images(2, 1, 3, 3)],
    ids=["odd height", "odd width", "channels first", "one pixel"],
)
def test_images_that_do_not_suit_take_the_usual_way(X):
    net = pool_net(nn.AvgPool2d(2, 2, ceil_mode=True))
    for ours, theirs in zip(results(net, fewer_passes(net), X), results(net, net, X), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    "net",
    [
        lenet("tanh"),
        lenet(pooling="max"),
        nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        pool_net(nn.AvgPool2d(3, 2)),
        pool_net(nn.AvgPool2d(2, 1)),
        pool_net(nn.AvgPool2d(2, 2, padding=1)),
        pool_net(nn.AvgPool2d(2, 2, divisor_override=3)),
        nn.Sequential(nn.AvgPool2d(2, 2)),
        nn.Linear(3, 3),
        nn.Sequential(),
    ],
    ids=["tanh", "max", "no pooling", "3×3", "stride 1", "padding", "divisor", "no sigmoid",
         "no stack", "empty"],
)  # fmt: skip
def test_other_networks_are_left_as_they_are(net):
    assert fewer_passes(net) is net


def test_subclass_may_do_something_else_and_is_left():
    class Mine(nn.Sequential):
        def forward(self, X):
            return 2 * super().forward(X)

    class Other(nn.Sigmoid):
        def forward(self, X):
            return X

    net = Mine(*pool_net())
    assert fewer_passes(net) is net
    net = nn.Sequential(nn.Conv2d(1, 3, 3), Other(), nn.AvgPool2d(2))
    assert fewer_passes(net) is net


@pytest.mark.filterwarnings("ignore:Full backward hook")
@pytest.mark.parametrize("place", ["net", "sigmoid"])
@pytest.mark.parametrize(
    "hook",
    [
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
    ],
)
def test_who_listens_to_a_layer_hears_every_step(place, hook):
    heard = []
    net = lenet()
    listened_to = net if place == "net" else net[1]
    handle = getattr(listened_to, hook)(lambda *_: heard.append(True))
    X, y = images(8, 1, 28, 28), torch.arange(8)
    list(train(net, [(X, y)] * 3, [(X, y)], 1, 0.1, "cpu"))
    assert len(heard) >= 3
    handle.remove()
    assert fewer_passes(net) is not net


def test_hook_that_comes_between_two_reports_is_heard():
    heard = []
    net, X, y = lenet(), images(8, 1, 28, 28), torch.arange(8)
    for report in train(net, [(X, y)] * 10, [(X, y)], 1, 0.1, "cpu"):
        if report.batch == 4:
            net[1].register_forward_hook(lambda *_: heard.append(True))
    assert len(heard) == 6 + 1


def test_training_gives_the_numbers_of_the_usual_way(digits):
    def run(listen: bool):
        digits[0].reseed(0)
        torch.manual_seed(0)
        net = lenet()
        if listen:
            net.register_forward_hook(lambda *_: None)
        return list(train(net, *digits, 2, 0.9, "cpu")), net

    (fewer, net), (usual, usual_net) = run(False), run(True)
    for one, other in zip(fewer, usual, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
    for p, q in zip(net.parameters(), usual_net.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-4)
    assert evaluate_accuracy_gpu(net, digits[1]) == fewer[-1].test_acc
