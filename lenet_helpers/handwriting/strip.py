"""The steps from a picture to its digit, side by side."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from lenet_helpers.figures import Picture, image_grid
from lenet_helpers.handwriting.ink import Step
from lenet_helpers.words import Words

SHADES = 24  # of grey: a lesson holds several strips
SIDE = 160  # pixels at most, of each picture


def strip(steps: Sequence[Step], words: Words | None = None) -> Picture:
    """All steps of an `Ink`, a `Digit` or a reading side by side; ``words`` begin the caption."""
    chain = Words(
        "从左到右：" + "、".join(step.words.zh for step in steps),
        "From left to right: " + ", ".join(step.words.en for step in steps),
    )
    if words is not None:
        chain = Words(f"{words.zh}。{chain.zh}", f"{words.en}. {chain.en}")
    images = [_small(step) for step in steps]
    titles = [(f"{n} {step.words.zh}\n", step.words.en) for n, step in enumerate(steps, 1)]
    picture = image_grid(
        images, chain, titles, len(steps), inch=1.5, cmap="gray", vmin=0, vmax=255, frame=True
    )
    return replace(picture, colors=SHADES)


def _small(step: Step) -> np.ndarray:
    """As light on a screen, no larger than it is shown."""
    levels = np.clip(step.picture, 0, 255).astype(np.uint8)
    image = Image.fromarray(255 - levels if step.is_ink else levels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image)
