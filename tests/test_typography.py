"""Numbers, per cent signs, punctuation and titles are set alike in all lessons and READMEs."""

import re

import pytest

from tests.test_notebooks import LINK, NOTEBOOKS, ROOT, languages, read, texts

NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|(?<=\])\([^)]*\)|<[^>]*>|https?://\S+", re.S
)
HAN = "[一-鿿]"
A_NUMBER = r"(?<![\d.,/:–-])(?!(?:1[6-9]|20)\d\d(?!\d))\d{4,}(?![\d-])"  # of a year, of a decimal
RULES = {
    "zh": {
        "no space before %": r"\d %",
        "% in half width": "％",
        "full-width punctuation beside Chinese": rf"{HAN}[,;:?!()]|[,;:?!()](?=\S){HAN}",
        "a space between Chinese and Latin": rf"(?:{HAN}[A-Za-z0-9]|[A-Za-z0-9](?!恤){HAN})",
        "Chinese quotation marks": rf'{HAN}"|"{HAN}',
        "a comma at thousands": A_NUMBER,
        "an en dash between numbers": r"(?<![\d-])\d+(?:\.\d+)?-\d+(?![\d-])",
    },
    "en": {
        "a space before %": r"\d%",
        "half-width punctuation": "[，。；：！？（）％]",
        "curly quotation marks": r'(?<=[\w\s(])"\w|\w"',
        "a comma at thousands": A_NUMBER,
        "an en dash between numbers": r"(?<![\d-])\d+(?:\.\d+)?-\d+(?![\d-])",
    },
}
EACH_RULE = [(language, rule) for language, rules in RULES.items() for rule in rules]
READMES = [("README.zh.md", "README.md"), ("TEACHING.zh.md", "TEACHING.md")]


def prose(text: str) -> str:
    """A text without code, formulas, addresses and the marks of Markdown."""
    return re.sub(r"\*\*|\*(?=\S)|(?<=\S)\*", "", NOT_PROSE.sub("", text))


def set_otherwise(language: str, text: str) -> list[str]:
    """What breaks a rule, with a little of what stands around it."""
    text = prose(text)
    return [
        f"{rule}: …{text[max(0, found.start() - 10) : found.end() + 10]}…"
        for rule, pattern in RULES[language].items()
        for found in re.finditer(pattern, text)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lesson_is_set_alike(path):
    found = [
        f"[{cell.id}] {fault}"
        for cell in texts(read(path))
        for language, block in zip(RULES, languages(cell), strict=True)
        for fault in set_otherwise(language, block)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("pair", READMES, ids=lambda pair: pair[1])
def test_readme_is_set_alike(pair):
    for language, name in zip(RULES, pair, strict=True):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not (found := set_otherwise(language, text)), "\n".join(found)


@pytest.mark.parametrize(
    ("language", "fault"),
    [
        ("zh", "占 5 %"), ("zh", "占 5％"), ("zh", "是的,对"), ("zh", "用LeNet"), ("zh", "共3 个"),
        ("zh", '说"好"'), ("zh", "有 60000 幅"), ("zh", "从 5-7 轮"),
        ("en", "It has 5%."), ("en", "Yes，no"), ("en", 'say "yes"'), ("en", "60000 images"),
        ("en", "epochs 5-7"),
    ],
)  # fmt: skip
def test_fault_is_noticed(language, fault):
    assert set_otherwise(language, fault)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "占 5%，**60,000** 幅（1998 年），T恤：用 `a,b` 和 LeNet；0.9075，5–7 轮。"),
        ("en", "It has 5 % of 60,000 in 1998: “yes”, 0.9075 (2026-11-24), `a[5-7]`."),
    ],
)
def test_what_is_set_well_is_left_alone(language, text):
    assert set_otherwise(language, text) == []


# Titles

TITLES = {
    path.name: [re.search(r"^# (.+)", block, re.M)[1] for block in languages(read(path).cells[0])]
    for path in NOTEBOOKS
}


def wrong_titles(text: str, language: int) -> list[str]:
    """Links to lessons whose words are not the lesson's title, with its number or without."""
    return [
        f"{words} is {TITLES[name][language]}"
        for words, name in re.findall(r"\[([^\]]*)\]\((?:notebooks/)?(\w+\.ipynb)\)", text)
        if words.casefold() not in names(TITLES[name][language])
    ]


def names(title: str) -> set[str]:
    """A title with its number and without; within a sentence it begins with a small letter."""
    return {title.casefold(), re.sub(r"^\d\d ", "", title).casefold()}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lessons_call_each_other_by_their_titles(path):
    for cell in texts(read(path)):
        for language, block in enumerate(languages(cell)):
            assert not (found := wrong_titles(block, language)), f"{cell.id}: {found}"


@pytest.mark.parametrize("pair", READMES, ids=lambda pair: pair[1])
def test_readme_calls_lessons_by_their_titles(pair):
    for language, name in enumerate(pair):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert LINK.search(text)
        assert not (found := wrong_titles(text, language)), found


def test_another_title_is_noticed():
    assert wrong_titles("[06 动手实验](10_experiments.ipynb)", 0)
    assert wrong_titles("[Experiments](notebooks/10_experiments.ipynb)", 1) == []
