"""Draw every picture of the course into this folder: ``python imgs/draw.py``.

It needs a font with Chinese letters (Debian: fonts-noto-cjk). The same matplotlib and the same
font give the same bytes every time.
"""

from __future__ import annotations

import sys

import drawing_kit as kit
from draw_compressed import draw_compressed
from draw_lenet import FLATTENED, LAYERS, STEPS, draw_lenet, shape_text
from draw_mail import draw_mail
from draw_operations import draw_convolution, draw_padding_stride, draw_pooling, output_size

__all__ = ["FLATTENED", "LAYERS", "PICTURES", "STEPS", "main", "output_size", "shape_text"]

PICTURES = {
    "mail": draw_mail,
    "lenet": draw_lenet,
    "lenet_compressed": draw_compressed,
    "convolution": draw_convolution,
    "pooling": draw_pooling,
    "padding_stride": draw_padding_stride,
}


def main() -> None:
    """Draw all pictures as SVG and PNG; without a font for the Chinese labels, draw none."""
    font = kit.find_cjk_font()
    if font is None:
        sys.exit(
            "没有中文字体，什么也没画 / no font with Chinese letters, nothing drawn."
            f" 任装其一 / install one of: {', '.join(kit.CJK_FONTS)}"
        )
    kit.use_style(font)
    for draw in PICTURES.values():
        draw()


if __name__ == "__main__":
    main()
