"""Every rule about the lessons is shown to work: break a copy of a lesson, and its test fails.

The tests of `test_notebooks.py` and `test_claims.py` are called here as they are, on a lesson that
has just been broken in one place. That a stale output is noticed, `test_stale_output.py` shows.
"""

import copy
import inspect
import re
from functools import partial
from pathlib import Path

import nbformat
import pytest

from tests import test_claims as claims
from tests import test_notebooks as rules

FOLDER = Path(__file__).parents[1] / "notebooks"
LESSON = FOLDER / "05_lenet_layers.ipynb"  # has pictures, tables, formulas and links
STORED = nbformat.read(LESSON, as_version=4)
ERROR = nbformat.v4.new_output("error", ename="NameError", evalue="x", traceback=[])
WARNING = nbformat.v4.new_output("stream", name="stderr", text="UserWarning: Glyph 27721")
WIDGETS = {"application/vnd.jupyter.widget-state+json": {"version_major": 2, "state": {}}}

languages = rules.test_every_text_has_both_languages
same = rules.test_languages_have_the_same
links = rules.test_links_lead_somewhere
pictures = rules.test_pictures_are_there_in_both_languages_with_a_description
clean_run = rules.test_outputs_come_from_one_clean_run
opening = rules.test_opens_with_the_language_switch
ending = rules.test_ends_with_summary_exercises_and_navigation
small = rules.test_no_widget_state_and_not_too_large


def named(notebook, name: str):
    return next(cell for cell in notebook.cells if cell.id == name)


@pytest.fixture
def lesson():
    """A copy to break. As it is committed, all the rules hold: see the tests themselves."""
    return copy.deepcopy(STORED)


def assert_noticed(rule, lesson, message: str | None = None, path: Path = LESSON) -> None:
    known = {"notebook": lesson, "path": path, "stem": path.stem}
    wanted = inspect.signature(rule).parameters
    with pytest.raises(AssertionError, match=message):
        rule(**{name: value for name, value in known.items() if name in wanted})


# One text says something else

ENGLISH = rules.BLOCKS.match(named(STORED, "data-sizes-note").source)["en"]
CHINESE = rules.BLOCKS.match(named(STORED, "data-sizes-note").source)["zh"]
NUMBERS = claims.check_that_languages_state_the_same_numbers
LOST = "shares-note no longer states 95.8 in both languages"


@pytest.mark.parametrize(
    ("rule", "name", "old", "new", "times", "message"),
    [
        # A language is missing
        (languages, "data-sizes-note", '<div lang="en">', "", 1, "not one zh block"),
        (languages, "data-sizes-note", CHINESE, ENGLISH, 1, "data-sizes-note: the zh block has no"),
        (languages, "data-sizes-note", ENGLISH, CHINESE, 1, "data-sizes-note: Chinese in en"),
        (languages, "data-sizes-note", "zh\">\n\n", "zh\">\n", 1, "mind the blank lines"),
        (rules.test_chinese_is_set_as_chinese, "data-sizes-note", "，", ",", 1, "half-width"),
        (rules.test_chinese_is_set_as_chinese, "data-sizes-note", "通道", "池化", 1, "says 汇聚"),
        # One language has what the other has not
        ("headings", "counting-text", "## Counting", "Counting", 1, "other headings"),
        ("links", "title", "[06 How a network learns](06_learning.ipynb)", "06", 1, "other links"),
        ("formulas", "lenet5-note", r"$6\times16=96$", "$6$", 1, "other formulas"),
        ("fold-outs", "answer-1", "<details>", "", 1, "answer-1: other fold-outs"),
        # A link or a picture is dead
        (links, "title", "(06_learning", "(06_lerning", 2, "dead link 06_lerning.ipynb"),
        (pictures, "overview-text", "lenet.png", "lnet.png", 2, "no picture ../imgs/lnet"),
        (pictures, "overview-text", "imgs/lenet.png", "imgs/pooling.png", 1, "overview-text"),
        # A number disagrees
        (claims.check_claims, "shares-note", "95.8", "95.9", 2, LOST),
        (claims.check_claims, "shares-note", "95.8%", "95.9%", 1, LOST),
        (NUMBERS, "shares-note", "95.8%", "95.9%", 1, "shares-note: 95.9 in zh, not in en"),
        (NUMBERS, "after-text", "1.44 亿", "1.45 亿", 1, "after-text: 145000000 in zh, not in en"),
        (claims.check_that_numbers_are_computed, "lenet5-note", "48,120", "48,210", 2,
         "lenet5-note: no cell computes 48210"),
    ],
)  # fmt: skip
def test_a_changed_text_is_noticed(lesson, rule, name, old, new, times, message):
    if isinstance(rule, str):
        rule = partial(same, what=rule, pattern=dict(rules.IN_BOTH)[rule])
    text = named(lesson, name)
    assert text.source.count(old) >= times
    text.source = text.source.replace(old, new, times)
    assert_noticed(rule, lesson, message)


def test_a_picture_without_a_description_is_noticed(lesson):
    text = named(lesson, "overview-text")
    text.source = re.sub(r"!\[[^\]]*\]", "![]", text.source)
    assert_noticed(pictures, lesson, "has no alternative text")


# One cell is or has something else


@pytest.mark.parametrize(
    ("rule", "change", "message"),
    [
        (claims.check_claims, lambda cell: cell.update(id="parts"), "shares, which is no cell"),
        (claims.check_claims, lambda cell: cell.update(outputs=[WARNING]),
         "shares-note states 95.8, shares does not"),
        (clean_run, lambda cell: cell.update(execution_count=1), None),
        (clean_run, lambda cell: cell.update(outputs=[ERROR]), "shares: an error is saved"),
        (clean_run, lambda cell: cell.outputs.append(WARNING), "shares: UserWarning: Glyph"),
        (clean_run, lambda cell: cell.outputs[0].update(text="read from /home/ada/data"),
         "shares: a path of somebody's machine"),
        (rules.test_checked_cells_have_something_to_compare,
         lambda cell: cell.update(outputs=[]), "shares: nothing to compare"),
        (rules.test_code_cells_are_short,
         lambda cell: cell.update(source=cell.source + "\nx = 1" * 15), "more than 15 lines"),
        (rules.test_cell_ids_say_what_the_cell_is,
         lambda cell: cell.update(id="deadbeef"), "deadbeef looks random"),
    ],
)  # fmt: skip
def test_a_changed_cell_is_noticed(lesson, rule, change, message):
    change(named(lesson, "shares"))
    assert_noticed(rule, lesson, message)


def test_an_output_picture_without_a_description_is_noticed(lesson):
    for output in named(lesson, "costs-picture").outputs:
        output.metadata = nbformat.from_dict({})
    rule = rules.test_pictures_in_outputs_are_described_in_both_languages
    assert_noticed(rule, lesson, "costs-picture: a picture without a description")


# The whole lesson


def test_saved_widget_state_is_noticed(lesson):
    lesson.metadata["widgets"] = WIDGETS
    assert_noticed(small, lesson, "widgets")


def test_a_lesson_grown_too_large_is_noticed(lesson, tmp_path):
    (tmp_path / LESSON.name).write_bytes(b"x" * rules.MAX_BYTES)
    assert_noticed(small, lesson, "st_size", tmp_path / LESSON.name)


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        (opening, ["language-switch"]),
        (ending, ["answer-1", "answer-2", "answer-3"]),
        (ending, ["summary"]),
        (ending, ["recall"]),
        (ending, ["navigation"]),
    ],
)
def test_a_missing_cell_is_noticed(lesson, rule, gone):
    lesson.cells = [cell for cell in lesson.cells if cell.id not in gone]
    assert_noticed(rule, lesson)


def test_a_main_line_grown_too_long_is_noticed(lesson):
    lesson.cells += [nbformat.v4.new_code_cell() for _ in range(rules.MAIN_LINE)]
    assert_noticed(rules.test_main_line_fits_a_class_hour, lesson)


def test_a_lesson_left_out_of_the_chain_is_noticed():
    with pytest.raises(AssertionError):
        rules.test_lessons_link_to_their_neighbours(FOLDER / "01_handwriting.ipynb", LESSON)
