"""``python -m web.glossary`` writes the glossary, a notebook of text alone, from its list of words.

The list is ``notebooks/glossary/terms.toml``; the site shows the same notebook as a page.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from lenet_helpers import Words

LESSONS = Path(__file__).parents[1] / "notebooks"
TERMS, NOTEBOOK = LESSONS / "glossary/terms.toml", LESSONS / "glossary/glossary.ipynb"
TITLE = Words("词汇表", "Glossary")
INTRODUCTION = Words(
    "课程里的词，按第一次讲到的次序排列；点一个词，就到讲它的地方。"
    "回到 [00 从这里开始](../00_start_here.ipynb)。",
    "The words of the course, in the order in which they are explained; a click on a word leads to "
    "the place. Back to [00 Start here](../00_start_here.ipynb).",
)


@dataclass(frozen=True)
class Term:
    """A word of the course.

    ``defined`` are the cells that explain it, as ``lesson/cell``, the first use of all in front;
    ``find`` are the regular expressions that find it in a Chinese and in an English text.
    """

    word: Words
    meaning: Words
    defined: tuple[str, ...]
    find: Words

    @property
    def lesson(self) -> str:
        """The lesson that explains it first."""
        return self.defined[0].partition("/")[0]


def read_terms(path: Path = TERMS) -> list[Term]:
    """All terms, in the order of the file."""
    return [
        Term(
            Words(term["zh"], term["en"]),
            Words(**term["meaning"]),
            tuple(term["defined"]),
            Words(**{
                "zh": re.escape(term["zh"]),
                "en": rf"\b{re.escape(term['en'])}s?\b",
                **term.get("find", {}),
            }),
        )
        for term in tomllib.loads(path.read_text(encoding="utf-8"))["term"]
    ]  # fmt: skip


def as_notebook(terms: list[Term]) -> nbformat.NotebookNode:
    """One text cell with the title, then one for each lesson, with a table of its words."""
    title = Words(f"# {TITLE.zh}\n\n{INTRODUCTION.zh}", f"# {TITLE.en}\n\n{INTRODUCTION.en}")
    cells = [_cell("title", title)]
    cells += [
        _cell(f"lesson-{lesson[:2]}", _table(lesson, list(words)))
        for lesson, words in groupby(terms, key=lambda term: term.lesson)
    ]
    language = {"name": "python"}
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": language})


def _cell(name: str, text: Words) -> nbformat.NotebookNode:
    blocks = [f'<div lang="{k}">\n\n{t}\n\n</div>' for k, t in text._asdict().items()]
    return new_markdown_cell("\n".join(blocks), id=name)


def _table(lesson: str, terms: list[Term]) -> Words:
    first = nbformat.read(LESSONS / f"{lesson}.ipynb", as_version=4).cells[0].source
    heads = Words("| 词 | English | 意思 |", "| Word | 中文 | Meaning |")
    texts = []
    for k, title in enumerate(re.findall(r"^# (.+)$", first, re.M)):
        rows = [
            f"| [{term.word[k]}](../{lesson}.ipynb#cell-id={term.defined[0].partition('/')[2]})"
            f" | {term.word[1 - k]} | {term.meaning[k]} |"
            for term in terms
        ]
        texts.append("\n".join([f"## {title}", "", heads[k], "|---|---|---|", *rows]))
    return Words(*texts)


if __name__ == "__main__":
    nbformat.write(as_notebook(read_terms()), NOTEBOOK)
    print(NOTEBOOK)
