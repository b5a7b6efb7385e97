"""The table of shapes, parameters and multiply-adds, against the facts and torch's own counter."""

import copy

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lenet_helpers import LayerRow, SettingError, lenet, trace_shapes

LENET_TEXT = """\
Layer      Output shape      Parameters  Multiply-adds
Input      1 × 1 × 28 × 28            0              0
Conv2d     1 × 6 × 28 × 28          156        117,600
Sigmoid    1 × 6 × 28 × 28            0              0
AvgPool2d  1 × 6 × 14 × 14            0              0
Conv2d     1 × 16 × 10 × 10       2,416        240,000
Sigmoid    1 × 16 × 10 × 10           0              0
AvgPool2d  1 × 16 × 5 × 5             0              0
Flatten    1 × 400                    0              0
Linear     1 × 120               48,120         48,000
Sigmoid    1 × 120                    0              0
Linear     1 × 84                10,164         10,080
Sigmoid    1 × 84                     0              0
Linear     1 × 10                   850            840
Total                            61,706        416,520"""


class Residual(nn.Module):
    """A layer that is called twice, a nested block, and work that no layer does."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.block = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 1, bias=False))
        self.head = nn.Linear(4 * 6 * 6, 5, bias=False)

    def forward(self, X):
        X = X + self.block(self.shared(X))
        return self.head(self.shared(X).flatten(1))


def odd_net() -> nn.Sequential:
    """Strides, dilation and groups."""
    return nn.Sequential(
        nn.Conv2d(4, 8, 3, stride=2, padding=1),
        nn.Conv2d(8, 8, (3, 1), groups=4, dilation=2, bias=False),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3),
    )  # fmt: skip


def flat_net() -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(2, 6, 5), nn.Tanh(), nn.MaxPool1d(2), nn.Conv1d(6, 1, 3))


NETWORKS = {
    "lenet": (lenet(), (3, 1, 28, 28)),
    "lenet, relu and max": (lenet("relu", "max", 26), (2, 1, 28, 28)),
    "strides, dilation and groups": (odd_net(), (2, 4, 17, 13)),
    "one dimension": (flat_net(), (4, 2, 40)),
    "residual": (Residual(), (2, 4, 6, 6)),
    "single layer": (nn.Linear(4, 2), (3, 4)),
}


def test_table_of_lenet_is_that_of_the_facts():
    trace = trace_shapes(lenet(), torch.zeros(1, 1, 28, 28))
    assert str(trace) == repr(trace) == LENET_TEXT
    assert (trace.parameters, trace.multiply_adds) == (61_706, 416_520)
    assert trace.rows[3] == LayerRow("Conv2d", (1, 16, 10, 10), 2_416, 240_000)
    html = trace._repr_html_()
    whole_batch = trace_shapes(lenet(), torch.zeros(7, 1, 28, 28))
    assert (whole_batch.parameters, whole_batch.multiply_adds) == (61_706, 7 * 416_520)
    for words in ('<div lang="zh">乘加运算</div>', '<div lang="en">Total</div>', ">61,706<"):
        assert words in html


@pytest.mark.parametrize(("net", "shape"), NETWORKS.values(), ids=NETWORKS)
def test_totals_agree_with_torchs_count_of_operations_and_with_the_networks_weights(net, shape):
    X = torch.zeros(shape)
    ours = trace_shapes(net, X)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(X)
    assert 2 * ours.multiply_adds == counter.get_total_flops()
    numbers = len(nn.utils.parameters_to_vector(net.parameters()))
    assert ours.parameters == sum(row.parameters for row in ours.rows) == numbers


def test_shared_layer_has_a_row_per_call_and_is_counted_once():
    trace = trace_shapes(Residual(), torch.zeros(1, 4, 6, 6))
    names = [(row.layer, row.parameters) for row in trace.rows]
    assert names == [("Conv2d", 144), ("ReLU", 0), ("Conv2d", 16), ("Conv2d", 0), ("Linear", 720)]
    assert trace.rows[0].multiply_adds == trace.rows[3].multiply_adds == 144 * 36


def test_shared_weight_is_counted_once():
    net = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    net[1].weight = net[0].weight
    trace = trace_shapes(net, torch.zeros(1, 8))
    assert trace.parameters == 64
    assert [row.parameters for row in trace.rows] == [64, 0]


def test_modes_weights_gradients_hooks_and_random_numbers_are_untouched():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(2 * 26 * 26, 3)
    )
    net[2].eval()
    X = torch.rand(4, 1, 28, 28)
    net(X).sum().backward()
    tensors = [*net.state_dict().values(), *(p.grad for p in net.parameters())]
    before, modes = copy.deepcopy(tensors), [module.training for module in net.modules()]
    random = torch.get_rng_state()
    trace = trace_shapes(net, X)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(map(torch.equal, tensors, before))
    assert [module.training for module in net.modules()] == modes
    assert not any(module._forward_hooks for module in net.modules())
    assert trace_shapes(net, X) == trace


# Errors


class Reshapes(nn.Sequential):
    """Fails outside its layers."""

    def forward(self, X):
        return X.reshape(5, 5)


class Two(nn.Module):
    """Puts out more than a tensor."""

    def forward(self, X):
        return X, X


@pytest.mark.parametrize(
    ("net", "shape", "said"),
    [
        (lenet(), (1, 1, 32, 32), "8 (Linear(in_features=400, out_features=120, bias=True)) ← (1,"),
        (lenet(), (1, 3, 28, 28), "1 (Conv2d(1, 6"),
        # torch raises a ValueError here, and an IndexError there
        (nn.Sequential(nn.Identity(), nn.BatchNorm2d(3)), (2, 3), "2 (BatchNorm2d(3"),
        (nn.Sequential(nn.Identity(), nn.Flatten(3)), (2, 3), "2 (Flatten("),
        (Reshapes(nn.Identity()), (3,), "Reshapes"),
        (nn.Sequential(nn.Flatten(), Two()), (2, 1, 28, 28), "Two()"),
    ],
    ids=["image too large", "channels", "ValueError", "IndexError", "outside any layer", "pair"],
)
def test_error_names_the_layer_and_what_reached_it(net, shape, said):
    with pytest.raises(SettingError) as caught:
        trace_shapes(net, torch.zeros(shape))
    assert said.replace(" (", " 层 (", 1) in caught.value.words.zh
    assert said in caught.value.words.en
