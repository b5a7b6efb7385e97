"""One small table in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from lenet_helpers.words import Words

Cell = Words | str | int
Row = Sequence[Cell]


@dataclass(frozen=True, repr=False)
class Table:
    """A table. Prints as text, both languages in a cell, or in a notebook as HTML.

    What is no `Words` is the same in both; the first cell of a row names it. ``align`` has a letter
    for each column, ``"l"`` or ``"r"``, or is empty: all left. ``foot`` is a last row of totals.
    """

    headings: Row
    rows: Sequence[Row]
    align: str = ""
    caption: Words | None = None
    foot: Row = ()

    def text(self, language: str = "both") -> str:
        """The table as lines of text in ``language``: ``"zh"``, ``"en"`` or ``"both"``."""
        table = [self.headings, *self.rows, *([self.foot] if self.foot else [])]
        texts = [[_words(cell).speak(language) for cell in row] for row in table]
        widths = [max(map(_width, column)) for column in zip(*texts, strict=True)]
        lines = ["  ".join(map(_pad, row, widths, self._sides())).rstrip() for row in texts]
        return "\n".join([*([self.caption.speak(language)] if self.caption else []), *lines])

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        caption = f"<caption>{self.caption.html()}</caption>" if self.caption else ""
        head = self._html_row(self.headings, 'th scope="col"', 'th scope="col"')
        body = "".join(self._html_row(row, 'th scope="row"', "td") for row in self.rows)
        foot = self._html_row(self.foot, 'th scope="row"', "th") if self.foot else ""
        parts = f"<thead>{head}</thead><tbody>{body}</tbody><tfoot>{foot}</tfoot>"
        return f"<table>{caption}{parts}</table>"

    def _html_row(self, row: Row, first: str, others: str) -> str:
        tags = [first, *[others] * (len(row) - 1)]
        return "<tr>" + "".join(map(_html_cell, row, tags, self._sides())) + "</tr>"

    def _sides(self) -> str:
        return self.align or "l" * len(self.headings)


def _words(cell: Cell) -> Words:
    return cell if isinstance(cell, Words) else Words.same(str(cell))


def _html_cell(cell: Cell, tag: str, side: str) -> str:
    style = f"text-align: {'right' if side == 'r' else 'left'}"
    return f'<{tag} style="{style}">{_words(cell).html("div")}</{tag[:2]}>'


def _pad(text: str, width: int, side: str) -> str:
    space = " " * (width - _width(text))
    return space + text if side == "r" else text + space


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
