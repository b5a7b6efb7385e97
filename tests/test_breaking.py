"""Every rule about the lessons is shown to work: break a copy of a lesson, and its test fails.

The tests of the lessons are called here as they are, on a lesson that has just been broken in one
place. That a stale output is noticed, `test_stale_output.py` shows.
"""

import copy
from dataclasses import replace

import pytest
from nbformat.v4 import new_code_cell, new_output

from tests import test_claims as claims
from tests import test_notebooks as rules
from tests import test_typography as typography
from tests.lessons import LESSONS, languages

STORED = LESSONS["05_lenet_layers"]  # has pictures, tables, formulas and links
CHINESE, ENGLISH = languages(STORED.cell("data-sizes-note"))
DESCRIPTION = rules.PICTURE.search(STORED.cell("overview-text").source)[1]
ERROR = new_output("error", ename="NameError", evalue="x", traceback=[])
WARNING = new_output("stream", name="stderr", text="UserWarning: Glyph 27721")
FOUND = new_output("stream", text="read from /home/ada/data")
PICTURE = new_output("display_data", {"image/png": ""})

both_languages = rules.test_every_text_has_both_languages
same = rules.test_languages_have_the_same
dead = rules.test_pictures_and_links_are_not_dead_and_pictures_are_described
clean_run = rules.test_outputs_come_from_one_clean_run
ending = rules.test_ends_with_summary_exercises_and_navigation
small = rules.test_no_widget_state_and_not_too_large
claim = claims.test_a_claim_agrees_with_the_cell_that_computes_it
computed = claims.test_every_long_number_in_a_text_is_computed_or_has_a_source
same_numbers = claims.test_both_languages_state_the_same_numbers
alike = typography.test_lesson_is_set_alike
titles = typography.test_lessons_call_each_other_by_their_titles


@pytest.fixture
def lesson():
    """A copy to break. As it is committed, all the rules hold: see the tests themselves."""
    return copy.deepcopy(STORED)


@pytest.mark.parametrize(
    ("rule", "name", "old", "new", "message"),
    [
        # A language is missing
        (both_languages, "data-sizes-note", '<div lang="en">', "", "not one zh block"),
        (both_languages, "data-sizes-note", CHINESE, ENGLISH, "data-sizes-note: the zh block has"),
        (both_languages, "data-sizes-note", ENGLISH, CHINESE, "data-sizes-note: Chinese in en"),
        (both_languages, "data-sizes-note", 'zh">\n\n', 'zh">\n', "mind the blank lines"),
        # One language has what the other has not
        (same, "counting-text", "## Counting", "Counting", "other headings"),
        (same, "overview-text", "。](../imgs/lenet.png", "](../imgs/relu.png", "other pictures"),
        (same, "title", "[06 How a network learns](06_learning.ipynb)", "06", "other links"),
        (same, "lenet5-note", r"of $6\times16=96$", "of $6$", "other formulas"),
        (same, "answer-1", "<details><summary>Answer", "<summary>Answer", "other fold-outs"),
        # A link or a picture is dead, or is not described
        (dead, "title", "(06_learning", "(06_lerning", "dead link 06_lerning.ipynb"),
        (dead, "overview-text", "lenet.png", "lnet.png", "no picture ../imgs/lnet"),
        (dead, "overview-text", DESCRIPTION, "", "has no alternative text"),
        # It is set otherwise
        (alike, "data-sizes-note", "，", ",", "full-width punctuation"),
        (alike, "data-sizes-note", "通道", "池化", "the course says 汇聚"),
        (alike, "shares-note", "95.8 %", "95.8%", "shares-note: .*a space before %"),
        (titles, "title", "[06 How a network learns]", "[06 Learning]", "is 06 how a netw"),
        # A number disagrees
        (claim, "shares-note", "95.8", "95.9", "shares-note no longer states 95.8 in both"),
        (claim, "shares-note", "95.8%", "95.9%", "shares-note no longer states 95.8 in both"),
        (same_numbers, "shares-note", "95.8%", "95.9%", "shares-note: 95.9 in zh, not in en"),
        (same_numbers, "after-text", "1.44 亿", "1.45 亿", "145000000 in zh, not in en"),
        (same_numbers, "after-text", "–144 million", "–145 million", "144000000 in zh, not in en"),
        (computed, "lenet5-note", "48,120", "48,210", "lenet5-note: no cell computes 48210"),
    ],
)  # fmt: skip
def test_a_changed_text_is_noticed(lesson, rule, name, old, new, message):
    text = lesson.cell(name)
    assert old in text.source
    text.source = text.source.replace(old, new)
    with pytest.raises(AssertionError, match=message):
        rule(lesson)


@pytest.mark.parametrize(
    ("rule", "name", "change", "message"),
    [
        (claim, "shares", {"id": "parts"}, "no cell shares"),
        (claim, "shares", {"outputs": []}, "shares-note states 95.8, shares does not"),
        (clean_run, "shares", {"execution_count": 1}, "shares: not run in order"),
        (clean_run, "shares", {"outputs": [ERROR]}, "shares: an error is saved"),
        (clean_run, "shares", {"outputs": [WARNING]}, "shares: UserWarning: Glyph"),
        (clean_run, "shares", {"outputs": [FOUND]}, "shares: a path of somebody's machine"),
        (rules.test_checked_cells_have_something_to_compare, "shares", {"outputs": []},
         "shares: nothing to compare"),
        (rules.test_code_cells_are_short, "shares", {"source": "x = 1\n" * 16},
         "more than 15 lines"),
        (rules.test_cell_ids_say_what_the_cell_is, "shares", {"id": "deadbeef"}, "looks random"),
        (rules.test_cell_ids_say_what_the_cell_is, "shares", {"id": "Shares"}, "is no name"),
        (rules.test_pictures_in_outputs_are_described_in_both_languages, "costs-picture",
         {"outputs": [PICTURE]}, "costs-picture: a picture without a description"),
        (rules.test_main_line_runs_without_the_optional_cells, "network",
         {"metadata": {"tags": ["optional"]}}, "F821 Undefined name `net`"),
    ],
)  # fmt: skip
def test_a_changed_cell_is_noticed(lesson, rule, name, change, message):
    lesson.cell(name).update(change)
    with pytest.raises(AssertionError, match=message):
        rule(lesson)


# The whole lesson


def test_saved_widget_state_is_noticed(lesson):
    state = {"version_major": 2, "state": {}}
    lesson.notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    with pytest.raises(AssertionError, match="widgets"):
        small(lesson)


def test_a_lesson_grown_too_large_is_noticed(lesson, tmp_path):
    (tmp_path / "large.ipynb").write_bytes(b"x" * rules.MAX_BYTES)
    with pytest.raises(AssertionError, match="st_size"):
        small(replace(lesson, path=tmp_path / "large.ipynb"))


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        (rules.test_opens_with_the_language_switch, ["language-switch"]),
        (ending, ["answer-1", "answer-2", "answer-3"]),
        (ending, ["summary"]),
        (ending, ["recall"]),
        (ending, ["navigation"]),
    ],
)
def test_a_missing_cell_is_noticed(lesson, rule, gone):
    lesson.notebook.cells = [cell for cell in lesson.cells if cell.id not in gone]
    with pytest.raises(AssertionError):
        rule(lesson)


def test_a_main_line_grown_too_long_is_noticed(lesson):
    lesson.cells.extend(new_code_cell() for _ in range(rules.MAIN_LINE))
    with pytest.raises(AssertionError):
        rules.test_main_line_fits_a_class_hour(lesson)


def test_a_lesson_left_out_of_the_chain_is_noticed():
    with pytest.raises(AssertionError):
        rules.test_lessons_link_to_their_neighbours(LESSONS["01_handwriting"], STORED)
