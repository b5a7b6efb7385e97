"""What all panels share: words, pictures, closing, and the still that a notebook keeps."""

import threading
from concurrent.futures import ThreadPoolExecutor

import ipywidgets as widgets
import pytest
from matplotlib import rcParams

from lenet_helpers import SettingError, Words
from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.language import CHOICE
from lenet_helpers.panels import CellRun, Choice, Message, Panel, PictureBox, this_run

LONG = 120  # seconds: only a hang takes that long
COLORS = {"red": Words("红", "red"), "blue": Words("蓝", "blue")}


def picture() -> Picture:
    return Picture(new_figure(2, 1)[0], Words("坐标系 <axes>", "empty axes <axes>"))


class Still(Panel):
    """A panel with a label and an empty still picture."""

    def __init__(self) -> None:
        super().__init__([widgets.Label("hello")])

    def still(self) -> Picture:
        return picture()


# Words and pictures


def test_a_message_is_said_in_both_languages_and_read_out():
    message = Message()
    message.say(Words("好 & 了", "done & dusted"))
    both = '<div lang="zh">好 &amp; 了</div> <div lang="en">done &amp; dusted</div>'
    assert both in message.value and 'role="status"' in message.value


@pytest.mark.parametrize(
    "error, zh, en",
    [
        (SettingError("不行", "no good"), "不行", "no good"),
        (KeyError("<x>"), "出错了", "Something went wrong (KeyError: &#x27;&lt;x&gt;&#x27;)"),
    ],
)
def test_an_error_speaks_for_itself_or_is_shown_with_its_type(error, zh, en):
    message = Message()
    message.explain(error)
    assert 'role="alert"' in message.value and zh in message.value
    assert f'<div lang="en">{en}</div>' in message.value


def test_a_picture_box_is_empty_until_there_is_a_picture():
    box = PictureBox()
    assert box.image.layout.display == "none"
    box.show(picture())
    assert bytes(box.image.value).startswith(b"\x89PNG")
    assert box.image.layout.display != "none"
    assert "empty axes &lt;axes&gt;" in box.caption.value


def test_a_choice_follows_the_language_and_stays():
    choice, seen = Choice(COLORS), []
    assert choice.value == "red"
    choice.value = "blue"
    choice.observe(lambda change: seen.append(change["new"]), "value")
    for chosen in ("zh", "en", "both"):
        CHOICE.language = chosen
        assert choice._options_labels == tuple(words.speak(chosen) for words in COLORS.values())
        assert (choice.value, choice.index) == ("blue", 1)
    choice.index = 0
    assert (seen, choice.label) == (["red"], "红 / red")


# Closing


def test_a_panel_is_closed_by_another_run_of_its_cell_alone(monkeypatch, capsys):
    assert this_run() == ("", "")  # outside a notebook

    def made_in(cell: str, run: str) -> Still:
        monkeypatch.setattr("lenet_helpers.panels.this_run", lambda: CellRun(cell, run))
        return Still()

    cells = (("a", "1"), ("a", "1"), ("b", "2"), ("", "1"), ("", "2"))
    first, beside, *elsewhere = [made_in(*cell) for cell in cells]
    assert all(panel.comm is not None for panel in (first, beside, *elsewhere))
    again = made_in("a", "3")
    assert first.comm is None and beside.comm is None
    assert all(panel.comm is not None for panel in (again, *elsewhere))
    first._ipython_display_()  # a closed panel shows its still picture
    assert "empty axes" in capsys.readouterr().out


def test_drawing_on_two_threads_leaves_matplotlibs_settings_as_they_were():
    before = dict(rcParams)
    inside, may_leave = threading.Event(), threading.Event()

    def draw(_) -> None:
        with style():
            inside.set()
            may_leave.wait(LONG)

    with ThreadPoolExecutor(2) as pool:
        drawn = pool.map(draw, range(2))
        inside.wait(LONG)  # the other one does not get in before this one has left
        may_leave.set()
        list(drawn)
    assert dict(rcParams) == before
