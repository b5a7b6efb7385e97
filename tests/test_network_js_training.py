"""The living network's backward pass beside PyTorch's, and a training of its own."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import lenet
from lenet_helpers.network_view.describe import describe
from tests.node import NETWORKS, needs_node, network, prepared, run_in_node, write_network

pytestmark = needs_node
IMAGES, FIRST = 18, 13  # an odd number: the products work in blocks
LR, STEPS = 0.1, 3
by_network = pytest.mark.parametrize("name", NETWORKS)


def batch_for(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Inks and labels without meaning: a gradient needs none."""
    random = np.random.default_rng(3)
    inks = random.integers(0, 256, (IMAGES, *size), np.uint8)
    inks *= (random.random(inks.shape) < 0.5).astype(np.uint8)
    return inks, random.integers(0, 10, IMAGES).astype(np.uint8)


@pytest.fixture(scope="module")
def answers(tmp_path_factory, _digits_once):
    """One run of node for everything here."""
    folder, asked = tmp_path_factory.mktemp("node"), []
    for name, (size, _) in NETWORKS.items():
        inks, labels = batch_for(size)
        (folder / f"{name}.inks").write_bytes(inks.tobytes())
        (folder / f"{name}.labels").write_bytes(labels.tobytes())
        more = {"count": FIRST, "lr": LR, "steps": STEPS}
        asked.append(write_network(folder, name, network(name), size) | more)
    description, weights = describe(lenet("relu"), _digits_once[0])
    (folder / "lesson.weights").write_bytes(weights)
    questions = {
        "networks": asked,
        "start": {"name": "lesson", "description": description, "seed": 0},
        "order": {"seed": 5, "count": 103, "batchSize": 32},
    }
    found = run_in_node(folder, "training.mjs", ["network.js", "backward.js"], questions)
    for question, answer in zip(asked, found["networks"], strict=True):
        for kind in ("gradients", "after"):
            numbers = np.fromfile(folder / f"{question['name']}.{kind}", "<f4")
            answer[kind] = torch.from_numpy(numbers)
    return SimpleNamespace(
        **found | {"networks": dict(zip(NETWORKS, found["networks"], strict=True))}
    )


def loss_of(net: nn.Module, inks: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, int]:
    scores, y = net(prepared(inks)).flatten(1), torch.from_numpy(labels).long()
    return nn.functional.cross_entropy(scores, y), (scores.argmax(dim=1) == y).sum().item()


def numbers_of(net: nn.Module, *, gradients: bool) -> torch.Tensor:
    """Weight and bias of each layer in a row; the living network has a bias everywhere."""
    parts = []
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            for p in (layer.weight, layer.bias):
                missing = torch.full((len(layer.weight),), torch.nan)
                parts.append(missing if p is None else p.grad if gradients else p.detach())
    return torch.cat([part.flatten() for part in parts])


def largest_difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    assert found.isfinite().all()
    return (found - expected)[~expected.isnan()].abs().max().item()


@by_network
def test_loss_and_gradients_are_as_in_torch(answers, name):
    net, found = network(name), answers.networks[name]
    inks, labels = batch_for(NETWORKS[name][0])
    loss, correct = loss_of(net, inks[:FIRST], labels[:FIRST])
    loss.backward()
    assert found["loss"] == pytest.approx(loss.item(), abs=1e-5)
    assert found["correct"] == correct
    expected = numbers_of(net, gradients=True)
    assert largest_difference(found["gradients"], expected) < 1e-4
    assert expected[~expected.isnan()].abs().max() > 0.01  # large enough to be told apart
    loss, correct = loss_of(net, inks, labels)
    assert found["evaluated"]["loss"] == pytest.approx(loss.item(), abs=1e-5)
    assert found["evaluated"]["accuracy"] == pytest.approx(correct / IMAGES)


# A layer without a bias gets one of its own in the browser as soon as it learns.
@pytest.mark.parametrize(
    "name", [name for name in NETWORKS if name not in ("oblong", "fully connected")]
)
def test_steps_downhill_are_those_of_torch(answers, name):
    net = network(name)
    optimizer = torch.optim.SGD(net.parameters(), LR)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss_of(net, *batch_for(NETWORKS[name][0]))[0].backward()
        optimizer.step()
    after = answers.networks[name]["after"]
    assert largest_difference(after, numbers_of(net, gradients=False)) < 1e-4
    assert largest_difference(after, numbers_of(network(name), gradients=False)) > 0.005


def test_random_numbers_are_spread_evenly(answers):
    numbers = np.array(answers.numbers)
    assert 0 <= numbers.min() < 0.001
    assert 0.999 < numbers.max() < 1
    shares = np.histogram(numbers, bins=10, range=(0, 1))[0] / len(numbers)
    assert np.abs(shares - 0.1).max() < 0.01
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.03


def test_the_start_is_xaviers(answers):
    layers = [layer for layer in lenet("relu") if hasattr(layer, "weight")]
    for found, layer in zip(answers.starts, layers, strict=True):
        nn.init.xavier_uniform_(layer.weight)
        weight = np.array(found["weight"])
        bound = layer.weight.detach().std().item() * 3**0.5  # of a uniform distribution
        assert np.abs(weight).max() == pytest.approx(bound, rel=0.2)
        assert weight.std() == pytest.approx(bound / 3**0.5, rel=0.2)
        assert abs(weight.mean()) < 0.2 * bound
        assert 0 < np.abs(found["bias"]).max() <= layer.weight[0].numel() ** -0.5


def test_batches_hold_each_image_once_in_an_order_of_the_seed(answers):
    first, again = answers.orders
    assert first == again
    assert [len(batch["order"]) for batch in first] == [32, 32, 32, 7]
    assert all(batch["inks"] == batch["order"] for batch in first)
    order = sum((batch["order"] for batch in first), [])
    assert sorted(order) == list(range(103)) != order
