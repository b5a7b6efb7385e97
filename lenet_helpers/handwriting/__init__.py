"""From a drawing, a scan or a photo to a picture in MNIST's form."""

from lenet_helpers.handwriting.digit import Digit, digit_of
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.handwriting.ink import Ink, Step, ink_of
from lenet_helpers.handwriting.strip import strip
from lenet_helpers.handwriting.synthetic import SCENES, Scene, photo_of

__all__ = [
    "SCENES", "Digit", "Ink", "Scene", "Step", "digit_of", "ink_of", "normalize_digit",
    "photo_of", "strip",
]  # fmt: skip
