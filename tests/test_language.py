"""The language switch and everything that follows it."""

import gc
import importlib
import pkgutil
import re
import weakref
from collections.abc import Mapping
from dataclasses import is_dataclass

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell

import lenet_helpers
from lenet_helpers import LanguageSwitch, SettingError, Words, language
from lenet_helpers.data.catalog import DATA_SETS
from lenet_helpers.language import CHOICE, LANGUAGES, follow, say

HELLO = Words("你好", "hello")
HIDDEN = {"zh": ["lenet-hide-en"], "en": ["lenet-hide-zh"], "both": []}


def hidden(switch: LanguageSwitch) -> list[str]:
    return [name for name in switch._dom_classes if name.startswith("lenet-hide-")]


# Words


def test_words_are_spoken_and_marked_in_each_language_and_an_error_keeps_them_apart():
    spoken = [HELLO.speak(chosen) for chosen in LANGUAGES.values()]
    assert spoken == ["你好", "hello", "你好 / hello"]
    assert str(Words("MNIST", "MNIST")) == "MNIST"
    html = Words("甲<乙", "a < b & c").html("div")
    assert html == '<div lang="zh">甲&lt;乙</div> <div lang="en">a &lt; b &amp; c</div>'
    error = SettingError("不行", "no good")
    assert (str(error), error.words) == ("不行\nno good", ("不行", "no good"))


def words_within(value) -> list[Words]:
    """All `Words` in a value and in the containers and data sets it is made of."""
    if isinstance(value, Words):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(value, Mapping | tuple | list | set | frozenset):
        items = ()
    return [words for item in items for words in words_within(item)]


def test_all_words_of_the_package_are_there_in_both_languages():
    names = [info.name for info in pkgutil.walk_packages(lenet_helpers.__path__, "lenet_helpers.")]
    found = [words for name in names for words in words_within(vars(importlib.import_module(name)))]
    assert DATA_SETS["fashion_mnist"].classes[0] in found
    assert len(found) > 30
    assert [words for words in found if not (words.zh.strip() and words.en.strip())] == []
    assert [words for words in found if re.search("[\u4e00-\u9fff]", words.en)] == []


# The switch


@pytest.mark.parametrize("chosen", LANGUAGES.values())
def test_a_button_hides_the_other_language(chosen):
    switch = LanguageSwitch()
    assert len(switch.buttons.tooltips) == 3
    for start in LANGUAGES.values():
        switch.buttons.value = start
        switch.buttons.value = chosen
        assert hidden(switch) == HIDDEN[chosen]
        assert CHOICE.language == chosen


def test_a_switch_begins_in_the_language_chosen_before_and_two_move_together():
    CHOICE.language = "en"
    one, other = LanguageSwitch(), LanguageSwitch()
    assert (one.buttons.value, hidden(one)) == ("en", HIDDEN["en"])
    one.buttons.value = "zh"
    assert (other.buttons.value, hidden(other)) == ("zh", HIDDEN["zh"])


def test_style_hides_each_language_in_this_notebook_alone():
    style = LanguageSwitch().children[1].value
    for lang in ("zh", "en"):
        rule = f'.jp-Notebook:has(.lenet-hide-{lang}) [lang="{lang}"] {{display: none !important}}'
        assert rule in style


# What is heard from JupyterLab's top bar, and what stands in a saved notebook


@pytest.fixture
def shell(monkeypatch):
    """IPython, as in a kernel that has not shown a widget yet."""
    shell = InteractiveShell()
    monkeypatch.setattr(language, "get_ipython", lambda: shell)
    monkeypatch.setattr(language.TopBar, "only", None)
    return shell


def test_widgets_follow_the_top_bar(shell):
    label = widgets.Label()
    say(label, "value", HELLO)
    message = {"method": "custom", "content": {"language": "en"}}
    language.TopBar.only.comm.handle_msg({"content": {"data": message}, "buffers": []})
    assert (CHOICE.language, label.value) == ("en", "hello")


def test_every_widget_leaves_a_sentence_and_no_python(shell):
    switch = LanguageSwitch()
    for widget in (switch, widgets.VBox([switch]), language.TopBar.only):
        data, _ = shell.display_formatter.format(widget)
        assert "application/vnd.jupyter.widget-view+json" in data
        zh, en = data["text/plain"].split(" / ")
        assert "运行这个单元格" in zh and "un this cell" in en
        assert f'<span lang="en">{en}</span>' in data["text/html"]
    assert "lenet-language" in shell.display_formatter.format(switch)[0]["text/html"]


# What follows


def test_widgets_words_follow_the_button_and_may_be_said_anew():
    switch, button = LanguageSwitch(), widgets.Button()
    say(button, "description", HELLO)
    assert button.description == "你好 / hello"
    say(button, "description", Words("再见", "goodbye"))
    switch.buttons.value = "en"
    assert button.description == "goodbye"


def test_following_does_not_keep_a_target_alive(monkeypatch):
    monkeypatch.setattr(language, "CHOICE", language._Choice())
    heard, target = [], set()
    follow(target, lambda _, chosen: heard.append(chosen))
    gone = weakref.ref(target)
    del target
    gc.collect()
    assert gone() is None
    language.CHOICE.language = "zh"  # tells nobody and raises nothing
    assert heard == ["both"]
    assert language.CHOICE._trait_notifiers["language"]["change"] == []


# LENET_LANG


@pytest.mark.parametrize(
    "lang, begins", [("zh", "zh"), ("en", "en"), ("both", "both"), (None, "both"), ("", "both")]
)
def test_lenet_lang_says_how_a_kernel_begins(monkeypatch, lang, begins):
    if lang is not None:
        monkeypatch.setenv("LENET_LANG", lang)
    monkeypatch.setattr(language, "CHOICE", language._Choice())
    assert LanguageSwitch().buttons.value == begins


@pytest.mark.parametrize("lang", ["de", "ZH", "English", "zh,en"])
def test_a_wrong_lenet_lang_is_explained(monkeypatch, lang):
    monkeypatch.setenv("LENET_LANG", lang)
    with pytest.raises(SettingError) as caught:
        language._Choice().language  # noqa: B018
    for text in caught.value.words:
        assert "LENET_LANG" in text
        assert repr(lang) in text
        assert "both" in text
