"""The language of a notebook: 中文, English, or both, switched at once and with nothing re-run."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable

import ipywidgets as widgets
import traitlets

from lenet_helpers.words import SettingError, Words

LANGUAGES = {"中文": "zh", "English": "en", "双语 Both": "both"}


def _from_environment() -> str:
    chosen = os.environ.get("LENET_LANG") or "both"
    if chosen in LANGUAGES.values():
        return chosen
    raise SettingError(
        f"环境变量 LENET_LANG 应为 zh、en 或 both，而不是 {chosen!r}。",
        f"LENET_LANG must be zh, en or both, not {chosen!r}.",
    )


class _Choice(traitlets.HasTraits):
    language = traitlets.Enum(list(LANGUAGES.values()))

    @traitlets.default("language")
    def _first(self) -> str:
        return _from_environment()


CHOICE = _Choice()


class LanguageSwitch(widgets.VBox):
    """Three buttons, 中文 · English · 双语 Both, for all words of the notebook they are shown in.

    Texts are marked with ``lang="zh"`` or ``lang="en"``; a style hides those of one language, in
    this notebook alone. Widgets follow through `follow`. The environment variable ``LENET_LANG``
    (``zh``, ``en`` or ``both``) says how to begin. Where widgets cannot act, as in a preview,
    both languages are there to read.

    Raises:
        SettingError: ``LENET_LANG`` is no such language.
    """

    def __init__(self) -> None:
        self.buttons = widgets.ToggleButtons(
            options=LANGUAGES,
            tooltips=["只显示中文", "Show English only", "两种语言都显示 Show both languages"],
            style={"button_width": "7em"},
        )
        traitlets.link((CHOICE, "language"), (self.buttons, "value"))
        super().__init__([self.buttons, widgets.HTML(_hide("zh") + _hide("en"))])
        self.add_class("lenet-language")
        CHOICE.observe(lambda _: self._mark(), "language")
        self._mark()

    def _mark(self) -> None:
        """Say on this widget's element which language is hidden; the style looks there."""
        for language in ("zh", "en"):
            self.remove_class(f"lenet-hide-{language}")
        if CHOICE.language != "both":
            self.add_class("lenet-hide-en" if CHOICE.language == "zh" else "lenet-hide-zh")


def follow(target: object, act: Callable[[object, str], None]) -> None:
    """Call ``act(target, language)`` now and whenever the language changes.

    The target is not kept alive by this, so that a panel of an earlier run can go.
    """
    weak = weakref.ref(target)

    def changed(change: dict) -> None:
        alive = weak()
        if alive is None:
            CHOICE.unobserve(changed, "language")
        else:
            act(alive, change["new"])

    CHOICE.observe(changed, "language")
    act(target, CHOICE.language)


def say(widget: widgets.Widget, trait: str, words: Words) -> None:
    """Give a widget's trait (``description``, ``value``, …) these words, in the chosen language."""
    follow(widget, lambda alive, language: setattr(alive, trait, words.speak(language)))


def _hide(language: str) -> str:
    return (
        f"<style>.jp-Notebook:has(.lenet-hide-{language}) "
        f'[lang="{language}"] {{display: none !important}}</style>'
    )
