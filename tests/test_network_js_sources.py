"""Where each number of the living network comes from and what it feeds, beside PyTorch."""

import copy
import math
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from torch import nn

from tests.node import (
    ACTIVATIONS,
    NETWORKS,
    needs_node,
    network,
    prepared,
    run_in_node,
    stage_outputs,
    write_network,
)

pytestmark = needs_node
by_network = pytest.mark.parametrize("name", NETWORKS)


def places_in(net: nn.Sequential, size: tuple[int, int]) -> list[dict]:
    """Of each stage the first number, the last, and a few between."""
    random, places = np.random.default_rng(1), []
    for stage, output in enumerate(stage_outputs(net, torch.zeros(1, 1, *size))):
        shape = (*(1,) * (4 - output.dim()), *output.shape[1:])
        last = np.array(shape) - 1
        for place in (0 * last, last, *(random.integers(shape) for _ in range(3))):
            places.append(dict(zip(("channel", "row", "column"), place.tolist(), strict=True)))
            places[-1]["stage"] = stage
    return places


def picture_for(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, size, np.uint8)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """One run of node for all networks."""
    folder, asked = tmp_path_factory.mktemp("node"), []
    for name, (size, _) in NETWORKS.items():
        net = network(name)
        (folder / f"{name}.inks").write_bytes(picture_for(size).tobytes())
        asked.append(write_network(folder, name, net, size) | {"places": places_in(net, size)})
    found = run_in_node(folder, "sources.mjs", ["network.js", "sources.js"], asked)
    return {
        question["name"]: question | answer for question, answer in zip(asked, found, strict=True)
    }


def maps_of(outputs: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    """Each ``(channels, height, width)``; a vector is one row."""
    return [out[0] if out.dim() == 4 else out.reshape(1, 1, -1) for out in outputs]


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
    if box is None:
        return None
    bottom, right = box["top"] + box["height"], box["left"] + box["width"]
    top, left = max(box["top"], 0), max(box["left"], 0)
    bottom, right = min(bottom, stage["height"]), min(right, stage["width"])
    channels = range(stage["channels"]) if box["channels"] == "all" else box["channels"]
    return (set(channels), top, left, bottom, right) if top < bottom and left < right else None


@by_network
def test_boxes_hold_exactly_what_a_number_depends_on(answers, name):
    size, found = NETWORKS[name][0], answers[name]
    picture = torch.ones(1, 1, *size, dtype=torch.float64, requires_grad=True)
    outputs = stage_outputs(skeleton(network(name)), picture)
    for place, source in zip(found["places"], found["sources"], strict=True):
        stages = found["stages"][: place["stage"] + 1]
        number = maps_of(outputs)[place["stage"]][index_of(place)]
        slopes = torch.autograd.grad(number, outputs[: len(stages)], retain_graph=True)
        boxes = [on_the_map(*pair) for pair in zip(source["boxes"], stages, strict=True)]
        assert boxes == [box_around(slope) for slope in maps_of(slopes)], place


@by_network
def test_feeds_hold_exactly_what_depends_on_a_number(answers, name):
    net, found = skeleton(network(name)), answers[name]
    outputs = stage_outputs(net, torch.zeros(1, 1, *NETWORKS[name][0], dtype=torch.float64))
    for place, source in zip(found["places"], found["sources"], strict=True):
        stage = place["stage"]
        alone = torch.zeros_like(outputs[stage])
        maps_of([alone])[0][index_of(place)] = 1
        layer = found["stages"][stage].get("layer", -1)
        later = maps_of(stage_outputs(net[layer + 1 :], alone)[1:])
        expected = [None] * (stage + 1) + [box_around(influence) for influence in later]
        boxes = [on_the_map(*pair) for pair in zip(source["feeds"], found["stages"], strict=True)]
        assert boxes == expected, place


def around(maps: torch.Tensor, term: dict, beyond: float) -> torch.Tensor:
    """What the term's window shows of its map, with the padding."""
    reach = 8
    padded = nn.functional.pad(maps[term["channel"]], [reach] * 4, value=beyond)
    top, left = term["top"] + reach, term["left"] + reach
    return padded[top : top + term["height"], left : left + term["width"]].flatten()


@by_network
def test_the_terms_add_up_to_the_number(answers, name):
    net, found = network(name), answers[name]
    with torch.no_grad():
        X = prepared(picture_for(NETWORKS[name][0])[None])
        values = maps_of(stage_outputs(net, X))
        sums = maps_of(stage_outputs(net, X, after=False))
    for place, source in zip(found["places"], found["sources"], strict=True):
        stage = found["stages"][place["stage"]]
        for kind, maps in (("value", values), ("sum", sums)):
            number = maps[place["stage"]][index_of(place)].item()
            assert source[kind] == pytest.approx(number, abs=1e-4)
        assert (source["kind"], source["activation"]) == (stage["kind"], stage["activation"])
        if stage["kind"] == "input":
            assert source["terms"] == []
            continue
        layer, before = net[stage["layer"]], values[place["stage"] - 1]
        total = CHECKS[stage["kind"]](layer, before, place, source)
        assert total == pytest.approx(source["sum"], abs=1e-9)


def check_convolution(layer, before, place, source) -> float:
    assert [term["channel"] for term in source["terms"]] == list(range(len(before)))
    total = source["bias"]
    for term, kernel in zip(source["terms"], layer.weight[place["channel"]], strict=True):
        assert torch.tensor(term["kernel"]).equal(kernel.detach().flatten())
        patch = torch.tensor(term["patch"])
        assert (patch - around(before, term, 0)).abs().max() < 1e-4
        assert term["sum"] == pytest.approx(np.dot(term["patch"], term["kernel"]), abs=1e-9)
        total += term["sum"]
    assert source["bias"] == (0 if layer.bias is None else layer.bias[place["channel"]])
    return total


def check_average(layer, before, place, source) -> float:
    (term,) = source["terms"]
    assert (term["channel"], term["winner"], source["bias"]) == (place["channel"], None, 0)
    assert (torch.tensor(term["patch"]) - around(before, term, 0)).abs().max() < 1e-4
    return float(np.mean(term["patch"]))


def check_maximum(layer, before, place, source) -> float:
    (term,) = source["terms"]
    patch = [-math.inf if value is None else value for value in term["patch"]]  # JSON's infinity
    assert (term["channel"], source["bias"]) == (place["channel"], 0)
    assert torch.allclose(torch.tensor(patch).float(), around(before, term, -math.inf), atol=1e-4)
    assert term["winner"] == int(np.argmax(patch))
    return patch[term["winner"]]


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


CHECKS = {
    "conv": check_convolution,
    "avgpool": check_average,
    "maxpool": check_maximum,
    "linear": check_linear,
}
