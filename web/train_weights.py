"""Train the LeNet of the page "try it" on MNIST and write its weights to `web/weights.json`.

``python -m web.train_weights`` takes a few minutes on a CPU. The weights are committed, so that
building the site needs neither data nor training; run this again only to change the network.

The network is the lesson's, `lenet()`, trained as in lesson 04 (Xavier, mini-batch gradient
descent) on standardised pixels: 15 epochs at learning rate 0.9, then 5 at 0.1 to settle down.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import torch

from lenet_helpers import evaluate_accuracy_gpu, lenet, load_data, train
from lenet_helpers.training import xavier

WEIGHTS = Path(__file__).parent / "weights.json"
SEED, BATCH_SIZE = 0, 64
SCHEDULE = ((15, 0.9), (5, 0.1))  # epochs, learning rate


def main() -> None:
    """Train, measure, write."""
    torch.manual_seed(SEED)
    train_iter, test_iter = load_data("mnist", BATCH_SIZE, "cpu", standardize=True, seed=SEED)
    net, init = lenet(), xavier
    for num_epochs, lr in SCHEDULE:
        for progress in train(net, train_iter, test_iter, num_epochs, lr, "cpu", init=init):
            if progress.test_acc is not None:
                print(f"epoch {progress.epoch:g}, lr {lr}: test accuracy {progress.test_acc:.4f}")
        init = None
    accuracy = evaluate_accuracy_gpu(net, test_iter)
    WEIGHTS.write_text(as_json(net, train_iter.mean, train_iter.std, accuracy), encoding="utf-8")
    print(f"test accuracy {accuracy:.4f}, written to {WEIGHTS.name}")


def as_json(net: torch.nn.Module, mean: float, std: float, test_accuracy: float) -> str:
    """All that the page needs: how to prepare pixels, and the weights, layer after layer.

    ``float32`` holds all parameters in the order of ``parameters``, little-endian, as base64.
    """
    state = net.state_dict()
    numbers = torch.cat([values.flatten() for values in state.values()]).numpy().astype("<f4")
    description = {
        "network": "lenet_helpers.lenet()",
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
    main()
