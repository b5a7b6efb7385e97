"""No word comes before its meaning: in the course, in its main line alone, and in the class hour.

Exempt are the title, which says what is to come, the navigation, links to a lesson, and cells with
the tag ``play-first`` or ``course-map``.
"""

import re
from functools import cache

import nbformat
import pytest

from tests.lessons import COURSE, LESSONS, ONE_CLASS, languages, prose, tags
from web.glossary import NOTEBOOK, as_notebook, read_terms

TERMS = read_terms()
BEFORE_WORDS = {"play-first", "course-map"}
# Links to lessons, and the titles of papers, which are set in italics.
NAMES = re.compile(r"\[[^\]]*\]\([^)]*\.ipynb[^)]*\)|(?<!\*)\*(?!\*)[^*\n]+\*(?!\*)")
READERS = {"course": COURSE, "main line": COURSE, "class hour": [LESSONS[ONE_CLASS]]}
each_term = pytest.mark.parametrize("term", TERMS, ids=[term.word.en for term in TERMS])


@cache
def reading(course: str) -> dict[str, list[str]]:
    """Each text that a reader meets, by ``lesson/cell``: its prose in both languages."""
    passed_over = BEFORE_WORDS | ({"optional"} if course == "main line" else set())
    return {
        f"{lesson.stem}/{cell.id}": [prose(NAMES.sub(" ", block)) for block in languages(cell)]
        for lesson in READERS[course]
        for cell in lesson.texts
        if cell.id not in ("title", "navigation") and not passed_over & tags(cell)
    }


@pytest.mark.parametrize("course", READERS)
@each_term
def test_word_is_explained_where_it_first_appears(course, term):
    for k, find in enumerate(term.find):
        uses = (
            (place, texts[k])
            for place, texts in reading(course).items()
            if re.search(find, texts[k], re.I)
        )
        place, text = next(uses, (term.defined[0], ""))
        assert place in term.defined, f"{term.word[k]}: {text[:200]}"


@each_term
def test_word_stands_in_bold_in_both_languages_where_it_is_explained(term):
    every = reading("course") | reading("class hour")
    for place in term.defined:
        for find, block in zip(term.find, every[place], strict=True):
            bold = re.findall(r"\*\*(.+?)\*\*", block)
            assert any(re.search(find, words, re.I) for words in bold), f"{place}: {find}"


def test_terms_are_listed_in_the_order_of_the_lessons():
    lessons = [term.lesson for term in TERMS]
    assert lessons == sorted(lessons)
    assert len({term.word for term in TERMS}) == len(TERMS) > 50


def test_a_word_before_its_meaning_is_noticed(monkeypatch):
    monkeypatch.setitem(READERS, "backwards", COURSE[::-1])
    neuron = next(term for term in TERMS if term.word.en == "neuron")
    with pytest.raises(AssertionError, match="神经元"):
        test_word_is_explained_where_it_first_appears("backwards", neuron)


def test_glossary_is_made_from_the_list():
    made = as_notebook(TERMS)
    assert nbformat.read(NOTEBOOK, as_version=4) == made, "run python -m web.glossary"
