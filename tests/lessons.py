"""The lessons as they are committed, and what their texts consist of."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ONE_CLASS = "lenet_in_one_class"
COMPARED = {"nbval-check-output", "check-on-real-data"}  # tags

HAN = "[一-鿿]"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
BLOCKS = re.compile(
    r'\A<div lang="zh">\n\n(?P<zh>.*)\n\n</div>\n<div lang="en">\n\n(?P<en>.*)\n\n</div>\Z', re.S
)
# Code, formulas, addresses and tags.
NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|(?<=\])\([^)]*\)|<[^>]*>|https?://[!-~]+", re.S
)


@dataclass(frozen=True)
class Lesson:
    """A lesson, to be copied before it is changed."""

    path: Path
    notebook: nbformat.NotebookNode

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def cells(self) -> list:
        return self.notebook.cells

    @property
    def texts(self) -> list:
        return [cell for cell in self.cells if cell.cell_type == "markdown"]

    @property
    def codes(self) -> list:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def titles(self) -> list[str]:
        """The Chinese and the English title."""
        return [re.search(r"^# (.+)", block, re.M)[1] for block in languages(self.cells[0])]

    def cell(self, name: str):
        cells = {cell.id: cell for cell in self.cells}
        assert name in cells, f"{self.stem} has no cell {name}"
        return cells[name]


LESSONS = {path.stem: Lesson(path, nbformat.read(path, as_version=4)) for path in NOTEBOOKS}
COURSE = [lesson for stem, lesson in LESSONS.items() if stem != ONE_CLASS]
each_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)


def tags(cell) -> set[str]:
    return {*cell.metadata.get("tags", ())}


def languages(cell) -> tuple[str, str]:
    """The Chinese and the English text of a cell."""
    blocks = BLOCKS.match(cell.source)
    assert blocks, f"{cell.id}: not one zh block followed by one en block (mind the blank lines)"
    return blocks["zh"], blocks["en"]


def prose(text: str, gap: str = " ") -> str:
    """What a text says in words; ``gap`` stands for each piece of anything else."""
    return NOT_PROSE.sub(gap, text)
