"""Widgets that tell where they were clicked, and can be used by keyboard as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class _Clickable(anywidget.AnyWidget):
    # As text: given a path, anywidget keeps every such widget for ever, to tell it of edits.
    _esm = (HERE / "clicks.js").read_text(encoding="utf-8")
    _css = (HERE / "clicks.css").read_text(encoding="utf-8")


class ClickablePicture(_Clickable):
    """A picture that reports clicks and arrow keys, with frames drawn over it.

    Attributes:
        png: the picture, a PNG file.
        label: its alternative text.
        width: on the screen, in pixels; 0 for the PNG's own.
        marks: frames as ``[kind, left, top, width, height]`` in pixels of the PNG; the kinds
            ``"number"``, ``"field"`` and ``"map"`` have a look of their own.
    """

    kind = traitlets.Unicode("picture").tag(sync=True)
    png = traitlets.Bytes().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int(0).tag(sync=True)
    marks = traitlets.List().tag(sync=True)

    def on_click(self, act: Callable[[float, float], None]) -> None:
        """Call ``act(x, y)``, in pixels of the PNG, at every click."""
        self.on_msg(lambda _, message, __: "click" in message and act(*message["click"]))

    def on_move(self, act: Callable[[int, int], None]) -> None:
        """Call ``act(rows, columns)``, each -1, 0 or 1, at every arrow key."""
        self.on_msg(lambda _, message, __: "move" in message and act(*message["move"]))


class ClickableTable(_Clickable):
    """A table of buttons, one of which is chosen, by click or by arrow key.

    Attributes:
        html: the table; its buttons have a ``data-cell="row,column"``.
        cell: the chosen row and column.
    """

    kind = traitlets.Unicode("table").tag(sync=True)
    html = traitlets.Unicode().tag(sync=True)
    cell = traitlets.List([0, 0]).tag(sync=True)

    def on_choose(self, act: Callable[[int, int], None]) -> None:
        """Call ``act(row, column)`` whenever a button is clicked."""
        self.on_msg(lambda _, message, __: "cell" in message and act(*message["cell"]))
