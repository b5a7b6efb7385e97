"""Which sentences of the lessons compare, give a cause or a share, and what holds each of them.

Such a sentence stands, as a hash of its words in both languages, in ``tests/affirmed/LESSON.toml``
under its cell, with a mark that says what makes it true. A changed word changes the hash, and the
test fails until somebody has read the sentence again and affirmed it. The marks:

- ``claim: NAME`` — a check of `tests.measured`, on the stored outputs and on every fresh run;
- ``cell: ID, …`` — cells that assert it themselves, or whose output every test run compares;
- ``source: KEY`` — history, or measured elsewhere: one of `SOURCES`;
- ``exercise: ID`` — what an exercise's cell gives after the change that it asks for: whoever
  affirms such an answer has made the change and run the cell;
- ``definition`` — true by arithmetic, or by what the words mean;
- ``software: FILE`` — what the course's own code does: a file in ``tests`` that holds it;
- ``question`` — tells what to do, or leads over to a question, and states nothing;
- ``advice`` — how to work, not what was measured.

``python -m tests.claims`` lists all claims, ``--new`` what is not affirmed yet, and
``--affirm KEY … --as MARK`` affirms it.
"""

import argparse
import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.claims import SOURCES
from tests.measured import MEASURED, Outputs
from tests.test_notebooks import NOTEBOOKS, codes, languages, read, texts

ROOT = Path(__file__).parents[1]
AFFIRMED = ROOT / "tests" / "affirmed"
NOT_STATEMENTS = {"title", "navigation"}  # what the lesson teaches, and links
COMPARED = {"nbval-check-output", "check-on-real-data"}

LISTING = re.compile(r"^```.*?^```\n?", re.S | re.M)
ITEM = re.compile(r"\n(?=\s*(?:[-*] |\d+\. |\|))")
END = {
    "zh": re.compile(r"(?<=[。！？])(?![”」）*])|(?<=[。！？][”）])|(?<=[。！？]\*\*)"),
    "en": re.compile(r"(?:(?<=[.!?])|(?<=[.!?][”)])|(?<=[.!?]\*\*))\s+(?=[A-Z“0-9`*$(])"),
}
NOT_PROSE = re.compile(r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>", re.S)
SHARE = r"\d\.\d|\d ?%|\d ?％"
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
        SHARE + r"|\b(?:more|less|fewer|most(?:ly)?|least|best|worst|better|worse|sooner|earlier|"
        r"\w+er than|than|larger|smaller|higher|lower|greater|faster|slower|longer|shorter|nearer|"
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

    lesson: str
    cell: str
    zh: str
    en: str

    @property
    def key(self) -> str:
        return hashlib.sha1(f"{self.zh}\n{self.en}".encode()).hexdigest()[:8]

    @property
    def states(self) -> bool:
        """Whether it has a word that compares or gives a cause, a decimal, or a share.

        A question states nothing.
        """
        if self.zh.endswith("？") and self.en.endswith("?"):
            return False
        told = (("zh", self.zh), ("en", self.en))
        return any(WORDS[language].search(NOT_PROSE.sub(" ", text)) for language, text in told)


def paragraphs(block: str) -> list[str]:
    """The paragraphs, headings, list items and table rows of a text; no code listings."""
    parts = (
        part
        for whole in re.split(r"\n\s*\n", LISTING.sub("\n", block))
        for part in ITEM.split(whole)
    )
    plain = (" ".join(re.sub(r"</?(details|summary)>", " ", part).split()) for part in parts)
    return [part for part in plain if part]


def sentences(notebook, lesson: str) -> Iterator[Sentence]:
    """All sentences of a lesson, paired; both languages have the same paragraphs.

    Raises:
        AssertionError: if a text has other paragraphs in Chinese than in English.
    """
    for cell in texts(notebook):
        if cell.id in NOT_STATEMENTS:
            continue
        zh, en = map(paragraphs, languages(cell))
        assert len(zh) == len(en), f"{cell.id}: {len(zh)} paragraphs in zh, {len(en)} in en"
        for pair in zip(zh, en, strict=True):
            split = [
                [s.strip() for s in END[language].split(text) if s.strip()]
                for language, text in zip(END, pair, strict=True)
            ]
            if len(split[0]) != len(split[1]):
                split = [[text] for text in pair]
            yield from (Sentence(lesson, cell.id, *both) for both in zip(*split, strict=True))


def affirmed(lesson: str) -> dict[str, dict[str, str]]:
    """The marks of a lesson's sentences, by cell and key."""
    file = AFFIRMED / f"{lesson}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def write(lesson: str, stating: list[Sentence], marks: dict[str, dict[str, str]]) -> None:
    """Write the marks in the order of the lesson, each beside the beginning of its sentence."""
    lines, cell = [], None
    for sentence in stating:
        if mark := marks.get(sentence.cell, {}).get(sentence.key):
            if sentence.cell != cell:
                cell = sentence.cell
                lines.append(f"\n[{cell}]")
            lines.append(f'{sentence.key} = "{mark}"  # {sentence.en[:60]}')
    AFFIRMED.mkdir(exist_ok=True)
    path = AFFIRMED / f"{lesson}.toml"
    path.write_text("\n".join([*dict.fromkeys(lines)]).lstrip() + "\n", encoding="utf-8")


def unheld(notebook, lesson: str) -> tuple[list[Sentence], list[str]]:
    """Sentences that nobody affirmed, and affirmed ones that are gone (cell and key)."""
    marks = affirmed(lesson)
    stating = [s for s in sentences(notebook, lesson) if s.states]
    there = {(s.cell, s.key) for s in stating}
    gone = [f"{c} {k}" for c, keys in marks.items() for k in keys if (c, k) not in there]
    return [s for s in stating if s.key not in marks.get(s.cell, {})], gone


def check_mark(notebook, lesson: str, mark: str) -> None:
    """Whether what a mark names is there.

    Raises:
        AssertionError: if it is not.
    """
    kind, _, named = (part.strip() for part in mark.partition(":"))
    names = [name.strip() for name in named.split(",")]
    if kind == "claim":
        wrong = [n for n in names if n not in MEASURED or MEASURED[n].lesson != lesson]
    elif kind == "cell":
        cells = {c.id: c for c in codes(notebook)}
        wrong = [n for n in names if n not in cells or not holds(cells[n])]
    elif kind == "exercise":
        wrong = [n for n in names if n not in {c.id for c in codes(notebook)}]
    elif kind == "software":
        wrong = [n for n in names if not (ROOT / "tests" / n).is_file()]
    elif kind == "source":
        wrong = [] if named.split(" ")[0] in SOURCES else [named]
    else:
        wrong = [] if mark in ("definition", "question", "advice") else [mark]
    assert not wrong, f"{lesson}: nothing that holds a sentence: {kind} {', '.join(wrong)}"


def holds(cell) -> bool:
    """Whether a cell asserts something, or every test run compares what it puts out."""
    return "assert " in cell.source or bool(COMPARED & {*cell.metadata.get("tags", [])})


def table() -> Iterator[str]:
    """One row a sentence that was measured: lesson, cell, what computes it, margin now, words."""
    yield "| lesson | cell | held by | margin | words |\n|---|---|---|---|---|"
    for path in NOTEBOOKS:
        notebook, marks = read(path), affirmed(path.stem)
        out = Outputs.of(notebook)
        for s in sentences(notebook, path.stem):
            mark = marks.get(s.cell, {}).get(s.key, "")
            if mark.startswith(("claim", "cell")):
                names = [n.strip() for n in mark.partition(":")[2].split(",")]
                margins = [MEASURED[n].table(out) for n in names if mark.startswith("claim")]
                yield f"| {path.stem} | {s.cell} | {mark} | {'; '.join(margins)} | {s.zh} {s.en} |"


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
    for path in NOTEBOOKS:
        notebook, lesson = read(path), path.stem
        new, gone = unheld(notebook, lesson)
        if options.affirm and (chosen := [s for s in new if s.key in options.affirm]):
            check_mark(notebook, lesson, options.mark)
            marks = affirmed(lesson)
            for s in chosen:
                marks.setdefault(s.cell, {})[s.key] = options.mark
            write(lesson, [*sentences(notebook, lesson)], marks)
        elif options.new:
            print(*(f"{lesson} [{s.cell}] {s.key}\n    {s.zh}\n    {s.en}" for s in new), sep="\n")
            print(*(f"{lesson} gone: {name}" for name in gone), sep="\n")


if __name__ == "__main__":
    main()
