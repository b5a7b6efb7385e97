"""The living network's JavaScript beside PyTorch: every number of every stage; drawings in form."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lenet_helpers.handwriting.form import as_scan, crop, normalize_digit, scale_to_fit
from tests.node import (
    NETWORKS,
    needs_node,
    network,
    prepared,
    run_in_node,
    stage_outputs,
    write_network,
)

pytestmark = needs_node
IMAGES = 100


def images_for(size: tuple[int, int], digits) -> np.ndarray:
    """scikit-learn's digits where a network takes 28×28, noise on white paper where not."""
    if size == (28, 28):
        return digits[1].images[:IMAGES].numpy()
    random = np.random.default_rng(0)
    inks = random.integers(0, 256, (IMAGES, *size), np.uint8)
    return inks * (random.random(inks.shape) < 0.6).astype(np.uint8)


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


@pytest.fixture(scope="module")
def answers(tmp_path_factory, _digits_once):
    """One run of node for all networks and drawings."""
    folder, asked, inks = tmp_path_factory.mktemp("node"), [], {}
    for name, (size, _) in NETWORKS.items():
        inks[name] = images_for(size, _digits_once)
        (folder / f"{name}.inks").write_bytes(inks[name].tobytes())
        asked.append(write_network(folder, name, network(name), size))
    drawn = [{"height": len(s), "width": len(s[0]), "file": f"{i}"} for i, s in enumerate(scans())]
    for number, scan in enumerate(scans()):
        (folder / f"{number}").write_bytes(scan.tobytes())
    questions = {"networks": asked, "scans": drawn}
    found = run_in_node(folder, "network.mjs", ["network.js", "digit_form.js"], questions)
    for name, answer in zip(NETWORKS, found["networks"], strict=True):
        for kind in ("values", "sums"):
            answer[kind] = torch.from_numpy(np.fromfile(folder / f"{name}.{kind}", "<f4"))
    networks = dict(zip(NETWORKS, found["networks"], strict=True))
    return SimpleNamespace(networks=networks, scans=found["scans"], inks=inks)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_number_is_as_in_torch(answers, name):
    net, found = network(name), answers.networks[name]
    with torch.no_grad():
        X = prepared(answers.inks[name])
        outputs = stage_outputs(net, X)
        sums = stage_outputs(net, X[:1], after=False)
    assert [math.prod(output.shape[1:]) for output in outputs] == [
        stage["channels"] * stage["height"] * stage["width"] for stage in found["stages"]
    ]
    expected = torch.cat([output.flatten(1) for output in outputs], dim=1)
    assert (found["values"].reshape(expected.shape) - expected).abs().max() < 1e-4
    assert outputs[-1].std() > 0.05  # large enough to be told apart
    assert (found["sums"] - torch.cat([output.flatten() for output in sums])).abs().max() < 1e-4
    probabilities = torch.tensor(found["probabilities"])
    assert (probabilities - outputs[-1].flatten(1).softmax(dim=1)).abs().max() < 1e-4
    assert found["predicted"]["probabilities"] == found["probabilities"][0]


def test_the_stages_of_the_lessons_network(answers):
    found = answers.networks["sigmoid, average"]["stages"]
    sides = ("name", "channels", "height", "width", "activation")
    assert [tuple(stage[side] for side in sides) for stage in found] == [
        ("input", 1, 28, 28, None),
        ("conv1", 6, 28, 28, "sigmoid"),
        ("pool1", 6, 14, 14, None),
        ("conv2", 16, 10, 10, "sigmoid"),
        ("pool2", 16, 5, 5, None),
        ("fc1", 1, 1, 120, "sigmoid"),
        ("fc2", 1, 1, 84, "sigmoid"),
        ("fc3", 1, 1, 10, None),
    ]


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
