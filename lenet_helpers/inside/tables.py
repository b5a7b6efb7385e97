"""What happens inside a network as HTML: the sum behind one number, mix-ups, and pictures."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

import torch

from lenet_helpers.drawing.figures import class_html
from lenet_helpers.inside.figures import map_png
from lenet_helpers.inside.layers import Origin
from lenet_helpers.words import Words

# Blue for positive and orange for negative numbers, as the kernels are drawn; never so deep that
# the theme's own text, black or white, could not be read on it.
BLUE, ORANGE, DEEPEST = "0, 114, 178", "213, 94, 0", 0.7
STYLE = """<style>
.lenet-sum { display: flex; flex-direction: column; gap: 2px; }
.lenet-sum > div { display: flex; align-items: center; gap: 4px; }
.lenet-sum table, div.lenet-total { color: var(--jp-ui-font-color1, black); }
.lenet-sum table { border-collapse: collapse; font-size: 10px; line-height: 15px; }
.lenet-sum td { min-width: 31px; padding: 0 1px; text-align: right; }
.lenet-sum td { border: 1px solid var(--jp-border-color2, silver); white-space: nowrap; }
.lenet-sum caption { font-size: 11px; white-space: nowrap; }
div.lenet-total { margin: 4px 0; line-height: 1.4; }
.lenet-gallery { display: flex; flex-wrap: wrap; gap: 8px; }
.lenet-gallery figure { margin: 0; width: 94px; font-size: 12px; line-height: 1.3; }
.lenet-gallery img { width: 84px; height: 84px; image-rendering: pixelated; background: white; }
.lenet-confusion { border-collapse: collapse; font-size: 12px; }
.lenet-confusion th { padding: 1px 4px; font-weight: normal; }
.lenet-confusion tbody th { text-align: right; white-space: nowrap; }
.lenet-confusion .tall span { writing-mode: vertical-rl; }
.lenet-confusion thead th { vertical-align: bottom; }
.lenet-confusion td { padding: 0; border: 1px solid var(--jp-border-color2, silver); }
.lenet-confusion button { width: 42px; height: 28px; padding: 0; border: 0; cursor: pointer;
  font: inherit; color: var(--jp-ui-font-color1, black); }
.lenet-confusion button:hover, .lenet-confusion button:focus-visible {
  outline: 2px dashed var(--jp-ui-font-color1, black); outline-offset: -2px; }
.lenet-confusion button[aria-pressed=true] {
  outline: 3px solid rgb(213, 94, 0); outline-offset: -3px; font-weight: bold; }
</style>"""
KINDS = {
    "convolution": Words("卷积", "convolution"),
    "average": Words("平均汇聚", "average pooling"),
    "maximum": Words("最大汇聚", "max pooling"),
}


def sum_html(origin: Origin) -> str:
    """The arithmetic behind one number: patch × kernel for each input channel, and their sum.

    Args:
        origin: as `inside.origin` returns it. A pooling shows its window, an activation its input.
    """
    if origin.kernel is None:
        return _window_html(origin)
    blocks, reaches = [], [part.abs().max().item() for part in _parts(origin)]
    for channel, (patch, kernel, products) in enumerate(zip(*_parts(origin), strict=True)):
        number = products.sum().item()
        names = (
            Words(f"输入 {channel}", f"input {channel}"),
            Words(f"卷积核 {channel}", f"kernel {channel}"),
            Words(f"乘积，和 {_text(number, 3)}", f"products, sum {_text(number, 3)}"),
        )
        tables = [
            _table(part, name, reach)
            for part, name, reach in zip((patch, kernel, products), names, reaches, strict=True)
        ]
        blocks.append(f"<div>{tables[0]}×{tables[1]}={tables[2]}</div>")
    sums = [part.sum().item() for part in origin.products]
    terms = " + ".join(_text(number, 3, brackets=True) for number in sums)
    bias, total = _text(origin.bias, 3, brackets=True), _text(origin.total, 4)
    torchs = _text(origin.number, 4)
    line = Words(
        f"乘积之和 {terms} + 偏置 {bias} = {total}；torch 算得 {torchs}。",
        f"Sum of products {terms} + bias {bias} = {total}; torch computes {torchs}.",
    )
    return _sum("".join(blocks), line)


def confusion_html(counts: torch.Tensor, classes: Sequence[Words]) -> str:
    """The confusion matrix as a table of buttons, each with ``data-cell="row,column"``.

    The deeper the blue, the larger the share of the row's class; the square root of that share,
    so that rare mix-ups show.

    Args:
        counts: ``int64 (classes, classes)``, rows are the true classes.
        classes: the classes' names.
    """
    rates = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    tall = " class=tall" if any(len(name.en) > 3 for name in classes) else ""
    head = "".join(f"<th scope=col{tall}>{class_html(name)}</th>" for name in classes)
    rows = []
    for row, name in enumerate(classes):
        cells = "".join(
            _cell(row, column, counts[row, column].item(), rates[row, column].item(), classes)
            for column in range(len(classes))
        )
        rows.append(f"<tr><th scope=row>{class_html(name)}</th>{cells}</tr>")
    corner = Words("真实 ↓ 网络认为 →", "true ↓ taken for →")
    return (
        f"{STYLE}<table class=lenet-confusion><thead><tr><th>{corner.html('div')}</th>{head}</tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def gallery_html(images: torch.Tensor, captions: Iterable[Sequence[Words]]) -> str:
    """Pictures side by side, each with lines of text below, its alternative text too.

    Args:
        images: ``(n, h, w)``; the least number is white, the greatest black.
        captions: the lines below each.
    """
    figures = "".join(
        f"<figure>{image_html(map_png(image), '; '.join(map(str, lines)))}<figcaption>"
        f"{''.join(f'<div>{class_html(line)}</div>' for line in lines)}</figcaption></figure>"
        for image, lines in zip(images, captions, strict=True)
    )
    return f"{STYLE}<div class=lenet-gallery>{figures}</div>"


def image_html(png: bytes, alt: str) -> str:
    """A PNG file as an HTML element, with its alternative text."""
    data = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'


def _parts(origin: Origin) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return origin.patch, origin.kernel, origin.products


def _window_html(origin: Origin) -> str:
    numbers = origin.patch[0]
    if origin.rule in KINDS:
        name = KINDS[origin.rule]
        line = Words(
            f"{name.zh}：这 {numbers.numel()} 个数的"
            f"{'最大值' if origin.rule == 'maximum' else '平均值'} = {_text(origin.number, 4)}",
            f"{name.en}: the {'greatest' if origin.rule == 'maximum' else 'mean'} "
            f"of these {numbers.numel()} numbers = {_text(origin.number, 4)}",
        )
    else:
        text = f"{origin.rule}({_text(numbers.item(), 4)}) = {_text(origin.number, 4)}"
        line = Words(text, text)
    table = _table(numbers, Words("输入", "input"), numbers.abs().max().item())
    return _sum(f"<div>{table}</div>", line)


def _sum(tables: str, line: Words) -> str:
    text = line.zh if line.zh == line.en else line.html("div")
    total = f"<div class=lenet-total>{text}</div>"
    return f"{STYLE}<div class=lenet-sum>{tables}</div>{total}"


def _table(numbers: torch.Tensor, name: Words, reach: float) -> str:
    rows = "".join(
        f"<tr>{''.join(_number(value, reach) for value in row)}</tr>" for row in numbers.tolist()
    )
    return f"<table><caption>{name.html('div')}</caption>{rows}</table>"


def _text(value: float, digits: int, *, brackets: bool = False) -> str:
    """A number with a real minus sign; what rounds to zero has none."""
    text = f"{value:.{digits}f}".replace("-", "−")
    if not text.strip("−0."):
        text = text.removeprefix("−")
    return f"({text})" if brackets and text.startswith("−") else text


def _number(value: float, reach: float) -> str:
    depth = DEEPEST * abs(value) / (reach or 1)
    color = BLUE if value > 0 else ORANGE
    return f'<td style="background: rgba({color}, {depth:.2f})">{_text(value, 2)}</td>'


def _cell(row: int, column: int, count: int, rate: float, classes: Sequence[Words]) -> str:
    what = Words(
        f"真实类别 {classes[row].zh}，网络认为 {classes[column].zh}：{count} 张",
        f"{classes[row].en} taken for {classes[column].en}: {count}",
    )
    color = f"rgba({BLUE}, {DEEPEST * rate**0.5:.2f})"
    return (
        f'<td><button type=button data-cell="{row},{column}" aria-label="{escape(str(what))}" '
        f'style="background: {color}">{count or "·"}</button></td>'
    )
