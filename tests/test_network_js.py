"""The living network's JavaScript beside PyTorch: its numbers, where they come from, learning."""

import copy
import math
from collections.abc import Iterable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from lenet_helpers import lenet
from lenet_helpers.handwriting.form import as_scan, crop, normalize_digit, scale_to_fit
from lenet_helpers.network_view.describe import describe
from lenet_helpers.network_view.still import stages_of
from tests.node import data_of, needs_node, run_in_node

pytestmark = needs_node
MODULES = ["network.js", "sources.js", "backward.js", "digit_form.js", "refuse.js"]
IMAGES, FIRST = 18, 13  # an odd number: the products work in blocks
LR, STEPS = 0.1, 3
ACTIVATIONS = (nn.Sigmoid, nn.Tanh, nn.ReLU)

# Each with the size of the images it takes: kernels, strides and paddings of all kinds, from one
# layer to seven.
NETWORKS = {
    "sigmoid, average": ((28, 28), lambda: lenet("sigmoid", "average")),
    "tanh, max": ((28, 28), lambda: lenet("tanh", "max")),
    "relu, average": ((28, 28), lambda: lenet("relu", "average")),
    "relu, max": ((28, 28), lambda: lenet("relu", "max")),
    "linear alone": ((9, 14), lambda: nn.Sequential(nn.Flatten(), nn.Linear(126, 10))),
    "fully connected": (
        (28, 28),
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(784, 33), nn.Sigmoid(), nn.Linear(33, 10, bias=False)
        ),
    ),
    "oblong": (
        (19, 26),
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, (3, 5), stride=(2, 1), padding=(0, 2)), nn.Tanh(),
            nn.MaxPool2d((2, 3), stride=(1, 2), padding=(1, 1)),
            nn.Conv2d(3, 5, 2, padding=1, bias=False), nn.ReLU(),
            nn.AvgPool2d(3, stride=2, padding=1),
            nn.Flatten(), nn.Linear(5 * 6 * 7, 10),
        ),
    ),
    "deep": (
        (28, 28),
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, padding="same"), nn.ReLU(), nn.Conv2d(4, 7, 3, padding=1), nn.ReLU(),
            nn.MaxPool2d(2), nn.Conv2d(7, 8, 3, padding="valid"), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(8 * 6 * 6, 31), nn.ReLU(), nn.Linear(31, 17), nn.Tanh(),
            nn.Linear(17, 10),
        ),
    ),
    "activations last": (
        (16, 16),
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 4), nn.MaxPool2d(3, stride=2), nn.Tanh(), nn.Conv2d(3, 10, 6),
            nn.Flatten(), nn.Sigmoid(),
        ),
    ),
    "gaps": (
        (23, 30),
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, (1, 2), stride=(2, 3), padding=(0, 1)), nn.Sigmoid(),
            nn.AvgPool2d(2, stride=3), nn.Conv2d(4, 5, 3, padding=2), nn.Tanh(),
            nn.Flatten(), nn.Linear(5 * 6 * 6, 10), nn.ReLU(),
        ),
    ),
}  # fmt: skip
by_network = pytest.mark.parametrize("name", NETWORKS)


def network(name: str) -> nn.Sequential:
    """The network of this name, its weights the same each time and large enough to matter."""
    torch.manual_seed(len(name))
    net = NETWORKS[name][1]()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.5)
    return net


def batch_for(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Noise on white paper, and labels without meaning: a gradient needs none."""
    random = np.random.default_rng(3)
    inks = random.integers(0, 256, (IMAGES, *size), np.uint8)
    inks *= (random.random(inks.shape) < 0.5).astype(np.uint8)
    return inks, random.integers(0, 10, IMAGES).astype(np.uint8)


def prepared(name: str) -> torch.Tensor:
    """The images as the networks of `data_of` take them."""
    inks = torch.from_numpy(batch_for(NETWORKS[name][0])[0])
    return ((inks.float() / 255 - 0.3) / 0.35)[:, None]


def stage_outputs(layers: Iterable[nn.Module], X: torch.Tensor, after=True) -> list[torch.Tensor]:
    """What each stage puts out, ``X`` first: an activation belongs to the stage before it."""
    outputs = [X]
    for layer in layers:
        X = layer(X)
        if isinstance(layer, ACTIVATIONS):
            outputs[-1] = X.reshape(outputs[-1].shape) if after else outputs[-1]
        elif not isinstance(layer, nn.Flatten | nn.Identity):
            outputs.append(X)
    return outputs


def maps_of(outputs: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    """Each ``(channels, height, width)``; a vector is one row."""
    return [out[0] if out.dim() == 4 else out.reshape(1, 1, -1) for out in outputs]


def places_in(name: str) -> list[dict]:
    """Of each stage the first number, the last, and a few between."""
    random, places = np.random.default_rng(1), []
    for stage, output in enumerate(maps_of(stage_outputs(network(name), prepared(name)[:1]))):
        last = np.array(output.shape) - 1
        for place in (0 * last, last, *(random.integers(output.shape) for _ in range(3))):
            places.append(dict(zip(("channel", "row", "column"), place.tolist(), strict=True)))
            places[-1]["stage"] = stage
    return places


def scans() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    dot = np.zeros((60, 50), np.uint8)
    dot[57, 2] = 255
    shapes = [(5, 9), (20, 20), (21, 21), (50, 200), (40, 25), (3, 120), (120, 3), (280, 280)]
    noise = [random.integers(0, 256, shape, np.uint8) for shape in [*shapes, (97, 61), (61, 97)]]
    sparse = [inks * (random.random(inks.shape) < 0.3).astype(np.uint8) for inks in noise]
    full = [np.full(shape, 255, np.uint8) for shape in [(280, 280), (280, 97), (33, 180), (7, 4)]]
    mirrored = [np.hstack([inks, inks[:, ::-1]]) for inks in sparse]  # the middle is half a pixel
    return [np.zeros((30, 40), np.uint8), dot, *sparse, *full, *mirrored]


def drawing(rows: range, columns: range) -> dict:
    """A sheet of 60×60 with ink there."""
    values = np.zeros((60, 60), int)
    values[np.ix_(rows, columns)] = 255
    return {"height": 60, "width": 60, "values": values.flatten().tolist()}


REMARKS = {
    "a stroke": (drawing(range(11, 50), range(29, 32)), None),
    "a small digit": (drawing(range(20, 32), range(29, 32)), None),
    "a dot": (drawing(range(21, 26), range(21, 26)), "dot"),
    "one pixel": (drawing(range(3, 4), range(4, 5)), "dot"),
    "all black": (drawing(range(60), range(60)), "black"),
    "nearly all black": (drawing(range(21, 60), range(60)), "black"),
    "a picture as it is": (None, None),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """One run of node for everything here."""
    folder, networks, drawn = tmp_path_factory.mktemp("node"), [], []
    for name, (size, _) in NETWORKS.items():
        description, weights = describe(network(name), data_of(size))
        files = dict(zip(("inks", "labels"), batch_for(size), strict=True))
        for kind, content in (files | {"weights": weights}).items():
            (folder / f"{name}.{kind}").write_bytes(content)
        networks.append({"name": name, "description": description, "places": places_in(name)})
    for number, scan in enumerate(scans()):
        (folder / f"{number}").write_bytes(scan)
        drawn.append({"height": len(scan), "width": len(scan[0]), "file": f"{number}"})
    description, weights = describe(lenet("relu"), data_of((28, 28)))
    questions = {
        "networks": networks, "first": FIRST, "lr": LR, "steps": STEPS, "scans": drawn,
        "drawings": [drawn for drawn, _ in REMARKS.values()],
        "start": {"description": description, "weightBytes": len(weights), "seed": 0},
        "order": {"seed": 5, "count": 103, "batchSize": 32},
    }  # fmt: skip
    found = SimpleNamespace(**run_in_node(folder, "network.mjs", MODULES, questions))
    found.networks = dict(zip(NETWORKS, found.networks, strict=True))
    for question in networks:
        answer = found.networks[question["name"]]
        answer["places"] = list(zip(question["places"], answer["sources"], strict=True))
        for kind in ("values", "sums", "gradients", "after"):
            numbers = np.fromfile(folder / f"{question['name']}.{kind}", "<f4")
            answer[kind] = torch.from_numpy(numbers)
    return found


# Forward


@by_network
def test_every_number_is_as_in_torch(answers, name):
    net, X, found = network(name), prepared(name), answers.networks[name]
    with torch.no_grad():
        outputs = stage_outputs(net, X)
        sums = stage_outputs(net, X[:1], after=False)
    named = {stage: numbers.shape for stage, (_, numbers) in stages_of(net, X[:1]).items()}
    sides = ("channels", "height", "width")
    assert {s["name"]: tuple(s[side] for side in sides) for s in found["stages"]} == named
    expected = torch.cat([output.flatten(1) for output in outputs], dim=1)
    assert (found["values"].reshape(expected.shape) - expected).abs().max() < 1e-4
    assert outputs[-1].std() > 0.05  # large enough to be told apart
    assert (found["sums"] - torch.cat([output.flatten() for output in sums])).abs().max() < 1e-4
    probabilities = torch.tensor(found["probabilities"])
    assert (probabilities - outputs[-1].flatten(1).softmax(dim=1)).abs().max() < 1e-4
    assert found["predicted"]["probabilities"] == found["probabilities"][0]


def test_the_stages_of_the_lessons_network_have_names_and_activations(answers):
    found = answers.networks["sigmoid, average"]["stages"]
    names = ["input", "conv1", "pool1", "conv2", "pool2", "fc1", "fc2", "fc3"]
    assert [stage["name"] for stage in found] == names
    squashed = {stage["name"]: stage["activation"] for stage in found if stage["activation"]}
    assert squashed == dict.fromkeys(["conv1", "conv2", "fc1", "fc2"], "sigmoid")


@pytest.mark.parametrize("number", range(len(scans())))
def test_a_drawing_takes_the_form_of_mnist_as_in_the_lesson(answers, number):
    found, scan = answers.scans[number], as_scan(scans()[number])
    box = crop(scan)
    fitted = scale_to_fit(box) if box.numel() else box
    for step, tensor in {"box": box, "fitted": fitted, "image": normalize_digit(scan)}.items():
        picture = found[step]
        values = torch.tensor(picture["values"]).reshape(picture["height"], picture["width"])
        assert values.shape == tensor.shape
        assert not tensor.numel() or (values - tensor).abs().max() < 0.01  # of 255
    assert found["again"] == found["image"]


def test_a_dot_and_a_black_sheet_get_a_remark_and_digits_get_none(answers):
    expected = {name: remark for name, (_, remark) in REMARKS.items()}
    assert dict(zip(REMARKS, answers.remarks, strict=True)) == expected


# Where a number comes from, and what it feeds


def skeleton(net: nn.Sequential) -> list[nn.Module]:
    """The same windows, but all weights 1 and nothing squashed: what has an influence, shows it."""
    layers = []
    for layer in copy.deepcopy(net).double():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight.data.fill_(1)
            if layer.bias is not None:
                layer.bias.data.zero_()
        elif isinstance(layer, nn.MaxPool2d):
            layer = nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding)
        layers.append(nn.Identity() if isinstance(layer, ACTIVATIONS) else layer)
    return layers


def index_of(place: dict) -> tuple[int, int, int]:
    return place["channel"], place["row"], place["column"]


def box_around(influence: torch.Tensor) -> tuple | None:
    """Channels and the smallest rectangle around all that is not 0."""
    if not influence.any():
        return None
    channels, rows, columns = (set(index.tolist()) for index in influence.nonzero(as_tuple=True))
    return channels, min(rows), min(columns), max(rows) + 1, max(columns) + 1


def on_the_map(box: dict | None, stage: dict) -> tuple | None:
    """The part of a box, which may reach into the padding, that lies on its maps."""
    inside = torch.zeros(stage["channels"], stage["height"], stage["width"])
    if box is not None:
        channels = slice(None) if box["channels"] == "all" else box["channels"]
        bottom, right = max(box["top"] + box["height"], 0), max(box["left"] + box["width"], 0)
        inside[channels, max(box["top"], 0) : bottom, max(box["left"], 0) : right] = 1
    return box_around(inside)


@by_network
def test_boxes_hold_exactly_what_a_number_depends_on_and_what_depends_on_it(answers, name):
    net, found = skeleton(network(name)), answers.networks[name]
    picture = torch.ones(1, 1, *NETWORKS[name][0], dtype=torch.float64, requires_grad=True)
    outputs = stage_outputs(net, picture)
    for place, source in found["places"]:
        stage = place["stage"]
        number = maps_of(outputs)[stage][index_of(place)]
        slopes = torch.autograd.grad(number, outputs[: stage + 1], retain_graph=True)
        boxes = map(on_the_map, source["boxes"], found["stages"])
        assert list(boxes) == [box_around(slope) for slope in maps_of(slopes)], place

        alone = torch.zeros_like(outputs[stage])
        maps_of([alone])[0][index_of(place)] = 1
        layer = found["stages"][stage].get("layer", -1)
        later = maps_of(stage_outputs(net[layer + 1 :], alone)[1:])
        feeds = map(on_the_map, source["feeds"], found["stages"])
        expected = [None] * (stage + 1) + [box_around(influence) for influence in later]
        assert list(feeds) == expected, place


def around(maps: torch.Tensor, term: dict, beyond: float) -> torch.Tensor:
    """What the term's window shows of its map, with the padding."""
    reach = 8
    padded = nn.functional.pad(maps[term["channel"]], [reach] * 4, value=beyond)
    top, left = term["top"] + reach, term["left"] + reach
    return padded[top : top + term["height"], left : left + term["width"]].flatten()


@by_network
def test_the_terms_add_up_to_the_number(answers, name):
    net, found, X = network(name), answers.networks[name], prepared(name)[:1]
    with torch.no_grad():
        values, sums = (maps_of(stage_outputs(net, X, after)) for after in (True, False))
    for place, source in found["places"]:
        stage, number = found["stages"][place["stage"]], index_of(place)
        assert source["value"] == pytest.approx(values[place["stage"]][number].item(), abs=1e-4)
        assert source["sum"] == pytest.approx(sums[place["stage"]][number].item(), abs=1e-4)
        assert (source["kind"], source["activation"]) == (stage["kind"], stage["activation"])
        if stage["kind"] == "input":
            assert source["terms"] == []
            continue
        layer, before = net[stage["layer"]], values[place["stage"] - 1]
        check = check_linear if stage["kind"] == "linear" else check_windows
        assert check(layer, before, place, source) == pytest.approx(source["sum"], abs=1e-9)


def check_windows(layer, before, place, source) -> float:
    """Of a convolution or a pooling: what each term shows; returns what they amount to."""
    terms, patches = source["terms"], []
    for term in terms:
        beyond = -math.inf if isinstance(layer, nn.MaxPool2d) else 0
        patch = [beyond if value is None else value for value in term["patch"]]  # JSON's infinity
        assert torch.allclose(torch.tensor(patch).float(), around(before, term, beyond), atol=1e-4)
        patches.append(np.array(patch))
    if not isinstance(layer, nn.Conv2d):
        ((term,), (patch,)) = terms, patches
        assert (term["channel"], source["bias"]) == (place["channel"], 0)
        is_max = isinstance(layer, nn.MaxPool2d)
        assert term["winner"] == (patch.argmax() if is_max else None)
        return patch.max() if is_max else patch.mean()
    kernels, bias = layer.weight[place["channel"]].detach(), layer.bias
    assert [term["channel"] for term in terms] == list(range(len(before)))
    assert source["bias"] == (0 if bias is None else bias[place["channel"]])
    for term, patch, kernel in zip(terms, patches, kernels, strict=True):
        assert torch.tensor(term["kernel"]).equal(kernel.flatten())
        assert term["sum"] == pytest.approx(patch @ term["kernel"], abs=1e-9)
    return sum(term["sum"] for term in terms) + source["bias"]


def check_linear(layer, before, place, source) -> float:
    terms = source["terms"]
    sizes = [abs(term["product"]) for term in terms]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(term["index"] for term in terms) == list(range(layer.in_features))
    for term in terms:
        assert term["input"] == pytest.approx(before[index_of(term)].item(), abs=1e-4)
        assert term["input"] == pytest.approx(before.flatten()[term["index"]].item(), abs=1e-4)
        assert term["weight"] == layer.weight[place["column"], term["index"]]
        assert term["product"] == pytest.approx(term["input"] * term["weight"], abs=1e-9)
    return sum(term["product"] for term in terms) + source["bias"]


# Learning


def loss_of(net: nn.Module, name: str, count: int = IMAGES) -> tuple[torch.Tensor, int]:
    """The loss of the first images, and how many are right."""
    scores = net(prepared(name)[:count]).flatten(1)
    y = torch.from_numpy(batch_for(NETWORKS[name][0])[1][:count]).long()
    return nn.functional.cross_entropy(scores, y), (scores.argmax(dim=1) == y).sum().item()


def trainable(name: str) -> nn.Sequential:
    """With a bias in every layer: in the browser each gets one as soon as it learns."""
    net = network(name)
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is None:
            layer.bias = nn.Parameter(torch.zeros(len(layer.weight)))
    return net


@by_network
def test_loss_and_gradients_are_as_in_torch(answers, name):
    net, found = trainable(name), answers.networks[name]
    loss, correct = loss_of(net, name, FIRST)
    loss.backward()
    assert found["loss"] == pytest.approx(loss.item(), abs=1e-5)
    assert found["correct"] == correct
    gradients = parameters_to_vector(p.grad for p in net.parameters())
    assert (found["gradients"] - gradients).abs().max() < 1e-4
    assert gradients.abs().max() > 0.01  # large enough to be told apart
    loss, correct = loss_of(net, name)
    assert found["evaluated"]["loss"] == pytest.approx(loss.item(), abs=1e-5)
    assert found["evaluated"]["accuracy"] == pytest.approx(correct / IMAGES)


@by_network
def test_steps_downhill_are_those_of_torch(answers, name):
    net, after = trainable(name), answers.networks[name]["after"]
    before, weights = parameters_to_vector(net.parameters()).detach(), list(net.parameters())
    for _ in range(STEPS):  # by hand: torch's optimizers take seconds to import
        gradients = torch.autograd.grad(loss_of(net, name)[0], weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.data -= LR * gradient
    assert (after - parameters_to_vector(net.parameters())).abs().max() < 1e-4
    assert (after - before).abs().max() > 0.005


def test_random_numbers_are_spread_evenly(answers):
    numbers = np.array(answers.numbers)
    assert 0 <= numbers.min() < 0.001 and 0.999 < numbers.max() < 1
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
    assert [len(batch["labels"]) for batch in first] == [32, 32, 32, 7]
    assert all(batch["inks"] == batch["labels"] for batch in first)
    order = sum((batch["labels"] for batch in first), [])
    assert sorted(order) == list(range(103)) != order
