"""The language of a notebook: 中文, English, or both, switched at once and with nothing re-run.

In JupyterLab it is chosen in the top bar (``labextension/``), which needs no kernel; this module
brings the choice to the widgets, and has a switch for where there is no such bar.
"""

import os
import weakref
from collections.abc import Callable
from pathlib import Path

import anywidget
import ipywidgets as widgets
import traitlets
from IPython import get_ipython

from lenet_helpers.words import SettingError, Words

LANGUAGES = {"中文": "zh", "English": "en", "双语 Both": "both"}
HIDES = {"zh": "en", "en": "zh"}
RUN_TO_SWITCH = Words("运行这个单元格，就可以选择语言。", "Run this cell to choose the language.")
RUN_TO_SEE = Words("交互部分：运行这个单元格后出现", "Interactive: run this cell and it appears")


class _Choice(traitlets.HasTraits):
    language = traitlets.Enum(list(LANGUAGES.values()))

    @traitlets.default("language")
    def _from_environment(self) -> str:
        chosen = os.environ.get("LENET_LANG") or "both"
        if chosen in LANGUAGES.values():
            return chosen
        raise SettingError(
            f"环境变量 LENET_LANG 应为 zh、en 或 both，而不是 {chosen!r}。",
            f"LENET_LANG must be zh, en or both, not {chosen!r}.",
        )


CHOICE = _Choice()


class TopBar(anywidget.AnyWidget):
    """Hears from the browser what is chosen in JupyterLab's top bar; it has nothing to show."""

    # As text: a path would be watched, and the widget kept for ever by its watcher.
    _esm = Path(__file__).with_name("language.js").read_text(encoding="utf-8")
    only: "TopBar | None" = None

    @classmethod
    def listen(cls) -> None:
        """Begin to listen, once in each kernel."""
        if cls.only is None or cls.only.comm is None:
            cls.only = cls()
            cls.only.on_msg(lambda _, heard, __: CHOICE.set_trait("language", heard["language"]))
            _say_what_widgets_are()


class LanguageSwitch(widgets.VBox):
    """Three buttons, 中文 · English · 双语 Both, for all words of the notebook they are shown in.

    For VS Code, Colab and other places without the course's top bar. Texts are marked with
    ``lang="zh"`` or ``lang="en"``; a style hides those of one language, in this notebook alone;
    widgets `follow`. ``LENET_LANG`` (``zh``, ``en``, ``both``) says how to begin, or a
    `SettingError` that it is none of these. Where widgets cannot act, both are there to read.
    """

    def __init__(self) -> None:
        self.buttons = widgets.ToggleButtons(
            options=LANGUAGES,
            tooltips=["只显示中文", "Show English only", "两种语言都显示 Show both languages"],
            style={"button_width": "7em"},
        )
        traitlets.link((CHOICE, "language"), (self.buttons, "value"))
        super().__init__([self.buttons, widgets.HTML("".join(map(_hidden_by_class, HIDES)))])
        self.add_class("lenet-language")
        follow(self, LanguageSwitch._mark)

    def _repr_mimebundle_(self, **options) -> dict:
        return super()._repr_mimebundle_(**options) | sentence(RUN_TO_SWITCH, "lenet-language")

    def _mark(self, language: str) -> None:
        """Say on this widget's element which language is hidden; the style looks there."""
        for each, hidden in HIDES.items():
            self.remove_class(f"lenet-hide-{hidden}")
            if each == language:
                self.add_class(f"lenet-hide-{hidden}")


def _hidden_by_class(language: str) -> str:
    return (
        f"<style>.jp-NotebookPanel:not(.lenet-course) .jp-Notebook:has(.lenet-hide-{language}) "
        f'[lang="{language}"] {{display: none !important}}</style>'
    )


def follow(target: object, act: Callable[[object, str], None]) -> None:
    """Call ``act(target, language)`` now and at each change, without keeping the target alive."""
    weak = weakref.ref(target)

    def changed(change: dict) -> None:
        alive = weak()
        if alive is None:
            CHOICE.unobserve(changed, "language")
        else:
            act(alive, change["new"])

    CHOICE.observe(changed, "language")
    TopBar.listen()
    act(target, CHOICE.language)


def say(widget: widgets.Widget, trait: str, words: Words) -> None:
    """Give a widget's trait (``description``, ``value``, …) these words, in the chosen language."""
    follow(widget, lambda alive, language: setattr(alive, trait, words.speak(language)))


def sentence(words: Words, css: str = "lenet-interactive") -> dict[str, str]:
    """What a notebook saves beside a widget: seen in a preview, and when the kernel is gone."""
    return {"text/plain": str(words), "text/html": f'<p class="{css}">{words.html()}</p>'}


def _say_what_widgets_are() -> None:
    """Save a sentence with every widget of this kernel, in place of its Python text."""

    def bundle(widget: widgets.Widget):
        made = widget._repr_mimebundle_()
        data, metadata = made if isinstance(made, tuple) else (made, {})  # anywidget gives both
        has_its_own = "text/html" in data
        return (data if has_its_own else data | sentence(RUN_TO_SEE)), metadata

    if (shell := get_ipython()) is not None:
        shell.display_formatter.mimebundle_formatter.for_type(widgets.Widget, bundle)
