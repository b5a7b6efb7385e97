"""What every lesson must be, whatever its content: both languages, links, outputs, form."""

import ast
import builtins
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_BYTES = 300_000
MAX_LINES, MAX_LINES_OF_THE_CORE, MAX_LINES_OF_THE_BOOK = 15, 25, 34
THE_CORE = {"network", "train-loop", "evaluate-accuracy"}
ONE_CLASS = ROOT / "notebooks" / "lenet_in_one_class.ipynb"  # its two functions are the book's
LESSONS = [path for path in NOTEBOOKS if path != ONE_CLASS]
MAIN_LINE = 45  # cells that are not optional

BLOCKS = re.compile(
    r'\A<div lang="zh">\n\n(?P<zh>.*)\n\n</div>\n<div lang="en">\n\n(?P<en>.*)\n\n</div>\Z', re.S
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.S)
HEADING = re.compile(r"^(#{1,6}) \S", re.M)
IN_BOTH = [
    ("headings", HEADING),
    ("links", LINK),
    ("formulas", FORMULA),
    ("fold-outs", re.compile("<details>")),
]
NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>", re.S)
HALF_WIDTH = re.compile(r"[一-鿿][,;:?!()]|[,;:?!()][一-鿿]")
MACHINE_PATH = re.compile(r"(/home/|/root/|/work/|/tmp/|/Users/|[A-Z]:\\\\)")
CELL_ID = re.compile(r"[a-z]+[0-9]*(-[a-z0-9]+)*")


def name(path: Path) -> str:
    return path.stem


@pytest.fixture(params=NOTEBOOKS, ids=name)
def path(request) -> Path:
    return request.param


@cache
def read(path: Path):
    """A lesson as it is committed: to be copied before it is changed."""
    return nbformat.read(path, as_version=4)


@pytest.fixture
def notebook(path):
    return read(path)


def texts(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def codes(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def languages(cell) -> tuple[str, str]:
    blocks = BLOCKS.match(cell.source)
    assert blocks, f"{cell.id}: not one zh block followed by one en block (mind the blank lines)"
    return blocks["zh"], blocks["en"]


def tagged(notebook, tag):
    return [cell for cell in codes(notebook) if tag in cell.metadata.get("tags", [])]


def test_there_are_lessons():
    assert len(NOTEBOOKS) >= 5


def test_is_valid(notebook):
    nbformat.validate(notebook)


def test_every_text_has_both_languages(notebook):
    for cell in texts(notebook):
        zh, en = languages(cell)
        assert re.search("[一-鿿]", zh), f"{cell.id}: the zh block has no Chinese"
        assert not re.search("[一-鿿]", NOT_PROSE.sub("", en)), f"{cell.id}: Chinese in en"


@pytest.mark.parametrize("what, pattern", IN_BOTH)
def test_languages_have_the_same(notebook, what, pattern):
    for cell in texts(notebook):
        zh, en = (pattern.findall(block) for block in languages(cell))
        assert zh == en, f"{cell.id}: other {what} in zh than in en"


def test_pictures_are_there_in_both_languages_with_a_description(notebook, path):
    for cell in texts(notebook):
        zh, en = (PICTURE.findall(block) for block in languages(cell))
        assert [target for _, target in zh] == [target for _, target in en], cell.id
        for description, target in zh + en:
            assert len(description) > 8, f"{cell.id}: {target} has no alternative text"
            assert (path.parent / target).is_file(), f"{cell.id}: no picture {target}"


def test_links_lead_somewhere(notebook, path):
    for cell in texts(notebook):
        for target in LINK.findall(cell.source):
            if not target.startswith(("https://", "#")):
                assert (path.parent / target).exists(), f"{cell.id}: dead link {target}"


def test_chinese_is_set_as_chinese(notebook):
    for cell in texts(notebook):
        zh = NOT_PROSE.sub("x", languages(cell)[0])
        assert not (found := HALF_WIDTH.search(zh)), f"{cell.id}: half-width {found[0]!r}"
        assert "池化" not in zh, f"{cell.id}: the course says 汇聚"


def test_cell_ids_say_what_the_cell_is(notebook):
    for cell in notebook.cells:
        assert CELL_ID.fullmatch(cell.id), f"{cell.id} is no name"
        assert not re.fullmatch("[0-9a-f]{8}(-.*)?", cell.id), f"{cell.id} looks random"


def test_code_cells_are_short(notebook, path):
    core = MAX_LINES_OF_THE_BOOK if path == ONE_CLASS else MAX_LINES_OF_THE_CORE
    for cell in codes(notebook):
        limit = core if cell.id in THE_CORE else MAX_LINES
        assert len(cell.source.splitlines()) <= limit, f"{cell.id}: more than {limit} lines"
        assert "import *" not in cell.source


def test_outputs_come_from_one_clean_run(notebook):
    counts = [cell.execution_count for cell in codes(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    for cell in codes(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", f"{cell.id}: an error is saved"
            assert output.get("name") != "stderr", f"{cell.id}: {output.get('text')}"
            assert not MACHINE_PATH.search(str(output)), f"{cell.id}: a path of somebody's machine"


def test_checked_cells_have_something_to_compare(notebook):
    for cell in tagged(notebook, "nbval-check-output") + tagged(notebook, "check-on-real-data"):
        assert cell.outputs, f"{cell.id}: nothing to compare"


def test_pictures_in_outputs_are_described_in_both_languages(notebook):
    for cell in codes(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert " / " in alt, f"{cell.id}: a picture without a description"


def test_no_widget_state_and_not_too_large(notebook, path):
    assert "widgets" not in notebook.metadata
    assert path.stat().st_size < MAX_BYTES


def test_opens_with_the_language_switch(notebook):
    assert notebook.cells[0].id == "title"
    assert codes(notebook)[0].id == "language-switch"


def test_ends_with_summary_exercises_and_navigation(notebook, path):
    ids = [cell.id for cell in notebook.cells]
    assert ids[-1] == "navigation"
    assert "recall" in ids
    if path != NOTEBOOKS[0]:
        assert "summary" in ids
        exercises = [cell for cell in codes(notebook) if re.fullmatch("exercise-[0-9]", cell.id)]
        answers = [cell for cell in texts(notebook) if "<details>" in cell.source]
        assert 3 <= len(exercises) <= 5
        assert len(answers) >= len(exercises)


def test_main_line_fits_a_class_hour(notebook):
    optional = [cell for cell in notebook.cells if "optional" in cell.metadata.get("tags", [])]
    assert len(notebook.cells) - len(optional) <= MAIN_LINE


@pytest.mark.parametrize("before, after", list(zip(LESSONS, LESSONS[1:], strict=False)))
def test_lessons_link_to_their_neighbours(before, after):
    last, first = read(before).cells[-1].source, read(after).cells[-1].source
    assert after.name in last
    assert before.name in first


def test_at_least_25_cells_are_compared_everywhere():
    compared = [tagged(read(path), "nbval-check-output") for path in NOTEBOOKS]
    assert sum(map(len, compared)) >= 25


def test_main_line_runs_without_the_optional_cells(notebook):
    """In class mode those are hidden and left out: no name may come from one of them alone."""
    known, left_out = {*dir(builtins), "display"}, set()
    for cell in codes(notebook):
        made, used = names_of(cell.source)
        if "optional" in cell.metadata.get("tags", []):
            left_out |= made - known
        else:
            missing = (used - made - known) & left_out
            assert not missing, f"{cell.id}: {missing} of an optional cell"
            known |= made


def names_of(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell binds, also within its functions, and names that it reads."""
    made, used = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            made.add(node.arg)
    return made, used
