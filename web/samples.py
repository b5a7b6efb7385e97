"""Digits to try the network on without drawing: from scikit-learn, never from MNIST."""

from __future__ import annotations

from sklearn.datasets import load_digits


def sample_digits() -> list[dict]:
    """The first image of each class in scikit-learn's digits: its label and 8×8 inks, 0 to 16.

    Source: Alpaydin, Kaynak, *Optical Recognition of Handwritten Digits*, 1998,
    doi 10.24432/C50P49, CC BY 4.0. The network of the page has seen none of them.
    """
    digits = load_digits()
    return [
        {"label": label, "ink": digits.images[digits.target == label][0].astype(int).tolist()}
        for label in range(10)
    ]
