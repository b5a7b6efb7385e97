"""What all panels share: messages and pictures in both languages, and a still that is saved."""

import asyncio
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from lenet_helpers.figures import Picture
from lenet_helpers.language import follow, sentence
from lenet_helpers.words import LessonError, Words

SECONDS_OF_CALM = 1.0
WITHOUT_KERNEL = Words("交互面板：运行这个单元格后出现", "A panel: run this cell and it appears")


class Message(widgets.HTML):
    """A line of text in the chosen language, read out by screen readers when it changes."""

    def say(self, words: Words, *, error: bool = False) -> None:
        """Show ``words``, marked as an error if they are one."""
        role, css = ("alert", "lenet-error") if error else ("status", "lenet-message")
        self.value = f'<div role="{role}" class="{css}">{words.html("div")}</div>'

    def explain(self, error: BaseException) -> None:
        """Show what went wrong: a `LessonError` in its own words, any other with its type."""
        if isinstance(error, LessonError):
            self.say(error.words, error=True)
            return
        what = f"{type(error).__name__}: {error}"
        self.say(Words(f"出错了（{what}）", f"Something went wrong ({what})"), error=True)


class PictureBox(widgets.VBox):
    """A ``picture`` and its caption below it; both change in place."""

    picture: Picture | None = None

    def __init__(self) -> None:
        self.image, self.caption = widgets.Image(format="png"), widgets.HTML()
        self.image.layout.display = "none"  # until there is something to see
        super().__init__([self.image, self.caption], layout={"align_items": "flex-start"})

    def show(self, picture: Picture) -> None:
        """Show this picture in place of the one before."""
        self.picture, self.image.value = picture, picture.png()
        self.image.layout.display = ""
        self.caption.value = f"<small>{picture.caption.html('div')}</small>"


class Choice(widgets.Dropdown):
    """A list of words that follow the language."""

    def __init__(self, options: Mapping[str, Words], **traits) -> None:
        self._words = list(options.values())
        values = [(str(words), value) for value, words in options.items()]
        super().__init__(options=values, **traits)
        follow(self, Choice._speak)

    def _speak(self, language: str) -> None:
        """Change the labels alone: with new ``options`` the first would be chosen."""
        labels = tuple(words.speak(language) for words in self._words)
        self.set_trait("_options_labels", labels)


class CellRun(NamedTuple):
    """A cell of the notebook, and which of its runs; both empty where that is not known."""

    cell: str
    run: str

    def replaces(self, other: "CellRun") -> bool:
        """Whether this is another run of the same cell."""
        return bool(self.cell) and self.cell == other.cell and self.run != other.run


def this_run() -> CellRun:
    """The cell that is running, as JupyterLab, Notebook 7 and VS Code tell the kernel."""
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent() if kernel else {}
    cell = (request.get("metadata") or {}).get("cellId") or ""
    return CellRun(cell, (request.get("header") or {}).get("msg_id", ""))


class Panel(widgets.VBox):
    """Widgets while a kernel is there, and a still picture of them in the saved notebook.

    A panel says in `still` how it looks without a kernel, and calls `keep_still` when that has
    changed for good, not while it is changing. Running the cell that made a panel again closes it,
    and all that it had going. ``style_sheet`` is the file with the looks of its own parts.
    """

    style_sheet: Path | None = None
    _open: "weakref.WeakSet[Panel]" = weakref.WeakSet()
    _later: asyncio.TimerHandle | None = None

    def __init__(self, children: list[widgets.Widget]) -> None:
        self._handles: list = []  # (CellRun, DisplayHandle)
        self._made_by = this_run()
        for panel in list(Panel._open):
            if self._made_by.replaces(panel._made_by):
                panel.close()
        sheets = filter(None, [Path(__file__).with_name("panels.css"), self.style_sheet])
        css = "\n".join(sheet.read_text("utf-8") for sheet in sheets)
        super().__init__([*children, widgets.HTML(f"<style>{css}</style>")])
        self.add_class("lenet-panel")
        Panel._open.add(self)

    def close(self) -> None:
        """Take the panel off the page, with every widget in it."""
        Panel._open.discard(self)
        if self._later is not None:
            self._later.cancel()
        close_all(self)

    def still(self) -> Picture:
        """The state of this moment as a picture that needs no kernel."""
        raise NotImplementedError

    def keep_still(self) -> None:
        """Save the picture of this moment in the outputs of all cells that show this panel."""
        if self._handles:
            data, metadata = self._still_bundle()
            for _, handle in self._handles:
                handle.update(data, metadata=metadata, raw=True)

    def keep_still_soon(self) -> None:
        """Save it, unless this is called again within a second: each click would take too long."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel
            return
        if self._later is not None:
            self._later.cancel()
        self._later = loop.call_later(SECONDS_OF_CALM, self.keep_still)

    def _still_bundle(self) -> tuple[dict, dict]:
        picture = self.still()
        return picture.bundle(picture.small_png())

    def _ipython_display_(self) -> None:
        if self.comm is not None:
            display(self._repr_mimebundle_() | sentence(WITHOUT_KERNEL), raw=True)
        data, metadata = self._still_bundle()
        handle = display(data, metadata=metadata, raw=True, display_id=True)
        if handle is not None:  # None outside a notebook
            here = this_run()
            earlier = [(run, h) for run, h in self._handles if not here.replaces(run)]
            self._handles = [*earlier, (here, handle)]


def close_all(widget: widgets.Widget) -> None:
    """Close a widget and all that it consists of, so that nothing of it stays in the kernel."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for part in ("layout", "style"):
        if isinstance(value := getattr(widget, part, None), widgets.Widget):
            value.close()
    widgets.Widget.close(widget)
