"""Fit the rules by which "try it" says "not a digit", and write them into the course.

``python -m web.fit_refusals`` takes a minute or two, and MNIST. The networks know all training
digits, also those that the threshold is chosen on; so that no more than one test digit in a hundred
is refused, a smaller share of these may be.
"""

from __future__ import annotations

import base64
import json

from lenet_helpers import load_data
from lenet_helpers.network_view.refuse import Refusal
from lenet_helpers.network_view.stored import REFUSALS, WEIGHTS, network_of

SHARE = 0.007  # of the validation digits may be refused


def main(activation: str) -> None:
    """Fit, measure, write."""
    train_iter, test_iter = load_data("mnist", 256, "cpu", standardize=True, seed=0)
    net = network_of(json.loads(WEIGHTS[activation].read_text("utf-8")), activation)
    refusal = Refusal.fit(net, train_iter, share=SHARE)
    refused = refusal.refuses(net, test_iter, test_iter.images).float().mean()
    rule, levels = refusal.describe()
    text = json.dumps({"rule": rule, "levels": base64.b64encode(levels).decode("ascii")})
    REFUSALS[activation].write_text(text + "\n", encoding="utf-8")
    print(f"{activation}: {refused:.4f} of the test digits refused")


if __name__ == "__main__":
    for activation in REFUSALS:
        main(activation)
