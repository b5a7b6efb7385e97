"""From a drawing, a scan or a photo to a picture in MNIST's form."""

from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.handwriting.ink import Ink, Step, ink_of

__all__ = ["Ink", "Step", "ink_of", "normalize_digit"]
