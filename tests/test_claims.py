"""A number in a text agrees with the cell that computes it, and both languages state the same."""

import re
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.claims import CLAIMS, FROM_ELSEWHERE, IN_WORDS
from tests.test_notebooks import LESSONS, NOTEBOOKS, codes, languages, read, texts

NUMBER = re.compile(r"\d+(?:[,_]\d{3})*(?:\.\d+)?(?:e[-+]\d+)?")
# Code, formulas and addresses are the same in both languages, which test_notebooks.py sees to.
NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>", re.S)
UNITS = {"万": 10**4, "亿": 10**8, "thousand": 10**3, "million": 10**6}
IN_UNITS = re.compile(rf"(?:([\d.,]+)–)?(\d[\d.,]*) ({'|'.join(UNITS)})")
YEAR = re.compile(r"(19|20)\d\d")
by_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def numbers(text: str) -> list[str]:
    """All numbers of a text, without the commas or underscores within them."""
    return [re.sub("[,_]", "", number) for number in NUMBER.findall(text)]


def in_full(match: re.Match) -> str:
    """138–144 million as 138000000 144000000."""
    told = [number.replace(",", "") for number in match.groups()[:2] if number]
    return " ".join(f"{round(float(number) * UNITS[match[3]])}" for number in told)


def prose(block: str) -> str:
    """What a text says, without code and formulas, its numbers written in full."""
    return IN_UNITS.sub(in_full, NOT_PROSE.sub(" ", block))


def printed(cell) -> str:
    """What a cell's stored outputs say, as text."""
    return "\n".join(
        output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
        for output in cell.outputs
    )


def agrees(stated: str, computed: Iterable[str]) -> bool:
    """Whether a computed number, or a hundred times it, rounds to the stated one."""
    decimals = len(stated.partition(".")[2])
    return any(
        abs(round(scale * float(number), decimals) - float(stated)) < 1e-9
        for number in computed
        for scale in (1, 100)
    )


def cell_named(notebook, name: str):
    found = [cell for cell in notebook.cells if cell.id == name]
    assert found, f"claims.toml names {name}, which is no cell of this notebook"
    return found[0]


def check_claims(notebook, stem: str) -> None:
    for text_id, code_id, stated in CLAIMS.get(stem, ()):
        computed = numbers(printed(cell_named(notebook, code_id)))
        for number in numbers(stated):
            for block in languages(cell_named(notebook, text_id)):
                assert number in numbers(re.sub(r"\]\([^)]*\)", " ", block)), (
                    f"{text_id} no longer states {number} in both languages"
                )
            assert agrees(number, computed), f"{text_id} states {number}, {code_id} does not"


def check_that_numbers_are_computed(notebook, stem: str) -> None:
    computed = set()
    for cell in codes(notebook):
        computed |= {*numbers(cell.source), *numbers(printed(cell))}
    known = set(numbers(" ".join(FROM_ELSEWHERE.get(stem, {}))))
    for cell in texts(notebook):
        if "<details>" in cell.source:
            continue  # an answer: what the cell gives after a change
        for number in numbers(prose(cell.source)):
            long = "." in number or len(number) >= 3
            if long and not YEAR.fullmatch(number) and number not in known:
                assert agrees(number, computed), (
                    f"{cell.id}: no cell computes {number}; if it has another source, "
                    "name it in tests/claims.toml"
                )


def check_that_languages_state_the_same_numbers(notebook) -> None:
    for cell in texts(notebook):
        zh, en = (prose(block) for block in languages(cell))
        in_zh, in_en = countable(zh), countable(en)
        for number in in_zh - in_en:
            words = IN_WORDS.get(number, ("", ""))[1]
            assert words and re.search(words, en), f"{cell.id}: {number} in zh, not in en"
        for number in in_en - in_zh:
            words = IN_WORDS.get(number, ("", ""))[0]
            assert words and re.search(words, zh), f"{cell.id}: {number} in en, not in zh"


def countable(text: str) -> Counter:
    """How often each number is stated; a single digit, as in "the 0 and the 1", counts once.

    Lessons are named 00, 01, …: these are no numbers.
    """
    found = Counter(number for number in numbers(text) if not re.fullmatch(r"0\d", number))
    return Counter({number: 1 if len(number) == 1 else n for number, n in found.items()})


@by_notebook
def test_a_claim_agrees_with_the_cell_that_computes_it(path):
    check_claims(read(path), path.stem)


@by_notebook
def test_every_long_number_in_a_text_is_computed_or_has_a_source(path):
    check_that_numbers_are_computed(read(path), path.stem)


@by_notebook
def test_both_languages_state_the_same_numbers(path):
    check_that_languages_state_the_same_numbers(read(path))


def test_claims_name_lessons_that_are_there():
    stems = {path.stem for path in NOTEBOOKS}
    assert CLAIMS.keys() | FROM_ELSEWHERE.keys() <= stems


@by_notebook
def test_no_source_is_named_for_a_number_that_is_gone(path):
    texts_ = [cell.source for cell in texts(read(path)) if "<details>" not in cell.source]
    stated = set(numbers(prose(" ".join(texts_))))
    assert set(numbers(" ".join(FROM_ELSEWHERE.get(path.stem, {})))) <= stated


def test_minutes_of_each_lesson_are_those_in_the_course_table():
    table = cell_named(read(NOTEBOOKS[0]), "course-text").source
    for path in LESSONS:
        minutes = re.search(r"Time: about (\d+) minutes", read(path).cells[0].source)[1]
        title = re.search(r"^# (.*)", languages(read(path).cells[0])[1], re.M)[1]
        row = next(
            line for line in table.splitlines() if f"| {title} |" in line or f"[{title}]" in line
        )
        assert f"| {minutes} |" in row, path.stem


@pytest.mark.parametrize(
    "stated, computed, same",
    [
        ("0.82", ["0.8236"], True),
        ("62", ["0.624"], True),
        ("62.4", ["0.6243"], True),
        ("6742", ["6742"], True),
        ("0.83", ["0.8236"], False),
        ("63", ["0.624", "61", "6300"], False),
        ("0.1", [], False),
    ],
)
def test_rounding(stated, computed, same):
    assert agrees(stated, computed) is same
