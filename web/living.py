"""The three pages with the living network: what they hold, as `web/templates` takes it.

The digits are scikit-learn's, never MNIST's: Alpaydin and Kaynak, *Optical Recognition of
Handwritten Digits*, 1998, doi 10.24432/C50P49, CC BY 4.0.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import torch

from lenet_helpers import lenet
from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.network_view import inline
from lenet_helpers.network_view.describe import describe
from lenet_helpers.network_view.pictures import as_picture, choose_pictures
from lenet_helpers.network_view.stored import REFUSALS, WEIGHTS, digits_in_form, network_of
from lenet_helpers.words import Words
from web.record_training import TRAINING

VIEW = Path(inline.__file__).parent
SCRIPTS = Path(__file__).parent / "pages"
ACTIVATIONS = ("sigmoid", "tanh", "relu")
PICTURES_A_CLASS = 2


def try_it() -> dict:
    """The lesson's LeNet with sigmoid and with ReLU, both trained on MNIST."""
    stored = {name: json.loads(path.read_text("utf-8")) for name, path in WEIGHTS.items()}
    digits = digits_in_form()[1]
    networks = []
    for activation, weights in stored.items():
        digits.mean, digits.std = weights["mean"], weights["std"]
        networks.append(_network(network_of(weights, activation), digits, activation))
    chosen = choose_pictures(network_of(stored["sigmoid"], "sigmoid"), digits)
    pictures = [_picture(digits, number, note) for number, note in chosen.items()]
    refusals = [json.loads(path.read_text("utf-8")) for path in REFUSALS.values()]
    return {
        "data": as_json({"networks": networks, "refusals": refusals, "pictures": pictures}),
        "script": _module("network.js", "data.js", "address.js", "try_it.js"),
        "accuracy": {name: weights["test_accuracy"] for name, weights in stored.items()},
    }


def watch_it() -> dict:
    """One training of the lesson's LeNet on MNIST, moment by moment."""
    training = json.loads(TRAINING.read_text("utf-8"))
    digits = digits_in_form()[1]
    digits.mean, digits.std = training["mean"], training["std"]
    description, _ = describe(lenet(), digits)
    first = [(digits.labels == k).nonzero()[:PICTURES_A_CLASS] for k in range(10)]
    pictures = [_picture(digits, number) for number in torch.cat(first).flatten().tolist()]
    data = {"description": description, "training": training, "pictures": pictures}
    return {
        "data": as_json(data),
        "script": _module("network.js", "data.js", "watch_it.js"),
        "training": training,
    }


def train_it() -> dict:
    """All digits, and the lesson's LeNet to be trained on them, with each activation."""
    train, test = digits_in_form()
    described = {activation: describe(lenet(activation), train) for activation in ACTIVATIONS}
    first = [(test.labels == k).nonzero()[:PICTURES_A_CLASS] for k in range(10)]
    data = {
        "descriptions": {
            activation: description for activation, (description, _) in described.items()
        },
        "weightBytes": len(described["sigmoid"][1]),
        "pictures": [_picture(test, number) for number in torch.cat(first).flatten().tolist()],
        "train": _images(train),
        "test": _images(test),
    }
    return {
        "data": as_json(data),
        "script": _module("backward.js", "data.js", "training_words.js", "curve.js", "train_it.js"),
        "worker": inline.inline(VIEW / "train_worker.js"),
        "images": {"train": len(train.labels), "test": len(test.labels)},
    }


def _module(core: str, *scripts: str) -> str:
    """The view, what else the page needs of its core, and the page's scripts, in one scope."""
    return inline.inline(
        *(VIEW / name for name in ("view.js", "refuse.js", core)),
        *(SCRIPTS / script for script in scripts),
    )


def _network(net: torch.nn.Sequential, data: BatchIterator, name: str) -> dict:
    description, weights = describe(net, data)
    title = {"sigmoid": "sigmoid", "relu": "ReLU"}[name]
    name = {"zh": title, "en": title}
    return {"description": description, "weights": as_text(weights), "name": name}


def _picture(data: BatchIterator, number: int, note: Words | None = None) -> dict:
    picture = as_picture(data, number, note)
    return {**picture, "inks": as_text(picture["inks"])}


def _images(data: BatchIterator) -> dict:
    return {"inks": as_text(data.images.numpy().tobytes()), "labels": data.labels.tolist()}


def as_text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def as_json(data: dict) -> str:
    """JSON that can stand in a `script` element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
