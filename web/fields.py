"""The page on which a whole zip code is read, as `web/templates` takes it.

The fields are composed from scikit-learn's digits, never MNIST's: Alpaydin and Kaynak, *Optical
Recognition of Handwritten Digits*, 1998, doi 10.24432/C50P49, CC BY 4.0.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional as F

from lenet_helpers import load_net
from lenet_helpers.network_view import inline
from lenet_helpers.network_view.stored import digits_in_form
from lenet_helpers.zip_code import Fields, browser, compose
from lenet_helpers.zip_code.reading import read_field as read
from lenet_helpers.zip_code.reading import sliding_lenet
from lenet_helpers.zip_code.view import REFUSE_BELOW
from web.living import SCRIPTS, as_json, as_text
from web.living import VIEW as NETWORK_VIEW

VIEW = browser.HERE
STORED = Path(__file__).parents[1] / "notebooks" / "results" / "13_slide.pt"
GAPS = (6, 3, 1, -1)  # pixels of paper between two digits
MANY = 500  # fields at each gap, of which two are shown
ENLARGED, SLOPE = 6, 8


def read_field() -> dict:
    """Lesson 13's sliding network, and fields of which it reads half and refuses half."""
    net = sliding_lenet()
    load_net(net, STORED)
    description, weights = browser.describe_sliding(net)
    pictures = [
        {**each, "inks": as_text(each["inks"])} for each in browser.pictures_of(some_fields(net))
    ]
    data = {"description": description, "weights": as_text(weights), "pictures": pictures}
    script = inline.inline(
        VIEW / "field_view.js",
        NETWORK_VIEW / "network.js",
        *(SCRIPTS / script for script in ("data.js", "read_field.js")),
    )
    return {"data": as_json(data), "script": script, "least": REFUSE_BELOW}


def some_fields(net: torch.nn.Module) -> Fields:
    """At each gap the first field that is read right, and the first that is refused."""
    digits = digits_in_form()[1]
    images, chosen = with_sharp_edges(digits.images), {}
    for gap in GAPS:
        generator = torch.Generator().manual_seed(gap + 10)
        fields = compose(images, digits.labels, torch.full((MANY,), gap), generator)
        with torch.no_grad():
            scores = net(fields.pictures[:, None])[:, :, 0].log_softmax(dim=1)
        for log_p, *field in zip(scores, *fields, strict=True):
            reading = read(log_p)
            refused = reading.sureness < REFUSE_BELOW
            if refused or list(reading.digits) == field[1].tolist():
                chosen.setdefault((refused, -gap), field)
    return Fields(*map(torch.stack, zip(*(chosen[kind] for kind in sorted(chosen)), strict=True)))


def with_sharp_edges(images: torch.Tensor) -> torch.Tensor:
    """Images enlarged from 8×8 are blurred, strokes of a pen are not: ``uint8``, as they were."""
    fine = F.interpolate(images[:, None] / 255, scale_factor=ENLARGED, mode="bicubic")
    fine = (SLOPE * (fine - 0.45) + 0.5).clamp(0, 1)
    return (255 * F.avg_pool2d(fine, ENLARGED)[:, 0]).round().to(torch.uint8)
