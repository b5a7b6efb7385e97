"""Train the two LeNets that come with the course on MNIST and write their weights into it.

``python -m web.train_weights [sigmoid] [relu]`` takes a few minutes on a CPU. The weights are
committed, so that building the site needs neither data nor training; run this again only to change
a network.

The networks are the lesson's, `lenet()`, with sigmoid and with ReLU, trained as in lesson 07
(Xavier, mini-batch gradient descent) on standardised pixels, at a large learning rate first and
then at a smaller one to settle down.
"""

from __future__ import annotations

import base64
import json
import sys

import torch

from lenet_helpers import evaluate_accuracy_gpu, lenet, load_data, train
from lenet_helpers.models import xavier
from lenet_helpers.network_view.stored import WEIGHTS

SEED, BATCH_SIZE = 0, 64
SCHEDULES = {  # epochs, learning rate
    "sigmoid": ((15, 0.9), (5, 0.1)),
    "relu": ((6, 0.1), (2, 0.01)),
}


def main(activation: str) -> None:
    """Train, measure, write."""
    torch.manual_seed(SEED)
    train_iter, test_iter = load_data("mnist", BATCH_SIZE, "cpu", standardize=True, seed=SEED)
    net, init = lenet(activation), xavier
    for num_epochs, lr in SCHEDULES[activation]:
        for progress in train(net, train_iter, test_iter, num_epochs, lr, "cpu", init=init):
            if progress.test_acc is not None:
                print(f"epoch {progress.epoch:g}, lr {lr}: test accuracy {progress.test_acc:.4f}")
        init = None
    accuracy = evaluate_accuracy_gpu(net, test_iter)
    text = as_json(net, train_iter.mean, train_iter.std, accuracy)
    WEIGHTS[activation].write_text(text, encoding="utf-8")
    print(f"test accuracy {accuracy:.4f}, written to {WEIGHTS[activation].name}")


def as_json(net: torch.nn.Module, mean: float, std: float, test_accuracy: float) -> str:
    """All that the page needs: how to prepare pixels, and the weights, layer after layer.

    ``float32`` holds all parameters in the order of ``parameters``, little-endian, as base64.
    """
    state = net.state_dict()
    numbers = torch.cat([values.flatten() for values in state.values()]).numpy().astype("<f4")
    description = {
        "network": f"lenet_helpers.lenet('{type(net[1]).__name__.lower()}')",
        "trained_on": "MNIST, 60,000 images",
        "pixels": "(ink / 255 - mean) / std",
        "mean": mean,
        "std": std,
        "test_accuracy": test_accuracy,
        "parameters": {name: list(values.shape) for name, values in state.items()},
        "float32": base64.b64encode(numbers.tobytes()).decode("ascii"),
    }
    return json.dumps(description, indent=1) + "\n"


if __name__ == "__main__":
    for activation in sys.argv[1:] or WEIGHTS:
        main(activation)
