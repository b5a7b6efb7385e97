"""Every rule about the lessons is shown to work: break a copy of a lesson, and its test fails.

The tests of `test_notebooks.py`, `test_claims.py` and `test_stale_output.py` are called here as
they are, on a lesson that has just been broken in one place.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path

import nbformat
import pytest

from tests import test_claims as claims
from tests import test_notebooks as rules

FOLDER = Path(__file__).parents[1] / "notebooks"
LESSON = FOLDER / "05_lenet_layers.ipynb"  # has pictures, tables, formulas and links


@pytest.fixture(scope="module")
def _read_once():
    return nbformat.read(LESSON, as_version=4)


@pytest.fixture
def lesson(_read_once):
    """A copy to break. As it is committed, all the rules hold: see the tests themselves."""
    return copy.deepcopy(_read_once)


def cell(notebook, name: str):
    return next(cell for cell in notebook.cells if cell.id == name)


def replace(notebook, name: str, old: str, new: str, times: int = 1) -> None:
    """Change the first place in a text, which is the Chinese one, or both."""
    assert cell(notebook, name).source.count(old) >= times, f"{name} does not have {old!r}"
    cell(notebook, name).source = cell(notebook, name).source.replace(old, new, times)


def fails(message: str):
    return pytest.raises(AssertionError, match=message)


# A language is missing


def test_without_its_english_a_text_is_noticed(lesson):
    text = cell(lesson, "data-sizes-note")
    text.source = text.source[: text.source.index('<div lang="en">')]
    with fails("data-sizes-note: not one zh block followed by one en block"):
        rules.test_every_text_has_both_languages(lesson)


def test_english_in_place_of_chinese_is_noticed(lesson):
    text = cell(lesson, "data-sizes-note")
    english = rules.BLOCKS.match(text.source)["en"]
    text.source = text.source.replace(rules.BLOCKS.match(text.source)["zh"], english, 1)
    with fails("data-sizes-note: the zh block has no Chinese"):
        rules.test_every_text_has_both_languages(lesson)


def test_chinese_left_in_the_english_is_noticed(lesson):
    replace(lesson, "data-sizes-note", "in the end.", "直到最后。")
    with fails("data-sizes-note: Chinese in en"):
        rules.test_every_text_has_both_languages(lesson)


def test_a_missing_blank_line_is_noticed(lesson):
    replace(lesson, "data-sizes-note", '<div lang="zh">\n\n', '<div lang="zh">\n')
    with fails("mind the blank lines"):
        rules.test_every_text_has_both_languages(lesson)


@pytest.mark.parametrize(
    "what, pattern, name, old, new",
    [
        ("headings", rules.HEADING, "counting-text", "## Counting", "Counting"),
        ("links", rules.LINK, "title", "[06 How a network learns](06_learning.ipynb)", "06"),
        ("formulas", rules.FORMULA, "lenet5-note", r"$6\times16=96$", r"$6\times16=97$"),
        ("fold-outs", re.compile("<details>"), "answer-1", "<details>", ""),
    ],
)
def test_one_language_without_the_others_is_noticed(lesson, what, pattern, name, old, new):
    replace(lesson, name, old, new)
    with fails(f"{name}: other {what} in zh than in en"):
        rules.test_languages_have_the_same(lesson, what, pattern)


def test_half_width_punctuation_in_chinese_is_noticed(lesson):
    replace(lesson, "data-sizes-note", "，", ",")
    with fails("half-width"):
        rules.test_chinese_is_set_as_chinese(lesson)


# A link or a picture is dead


def test_a_dead_link_is_noticed(lesson):
    replace(lesson, "title", "(06_learning.ipynb)", "(06_lerning.ipynb)", times=2)
    with fails("title: dead link 06_lerning.ipynb"):
        rules.test_links_lead_somewhere(lesson, LESSON)


def test_a_dead_picture_is_noticed(lesson):
    replace(lesson, "overview-text", "imgs/lenet.png", "imgs/lnet.png", times=2)
    with fails("overview-text: no picture ../imgs/lnet.png"):
        rules.test_pictures_are_there_in_both_languages_with_a_description(lesson, LESSON)


def test_another_picture_in_one_language_is_noticed(lesson):
    replace(lesson, "overview-text", "imgs/lenet.png", "imgs/pooling.png")
    with fails("overview-text"):
        rules.test_pictures_are_there_in_both_languages_with_a_description(lesson, LESSON)


def test_a_picture_without_a_description_is_noticed(lesson):
    text = cell(lesson, "overview-text")
    text.source = re.sub(r"!\[[^\]]*\]", "![]", text.source)
    with fails("has no alternative text"):
        rules.test_pictures_are_there_in_both_languages_with_a_description(lesson, LESSON)


def test_an_output_picture_without_a_description_is_noticed(lesson):
    for output in cell(lesson, "costs-picture").outputs:
        output.metadata = nbformat.from_dict({})
    with fails("costs-picture: a picture without a description"):
        rules.test_pictures_in_outputs_are_described_in_both_languages(lesson)


# A number disagrees


def test_a_changed_number_in_the_text_is_noticed(lesson):
    replace(lesson, "shares-note", "95.8%", "95.9%", times=2)
    with fails("shares-note no longer states 95.8 in both languages"):
        claims.check_claims(lesson, LESSON.stem)


def test_a_changed_number_in_one_language_is_noticed(lesson):
    replace(lesson, "shares-note", "95.8%", "95.9%")
    with fails("shares-note no longer states 95.8 in both languages"):
        claims.check_claims(lesson, LESSON.stem)
    with fails("shares-note: 95.9 in zh, not in en"):
        claims.check_that_languages_state_the_same_numbers(lesson)


def test_a_changed_number_in_the_output_is_noticed(lesson):
    output = cell(lesson, "shares").outputs[0]
    assert "95.8%" in output.text
    output.text = output.text.replace("95.8%", "94.8%")
    with fails("shares-note states 95.8, shares does not"):
        claims.check_claims(lesson, LESSON.stem)


def test_a_number_that_no_cell_computes_is_noticed(lesson):
    replace(lesson, "lenet5-note", "48,120", "48,210", times=2)
    with fails("lenet5-note: no cell computes 48210"):
        claims.check_that_numbers_are_computed(lesson, LESSON.stem)


def test_a_claim_about_a_cell_that_is_gone_is_noticed(lesson):
    cell(lesson, "shares").id = "proportions"
    with fails("shares, which is no cell"):
        claims.check_claims(lesson, LESSON.stem)


# Outputs; that a stale one is noticed is shown in test_stale_output.py


def test_a_cell_that_was_run_again_is_noticed(lesson):
    cell(lesson, "shares").execution_count += 1
    with pytest.raises(AssertionError):
        rules.test_outputs_come_from_one_clean_run(lesson)


def test_a_saved_error_is_noticed(lesson):
    error = nbformat.v4.new_output("error", ename="NameError", evalue="x", traceback=[])
    cell(lesson, "shares").outputs = [error]
    with fails("shares: an error is saved"):
        rules.test_outputs_come_from_one_clean_run(lesson)


def test_a_saved_warning_is_noticed(lesson):
    warning = nbformat.v4.new_output("stream", name="stderr", text="UserWarning: Glyph 27721")
    cell(lesson, "shares").outputs.append(warning)
    with fails("shares: UserWarning: Glyph"):
        rules.test_outputs_come_from_one_clean_run(lesson)


def test_a_path_of_somebodys_machine_is_noticed(lesson):
    cell(lesson, "shares").outputs[0].text = "read from /home/ada/data"
    with fails("shares: a path of somebody's machine"):
        rules.test_outputs_come_from_one_clean_run(lesson)


def test_a_checked_cell_without_an_output_is_noticed(lesson):
    cell(lesson, "shares").outputs = []
    with fails("shares: nothing to compare"):
        rules.test_checked_cells_have_something_to_compare(lesson)


def test_saved_widget_state_is_noticed(lesson):
    state = {"application/vnd.jupyter.widget-state+json": {"version_major": 2, "state": {}}}
    lesson.metadata["widgets"] = state
    with pytest.raises(AssertionError):
        rules.test_no_widget_state_and_not_too_large(lesson, LESSON)


def test_a_lesson_grown_too_large_is_noticed(lesson, tmp_path):
    cell(lesson, "shares").outputs[0].text = "x" * rules.MAX_BYTES
    nbformat.write(lesson, tmp_path / LESSON.name)
    with pytest.raises(AssertionError):
        rules.test_no_widget_state_and_not_too_large(lesson, tmp_path / LESSON.name)


# The form of a lesson


def test_a_long_cell_is_noticed(lesson):
    cell(lesson, "shares").source += "\nx = 1" * 15
    with fails("shares: more than 15 lines"):
        rules.test_code_cells_are_short(lesson, LESSON)


def test_a_random_cell_id_is_noticed(lesson):
    cell(lesson, "shares").id = "deadbeef"
    with fails("deadbeef looks random"):
        rules.test_cell_ids_say_what_the_cell_is(lesson)


def test_a_lesson_without_its_switch_is_noticed(lesson):
    lesson.cells.remove(cell(lesson, "language-switch"))
    with pytest.raises(AssertionError):
        rules.test_opens_with_the_language_switch(lesson)


def test_an_exercise_without_an_answer_is_noticed(lesson):
    for number in range(1, 4):
        lesson.cells.remove(cell(lesson, f"answer-{number}"))
    with pytest.raises(AssertionError):
        rules.test_ends_with_summary_exercises_and_navigation(lesson, LESSON)


def test_a_lesson_left_out_of_the_chain_is_noticed():
    with pytest.raises(AssertionError):
        rules.test_lessons_link_to_their_neighbours(FOLDER / "01_handwriting.ipynb", LESSON)
