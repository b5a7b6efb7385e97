"""What a sliding network reads in a field: so many digits, where they are, and how sure it is.

Lesson 13 writes these functions itself, for many fields at once; field.js does the same in a
browser.
"""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from lenet_helpers.inputs.networks import outputs_of, require_finite_scores
from lenet_helpers.modes import mode

NOTHING = 10  # the class "no digit here"
APART = 2  # steps between two digits, at least
MOST = 12  # digits, where their number is not given


def sliding_lenet() -> nn.Sequential:
    """LeNet with eleven classes as lesson 13 lets it slide: convolutions alone, no padding."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.AvgPool2d(2), nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Conv2d(120, 84, 1), nn.ReLU(),
        nn.Conv2d(84, NOTHING + 1, 1),
    )  # fmt: skip


class FieldReading(NamedTuple):
    """What is read in a field.

    Attributes:
        digits: from left to right; none if the field is too narrow for so many.
        places: the window's position for each of them, counted from 0 in steps of 4 pixels.
        sureness: the probability that the field reads as these digits, from 0 to 1.
    """

    digits: tuple[int, ...]
    places: tuple[int, ...]
    sureness: float


def slide_over(net: nn.Module, field: torch.Tensor) -> torch.Tensor:
    """The logarithms of all classes' probabilities, ``(11, positions)``, for a field ``(32, w)``.

    Raises:
        DivergedError: the scores are not finite.
    """
    with mode(net, training=False), torch.no_grad():
        scores = outputs_of(net, field[None, None].to(next(net.parameters())))[0, :, 0]
    require_finite_scores(scores)
    return scores.float().cpu().log_softmax(dim=0)


def read_field(log_p: torch.Tensor, count: int | None = 5) -> FieldReading:
    """Read ``count`` digits, or as many as are likeliest, in a field, of which `slide_over` made
    ``log_p``.
    """
    readings = []
    for n in range(1, MOST + 1) if count is None else [count]:
        if APART * (n - 1) < log_p.shape[1]:
            digits, places = _best(log_p, n)
            sizes = log_p.shape[1:], (n,)
            loss = F.ctc_loss(log_p.T[:, None], torch.tensor([digits]), *sizes, NOTHING, "sum")
            readings.append(FieldReading(tuple(digits), tuple(places), math.exp(-loss.item())))
    return max(readings, key=lambda each: each.sureness, default=FieldReading((), (), 0.0))


def _best(log_p: torch.Tensor, count: int) -> tuple[list[int], list[int]]:
    """The digits and places with the largest sum of what they gain over "nothing"."""
    gain, digit = (log_p[:NOTHING] - log_p[NOTHING]).max(dim=0)
    total, steps_back = gain, []
    for _ in range(count - 1):
        best, where = total[:-APART].cummax(dim=0)
        total = gain + F.pad(best, (APART, 0), value=-torch.inf)
        steps_back.append(F.pad(where, (APART, 0)))
    places = [int(total.argmax())]
    for back in reversed(steps_back):
        places.insert(0, int(back[places[0]]))
    return digit[places].tolist(), places
