"""A number in a text agrees with the cell that computes it, and both languages state the same."""

import re
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.claims import CLAIMS, FROM_ELSEWHERE, IN_WORDS
from tests.lessons import COURSE, LESSONS, each_lesson, languages, prose
from tests.measured import DIGITS, text

UNITS = {"万": 10**4, "亿": 10**8, "thousand": 10**3, "million": 10**6}
IN_UNITS = re.compile(rf"(?:([\d.,]+)–)?(\d[\d.,]*) ({'|'.join(UNITS)})")
YEAR = re.compile(r"(19|20)\d\d")


def numbers(words: str) -> list[str]:
    """All numbers of a text, without the commas or underscores within them."""
    return [re.sub("[,_]", "", number) for number in re.findall(DIGITS, words)]


def in_full(match: re.Match) -> str:
    """138–144 million as 138000000 144000000."""
    told = [number.replace(",", "") for number in match.groups()[:2] if number]
    return " ".join(f"{round(float(number) * UNITS[match[3]])}" for number in told)


def told(block: str) -> str:
    """What a text says, its numbers written in full."""
    return IN_UNITS.sub(in_full, prose(block))


def agrees(stated: str, computed: Iterable[str]) -> bool:
    """Whether a computed number, or a hundred times it, rounds to the stated one."""
    decimals = len(stated.partition(".")[2])
    return any(
        abs(round(scale * float(number), decimals) - float(stated)) < 1e-9
        for number in computed
        for scale in (1, 100)
    )


def countable(words: str) -> Counter:
    """How often each number is stated; a single digit, as in "the 0 and the 1", counts once.

    Lessons are named 00, 01, …: these are no numbers.
    """
    found = Counter(number for number in numbers(words) if not re.fullmatch(r"0\d", number))
    return Counter({number: 1 if len(number) == 1 else n for number, n in found.items()})


def sourced(lesson) -> set[str]:
    return {*numbers(" ".join(FROM_ELSEWHERE.get(lesson.stem, {})))}


def not_answers(lesson) -> list:
    """The texts but for answers to exercises, which tell what a cell gives after a change."""
    return [cell for cell in lesson.texts if "<details>" not in cell.source]


@each_lesson
def test_a_claim_agrees_with_the_cell_that_computes_it(lesson):
    for text_id, code_id, stated in CLAIMS.get(lesson.stem, ()):
        computed = numbers(text(lesson.cell(code_id).outputs))
        for number in numbers(stated):
            for block in languages(lesson.cell(text_id)):
                assert number in numbers(re.sub(r"\]\([^)]*\)", " ", block)), (
                    f"{text_id} no longer states {number} in both languages"
                )
            assert agrees(number, computed), f"{text_id} states {number}, {code_id} does not"


@each_lesson
def test_every_long_number_in_a_text_is_computed_or_has_a_source(lesson):
    known, computed = sourced(lesson), set()
    for cell in lesson.codes:
        computed |= {*numbers(cell.source), *numbers(text(cell.outputs))}
    for cell in not_answers(lesson):
        for number in numbers(told(cell.source)):
            long = "." in number or len(number) >= 3
            if long and not YEAR.fullmatch(number) and number not in known:
                assert agrees(number, computed), (
                    f"{cell.id}: no cell computes {number}; if it has another source, "
                    "name it in tests/claims.toml"
                )


@each_lesson
def test_both_languages_state_the_same_numbers(lesson):
    for cell in lesson.texts:
        texts = dict(zip(("zh", "en"), map(told, languages(cell)), strict=True))
        for k, (here, there) in enumerate([("en", "zh"), ("zh", "en")]):
            for number in countable(texts[there]) - countable(texts[here]):
                words = IN_WORDS.get(number, ("", ""))[1 - k]
                found = words and re.search(words, texts[here])
                assert found, f"{cell.id}: {number} in {there}, not in {here}"


def test_claims_name_lessons_that_are_there():
    assert CLAIMS.keys() | FROM_ELSEWHERE.keys() <= LESSONS.keys()


@each_lesson
def test_no_source_is_named_for_a_number_that_is_gone(lesson):
    assert sourced(lesson) <= {
        n for cell in not_answers(lesson) for n in numbers(told(cell.source))
    }


def test_minutes_of_each_lesson_are_those_in_the_course_table():
    table = LESSONS["00_start_here"].cell("course-text").source.splitlines()
    for lesson in COURSE:
        minutes = re.search(r"Time: about (\d+) minutes", lesson.cells[0].source)[1]
        title = lesson.titles[1]
        row = next(line for line in table if f"| {title} |" in line or f"[{title}]" in line)
        assert f"| {minutes} |" in row, lesson.stem


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
