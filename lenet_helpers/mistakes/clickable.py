"""A table that tells where it was clicked, and can be used by keyboard as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class ClickableTable(anywidget.AnyWidget):
    """A table of buttons, one of which is chosen, by click or by arrow key.

    Attributes:
        html: the table; its buttons have a ``data-cell="row,column"``.
        cell: the chosen row and column.
    """

    # As text: given a path, anywidget keeps every such widget for ever, to tell it of edits.
    _esm = (HERE / "clicks.js").read_text(encoding="utf-8")
    html = traitlets.Unicode().tag(sync=True)
    cell = traitlets.List([0, 0]).tag(sync=True)

    def on_choose(self, act: Callable[[int, int], None]) -> None:
        """Call ``act(row, column)`` whenever a button is clicked."""
        self.on_msg(lambda _, message, __: "cell" in message and act(*message["cell"]))
