"""The course's LeNet and its rule, as `web.train_weights` and `web.fit_refusals` made them."""

import base64
import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator, load_data, pixel_statistics
from lenet_helpers.data.places import datasets_at_hand
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.models import lenet
from lenet_helpers.network_view.refuse import Refusal

FOLDER = Path(__file__).parent / "stored"
WEIGHTS = {name: FOLDER / f"weights_{name}.json" for name in ("sigmoid", "relu")}
REFUSALS = {name: FOLDER / f"refusal_{name}.json" for name in ("sigmoid", "relu")}


class Stored(NamedTuple):
    """A trained network, the rule by which it refuses, and how it wants its pixels."""

    net: nn.Sequential
    refusal: Refusal
    mean: float
    std: float


def stored_network(activation: str = "relu") -> Stored:
    """The network with this activation, ``"sigmoid"`` or ``"relu"``."""
    weights = json.loads(WEIGHTS[activation].read_text("utf-8"))
    rule = json.loads(REFUSALS[activation].read_text("utf-8"))
    refusal = Refusal.read(rule["rule"], base64.b64decode(rule["levels"]))
    return Stored(network_of(weights, activation), refusal, weights["mean"], weights["std"])


def network_of(weights: dict, activation: str) -> nn.Sequential:
    """The lesson's network with weights as `web.train_weights` writes them."""
    raw = bytearray(base64.b64decode(weights["float32"]))
    with torch.device("cpu"):  # whatever device somebody has made the default
        net = lenet(activation)
    nn.utils.vector_to_parameters(torch.frombuffer(raw, dtype=torch.float32), net.parameters())
    return net


def pictures_for(stored: Stored) -> BatchIterator:
    """MNIST's test images if they are at hand, else scikit-learn's digits in the same form."""
    if datasets_at_hand()["mnist"]:
        return seen_as_by(stored, load_data("mnist", device="cpu")[1])
    return seen_as_by(stored, _in_form(load_data("digits", device="cpu")[1]))


def seen_as_by(stored: Stored, data: BatchIterator) -> BatchIterator:
    """These pictures, their pixels standardised as this network learned them."""
    data.mean, data.std, data.standardize = stored.mean, stored.std, True
    return data


def digits_in_form() -> tuple[BatchIterator, BatchIterator]:
    """scikit-learn's digits in the form of MNIST: training and test part."""
    train, test = map(_in_form, load_data("digits", device="cpu"))
    for part in (train, test):
        part.mean, part.std = pixel_statistics(train.images)
    return train, test


def _in_form(data: BatchIterator) -> BatchIterator:
    images = torch.stack([normalize_digit(image) for image in data.images])
    data.images = images.round().to(torch.uint8)
    return data
