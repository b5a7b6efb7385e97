"""What the lessons' texts claim, and what holds each claim.

A number: ``claims.toml`` has a line ``[text cell, code cell, numbers]`` under `claims`: the text
states each number in both languages, and the stored output of the code cell has a number that
rounds to it, as it is or as a percentage (0.624 may be told as 62 or as 62.4 %). 6 万 is 60,000, as
60 thousand is. A number with a decimal point, or of three digits, that no cell of the notebook
computes must be named under `from_elsewhere` with its source. Years need not be, nor what an answer
to an exercise says: it tells what the cell gives after a change.

A sentence that compares, gives a cause or a share stands, as a hash of its words in both languages,
in ``tests/affirmed/LESSON.toml`` under its cell, with a mark that says what makes it true. A
changed word changes the hash, and the test fails until somebody has read the sentence again and
affirmed it. The marks:

- ``claim: NAME`` — a check of `tests.measured`, on the stored outputs and on every fresh run;
- ``cell: ID, …`` — cells that assert it themselves, or whose output every test run compares;
- ``source: KEY`` — history, or measured elsewhere: one of `SOURCES`;
- ``exercise: ID`` — what an exercise's cell gives after the change that it asks for: whoever
  affirms such an answer has made the change and run the cell;
- ``definition`` — true by arithmetic, or by what the words mean;
- ``software: FILE`` — what the course's own code does: a file in ``tests`` that holds it;
- ``question`` — tells what to do, or leads over to a question, and states nothing;
- ``advice`` — how to work, not what was measured.

``python -m tests.claims`` lists all sentences that were measured, ``--new`` those that are not
affirmed yet, and ``--affirm KEY … --as MARK`` affirms them.
"""

import argparse
import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from tests.lessons import COMPARED, LESSONS, ROOT, Lesson, languages, prose, tags
from tests.measured import MEASURED, text

TESTS = ROOT / "tests"
AFFIRMED = TESTS / "affirmed"
CLAIMS, SOURCES, FROM_ELSEWHERE, IN_WORDS = tomllib.loads(
    (TESTS / "claims.toml").read_text(encoding="utf-8")
).values()
NOT_STATEMENTS = {"title", "navigation"}  # what the lesson teaches, and links

LISTING = re.compile(r"^```.*?^```\n?", re.S | re.M)
PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*] |\d+\. |\|))")
END = {
    "zh": re.compile(r"(?<=[。！？])(?![”」）*])|(?<=[。！？][”）])|(?<=[。！？]\*\*)"),
    "en": re.compile(r"(?:(?<=[.!?])|(?<=[.!?][”)])|(?<=[.!?]\*\*))\s+(?=[A-Z“0-9`*$(])"),
}
SHARE = r"\d\.\d|\d ?[%％]"
WORDS = {
    "zh": re.compile(
        SHARE + r"|更|最|越|(?<![对相])比(?![如例较])|较(?=[高低大小多少快慢好差难短长])|"
        r"[高低大小多少快]于|不[如到]|超过|大多|多数|几乎|差不多|一样|总是|从不|从来|唯一|"
        r"一半|百分之|分之|\d 倍|[几两三四五十]倍|"
        r"[一二三四五六七八九]成|因为|所以|因此|因而|导致|由于|使得|于是|原因|为什么|可见|"
        r"变[大小多少快慢好差长短]|[增减]少|增[大长加]|下降|升高|提高|"
        r"造成|引起|归功|带来|胜过|优于|强于|弱于|不及|不亚于|领先|落后|超出|明显|显著|大幅"
    ),
    "en": re.compile(
        SHARE + r"|\b(?:more|less|fewer|most(?:ly)?|least|worst|better|worse|sooner|earlier|"
        r"than|larger|smaller|higher|lower|greater|faster|slower|longer|shorter|nearer|"
        r"closer|deeper|stronger|weaker|harder|easier|wider|steeper|(?!test|rest|interest|request|"
        r"suggest|honest|guest)\w+est|because|since|so|therefore|hence|thus|why|caus\w+|due to|"
        r"reasons?|nearly|almost|hardly|always|never|half|thirds?|quarters?|tenths?|twice|times|"
        r"percent|per cent|first to|grow[sn]?|shrinks?|rises?|falls?|drops?|leads? to|results? in|"
        r"thanks to|owing to|makes? it|exceeds?|beats?|surpass\w*|outperform\w*|superior|inferior|"
        r"clearly|markedly|significant\w*|greatly|far (?:above|below|beyond))\b",
        re.I,
    ),
}


@dataclass(frozen=True)
class Sentence:
    """A sentence in both languages (a whole paragraph where one language takes more of them)."""

    cell: str
    zh: str
    en: str

    @property
    def key(self) -> str:
        return hashlib.sha1(f"{self.zh}\n{self.en}".encode()).hexdigest()[:8]

    @property
    def place(self) -> tuple[str, str]:
        return self.cell, self.key

    @property
    def states(self) -> bool:
        """Whether it has a word that compares or gives a cause, a decimal, or a share.

        A question states nothing.
        """
        if self.zh.endswith("？") and self.en.endswith("?"):
            return False
        return any(words.search(prose(getattr(self, k))) for k, words in WORDS.items())


def paragraphs(block: str) -> list[str]:
    """The paragraphs, headings, list items and table rows of a text; no code listings."""
    parts = PARAGRAPH.split(LISTING.sub("\n", block))
    plain = (" ".join(re.sub(r"</?(details|summary)>", " ", part).split()) for part in parts)
    return [part for part in plain if part]


def sentences(lesson: Lesson) -> Iterator[Sentence]:
    """All sentences of a lesson, paired; both languages have the same paragraphs.

    Raises:
        AssertionError: if a text has other paragraphs in Chinese than in English.
    """
    for cell in lesson.texts:
        if cell.id in NOT_STATEMENTS:
            continue
        zh, en = map(paragraphs, languages(cell))
        assert len(zh) == len(en), f"{cell.id}: {len(zh)} paragraphs in zh, {len(en)} in en"
        for pair in zip(zh, en, strict=True):
            split = [
                [sentence.strip() for sentence in end.split(text) if sentence.strip()]
                for end, text in zip(END.values(), pair, strict=True)
            ]
            if len(split[0]) != len(split[1]):
                split = [[text] for text in pair]
            yield from (Sentence(cell.id, *both) for both in zip(*split, strict=True))


def affirmed(lesson: Lesson) -> dict[tuple[str, str], str]:
    """The marks of a lesson's sentences, by cell and key."""
    file = AFFIRMED / f"{lesson.stem}.toml"
    cells = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {(cell, key): mark for cell, marks in cells.items() for key, mark in marks.items()}


def write(lesson: Lesson, marks: dict[tuple[str, str], str]) -> None:
    """Write the marks in the order of the lesson, each beside the beginning of its sentence."""
    tables = []
    marked = dict.fromkeys(s for s in sentences(lesson) if s.place in marks)
    for cell, group in groupby(marked, key=attrgetter("cell")):
        lines = (f'{s.key} = "{marks[s.place]}"  # {s.en[:60]}\n' for s in group)
        tables.append("".join([f"[{cell}]\n", *lines]))
    (AFFIRMED / f"{lesson.stem}.toml").write_text("\n".join(tables), encoding="utf-8")


def unheld(lesson: Lesson) -> tuple[list[Sentence], list[str]]:
    """Sentences that nobody affirmed, and affirmed ones that are gone (cell and key)."""
    marks = affirmed(lesson)
    stating = {s.place: s for s in sentences(lesson) if s.states}
    gone = [" ".join(place) for place in marks if place not in stating]
    return [s for place, s in stating.items() if place not in marks], gone


def names(mark: str) -> list[str]:
    """What a mark names."""
    return [name.strip() for name in mark.partition(":")[2].split(",")]


def check_mark(lesson: Lesson, mark: str) -> None:
    """Whether what a mark names is there.

    Raises:
        AssertionError: if it is not.
    """
    kind, *_ = mark.split(":")
    there = {
        "claim": {name for name, outputs in MEASURED.items() if outputs.lesson == lesson.stem},
        "cell": {cell.id for cell in lesson.codes if holds(cell)},
        "exercise": {cell.id for cell in lesson.codes},
        "software": {file.name for file in TESTS.glob("*.py")},
        "source": SOURCES,
        **dict.fromkeys(["definition", "question", "advice"], {""}),
    }
    named = [names(mark)[0].split(" ")[0]] if kind == "source" else names(mark)
    wrong = [name for name in named if name not in there.get(kind, ())]
    assert not wrong, f"{lesson.stem}: nothing that holds a sentence: {mark}"


def holds(cell) -> bool:
    """Whether a cell asserts something, or every test run compares what it puts out."""
    return "assert " in cell.source or bool(COMPARED & tags(cell))


def stored(lesson: Lesson) -> dict[str, str]:
    """What the code cells put out, as text."""
    return {cell.id: text(cell.outputs) for cell in lesson.codes}


def table() -> Iterator[str]:
    """One row a sentence that was measured: lesson, cell, what computes it, margin now, words."""
    yield "| lesson | cell | held by | margin | words |\n|---|---|---|---|---|"
    for stem, lesson in LESSONS.items():
        marks, said = affirmed(lesson), stored(lesson)
        for s in sentences(lesson):
            mark = marks.get(s.place, "")
            if mark.startswith(("claim", "cell")):
                claims = names(mark) if mark.startswith("claim") else []
                margins = "; ".join(MEASURED[name](said).tightest(name)[1] for name in claims)
                yield f"| {stem} | {s.cell} | {mark} | {margins} | {s.zh} {s.en} |"


def main() -> None:
    """See the text at the top of this file."""
    parser = argparse.ArgumentParser("python -m tests.claims", description=__doc__.split("\n\n")[0])
    parser.add_argument("--new", action="store_true", help="list what nobody has affirmed yet")
    parser.add_argument("--affirm", nargs="+", metavar="KEY", help="affirm these sentences")
    parser.add_argument("--as", dest="mark", help='what holds them, as "claim: NAME"')
    options = parser.parse_args()
    if bool(options.affirm) != bool(options.mark):
        parser.error("--affirm KEY … needs --as MARK, and --as MARK needs --affirm")
    if not (options.new or options.affirm):
        print(*table(), sep="\n")
        return
    for stem, lesson in LESSONS.items():
        new, gone = unheld(lesson)
        if options.affirm and (chosen := [s for s in new if s.key in options.affirm]):
            check_mark(lesson, options.mark)
            write(lesson, affirmed(lesson) | {s.place: options.mark for s in chosen})
        elif options.new:
            for s in new:
                print(f"{stem} [{s.cell}] {s.key}\n    {s.zh}\n    {s.en}")
            for name in gone:
                print(f"{stem} gone: {name}")


if __name__ == "__main__":
    main()
