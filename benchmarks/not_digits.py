"""Pictures that are no digits, and digits drawn otherwise, for `refuse.py`; all in MNIST's form.

They come in two halves that share no font, no digit, no garment and no random number: one to look
at while a rule is made ("development"), the other to report it by ("report").
"""

from __future__ import annotations

import string
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits

from lenet_helpers.handwriting.form import crop, normalize_digit

LIKE_DIGITS = "OoIlZzSsBgq"
SHIPPED = Path(matplotlib.get_data_path(), "fonts", "ttf")
NOTO = Path("/usr/share/fonts/opentype/noto")
FONTS = {
    "development": [
        SHIPPED / f"{name}.ttf"
        for name in (
            "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
            "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "STIXGeneral",
            "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta",
        )
    ],
    "report": [
        *(SHIPPED / f"{name}.ttf" for name in (
            "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic",
            "cmr10", "cmb10", "cmss10", "cmti10", "cmtt10",
        )),
        *(NOTO / f"Noto{kind}CJK-{weight}.ttc"
          for kind in ("Sans", "Serif") for weight in ("Regular", "Bold")),
    ],
}  # fmt: skip
PAD, PEN = 280, 22


def in_form(pictures) -> torch.Tensor:
    """Pictures of any sizes in MNIST's form: ``uint8 (n, 28, 28)``."""
    made = [normalize_digit(np.array(picture, np.float32)) for picture in pictures]
    return torch.stack(made).clamp(max=255).round().to(torch.uint8)


def kinds(half: str, digits: torch.Tensor, garments: torch.Tensor) -> dict[str, torch.Tensor]:
    """All that is no digit, by its name.

    Args:
        half: ``"development"`` or ``"report"``.
        digits: of MNIST, ``uint8 (n, 28, 28)``, to make pairs of.
        garments: of Fashion-MNIST, ``uint8 (n, 28, 28)``.
    """
    seed = list(FONTS).index(half)
    random = np.random.default_rng(seed)
    alike = [letter for letter in string.ascii_letters if letter in LIKE_DIGITS]
    others = [letter for letter in string.ascii_letters if letter not in LIKE_DIGITS]
    return {
        "blank": torch.zeros(1, 28, 28, dtype=torch.uint8),
        "dot": in_form(map(dot, np.arange(0.75, 30, 0.5))),
        "blackened": in_form(blackened(random)),
        "clothes": garments,
        "clothes in the form": in_form(garments[:2000]),
        "letters like digits": in_form(glyphs(alike, half)),
        "other letters": in_form(glyphs(others, half)),
        "two digits, apart": in_form(pairs(digits, 1000, random, gaps=(2, 12))),
        "two digits, touching": in_form(pairs(digits, 1000, random, gaps=None)),
        "scribbles": in_form(scribble(random) for _ in range(500)),
        "smileys": in_form(smiley(random) for _ in range(200)),
    }


def other_digits(half: str, digits: torch.Tensor) -> dict[str, torch.Tensor]:
    """Digits that should not be refused: printed, of other writers, drawn with other pens."""
    scans = load_digits().images
    return {
        "digits from fonts": in_form(glyphs(string.digits, half)),
        "scikit-learn's digits": in_form(enlarged(scan * 15.9, 160) for scan in scans),
        "MNIST, pen as it is": in_form(redrawn(digits[:1000], 0)),
        "MNIST, thicker pen": in_form(redrawn(digits[:1000], 6)),
        "MNIST, thick pen": in_form(redrawn(digits[:1000], 12)),
        "MNIST, thinner pen": in_form(redrawn(digits[:1000], -5)),
    }


def dot(radius: float) -> np.ndarray:
    y, x = np.mgrid[: 2 * PAD, : 2 * PAD] + 0.5 - PAD
    inside = x**2 + y**2 <= (2 * radius) ** 2
    return 255 * inside.reshape(PAD, 2, PAD, 2).mean(axis=(1, 3))


def blackened(random) -> list[np.ndarray]:
    """All of the pad, most of it, and with a pen that leaves grey."""
    found = [np.full((PAD, PAD), 255.0)]
    for cut in (5, 20, 40):
        found.append(np.pad(np.full((PAD - 2 * cut, PAD - cut), 255.0), cut))
    return [*found, random.integers(180, 256, (PAD, PAD)), np.full((PAD, PAD), 128)]


def glyphs(characters, half: str):
    """Each character in each font that this machine has."""
    for path in filter(Path.exists, FONTS[half]):
        font = ImageFont.truetype(str(path), 180)
        for character in characters:
            picture = Image.new("L", (400, 400))
            ImageDraw.Draw(picture).text((100, 80), character, font=font, fill=255)
            yield picture


def pairs(digits: torch.Tensor, count: int, random, gaps: tuple[int, int] | None):
    """Two digits side by side, ``gaps`` columns apart, or so that their inks just touch."""
    for _ in range(count):
        left, right = (digits[i] for i in random.integers(len(digits), size=2))
        left, right = (digit[:, digit.amax(dim=0) > 0] for digit in (left, right))
        gap = -closest(left, right) if gaps is None else int(random.integers(*gaps))
        start = max(0, left.shape[1] + gap)
        sheet = torch.zeros(28, max(left.shape[1], start + right.shape[1]), dtype=torch.uint8)
        sheet[:, : left.shape[1]] = left
        place = sheet[:, start : start + right.shape[1]]
        torch.maximum(place, right, out=place)
        yield sheet


def closest(left: torch.Tensor, right: torch.Tensor) -> int:
    """Paper between two digits that stand box by box, where there is least, a row up or down."""
    free = []
    for row in range(28):
        for other in range(max(row - 1, 0), min(row + 2, 28)):
            ends, starts = (left[row] > 80).nonzero(), (right[other] > 80).nonzero()
            if len(ends) and len(starts):
                free.append(left.shape[1] - 1 - int(ends.max()) + int(starts.min()))
    return min(free, default=0)


def scribble(random) -> Image.Image:
    """One to three smooth strokes through three to eight points anywhere on the pad."""
    picture = Image.new("L", (PAD, PAD))
    draw = ImageDraw.Draw(picture)
    for _ in range(random.integers(1, 4)):
        points = random.uniform(30, 250, (random.integers(3, 9), 2))
        for _ in range(5):  # Chaikin: cut all corners
            inner = [0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]]
            points = np.concatenate([points[:1], np.stack(inner, 1).reshape(-1, 2), points[-1:]])
        draw.line([tuple(point) for point in points], fill=255, width=PEN, joint="curve")
        for x, y in points[[0, -1]]:
            draw.ellipse([x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2], fill=255)
    return picture


def smiley(random) -> Image.Image:
    """Two eyes and a mouth, most of them in a circle."""
    picture = Image.new("L", (PAD, PAD))
    draw, pen = ImageDraw.Draw(picture), int(random.integers(12, 24))
    (x, y), size = 140 + random.normal(0, 5, 2), random.uniform(80, 115)
    if random.random() < 0.6:
        draw.ellipse([x - size, y - size, x + size, y + size], outline=255, width=pen)
    for side in (-1, 1):
        eye = random.uniform(8, 16)
        (left, top) = x + side * 0.4 * size, y - 0.3 * size + random.normal(0, 4)
        draw.ellipse([left - eye, top - eye, left + eye, top + eye], fill=255)
    mouth = [x - 0.6 * size, y - 0.5 * size, x + 0.6 * size, y + 0.6 * size]
    draw.arc(mouth, 20, 160, fill=255, width=pen)
    return picture


def enlarged(picture: np.ndarray, side: int) -> Image.Image:
    small = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return small.resize((side, side), Image.Resampling.BICUBIC)


def redrawn(digits: torch.Tensor, wider: int):
    """Ten times as large and black on white, as drawn on the pad; strokes wider on each side."""
    y, x = np.mgrid[-abs(wider) : abs(wider) + 1, -abs(wider) : abs(wider) + 1]
    disc = torch.from_numpy((x**2 + y**2 <= wider**2).astype(np.float32))[None, None]
    for digit in digits:
        black = torch.from_numpy(np.array(enlarged(digit.numpy(), PAD)) > 110).float()[None, None]
        ink = black if wider >= 0 else 1 - black
        near = torch.nn.functional.conv2d(ink, disc, padding=abs(wider)) > 0.5
        ink = near if wider >= 0 else ~near
        yield crop(255 * ink[0, 0].float()) if ink.any() else 255 * black[0, 0]
