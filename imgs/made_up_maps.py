"""What is drawn on the sheets of lenet.svg: a digit made by a formula and maps made from it."""

from __future__ import annotations

import numpy as np


def digit() -> np.ndarray:
    """A 28×28 picture, from 0 to 1, of a three written by a formula: no data set is needed."""
    turn = np.linspace(0, 1, 60)
    upper, lower = np.pi * (-0.9 + 1.32 * turn), np.pi * (-0.5 + 1.36 * turn)
    x = np.r_[13.6 + 5.0 * np.cos(upper), 13.4 + 5.9 * np.cos(lower)]
    y = np.r_[9.2 + 4.3 * np.sin(upper), 18.3 + 5.0 * np.sin(lower)]
    x = x + 0.16 * (14 - y)  # a slant, as in handwriting
    rows, columns = np.mgrid[:28, :28] + 0.5
    distance = np.hypot(columns[..., None] - x, rows[..., None] - y).min(-1)
    return np.clip(2.1 - distance, 0, 1)


def feature_maps(image: np.ndarray) -> list[np.ndarray]:
    """What is drawn on the sheets: the digit seen through edge detectors, then mixtures of those.

    The arrays have the shapes of LAYERS[:5]; the kernels are made up, not learned.
    """
    angles = np.pi * np.arange(6) / 3
    rows, columns = np.mgrid[-2:3, -2:3]
    slopes = np.cos(angles)[:, None, None] * columns + np.sin(angles)[:, None, None] * rows
    edges = (slopes * np.exp(-(rows**2 + columns**2) / 3))[:, None]
    mixtures = np.random.default_rng(1).normal(size=(16, 6, 5, 5))
    first = _convolve(np.pad(image, 2)[None], edges)
    second = _convolve(_pool(first), mixtures)
    return [image[None], first, _pool(first), second, _pool(second)]


def _convolve(maps: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Cross-correlation, (c, h, w) by (o, c, 5, 5), squashed and spread over 0 … 1."""
    windows = np.lib.stride_tricks.sliding_window_view(maps, (5, 5), axis=(1, 2))
    sums = np.einsum("chwij,ocij->ohw", windows, kernels)
    squashed = 1 / (1 + np.exp(-2 * sums / sums.std()))
    return (squashed - squashed.min()) / np.ptp(squashed)


def _pool(maps: np.ndarray) -> np.ndarray:
    channels, size, _ = maps.shape
    return maps.reshape(channels, size // 2, 2, size // 2, 2).mean((2, 4))
