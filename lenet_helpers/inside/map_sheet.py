"""Many small maps on one sheet of pixels: fast to draw, and each number of them can be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap

from lenet_helpers.figures import COLORS

Outputs = Sequence[tuple[str, torch.Tensor]]
Box = tuple[float, float, float, float]

# All lengths are in pixels of the sheet.
# Two networks take 833: that fits a notebook beside JupyterLab's list of files.
NAMES, TITLES, WIDTH, BETWEEN, GAP = 100, 22, 356, 20, 3
LARGEST_MAP, TALLEST_ROW, STRIP = 56, 96, 12
PAPER = 225  # between the maps: neither their white nor their black
SIGNED = LinearSegmentedColormap.from_list("signed", [COLORS[1], "white", COLORS[0]])
# A bank of kernels is drawn up to here, so that a wide network still fits.
MOST_KERNELS, MOST_CHANNELS = 16, 8


class Place(NamedTuple):
    """Where one map lies on a sheet: its upper left corner, and pixels for each of its numbers."""

    network: int
    layer: int
    channel: int
    left: int
    top: int
    scale: int
    height: int
    width: int

    def box(self, row: int = 0, column: int = 0, height: int = 0, width: int = 0) -> Box:
        """Left, top, width and height in pixels of some of its numbers, by default of all."""
        return (
            self.left + column * self.scale,
            self.top + row * self.scale,
            (width or self.width) * self.scale,
            (height or self.height) * self.scale,
        )


@dataclass
class Sheet:
    """Many maps on one sheet: its pixels ``uint8 (h, w, 3)``, and where everything lies.

    ``rows`` holds each layer's name, its shape in words, and the row's top in pixels.
    """

    pixels: np.ndarray
    places: list[Place]
    rows: list[tuple[str, str, int]]

    def at(self, x: float, y: float) -> tuple[Place, int, int] | None:
        """The map at this pixel, and the row and column of the number there; or ``None``."""
        for place in self.places:
            row, column = int((y - place.top) // place.scale), int((x - place.left) // place.scale)
            if 0 <= row < place.height and 0 <= column < place.width:
                return place, row, column
        return None

    def place(self, network: int, layer: int, channel: int) -> Place:
        """Where this map lies."""
        return next(p for p in self.places if p[:3] == (network, layer, channel))


def map_sheet(*networks: Outputs) -> Sheet:
    """Arrange all maps of one picture: a row for each layer, one network beside the other.

    In each layer of each network, white is the least number and black the greatest. Vectors become
    strips; they have no `Place`.

    Args:
        networks: for each network names and tensors ``(1, ...)``, as `layer_outputs` returns them;
            the same shapes in all.
    """
    layers = []
    for rows in zip(*networks, strict=True):
        name, first = rows[0]
        shape = tuple(first.shape[1:])
        maps = [_as_maps(output.detach().cpu().numpy()[0]) for _, output in rows]
        if len(shape) == 3:
            scale, columns = _arrange(*maps[0].shape)
            down, across = scale, scale
        else:
            down, across, columns = STRIP, WIDTH // maps[0].shape[2], 1
        shown = [gray(one) for one in maps]
        layers.append(_Layer(name, _shape_words(shape), shown, down, across, columns))
    return _compose(layers)


def kernel_sheet(*networks: Outputs) -> Sheet:
    """Arrange all kernels: a column for each output channel, a row for each input channel.

    Blue is positive, white is zero, orange is negative; the deepest colour is the largest weight of
    the layer. A layer with more than 16 × 8 kernels shows the first of them.

    Args:
        networks: for each network names and weights ``(out, in, height, width)``.
    """
    layers = []
    for rows in zip(*networks, strict=True):
        name, weights = rows[0][0], [weight.detach().cpu().numpy() for _, weight in rows]
        shown = [w[:MOST_KERNELS, :MOST_CHANNELS].swapaxes(0, 1) for w in weights]
        _, columns, height, width = shown[0].shape
        scale = max(1, min(LARGEST_MAP, (WIDTH + GAP) // columns - GAP) // width)
        tiles = [_signed(w.reshape(-1, height, width)) for w in shown]
        words = _shape_words(weights[0].shape)
        layers.append(_Layer(name, words, tiles, scale, scale, columns))
    return _compose(layers)


class _Layer(NamedTuple):
    """One row of a sheet: for each network its maps ``uint8 (n, h, w, 3)``, and how they lie.

    Each number takes ``down`` × ``across`` pixels; ``columns`` maps stand side by side.
    """

    name: str
    shape: str
    maps: list[np.ndarray]
    down: int
    across: int
    columns: int

    @property
    def tall(self) -> int:
        """Its height in pixels."""
        count, high = self.maps[0].shape[:2]
        return -(-count // self.columns) * (high * self.down + GAP)


def _shape_words(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _as_maps(output: np.ndarray) -> np.ndarray:
    """Maps as they are; a vector as a strip, or several where it is longer than the row."""
    if output.ndim == 3:
        return output
    rows = -(-output.size // WIDTH)
    padded = np.full(rows * -(-output.size // rows), output.min())
    padded[: output.size] = output.ravel()
    return padded.reshape(1, rows, -1)


def _arrange(count: int, height: int, width: int) -> tuple[int, int]:
    """Pixels for each number, and maps in a row: as large as the row's room allows."""
    for scale in range(max(1, LARGEST_MAP // max(height, width)), 0, -1):
        columns = max(1, (WIDTH + GAP) // (width * scale + GAP))
        rows = -(-count // columns)
        if rows * (height * scale + GAP) <= TALLEST_ROW:
            break
    return scale, -(-count // rows)


def gray(maps: np.ndarray) -> np.ndarray:
    """Numbers ``(n, h, w)`` as ``uint8 (n, h, w, 3)``: the least is white, the greatest black."""
    low, high = maps.min(), maps.max()
    share = (maps - low) / ((high - low) or 1)
    return np.repeat((255 - 255 * share).astype(np.uint8)[..., None], 3, axis=-1)


def _signed(weights: np.ndarray) -> np.ndarray:
    reach = np.abs(weights).max() or 1
    return SIGNED(0.5 + weights / reach / 2, bytes=True)[..., :3]


def _compose(layers: list[_Layer]) -> Sheet:
    """Put the maps of all layers on one sheet, those of each network in a column of their own."""
    tops = [TITLES]
    for layer in layers:
        tops.append(tops[-1] + layer.tall + 2 * GAP)
    wide = NAMES + len(layers[0].maps) * (WIDTH + BETWEEN) - BETWEEN + 1  # and the last frame
    sheet = Sheet(np.full((tops.pop(), wide, 3), 255, np.uint8), [], [])
    for number, (layer, top) in enumerate(zip(layers, tops, strict=True)):
        sheet.rows.append((layer.name, layer.shape, top))
        for network, maps in enumerate(layer.maps):
            left = NAMES + network * (WIDTH + BETWEEN)
            for channel, pixels in enumerate(maps):
                high, wide = pixels.shape[:2]
                y = top + channel // layer.columns * (high * layer.down + GAP)
                x = left + channel % layer.columns * (wide * layer.across + GAP)
                large = pixels.repeat(layer.down, axis=0).repeat(layer.across, axis=1)
                frame = sheet.pixels[y - 1 : y + len(large) + 1, x - 1 : x + large.shape[1] + 1]
                frame[:] = PAPER
                frame[1:-1, 1:-1] = large
                if layer.down == layer.across:
                    place = Place(network, number, channel, x, y, layer.down, high, wide)
                    sheet.places.append(place)
    return sheet
