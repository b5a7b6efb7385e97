"""A sheet of paper in the browser."""

from __future__ import annotations

from pathlib import Path

import anywidget
import numpy as np
import torch
import traitlets
from PIL import Image, ImageOps

HERE = Path(__file__).parent
SIZE = 280  # pixels along each side, ten for each of the network's 28


class Paper(anywidget.AnyWidget):
    """A sheet of paper to draw on; ``pad.js`` is its other half, in the browser.

    Traits:
        ink: one byte a pixel, ``size × size``, row by row, 0 for paper; empty for a blank sheet.
            Comes from the browser when a stroke ends; what is set here is shown there.
        brush: width of the pen in pixels.
        label: what a screen reader calls the sheet.
    """

    # As text: a path would be watched, and every sheet kept for ever by its watcher.
    _esm = (HERE / "pad.js").read_text(encoding="utf-8")
    _css = (HERE / "pad.css").read_text(encoding="utf-8")
    size = traitlets.Int(SIZE, read_only=True).tag(sync=True)
    ink = traitlets.CBytes(b"").tag(sync=True, echo_update=False)
    brush = traitlets.Int(22).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)


def as_array(ink: bytes) -> np.ndarray:
    """The ink of a `Paper` as ``uint8 (280, 280)``."""
    if not ink:
        return np.zeros((SIZE, SIZE), np.uint8)
    return np.frombuffer(ink, np.uint8).reshape(SIZE, SIZE).copy()  # so that torch may write to it


def as_ink(scan: torch.Tensor) -> bytes:
    """A scan, ``(h, w)`` from 0 to 255, as ink of a `Paper`: scaled to fit, in the middle."""
    image = Image.fromarray(scan.clamp(max=255).round().to(torch.uint8).numpy())
    return ImageOps.pad(image, (SIZE, SIZE), Image.Resampling.BILINEAR).tobytes()
