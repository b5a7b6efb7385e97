"""The living network's JavaScript in node: networks to try it on, and what it answers."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import lenet
from lenet_helpers.network_view.describe import describe
from lenet_helpers.network_view.inline import inline
from lenet_helpers.words import Words

SOURCES = Path(__file__).parents[1] / "lenet_helpers" / "network_view"
SCRIPTS = Path(__file__).parent / "js"
EXPORT = re.compile(r"^export (?:function\*?|const) (\w+)", re.MULTILINE)
ACTIVATIONS = (nn.Sigmoid, nn.Tanh, nn.ReLU)
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")

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


def network(name: str) -> nn.Sequential:
    """The network of this name, its weights the same each time and large enough to matter."""
    torch.manual_seed(len(name))
    net = NETWORKS[name][1]()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.5)
    return net


def data_of(size: tuple[int, int]) -> SimpleNamespace:
    """As much of a data set as `describe` looks at."""
    classes = [Words(f"类{k}", f"class {k}") for k in range(10)]
    images = torch.zeros(1, *size, dtype=torch.uint8)
    return SimpleNamespace(images=images, mean=0.3, std=0.35, standardize=True, classes=classes)


def prepared(inks: np.ndarray) -> torch.Tensor:
    """Inks ``(n, h, w)`` as the networks of `data_of` take them."""
    return ((torch.from_numpy(inks).float() / 255 - 0.3) / 0.35)[:, None]


def write_network(folder: Path, name: str, net: nn.Sequential, size: tuple[int, int]) -> dict:
    """The network as files for node; what a script needs to know of them."""
    description, weights = describe(net, data_of(size))
    (folder / f"{name}.weights").write_bytes(weights)
    return {"name": name, "description": description}


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


def run_in_node(folder: Path, script: str, modules: list[str], questions: object) -> object:
    """What a script of tests/js answers, given the modules inlined as one, core.mjs."""
    paths = [SOURCES / module for module in modules]
    names = [name for path in paths for name in EXPORT.findall(path.read_text("utf-8"))]
    core = f"{inline(*paths)}\nexport {{ {', '.join(names)} }};\n"
    (folder / "core.mjs").write_text(core, "utf-8")
    (folder / "questions.json").write_text(json.dumps(questions), "utf-8")
    for file in (script, "files.mjs"):
        shutil.copy(SCRIPTS / file, folder)
    done = subprocess.run(
        ["node", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "answers.json").read_text("utf-8"))
