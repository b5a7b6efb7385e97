"""From a drawing to a picture in MNIST's form."""

from lenet_helpers.handwriting.form import normalize_digit

__all__ = ["normalize_digit"]
