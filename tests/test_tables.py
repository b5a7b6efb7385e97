"""The one small table in both languages: as text, and as HTML."""

import pytest

from lenet_helpers.tables import Table
from lenet_helpers.words import Words

TABLE = Table(
    (Words("层", "Layer"), Words("参数", "Parameters")),
    [("Conv2d", "1,234"), (Words("全连接：", "dense <b>"), 5)],
    align="lr",
    caption=Words("大小", "Sizes"),
    foot=(Words("合计", "Total"), "1,239"),
)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["Sizes", "Layer      Parameters", "Conv2d          1,234",
                "dense <b>           5", "Total           1,239"]),
        # A Chinese character or mark is as wide as two letters.
        ("zh", ["大小", "层         参数", "Conv2d    1,234",
                "全连接：      5", "合计      1,239"]),
    ],
)  # fmt: skip
def test_text_stands_in_columns(language, lines):
    assert TABLE.text(language).splitlines() == lines


def test_text_is_in_both_languages_unless_one_is_chosen():
    assert str(TABLE) == repr(TABLE) == TABLE.text("both")
    assert "全连接： / dense <b>" in str(TABLE)


def test_html_has_each_language_as_an_element_and_once_what_is_the_same():
    html = TABLE._repr_html_()
    assert '<div lang="zh">全连接：</div> <div lang="en">dense &lt;b&gt;</div>' in html
    assert html.count("Conv2d") == 1
    assert '<caption><span lang="zh">大小</span> <span lang="en">Sizes</span></caption>' in html
    assert '<th scope="row" style="text-align: left">Conv2d</th>' in html
    assert '<td style="text-align: right">1,234</td>' in html
    assert html.endswith('<th style="text-align: right">1,239</th></tr></tfoot></table>')


def test_without_caption_and_foot_there_is_no_trace_of_them():
    table = Table(("a", "b"), [("<", 2)])
    html = table._repr_html_()
    assert str(table) == "a  b\n<  2"
    assert "caption" not in html and "right" not in html and "&lt;" in html
