"""The table of shapes, parameters and multiply-adds, against the facts and two other counters."""

from __future__ import annotations

from math import prod

import pytest
import torch
import torchinfo
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lenet_helpers import LayerRow, SettingError, lenet, trace_shapes

LENET_ROWS = [
    ("Conv2d", (1, 6, 28, 28), 156, 117_600),
    ("Sigmoid", (1, 6, 28, 28), 0, 0),
    ("AvgPool2d", (1, 6, 14, 14), 0, 0),
    ("Conv2d", (1, 16, 10, 10), 2_416, 240_000),
    ("Sigmoid", (1, 16, 10, 10), 0, 0),
    ("AvgPool2d", (1, 16, 5, 5), 0, 0),
    ("Flatten", (1, 400), 0, 0),
    ("Linear", (1, 120), 48_120, 48_000),
    ("Sigmoid", (1, 120), 0, 0),
    ("Linear", (1, 84), 10_164, 10_080),
    ("Sigmoid", (1, 84), 0, 0),
    ("Linear", (1, 10), 850, 840),
]
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
SMALL_HTML = (
    "<table><thead><tr>"
    '<th><span lang="zh">层</span> <span lang="en">Layer</span></th>'
    '<th><span lang="zh">输出形状</span> <span lang="en">Output shape</span></th>'
    '<th><span lang="zh">参数</span> <span lang="en">Parameters</span></th>'
    '<th><span lang="zh">乘加运算</span> <span lang="en">Multiply-adds</span></th>'
    "</tr></thead><tbody>"
    "<tr><td>Input</td><td>2 × 30</td><td>0</td><td>0</td></tr>"
    "<tr><td>Linear</td><td>2 × 50</td><td>1,550</td><td>3,000</td></tr>"
    "<tr><td>ReLU</td><td>2 × 50</td><td>0</td><td>0</td></tr>"
    '<tr><th><span lang="zh">合计</span> <span lang="en">Total</span></th>'
    "<th></th><th>1,550</th><th>3,000</th></tr>"
    "</tbody></table>"
)


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


NETWORKS = {
    "lenet": (lenet, (3, 1, 28, 28)),
    "lenet, relu and max": (lambda: lenet("relu", "max", 26), (2, 1, 28, 28)),
    "strides, dilation and groups": (
        lambda: nn.Sequential(
            nn.Conv2d(4, 8, 3, stride=2, padding=1),
            nn.Conv2d(8, 8, (3, 1), groups=4, dilation=2, bias=False),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 3),
        ),
        (2, 4, 17, 13),
    ),
    "one dimension": (
        lambda: nn.Sequential(nn.Conv1d(2, 6, 5), nn.Tanh(), nn.MaxPool1d(2), nn.Conv1d(6, 1, 3)),
        (4, 2, 40),
    ),
    "fully connected": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(49, 32), nn.ReLU(), nn.Linear(32, 10)),
        (5, 1, 7, 7),
    ),
    "residual": (Residual, (2, 4, 6, 6)),
}


@pytest.fixture
def trace():
    return trace_shapes(lenet(), torch.zeros(1, 1, 28, 28))


# LeNet, as in the facts


def test_rows_of_lenet_are_those_of_the_facts(trace):
    assert [tuple(row) for row in trace.rows] == LENET_ROWS
    assert trace.input_shape == (1, 1, 28, 28)
    assert (trace.parameters, trace.multiply_adds) == (61_706, 416_520)


def test_totals_are_the_sums_of_the_rows(trace):
    assert sum(row.parameters for row in trace.rows) == trace.parameters
    assert sum(row.multiply_adds for row in trace.rows) == trace.multiply_adds


def test_multiply_adds_grow_with_the_batch_and_parameters_do_not():
    trace = trace_shapes(lenet(), torch.zeros(7, 1, 28, 28))
    assert (trace.parameters, trace.multiply_adds) == (61_706, 7 * 416_520)
    assert all(row.output_shape[0] == 7 for row in trace.rows)


def test_text_of_lenet(trace):
    assert str(trace) == repr(trace) == LENET_TEXT


def test_html_has_both_languages_and_a_total():
    net = nn.Sequential(nn.Linear(30, 50), nn.ReLU())
    assert trace_shapes(net, torch.zeros(2, 30))._repr_html_() == SMALL_HTML


def test_html_escapes_names():
    odd = type("A<b>", (nn.Identity,), {})
    html = trace_shapes(nn.Sequential(odd()), torch.zeros(1))._repr_html_()
    assert "<td>A&lt;b&gt;</td>" in html


# Other counters


def additions_of_biases(net: nn.Module, X: torch.Tensor) -> int:
    """One for each output of each layer with a bias: torchinfo counts them, we do not."""
    counts = []

    def count(layer, inputs, output):
        counts.append(output.numel())

    for layer in net.modules():
        if getattr(layer, "bias", None) is not None:
            layer.register_forward_hook(count)
    net(X)
    return sum(counts)


@pytest.mark.parametrize("name", NETWORKS)
def test_totals_agree_with_torchinfo(name):
    make, shape = NETWORKS[name]
    net, X = make(), torch.zeros(shape)
    ours = trace_shapes(net, X)
    theirs = torchinfo.summary(net, input_data=X, verbose=0)
    assert ours.parameters == theirs.total_params
    assert ours.multiply_adds + additions_of_biases(net, X) == theirs.total_mult_adds


@pytest.mark.parametrize("name", NETWORKS)
def test_multiply_adds_are_half_the_operations_that_torch_counts(name):
    make, shape = NETWORKS[name]
    net, X = make(), torch.zeros(shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(X)
    assert 2 * trace_shapes(net, X).multiply_adds == counter.get_total_flops()


convolutions = st.lists(
    st.fixed_dictionaries(
        {
            "out_channels": st.integers(1, 5),
            "kernel_size": st.tuples(st.integers(1, 3), st.integers(1, 3)),
            "stride": st.integers(1, 2),
            "padding": st.integers(0, 2),
            "bias": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)


@given(convolutions=convolutions, channels=st.integers(1, 3), batch=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_any_stack_of_convolutions_is_traced_as_it_runs(convolutions, channels, batch):
    layers, now = [], channels
    for options in convolutions:
        layers.append(nn.Conv2d(now, **options))
        now = options["out_channels"]
    net, X = nn.Sequential(*layers), torch.zeros(batch, channels, 24, 20)
    trace = trace_shapes(net, X)

    expected, Y = [], X
    for layer in layers:
        Y = layer(Y)
        parameters = sum(p.numel() for p in layer.parameters())
        products = Y.numel() * prod(layer.weight.shape[1:])
        expected.append(LayerRow("Conv2d", tuple(Y.shape), parameters, products))
    assert list(trace.rows) == expected
    assert trace.parameters == torchinfo.summary(net, input_data=X, verbose=0).total_params
    assert trace.multiply_adds == sum(row.multiply_adds for row in expected)


# Networks that are not a plain stack


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


def test_single_layer_is_a_network_too():
    trace = trace_shapes(nn.Linear(4, 2), torch.zeros(3, 4))
    assert trace.rows == (LayerRow("Linear", (3, 2), 10, 24),)


# Nothing is changed


def test_modes_weights_gradients_and_running_statistics_are_untouched():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(2 * 26 * 26, 3)
    )
    net[2].eval()
    X = torch.rand(4, 1, 28, 28)
    net(X).sum().backward()
    modes = [module.training for module in net.modules()]
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    grads = [p.grad.clone() for p in net.parameters()]
    random = torch.get_rng_state()

    trace_shapes(net, X)

    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(tensor, state[name]) for name, tensor in net.state_dict().items())
    after = [p.grad for p in net.parameters()]
    assert all(map(torch.equal, after, grads))
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize("side", [28, 5])
def test_no_hook_stays_behind(side):
    net = lenet()
    try:
        trace_shapes(net, torch.zeros(1, 1, side, side))
    except SettingError:
        assert side == 5
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert all(module.training for module in net.modules())


# Errors


def assert_names(error: SettingError, *parts: str) -> None:
    for text in error.words:
        assert all(part in text for part in parts), text


def test_error_names_the_layer_and_what_reached_it():
    net = lenet()
    with pytest.raises(SettingError) as caught:
        trace_shapes(net, torch.zeros(1, 1, 32, 32))
    assert_names(caught.value, "8 (Linear(in_features=400", "(1, 576)")
    assert "第 8 " in caught.value.words.zh


def test_error_names_the_first_layer_for_a_wrong_number_of_channels():
    with pytest.raises(SettingError) as caught:
        trace_shapes(lenet(), torch.zeros(1, 3, 28, 28))
    assert_names(caught.value, "1 (Conv2d(1, 6", "(1, 3, 28, 28)")


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.BatchNorm2d(3), (2, 3)),  # torch raises a ValueError here
        (nn.Flatten(3), (2, 3)),  # and an IndexError here
        (nn.Linear(3, 1), (2, 4)),
    ],
    ids=["BatchNorm2d", "Flatten", "Linear"],
)
def test_whatever_torch_raises_the_layer_is_named(layer, shape):
    with pytest.raises(SettingError) as caught:
        trace_shapes(nn.Sequential(nn.Identity(), layer), torch.zeros(shape))
    assert_names(caught.value, f"2 ({layer})", str(shape))


def test_error_outside_any_layer_names_the_network():
    class Wrong(nn.Module):
        def forward(self, X):
            return X.reshape(5, 5)

    with pytest.raises(SettingError) as caught:
        trace_shapes(Wrong(), torch.zeros(3))
    assert_names(caught.value, "Wrong")
