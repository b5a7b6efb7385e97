"""What the lessons' sentences claim is held by something, and a changed sentence is noticed."""

import copy
import re

import pytest

from tests import measured
from tests import sentences as module
from tests.measured import MEASURED, RESULTS, Outputs, between, decided, numbers
from tests.sentences import NOTEBOOKS, affirmed, check_mark, read, sentences, unheld
from tests.test_notebooks import languages

by_lesson = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
by_claim = pytest.mark.parametrize("name", MEASURED)
WHY_CONVOLUTION = next(path for path in NOTEBOOKS if path.stem == "08_why_convolution")


@by_lesson
def test_every_stating_sentence_is_affirmed(path):
    new, gone = unheld(read(path), path.stem)
    hint = "python -m tests.claims --new lists them, --affirm KEY --as MARK affirms"
    assert not new, f"{hint}: " + "; ".join(f"[{s.cell}] {s.key} {s.zh} {s.en}" for s in new)
    assert not gone, f"affirmed sentences that are gone (affirming others drops them): {gone}"


@by_lesson
def test_what_a_mark_names_is_there(path):
    notebook = read(path)
    for marks in affirmed(path.stem).values():
        for mark in set(marks.values()):
            check_mark(notebook, path.stem, mark)


@pytest.mark.parametrize(
    "mark",
    ["claim: nothing", "cell: summary", "cell: scramble", "software: test_nothing.py",
     "source: HEARSAY", "exercise: exercise-9", "true", ""],
)  # fmt: skip
def test_a_mark_that_names_nothing_is_refused(mark):
    with pytest.raises(AssertionError, match="nothing that holds"):
        check_mark(read(WHY_CONVOLUTION), WHY_CONVOLUTION.stem, mark)


def changed(cell_id: str, old: str, new: str):
    notebook = copy.deepcopy(read(WHY_CONVOLUTION))
    cell = next(cell for cell in notebook.cells if cell.id == cell_id)
    assert cell.source.count(old) == 1
    cell.source = cell.source.replace(old, new)
    return notebook


@pytest.mark.parametrize(
    ("cell", "old", "new"),
    [
        ("paired-note", "better by more than one", "better by less than one"),
        ("paired-note", "高出一个多百分点", "低了一个多百分点"),
        ("networks-note", "less than 1 %", "less than 2 %"),
        ("networks-note", "不到 1%", "不到 2%"),
        # in sentences that stated nothing before: a cause, a superlative
        ("networks-note", "56{,}520$.", "56{,}520$, because it is the input's."),
        ("networks-note", "56{,}520$ 个。", "56{,}520$ 个，因为它接着输入。"),
        ("shift-text", "on the same axes.", "on the same axes; it is the worst of all."),
        ("shift-text", "画在同一张图上。", "画在同一张图上，它是最差的。"),
    ],
)  # fmt: skip
def test_a_changed_sentence_is_noticed(cell, old, new):
    notebook = changed(cell, old, new)
    found, _ = unheld(notebook, WHY_CONVOLUTION.stem)
    assert [s.cell for s in found] == [cell]


def test_other_white_space_is_no_other_sentence():
    notebook = changed("paired-note", "It holds: with", "It\nholds:  with")
    assert unheld(notebook, WHY_CONVOLUTION.stem)[0] == []


@pytest.mark.parametrize(
    ("zh", "en", "states"),
    [
        ("两者相等。", "Both agree.", False),
        ("它更大。", "It is larger.", True),
        ("它很大。", "It is larger.", True),
        ("它最大。", "It is large.", True),
        ("由于没有训练。", "It was not trained.", True),
        ("没有训练。", "That is due to no training.", True),
        ("它造成平台。", "It is the plateau.", True),
        ("它是平台。", "It leads to the plateau.", True),
        ("它胜过 tanh。", "It beats tanh.", True),
        ("有 3.5 个。", "There are 3.5.", True),
        ("占 4%。", "It has 4 %.", True),
        ("它为什么更大？", "Why is it larger?", False),
        ("代码写作 `a > 0.5`。", "In code: `a > 0.5`.", False),
        ("公平的比较。", "A fair comparison.", False),
    ],
)  # fmt: skip
def test_which_sentences_state_something(zh, en, states):
    assert module.Sentence("00", "text", zh, en).states is states


def test_sentences_are_paired():
    notebook = read(WHY_CONVOLUTION)
    cell = next(cell for cell in notebook.cells if cell.id == "plain-note")
    pairs = [s for s in sentences(notebook, WHY_CONVOLUTION.stem) if s.cell == "plain-note"]
    zh, en = languages(cell)
    assert len(pairs) > 3
    assert "".join(s.zh for s in pairs) == "".join(zh.split("\n"))
    assert [w for s in pairs for w in s.en.split()] == en.split()


def test_affirming_writes_the_mark_and_drops_what_is_gone(tmp_path, monkeypatch, capsys):
    lesson = WHY_CONVOLUTION.stem
    notebook = changed("paired-note", "better by more than one", "better by less than one")
    (before,) = unheld(notebook, lesson)[0]
    marks = affirmed(lesson)
    monkeypatch.setattr(module, "AFFIRMED", tmp_path)
    monkeypatch.setattr(module, "NOTEBOOKS", [WHY_CONVOLUTION])
    monkeypatch.setattr(module, "read", lambda path: notebook)
    module.write(lesson, [*sentences(read(WHY_CONVOLUTION), lesson)], marks)
    monkeypatch.setattr("sys.argv", ["claims", "--new"])
    module.main()
    assert before.key in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["claims", "--affirm", before.key, "--as", "advice"])
    module.main()
    assert unheld(notebook, lesson) == ([], [])
    assert affirmed(lesson)["paired-note"][before.key] == "advice"


# Claims


@by_claim
def test_a_claim_holds_on_the_stored_outputs(name):
    claim = MEASURED[name]
    out = Outputs.of(read(path_of(claim.lesson)))
    assert claim.check(out) >= 1, claim.table(out)


@pytest.fixture(scope="module")
def flattened(tmp_path_factory):
    """For each level, the folder of the stored results with all measured numbers the same as it."""
    folders = {level: tmp_path_factory.mktemp("results") for level in ("0", "1000")}
    for level, folder in folders.items():
        for file in RESULTS.glob("*.jsonl"):
            lines = [flat(line, level) for line in file.read_text("utf-8").splitlines()]
            (folder / file.name).write_text("\n".join(lines), encoding="utf-8")
    return folders


@by_claim
def test_a_claim_fails_where_nothing_differs(name, flattened, monkeypatch):
    """With all measured numbers 0, or all 1000, it does not hold, or cannot be read."""
    claim, verdicts = MEASURED[name], []
    out = Outputs.of(read(path_of(claim.lesson)))
    for level, folder in flattened.items():
        monkeypatch.setattr(measured, "RESULTS", folder)
        same = Outputs((cell, re.sub(r"\d[\d.,]*", level, said)) for cell, said in out.items())
        try:
            verdicts.append(claim.check(same) >= 1)
        except (KeyError, IndexError, ValueError, ArithmeticError):
            verdicts.append(False)  # what names a row is a number, too
    assert not all(verdicts)


def flat(line: str, level: str) -> str:
    """A stored result with its settings as they are and each measured number the same."""
    settings, *found = re.split('("result"|"test_error")', line, maxsplit=1)
    return settings + re.sub(r"\d+\.\d+", level, "".join(found))


@by_claim
def test_a_claim_holds_some_sentence(name):
    marks = [m for keys in affirmed(MEASURED[name].lesson).values() for m in keys.values()]
    assert any(
        name in mark.split(":")[1].replace(" ", "").split(",") for mark in marks if ":" in mark
    )


def path_of(lesson: str):
    return next(path for path in NOTEBOOKS if path.stem == lesson)


def test_numbers_of_an_output():
    out = Outputs({"paired": "LeNet - fully connected: +0.0147 ± 0.0008\nconv1 × 1.23, 60,000"})
    assert out.row("paired", "connected:") == [0.0147, 0.0008]
    assert numbers("−0.5 1e-3 60,000") == [-0.5, 0.001, 60000]
    with pytest.raises(KeyError, match="does not put out"):
        out.row("paired", "nobody")


def test_margins():
    assert decided(-0.06, 0.01) == pytest.approx(2)
    assert between(0, 0.5, 1) > 1e6
    assert between(0, 1, 1) == pytest.approx(1) and between(0, 2, 1) < 1
