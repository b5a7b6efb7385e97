"""What the lessons' sentences claim is held by something, and a changed sentence is noticed."""

import copy
import re

import pytest

from tests import claims, measured
from tests.claims import Sentence, affirmed, check_mark, names, sentences, stored, unheld
from tests.lessons import LESSONS, each_lesson, languages
from tests.measured import MEASURED, Outputs, above, below, between, exactly, numbers

WHY_CONVOLUTION = LESSONS["08_why_convolution"]
each_claim = pytest.mark.parametrize("name", MEASURED)


@each_lesson
def test_every_stating_sentence_is_affirmed(lesson):
    new, gone = unheld(lesson)
    hint = "python -m tests.claims --new lists them, --affirm KEY --as MARK affirms"
    assert not new, f"{hint}: " + "; ".join(f"[{s.cell}] {s.key} {s.zh} {s.en}" for s in new)
    assert not gone, f"affirmed sentences that are gone (affirming others drops them): {gone}"


@each_lesson
def test_what_a_mark_names_is_there(lesson):
    for mark in set(affirmed(lesson).values()):
        check_mark(lesson, mark)


@pytest.mark.parametrize(
    "mark",
    ["claim: nothing", "claim: tanh-has-no-plateau", "cell: summary", "cell: scramble",
     "software: test_nothing.py", "source: HEARSAY", "exercise: exercise-9", "true", ""],
)  # fmt: skip
def test_a_mark_that_names_nothing_is_refused(mark):
    with pytest.raises(AssertionError, match="nothing that holds"):
        check_mark(WHY_CONVOLUTION, mark)


def changed(cell: str, old: str, new: str):
    lesson = copy.deepcopy(WHY_CONVOLUTION)
    text = lesson.cell(cell)
    assert text.source.count(old) == 1
    text.source = text.source.replace(old, new)
    return lesson


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
    assert [s.cell for s in unheld(changed(cell, old, new))[0]] == [cell]


def test_other_white_space_is_no_other_sentence():
    assert unheld(changed("paired-note", "It holds: with", "It\nholds:  with")) == ([], [])


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
    assert Sentence("text", zh, en).states is states


def test_sentences_are_paired():
    pairs = [s for s in sentences(WHY_CONVOLUTION) if s.cell == "plain-note"]
    zh, en = languages(WHY_CONVOLUTION.cell("plain-note"))
    assert len(pairs) > 3
    assert "".join(s.zh for s in pairs) == "".join(zh.split("\n"))
    assert [w for s in pairs for w in s.en.split()] == en.split()


def test_affirming_writes_the_mark_and_drops_what_is_gone(tmp_path, monkeypatch, capsys):
    lesson = changed("paired-note", "better by more than one", "better by less than one")
    (before,) = unheld(lesson)[0]
    monkeypatch.setattr(claims, "LESSONS", {lesson.stem: lesson})
    marks = affirmed(lesson)
    committed = (claims.AFFIRMED / f"{lesson.stem}.toml").read_text("utf-8")
    monkeypatch.setattr(claims, "AFFIRMED", tmp_path)
    claims.write(WHY_CONVOLUTION, marks)
    assert (tmp_path / f"{lesson.stem}.toml").read_text("utf-8") == committed
    for arguments in (["--new"], ["--affirm", before.key, "--as", "advice"]):
        monkeypatch.setattr("sys.argv", ["claims", *arguments])
        claims.main()
    assert before.key in capsys.readouterr().out
    assert unheld(lesson) == ([], [])
    assert affirmed(lesson)[before.place] == "advice"


# Measured claims


@each_claim
def test_a_claim_holds_on_the_stored_outputs(name):
    said = stored(LESSONS[MEASURED[name].lesson])
    margin, words = MEASURED[name](said).tightest(name)
    assert margin >= 1, words


@each_claim
def test_a_claim_fails_where_nothing_differs(name, monkeypatch):
    """With all measured numbers 0, or all 1000, it does not hold, or cannot be read."""
    results, verdicts = measured.results, []
    for level in ("0", "1000"):
        monkeypatch.setattr(measured, "results", lambda file, x=level: flat(results(file), x))
        said = stored(LESSONS[MEASURED[name].lesson])
        same = {cell: re.sub(r"\d[\d.,]*", level, words) for cell, words in said.items()}
        try:
            verdicts.append(MEASURED[name](same).tightest(name)[0] >= 1)
        except (LookupError, ValueError, ArithmeticError):
            verdicts.append(False)  # what names a row is a number, too
    assert not all(verdicts)


def flat(lines: str, level: str) -> str:
    """Stored results with their settings as they are and each measured number the same."""
    measured_part = re.compile('("result"|"test_error").*')
    return measured_part.sub(lambda part: re.sub(r"\d+\.\d+", level, part[0]), lines)


@each_claim
def test_a_claim_holds_some_sentence(name):
    marks = affirmed(LESSONS[MEASURED[name].lesson]).values()
    assert any(name in names(mark) for mark in marks)


def test_numbers_of_an_output():
    out = Outputs({"paired": "LeNet - fully connected: +0.0147 ± 0.0008\nconv1 × 1.23, 60,000"})
    assert [*out.row("paired", "connected:")] == [0.0147, 0.0008]
    assert [*numbers("−0.5 1e-3 60,000")] == [-0.5, 0.001, 60000]
    with pytest.raises(KeyError, match="does not put out"):
        out.row("paired", "nobody")


@pytest.mark.parametrize(
    "condition, margin, words",
    [
        (above([3, 2, 4], 2), 1, "2 must be above 2"),
        (above(-0.06, 0.03), -2, "-0.06 must be above 0.03"),
        (below([0.1, 0.4], [0.3, 0.2]), 0.5, "0.4 must be below 0.2"),
        (below(0, 1), 1e9, "0 must be below 1"),
        (between(0, [0.5, 2], 1), 1 / 3, "2 must be between 0 and 1"),
        (between(0, 1, 1), 1, "1 must be between 0 and 1"),
        (exactly(7, 8), 0, "7 must be 8"),
    ],
)
def test_the_tightest_condition_tells(condition, margin, words):
    assert condition == (pytest.approx(margin), words)
