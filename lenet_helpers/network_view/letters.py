"""Printed letters: pictures that are no digits, whatever the data set."""

import string
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch.nn import functional as F

FONTS = (  # they come with matplotlib
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "STIXGeneral",
    "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta",
)  # fmt: skip
SAME_AS_DIGITS = "OoIl"
LETTERS = [letter for letter in string.ascii_letters if letter not in SAME_AS_DIGITS]
SIZE, SHEET = 64, 152  # of a font, and of the sheet around its letter


def letters(count: int, random: np.random.Generator) -> Iterator[torch.Tensor]:
    """Letters turned, slanted, squeezed, with another pen: ``float32 (SHEET, SHEET)``."""
    printed = printed_letters(*FONTS)
    for number in range(count):
        row = number % len(LETTERS) + len(LETTERS) * int(random.integers(len(FONTS)))
        turn, slant, width = random.uniform((-0.2, -0.3, 0.75), (0.2, 0.3, 1.3))
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = np.linalg.inv(turned @ [[width, slant], [0, 1]])
        grid = F.affine_grid(
            torch.tensor(np.c_[matrix, [0, 0]])[None].float(), (1, 1, SHEET, SHEET), False
        )
        letter = F.grid_sample(printed[row][None, None], grid, align_corners=False)
        wider = int(random.integers(-2, 4))
        if wider > 0:
            letter = F.max_pool2d(letter, 2 * wider + 1, 1, wider)
        elif wider < 0 and (thin := -F.max_pool2d(-letter, 3, 1, 1)).max() > 100:
            letter = thin
        yield letter[0, 0]


def printed_letters(*fonts: str) -> torch.Tensor:
    """All letters but O, o, I and l, in fonts of matplotlib: ``float32 (n, SHEET, SHEET)``."""
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    sheets = []
    for name in fonts:
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), SIZE)
        for letter in LETTERS:
            sheet = Image.new("L", (SHEET, SHEET))
            ImageDraw.Draw(sheet).text((SHEET / 2, SHEET / 2), letter, 255, font, anchor="mm")
            sheets.append(torch.from_numpy(np.array(sheet, np.float32)))
    return torch.stack(sheets)
