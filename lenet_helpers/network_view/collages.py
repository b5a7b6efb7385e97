"""Pictures that are no digits: collages of digits, pairs, fillings, blots, letters."""

import numpy as np
import torch
from torch.nn import functional as F

from lenet_helpers.handwriting.form import crop, normalize_digit
from lenet_helpers.network_view.letters import letters

MOST = 28_500  # pictures, all kinds together
FOR_EACH_DIGIT = 4  # at most: small data sets make fewer
PAIRS, FILLED, BLOTS, LETTERS = 2 / 19, 2 / 19, 1 / 19, 6 / 19  # of them; the others are collages
SOFT = 3_000
SHEET = 40  # a collage's sheet; its pieces lie in a digit's box, 20 high and 16 wide, in the middle
TOP, BOTTOM, LEFT, RIGHT = 10, 30, 12, 28
STROKE = 1  # the class whose digits are little more than one stroke


def no_digits(
    images: torch.Tensor, labels: torch.Tensor, seed: int, most: int = MOST
) -> torch.Tensor:
    """Collages and the like in MNIST's form, ``uint8 (m, 28, 28)``, the same for a seed.

    A collage is two or three digits turned by quarters, squeezed, and pasted over each other in the
    box of one; half of them are strokes, that is, ones. A pair is two digits side by side. A
    filling is a digit so thick that it is a grey area, some with a lighter digit in it. A blot is
    an ellipse or a rectangle. They are made of training digits, ``uint8 (n, 28, 28)``, and their
    labels; the letters are printed. At most so many, and at most four for each digit.
    """
    random = np.random.default_rng(seed)
    inked = images.flatten(1).amax(dim=1).cpu() > 0
    images, labels = images.cpu()[inked], labels.cpu()[inked]
    strokes = images[labels == STROKE] if (labels == STROKE).any() else images
    count = min(most, FOR_EACH_DIGIT * len(images))
    kinds = [round(count * share) for share in (PAIRS, FILLED, BLOTS, LETTERS)]
    pairs, filled, blots, printed = kinds
    collages = count - sum(kinds)
    made = [_collage(images, strokes, random) for _ in range(collages)]
    made += [_pair(images, random) for _ in range(pairs)]
    made += [_filled(images, random) for _ in range(filled)]
    made += [_blot(random) for _ in range(blots)]
    made += letters(printed, random)
    in_form = torch.stack([normalize_digit(picture) for picture in made])
    return in_form.clamp(max=255).round().to(torch.uint8)


def soft_digits(images: torch.Tensor) -> torch.Tensor:
    """Some of the digits out of focus, as dark as before: they are digits all the same."""
    some = images[:: max(1, len(images) // SOFT)].cpu().float()
    soft = F.avg_pool2d(some[:, None], 3, 1, 1)[:, 0]
    darkest = soft.amax(dim=(1, 2), keepdim=True).clamp(min=1)
    return (soft * 255 / darkest).round().to(torch.uint8)


def _collage(images, strokes, random) -> torch.Tensor:
    sheet = torch.zeros(SHEET, SHEET)
    for _ in range(random.integers(2, 4)):
        is_stroke = random.random() < 0.5
        digit = _one_of(strokes if is_stroke else images, random)
        piece = crop(torch.rot90(digit, int(random.integers(4))))
        upright = piece.shape[0] > piece.shape[1]
        h, w = (int(min(max(side * random.uniform(0.5, 1.1), 3), 24)) for side in piece.shape)
        if is_stroke and random.random() < 0.5:  # as long as the box, like a letter's stem or bar
            h, w = (BOTTOM - TOP, w) if upright else (h, int(random.integers(8, 20)))
        piece = F.interpolate(piece[None, None], (h, w), mode="bilinear", antialias=True)[0, 0]
        _paste(sheet, piece, _edge(TOP, BOTTOM, h, random), _edge(LEFT, RIGHT, w, random))
    return sheet


def _edge(first: int, last: int, size: int, random) -> int:
    """Where a piece begins: at the start of the box, at its end, or in its middle."""
    return max(0, int(random.choice([first, last - size, (first + last - size) // 2])))


def _pair(images, random) -> torch.Tensor:
    left, right = (crop(_one_of(images, random)) for _ in range(2))
    gap, lower = int(random.integers(-3, 9)), int(random.integers(0, 5))
    start = max(0, left.shape[1] + gap)
    sheet = torch.zeros(28 + 4, start + 28)
    _paste(sheet, left, 0, 0)
    _paste(sheet, right, lower, start)
    return sheet


def _filled(images, random) -> torch.Tensor:
    pen = 2 * int(random.integers(2, 9)) + 1
    area = F.max_pool2d(_one_of(images, random)[None, None], pen, 1, pen // 2)[0, 0]
    if random.random() < 0.6:
        light = torch.rot90(_one_of(images, random), int(random.integers(4))) / 255
        area *= 1 - random.uniform(0.3, 0.8) * light
    return area * random.uniform(0.4, 1)


def _blot(random) -> torch.Tensor:
    """An ellipse or a rectangle, its sides in a proportion of at most 2, more or less dark."""
    long = random.uniform(1, 20)
    sides = [long, long * random.uniform(0.5, 1)]
    random.shuffle(sides)
    y, x = (torch.linspace(-10, 10, 160).abs() / (side / 2) for side in sides)
    power = 2 if random.random() < 0.6 else 50  # of nearly a rectangle
    inside = (y[:, None] ** power + x[None] ** power <= 1).float()
    return F.avg_pool2d(inside[None, None], 8)[0, 0] * random.uniform(128, 255)


def _one_of(images, random) -> torch.Tensor:
    return images[int(random.integers(len(images)))].float()


def _paste(sheet: torch.Tensor, piece: torch.Tensor, top: int, left: int) -> None:
    """Lay ``piece`` onto ``sheet``; where both have ink, the darker one is seen."""
    h, w = piece.shape
    place = sheet[top : top + h, left : left + w]
    torch.maximum(place, piece[: place.shape[0], : place.shape[1]], out=place)
