"""What every lesson must be, whatever its content: both languages, links, outputs, form."""

import json
import re
import subprocess
import sys
from itertools import pairwise

import nbformat
import pytest

from tests.lessons import COMPARED, COURSE, HAN, LESSONS, LINK, ONE_CLASS, languages, prose, tags

MAX_BYTES = 300_000
MAX_LINES, MAX_LINES_OF_THE_CORE, MAX_LINES_OF_THE_BOOK = 15, 25, 34
THE_CORE = {"network", "train-loop", "evaluate-accuracy"}  # of the class hour: the book's
MAIN_LINE = 45  # cells that are not optional

PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
IN_BOTH = {
    "pictures": re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)"),
    "headings": re.compile(r"^(#{1,6}) \S", re.M),
    "links": LINK,
    "formulas": re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.S),
    "fold-outs": re.compile("<details>"),
}
MACHINE_PATH = re.compile(r"(/home/|/root/|/work/|/tmp/|/Users/|[A-Z]:\\\\)")
CELL_ID = re.compile(r"(?![0-9a-f]{8}(-|$))[a-z]+[0-9]*(-[a-z0-9]+)*")


@pytest.fixture(params=LESSONS.values(), ids=LESSONS)
def lesson(request):
    return request.param


def test_is_valid(lesson):
    nbformat.validate(lesson.notebook)


def test_every_text_has_both_languages(lesson):
    for cell in lesson.texts:
        zh, en = languages(cell)
        assert re.search(HAN, zh), f"{cell.id}: the zh block has no Chinese"
        assert not re.search(HAN, prose(en)), f"{cell.id}: Chinese in en"


def test_languages_have_the_same(lesson):
    for cell in lesson.texts:
        for what, pattern in IN_BOTH.items():
            zh, en = map(pattern.findall, languages(cell))
            assert zh == en, f"{cell.id}: other {what} in zh than in en"


def test_pictures_and_links_are_not_dead_and_pictures_are_described(lesson):
    for cell in lesson.texts:
        for description, target in PICTURE.findall(cell.source):
            assert len(description) > 8, f"{cell.id}: {target} has no alternative text"
            assert (lesson.path.parent / target).is_file(), f"{cell.id}: no picture {target}"
        for target in LINK.findall(cell.source):
            if not target.startswith(("https://", "#")):
                assert (lesson.path.parent / target).exists(), f"{cell.id}: dead link {target}"


def test_cell_ids_say_what_the_cell_is(lesson):
    for cell in lesson.cells:
        assert CELL_ID.fullmatch(cell.id), f"{cell.id} is no name, or looks random"


def test_code_cells_are_short(lesson):
    core = MAX_LINES_OF_THE_BOOK if lesson.stem == ONE_CLASS else MAX_LINES_OF_THE_CORE
    for cell in lesson.codes:
        limit = core if cell.id in THE_CORE else MAX_LINES
        assert len(cell.source.splitlines()) <= limit, f"{cell.id}: more than {limit} lines"
        assert "import *" not in cell.source


def test_outputs_come_from_one_clean_run(lesson):
    for count, cell in enumerate(lesson.codes, 1):
        assert cell.execution_count == count, f"{cell.id}: not run in order"
        for output in cell.outputs:
            assert output.output_type != "error", f"{cell.id}: an error is saved"
            assert output.get("name") != "stderr", f"{cell.id}: {output.get('text')}"
            assert not MACHINE_PATH.search(str(output)), f"{cell.id}: a path of somebody's machine"


def test_checked_cells_have_something_to_compare(lesson):
    for cell in lesson.codes:
        assert cell.outputs or not COMPARED & tags(cell), f"{cell.id}: nothing to compare"


def test_pictures_in_outputs_are_described_in_both_languages(lesson):
    for cell in lesson.codes:
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert " / " in alt, f"{cell.id}: a picture without a description"


def test_no_widget_state_and_not_too_large(lesson):
    assert "widgets" not in lesson.notebook.metadata
    assert lesson.path.stat().st_size < MAX_BYTES


def test_opens_with_the_language_switch(lesson):
    assert lesson.cells[0].id == "title"
    assert lesson.codes[0].id == "language-switch"


def test_ends_with_summary_exercises_and_navigation(lesson):
    ids = [cell.id for cell in lesson.cells]
    assert ids[-1] == "navigation"
    assert "recall" in ids
    if lesson.stem != "00_start_here":
        assert "summary" in ids
        exercises = [cell for cell in lesson.codes if re.fullmatch("exercise-[0-9]", cell.id)]
        answers = [cell for cell in lesson.texts if "<details>" in cell.source]
        assert 3 <= len(exercises) <= 5
        assert len(answers) >= len(exercises)


def test_main_line_fits_a_class_hour(lesson):
    assert sum("optional" not in tags(cell) for cell in lesson.cells) <= MAIN_LINE


def test_main_line_runs_without_the_optional_cells(lesson):
    """In class mode those are hidden and left out: no name may come from one of them alone."""
    main_line = [cell for cell in lesson.codes if "optional" not in tags(cell)]
    source = json.dumps(lesson.notebook | {"cells": main_line})
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=F821"]
    command += [f"--stdin-filename={lesson.path.name}", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("before, after", list(pairwise(COURSE)))
def test_lessons_link_to_their_neighbours(before, after):
    assert after.path.name in before.cells[-1].source
    assert before.path.name in after.cells[0].source


def test_at_least_25_cells_are_compared_everywhere():
    cells = [cell for lesson in LESSONS.values() for cell in lesson.codes]
    assert sum("nbval-check-output" in tags(cell) for cell in cells) >= 25
