"""The language switch and everything that follows it."""

import gc
import importlib
import pkgutil
import re
import weakref

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell

import lenet_helpers
from lenet_helpers import LanguageSwitch, SettingError, Words, language
from lenet_helpers.data.catalog import DATA_SETS
from lenet_helpers.language import CHOICE, LANGUAGES, follow, say

HELLO = Words("你好", "hello")


@pytest.fixture(autouse=True)
def choice():
    """Nobody is left who follows."""
    yield CHOICE
    CHOICE.unobserve_all("language")


class Target:
    """Something with words that is no widget."""

    text = ""


def set_text(target, chosen: str) -> None:
    target.text = HELLO.speak(chosen)


# Words


def test_words_are_spoken_in_each_language_and_the_same_text_once():
    spoken = [HELLO.speak(chosen) for chosen in ("zh", "en", "both")]
    assert spoken == ["你好", "hello", "你好 / hello"]
    assert str(Words("MNIST", "MNIST")) == "MNIST"


def test_words_as_html_are_marked_and_escaped():
    html = Words("甲<乙", "a < b & c").html("div")
    assert html == '<div lang="zh">甲&lt;乙</div> <div lang="en">a &lt; b &amp; c</div>'


def test_error_speaks_both_languages_and_keeps_them_apart():
    error = SettingError("不行", "no good")
    assert str(error) == "不行\nno good"
    assert error.words == ("不行", "no good")


def modules():
    for info in pkgutil.walk_packages(lenet_helpers.__path__, "lenet_helpers."):
        yield importlib.import_module(info.name)


def words_within(value, seen: set[int]):
    """All `Words` in a value and in the containers and data sets it is made of."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Words):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from words_within(item, seen)
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from words_within(item, seen)
    elif hasattr(type(value), "__dataclass_fields__"):
        yield from words_within(vars(value), seen)


def test_all_words_of_the_package_are_there_in_both_languages():
    seen: set[int] = set()
    found = [words for module in modules() for words in words_within(vars(module), seen)]
    assert DATA_SETS["fashion_mnist"].classes[0] in found
    assert len(found) > 30
    assert [words for words in found if not (words.zh.strip() and words.en.strip())] == []
    assert [words for words in found if re.search("[\u4e00-\u9fff]", words.en)] == []


# The switch


def test_switch_offers_three_languages():
    switch = LanguageSwitch()
    assert dict(switch.buttons.options) == {"中文": "zh", "English": "en", "双语 Both": "both"}
    assert len(switch.buttons.tooltips) == 3
    assert switch.buttons.value == "both"


def hidden(switch: LanguageSwitch) -> list[str]:
    return sorted(name for name in switch._dom_classes if name.startswith("lenet-hide-"))


@pytest.mark.parametrize(
    ("chosen", "classes"), [("zh", ["lenet-hide-en"]), ("en", ["lenet-hide-zh"]), ("both", [])]
)
def test_button_hides_the_other_language(choice, chosen, classes):
    switch = LanguageSwitch()
    for start in LANGUAGES.values():
        switch.buttons.value = start
        switch.buttons.value = chosen
        assert hidden(switch) == classes
        assert choice.language == chosen


def test_switch_begins_in_the_language_chosen_before_and_two_move_together(choice):
    choice.language = "en"
    one, other = LanguageSwitch(), LanguageSwitch()
    assert (one.buttons.value, hidden(one)) == ("en", ["lenet-hide-zh"])
    one.buttons.value = "zh"
    assert (other.buttons.value, hidden(other)) == ("zh", ["lenet-hide-en"])


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


def test_widgets_follow_the_top_bar(shell, choice):
    target = Target()
    follow(target, set_text)
    follow(target, set_text)
    message = {"method": "custom", "content": {"language": "en"}}
    language.TopBar.only.comm.handle_msg({"content": {"data": message}, "buffers": []})
    assert (choice.language, target.text) == ("en", "hello")


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


def test_widgets_words_follow_the_button():
    switch, button = LanguageSwitch(), widgets.Button()
    say(button, "description", HELLO)
    assert button.description == "你好 / hello"
    switch.buttons.value = "en"
    assert button.description == "hello"


def test_words_may_be_said_anew(choice):
    label = widgets.Label()
    say(label, "value", HELLO)
    say(label, "value", Words("再见", "goodbye"))
    choice.language = "en"
    assert label.value == "goodbye"


def test_following_does_not_keep_a_target_alive(choice):
    target = Target()
    follow(target, set_text)
    gone = weakref.ref(target)
    del target
    gc.collect()
    assert gone() is None
    choice.language = "zh"  # tells nobody and raises nothing
    assert not choice._trait_notifiers.get("language", {}).get("change")


# LENET_LANG


@pytest.fixture
def fresh_choice(monkeypatch):
    """The choice of a kernel that has just started."""

    def begin(lang: str | None):
        if lang is not None:
            monkeypatch.setenv("LENET_LANG", lang)
        monkeypatch.setattr(language, "CHOICE", language._Choice())

    return begin


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("zh", "zh"), ("en", "en"), ("both", "both"), (None, "both"), ("", "both")],
)
def test_lenet_lang_says_how_to_begin(fresh_choice, lang, expected):
    fresh_choice(lang)
    assert LanguageSwitch().buttons.value == expected


@pytest.mark.parametrize("lang", ["de", "ZH", "English", "zh,en"])
def test_wrong_lenet_lang_is_explained(fresh_choice, lang):
    fresh_choice(lang)
    with pytest.raises(SettingError) as caught:
        LanguageSwitch()
    for text in caught.value.words:
        assert "LENET_LANG" in text
        assert repr(lang) in text
        assert "both" in text
