"""Pictures and tables for a drawing: the steps to MNIST's form, and what a network answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
import torch
from matplotlib.axes import Axes
from PIL import Image

from lenet_helpers.drawing.form import MIDDLE, FormSteps, center_of_mass
from lenet_helpers.figures import COLORS, Picture, chinese_font, label, new_figure, style
from lenet_helpers.words import Words

TABLE_STYLE = f"""<style>
.lenet-bars {{ border-collapse: collapse; font-size: 13px; line-height: 1.5; }}
.lenet-bars th, .lenet-bars td {{ padding: 1px 6px; text-align: right; white-space: nowrap; }}
.lenet-bars td.bar {{ width: 220px; text-align: left; }}
.lenet-bars td.bar div {{ background: {COLORS[0]}; height: 12px; min-width: 1px; }}
.lenet-bars tr.first {{ font-weight: bold; }}
.lenet-bars tr.first td.bar div {{ background: {COLORS[1]}; }}
</style>"""


def probability_table(probabilities: Sequence[float] | None, classes: Sequence[Words]) -> str:
    """The probability of each class as an HTML table with bars; the largest stands out.

    Args:
        probabilities: from 0 to 1, one for each class; ``None`` leaves the bars away.
        classes: the name of each class.
    """
    first = (
        None if probabilities is None else max(range(len(classes)), key=probabilities.__getitem__)
    )
    rows = []
    for number, name in enumerate(classes):
        share = 0.0 if probabilities is None else probabilities[number]
        text = "–" if probabilities is None else f"{share:.1%}"
        rows.append(
            f"<tr{' class=first' if number == first else ''}>"
            f"<th scope=row>{class_html(name)}</th>"
            f'<td class=bar aria-hidden=true><div style="width: {share:.1%}"></div></td>'
            f"<td>{text}{' ◀' if number == first else ''}</td></tr>"
        )
    return f"{TABLE_STYLE}<table class=lenet-bars><tbody>{''.join(rows)}</tbody></table>"


def class_html(name: Words) -> str:
    """A class's name: once if it is the same in both languages, else one for each."""
    return escape(name.zh) if name.zh == name.en else name.html()


def steps_picture(steps: FormSteps) -> Picture:
    """A drawing's way to MNIST's form in four pictures; × is its centre of mass, + is (14, 14).

    Args:
        steps: of a drawing with some ink on it.
    """
    names = (
        label("1 画", "drawing"),
        label("2 裁剪", "crop"),
        label("3 缩小", "shrink"),
        label("4 质心居中", "centre the mass"),
    )
    figure, axes = new_figure(8.0, 2.4, 1, 4)
    with style():
        for axis, image, name in zip(axes, steps, names, strict=True):
            _show(axis, image, f"{name}\n{_shape(image)}")
            row, column = center_of_mass(image)
            axis.plot(column, row, "x", color=COLORS[1], ms=8, mew=2)
        axes[3].plot(MIDDLE, MIDDLE, "+", color=COLORS[0], ms=12, mew=2)
    drawing, box, fitted, _ = map(_shape, steps)
    row, column = center_of_mass(steps.image)
    return Picture(
        figure,
        Words(
            f"画 {drawing} → 边界框 {box} → 缩小到 {fitted} → 放进 28×28。×：质心，最后在"
            f"（{row:.1f}, {column:.1f}）；+：（14, 14）。",
            f"Drawing {drawing} → bounding box {box} → shrunk to {fitted} → placed in 28×28. "
            f"×: centre of mass, at ({row:.1f}, {column:.1f}) in the end; +: (14, 14).",
        ),
    )


def answer_picture(
    sheet: np.ndarray,
    image: np.ndarray,
    probabilities: Sequence[float] | None,
    classes: Sequence[Words],
    caption: Words,
) -> Picture:
    """A sheet, what the network sees of it, and its answer, side by side.

    Args:
        sheet: the drawing, ``(h, w)``, 0 for paper.
        image: the network's picture, ``(28, 28)``.
        probabilities: from 0 to 1, one for each class; ``None`` where there is no answer yet.
        classes: the name of each class.
        caption: the picture's alternative text.
    """
    figure, axes = new_figure(9.0, 3.0, 1, 3, width_ratios=(1, 1, 1.3))
    _show(axes[0], sheet, label("画板", "the pad"))
    _show(axes[1], image, label("网络看到的", "what the network sees"))
    with style():
        names = [label(*name) if chinese_font() else name.en for name in classes]
        values = [0.0] * len(names) if probabilities is None else list(probabilities)
        largest = max(values)
        colors = [COLORS[1] if largest and value == largest else COLORS[0] for value in values]
        bars = axes[2].barh(names, values, color=colors)
        if probabilities is not None:
            axes[2].bar_label(bars, [f"{value:.1%}" for value in values], padding=3, fontsize=9)
        axes[2].set(xlim=(0, 1.25), xticks=[])
        axes[2].set_title(label("概率", "probability"), fontsize=10)
        axes[2].spines.bottom.set_visible(False)
        axes[2].invert_yaxis()
    return Picture(figure, caption)


def image_html(image: torch.Tensor, words: Words, width: int = 140) -> str:
    """A small image, black on white, ``width`` pixels wide, as an HTML element.

    Args:
        image: ``uint8 (h, w)``, 0 for paper.
        words: its alternative text, and the caption below it.
    """
    buffer = io.BytesIO()
    Image.fromarray(255 - image.numpy()).save(buffer, "PNG")
    source = base64.b64encode(buffer.getvalue()).decode()
    style_ = "image-rendering: pixelated; border: 1px solid var(--jp-border-color1, gray)"
    return (
        f'<img alt="{escape(str(words))}" width={width} style="{style_}" '
        f'src="data:image/png;base64,{source}"><div style="font-size: 11px; line-height: 1.3; '
        f'max-width: {width}px">{words.html("div")}</div>'
    )


def _shape(image: torch.Tensor) -> str:
    return f"{image.shape[0]}×{image.shape[1]}"


def _show(axis: Axes, image, title: str) -> None:
    """An image, black on white, in a frame."""
    image = np.asarray(image)
    with style():
        axis.imshow(image, cmap="gray_r", vmin=0, vmax=max(image.max(), 1))
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=10)
        axis.spines[:].set_visible(True)
