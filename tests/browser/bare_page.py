"""The living network alone on a page: no JupyterLab, no site, opened from a file."""

import base64
import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from lenet_helpers import lenet, load_data
from lenet_helpers.network_view import describe, inline
from lenet_helpers.network_view.stored import WEIGHTS

FOLDER = Path(inline.__file__).parent
# `passes` counts the forward passes from outside.
SCRIPT = """
const data = JSON.parse(document.getElementById("data").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const network = ({ description, weights }) => readNetwork(description, bytes(weights).buffer);
const networks = data.networks.map((each) => ({ network: network(each), name: each.name }));
const pictures = data.pictures.map((each) => ({ ...each, inks: bytes(each.inks) }));
const moments = data.checkpoints && data.checkpoints.networks.map(network);
const checkpoints = moments && { ...data.checkpoints, networkAt: (i) => moments[i] };
window.changes = [];
window.networks = networks;
window.mount = (host, more) => mountNetworkView(host, { networks, pictures, checkpoints, draw: true,
  onChange: (state, why) => window.changes.push(why), ...data.options, ...more });
window.view = window.mount(document.getElementById("here"));
"""
COUNTING = "  window.passes = (window.passes ?? 0) + 1;"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A living network</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ margin: 0; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #16181c; }} }}
main {{ width: {width}; margin: 0 auto; }}
{css}</style></head><body><main><h1 hidden>A living network</h1><div id="here"></div></main>
<script type="application/json" id="data">{data}</script>
<script type="module">{script}</script></body></html>"""


class Named(NamedTuple):
    """A network as the page takes it, and its name in both languages."""

    description: dict
    weights: bytes
    zh: str = "网络"
    en: str = "network"


def lesson_network() -> Named:
    """The lesson's LeNet with the site's weights: it reads MNIST's digits."""
    stored = json.loads(WEIGHTS["sigmoid"].read_text(encoding="utf-8"))
    _, digits = load_data("digits", 32, "cpu")
    description, _ = describe.describe(lenet(), digits)
    description |= {"mean": stored["mean"], "std": stored["std"]}
    return Named(description, base64.b64decode(stored["float32"]), "训练过的", "trained")


def network_of(net: nn.Sequential, zh: str = "网络", en: str = "network") -> Named:
    """A network for scikit-learn's digits."""
    _, digits = load_data("digits", 32, "cpu")
    return Named(*describe.describe(net, digits), zh, en)


def untrained(seed: int = 0, **options) -> nn.Sequential:
    """The lesson's LeNet as it begins."""
    torch.manual_seed(seed)
    return lenet(**options)


def towards(start: Named, end: Named, steps: int) -> dict:
    """Stands for a training: weights on the way from one network to another."""
    first, last = (np.frombuffer(n.weights, "<f4") for n in (start, end))
    shares = np.linspace(0, 1, steps)
    networks = [
        start._replace(weights=((1 - share) * first + share * last).astype("<f4").tobytes())
        for share in shares
    ]
    return {
        "at": [round(1000 * share) for share in shares],
        "epochs": [2 * share for share in shares],
        "losses": [2.3 * (1 - share) + 0.1 for share in shares],
        "testAccuracies": [0.1 + 0.88 * share for share in shares],
        "networks": [_plain(network) for network in networks],
    }


def some_pictures(count: int = 20) -> list[dict]:
    """Pictures to choose from: scikit-learn's digits, enlarged into 28×28."""
    _, digits = load_data("digits", 32, "cpu")
    pictures = []
    for image, label in zip(digits.images[:count], digits.labels[:count].tolist(), strict=True):
        inks = np.asarray(image, np.uint8).reshape(28, 28)
        pictures.append({"inks": _text(inks.tobytes()), "label": label})
    return pictures


def page_text(
    networks: Sequence[Named],
    pictures: Sequence[dict] = (),
    checkpoints: dict | None = None,
    width: str = "auto",
    **options: object,
) -> str:
    """The page as HTML; ``options`` go to `mountNetworkView` (draw, language, state)."""
    data = {
        "networks": [_plain(network) for network in networks],
        "pictures": list(pictures),
        "checkpoints": copy.deepcopy(checkpoints),
        "options": options,
    }
    module = inline.inline(FOLDER / "view.js", FOLDER / "network.js")
    head = "function forward(network, inks) {\n"
    assert module.count(head) == 1
    script = module.replace(head, head + COUNTING + "\n") + SCRIPT
    css = (FOLDER / "view.css").read_text(encoding="utf-8")
    text = json.dumps(data).replace("<", "\\u003c")
    return PAGE.format(css=css, data=text, script=script, width=width)


def _plain(network: Named) -> dict:
    name = {"zh": network.zh, "en": network.en}
    weights = _text(network.weights)
    return {"description": network.description, "weights": weights, "name": name}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
