"""No word comes before its meaning: in the course, in its main line alone, and in the class hour.

Exempt are the title, which says what is to come, the navigation, links to a lesson, and cells with
the tag ``play-first`` or ``course-map``.
"""

import re
from functools import cache

import nbformat
import pytest

from tests.test_notebooks import LESSONS, NOT_PROSE, ONE_CLASS, languages, read, texts
from web.glossary import NOTEBOOK, as_notebook, read_terms

TERMS = read_terms()
BEFORE_WORDS = {"play-first", "course-map"}
# Links to lessons, and the titles of papers, which are set in italics.
NAMES = re.compile(r"\[[^\]]*\]\([^)]*\.ipynb[^)]*\)|(?<!\*)\*(?!\*)[^*\n]+\*(?!\*)")
PATHS = {"course": LESSONS, "main line": LESSONS, "class hour": [ONE_CLASS]}
EVERY = [(course, term) for course in PATHS for term in TERMS]


def prose(block: str) -> str:
    return NOT_PROSE.sub(" ", NAMES.sub(" ", block))


@cache
def reading(course: str) -> list[tuple[str, tuple[str, str]]]:
    """Each text that a reader meets, as ``lesson/cell`` and its prose in both languages."""
    return [
        (f"{path.stem}/{cell.id}", tuple(map(prose, languages(cell))))
        for path in PATHS[course]
        for cell in texts(read(path))
        if cell.id not in ("title", "navigation")
        if not BEFORE_WORDS & (tags := set(cell.metadata.get("tags", [])))
        if not (course == "main line" and "optional" in tags)
    ]


@pytest.mark.parametrize(
    "course, term", EVERY, ids=lambda x: x if isinstance(x, str) else x.word.en
)
def test_word_is_explained_where_it_first_appears(course, term):
    for k, find in enumerate(term.find):
        pattern = re.compile(find, re.I)
        uses = [(place, prose[k]) for place, prose in reading(course) if pattern.search(prose[k])]
        if uses:
            place, text = uses[0]
            assert place in term.defined, f"{term.word[k]}: {text[:200]}"


@pytest.mark.parametrize("term", TERMS)
def test_word_stands_in_bold_in_both_languages_where_it_is_explained(term):
    every = dict(reading("course") + reading("class hour"))
    for place in term.defined:
        for find, block in zip(term.find, every[place], strict=True):
            bold = re.findall(r"\*\*(.+?)\*\*", block)
            assert any(re.search(find, words, re.I) for words in bold), f"{place}: {find}"


def test_terms_are_listed_in_the_order_of_the_lessons():
    lessons = [term.lesson for term in TERMS]
    assert lessons == sorted(lessons)
    assert len({term.word for term in TERMS}) == len(TERMS) > 50


def test_a_word_before_its_meaning_is_noticed(monkeypatch):
    monkeypatch.setitem(PATHS, "backwards", LESSONS[::-1])
    neuron = next(term for term in TERMS if term.word.en == "neuron")
    with pytest.raises(AssertionError, match="神经元"):
        test_word_is_explained_where_it_first_appears("backwards", neuron)


def test_glossary_is_made_from_the_list():
    made = as_notebook(TERMS)
    assert nbformat.read(NOTEBOOK, as_version=4) == made, "run python -m web.glossary"
