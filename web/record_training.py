"""Record the training that the page "watch it learn" shows, and write it beside this file.

``python -m web.record_training`` takes a few minutes, and MNIST. The lesson's LeNet with sigmoid
first stays on a plateau; the moments lie densest where that ends. Weights are kept in 8 bits each.
"""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path

import torch

from lenet_helpers import evaluate_accuracy_gpu, lenet, load_data, train
from lenet_helpers.checkpoints import Checkpoints, net_at
from lenet_helpers.network_view.pictures import as_checkpoints
from lenet_helpers.words import SettingError

TRAINING = Path(__file__).parent / "training.json"
SEED, BATCH_SIZE, LR, EPOCHS = 0, 256, 0.9, 5
# After how many batches: coarsely, then every 12 around the end of the plateau, then coarsely.
MOMENTS = [0, 10, 30, 60, 90, 120, *range(140, 320, 12), *range(330, 500, 30), 550, 650, 800]
MOMENTS += [950, 1175]
MOST_OFF = 0.005  # of the accuracy, by storing the weights in 8 bits


def main() -> None:
    """Train, measure, write.

    Raises:
        SettingError: 8 bits a weight change an accuracy too much.
    """
    torch.manual_seed(SEED)
    train_iter, test_iter = load_data("mnist", BATCH_SIZE, "cpu", standardize=True, seed=SEED)
    net, kept = lenet(), Checkpoints(MOMENTS)
    for _ in train(net, train_iter, test_iter, EPOCHS, LR, "cpu", checkpoints=kept):
        pass
    stored = as_checkpoints(copy.deepcopy(net).apply(_forget), kept)
    accuracies = [evaluate_accuracy_gpu(net_at(net, each), test_iter) for each in kept]
    for moment, accuracy in zip(stored["moments"], accuracies, strict=True):
        off = evaluate_accuracy_gpu(unpacked(moment), test_iter) - accuracy
        if abs(off) > MOST_OFF:
            raise SettingError(f"8 位使精度相差 {off:.4f}。", f"8 bits change it by {off:.4f}.")
        moment["levels"] = base64.b64encode(moment["levels"]).decode("ascii")
    settings = {"batch_size": BATCH_SIZE, "lr": LR, "mean": train_iter.mean, "std": train_iter.std}
    text = json.dumps({**settings, **stored, "testAccuracies": accuracies}) + "\n"
    TRAINING.write_text(text, encoding="utf-8")
    print(f"{len(kept)} moments, {len(text):,} bytes, test accuracy {accuracies[-1]:.4f}")


def unpacked(moment: dict) -> torch.nn.Sequential:
    """The lesson's network at a moment, its weights as they are stored; levels as bytes."""
    levels, net = torch.frombuffer(bytearray(moment["levels"]), dtype=torch.uint8), lenet()
    parts = levels.split([count for _, _, count in moment["scales"]])
    scales = zip(moment["scales"], parts, strict=True)
    numbers = torch.cat([least + step * part for (least, step, _), part in scales])
    torch.nn.utils.vector_to_parameters(numbers, net.parameters())
    return net


def _forget(layer: torch.nn.Module) -> None:
    """No moment is the network itself: all are stored."""
    if hasattr(layer, "weight"):
        torch.nn.init.zeros_(layer.weight)


if __name__ == "__main__":
    main()
