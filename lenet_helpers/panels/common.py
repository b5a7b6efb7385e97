"""What all panels share: messages and pictures in both languages, and a still that is saved."""

from __future__ import annotations

import ipywidgets as widgets
from IPython.display import display

from lenet_helpers.figures import Picture
from lenet_helpers.words import LessonError, Words

# The still stands right after its panel and is hidden for as long as the panel lives.
STYLE = """<style>
.jp-OutputArea-child:has(.lenet-panel) + .jp-OutputArea-child:has(.jp-RenderedImage) {
  display: none;
}
.lenet-panel img { max-width: 100%; }
.lenet-error { color: var(--jp-error-color1, #b00020); font-weight: bold; }
</style>"""


class Message(widgets.HTML):
    """A line of text in the chosen language, read out by screen readers when it changes."""

    def say(self, words: Words, *, error: bool = False) -> None:
        """Show ``words``, marked as an error if they are one."""
        role, css = ("alert", "lenet-error") if error else ("status", "lenet-message")
        self.value = f'<div role="{role}" class="{css}">{words.html()}</div>'

    def explain(self, error: BaseException) -> None:
        """Show what went wrong: a `LessonError` in its own words, any other with its type."""
        if isinstance(error, LessonError):
            self.say(error.words, error=True)
            return
        what = f"{type(error).__name__}: {error}"
        self.say(Words(f"出错了（{what}）", f"Something went wrong ({what})"), error=True)


class PictureBox(widgets.VBox):
    """A picture and its caption below it; both change in place."""

    def __init__(self) -> None:
        self.image, self.caption = widgets.Image(format="png"), widgets.HTML()
        super().__init__([self.image, self.caption], layout={"align_items": "flex-start"})

    def show(self, picture: Picture) -> None:
        """Show this picture in place of the one before."""
        self.image.value = picture.png()
        self.caption.value = f"<small>{picture.caption.html()}</small>"


class Panel(widgets.VBox):
    """Widgets while a kernel is there, and a still picture of them in the saved notebook.

    A panel says in `still` how it looks without a kernel, and calls `keep_still` when that has
    changed for good (a run has ended), not while it is changing.
    """

    def __init__(self, children: list[widgets.Widget]) -> None:
        self._handles: list = []
        super().__init__([*children, widgets.HTML(STYLE)])
        self.add_class("lenet-panel")

    def still(self) -> Picture:
        """The state of this moment as a picture that needs no kernel."""
        raise NotImplementedError

    def keep_still(self) -> None:
        """Save the picture of this moment in the outputs of all cells that show this panel."""
        if self._handles:
            picture = self.still()
            data, metadata = picture.bundle(picture.small_png())
            for handle in self._handles:
                handle.update(data, metadata=metadata, raw=True)

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        picture = self.still()
        data, metadata = picture.bundle(picture.small_png())
        handle = display(data, metadata=metadata, raw=True, display_id=True)
        if handle is not None:  # None outside a notebook
            self._handles.append(handle)
