"""Text in both languages of the course, and errors that speak both."""

import copyreg
from collections.abc import Mapping
from html import escape
from numbers import Integral
from typing import NamedTuple, TypeVar

Choice = TypeVar("Choice")


class Words(NamedTuple):
    """One text in Chinese and in English."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if self.zh == self.en else f"{self.zh} / {self.en}"

    @classmethod
    def same(cls, text: str) -> "Words":
        """A text that is the same in both languages: a name, a number, a formula."""
        return cls(text, text)

    def speak(self, language: str) -> str:
        """The text in ``language``: ``"zh"``, ``"en"`` or ``"both"``."""
        return str(self) if language == "both" else getattr(self, language)

    def html(self, tag: str = "span") -> str:
        """An element for each language, so that one can be hidden; plain text if both are equal."""
        if self.zh == self.en:
            return escape(self.zh)
        zh, en = escape(self.zh), escape(self.en)
        return f'<{tag} lang="zh">{zh}</{tag}> <{tag} lang="en">{en}</{tag}>'


class LessonError(Exception):
    """An error whose ``words`` say, in both languages, what was wrong and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        self.words = Words(zh, en)
        super().__init__(f"{zh}\n{en}")

    def __reduce__(self):  # between processes; some kinds are made from other arguments
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__


class SettingError(LessonError, ValueError):
    """A setting (batch size, learning rate, name, …) that cannot be used."""


def require_positive_integer(value: object, what: Words) -> int:
    """Return ``value`` if it is an integer from 1 on (not ``True``), or raise `SettingError`."""
    if isinstance(value, Integral) and not isinstance(value, bool) and value >= 1:
        return int(value)
    raise SettingError(
        f"{what.zh}应为正整数（例如 256），却得到 {value!r}。",
        f"{what.en} must be a positive integer (256, say), not {value!r}.",
    )


def require_known(options: Mapping[str, Choice], name: str, what: Words) -> Choice:
    """Return the option of this ``name``, or raise a `SettingError` that lists the names."""
    if isinstance(name, str) and name in options:
        return options[name]
    known = ", ".join(options)
    raise SettingError(
        f"未知的{what.zh} {name!r}；可选：{known}。",
        f"Unknown {what.en} {name!r}; choose one of: {known}.",
    )
