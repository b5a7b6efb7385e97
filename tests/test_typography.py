"""Numbers, per cent signs, punctuation and titles are set alike in all lessons and READMEs."""

import re

import pytest

from tests.lessons import HAN, LESSONS, LINK, ROOT, each_lesson, languages, prose

A_NUMBER = r"(?<![\d.,/:–-])(?!(?:1[6-9]|20)\d\d(?!\d))\d{4,}(?![\d-])"  # of a year, of a decimal
IN_BOTH = {
    "a comma at thousands": A_NUMBER,
    "an en dash between numbers": r"(?<![\d-])\d+(?:\.\d+)?-\d+(?![\d-])",
}
RULES = {
    "zh": {
        "no space before %": r"\d %",
        "% in half width": "％",
        "full-width punctuation beside Chinese": rf"{HAN}[,;:?!()]|[,;:?!()]{HAN}",
        "a space between Chinese and Latin": rf"(?:{HAN}[A-Za-z0-9]|[A-Za-z0-9](?!恤){HAN})",
        "Chinese quotation marks": rf'{HAN}"|"{HAN}',
        "the course says 汇聚": "池化",
        **IN_BOTH,
    },
    "en": {
        "a space before %": r"\d%",
        "half-width punctuation": "[，。；：！？（）％]",
        "curly quotation marks": r'(?<=[\w\s(])"\w|\w"',
        **IN_BOTH,
    },
}
each_readme = pytest.mark.parametrize("name", ["README", "TEACHING"])


def readme(name: str) -> tuple[str, str]:
    """A README in Chinese and in English."""
    zh, en = ((ROOT / file).read_text(encoding="utf-8") for file in (f"{name}.zh.md", f"{name}.md"))
    return zh, en


def set_otherwise(*texts: str) -> list[str]:
    """What breaks a rule, in Chinese or in English, with a little of what stands around it."""
    bare = [re.sub(r"\*\*|\*(?=\S)|(?<=\S)\*", "", prose(text, gap="")) for text in texts]
    return [
        f"{rule}: …{text[max(0, found.start() - 10) : found.end() + 10]}…"
        for rules, text in zip(RULES.values(), bare, strict=True)
        for rule, pattern in rules.items()
        for found in re.finditer(pattern, text)
    ]


@each_lesson
def test_lesson_is_set_alike(lesson):
    for cell in lesson.texts:
        assert not (found := set_otherwise(*languages(cell))), f"{cell.id}: {found}"


@each_readme
def test_readme_is_set_alike(name):
    assert set_otherwise(*readme(name)) == []


@pytest.mark.parametrize(
    "zh, en",
    [
        *[(zh, "") for zh in ("占 5 %", "占 5％", "是的,对", "用LeNet", "共3 个", '说"好"')],
        *[(zh, "") for zh in ("有 60000 幅", "从 5-7 轮", "池化")],
        *[("", en) for en in ("It has 5%.", "Yes，no", 'say "yes"', "60000 images", "epochs 5-7")],
    ],
)
def test_fault_is_noticed(zh, en):
    assert set_otherwise(zh, en)


def test_what_is_set_well_is_left_alone():
    zh = "占 5%，**60,000** 幅（1998 年），T恤：用 `a,b` 和 LeNet；0.9075，5–7 轮。"
    en = "It has 5 % of 60,000 in 1998: “yes”, 0.9075 (2026-11-24), `a[5-7]`."
    assert set_otherwise(zh, en) == []


# Titles


def wrong_titles(*texts: str) -> list[str]:
    """Links to lessons whose words are not the lesson's title, with its number or without.

    Within a sentence it begins with a small letter.
    """
    return [
        f"{words} is {title}"
        for language, text in enumerate(texts)
        for words, stem in re.findall(r"\[([^\]]*)\]\((?:notebooks/)?(\w+)\.ipynb\)", text)
        for title in [LESSONS[stem].titles[language].casefold()]
        if words.casefold() not in (title, re.sub(r"^\d\d ", "", title))
    ]


@each_lesson
def test_lessons_call_each_other_by_their_titles(lesson):
    for cell in lesson.texts:
        assert not (found := wrong_titles(*languages(cell))), f"{cell.id}: {found}"


@each_readme
def test_readme_calls_lessons_by_their_titles(name):
    assert all(map(LINK.search, readme(name)))
    assert wrong_titles(*readme(name)) == []


def test_another_title_is_noticed():
    assert wrong_titles("[06 动手实验](10_experiments.ipynb)", "")
    assert wrong_titles("", "[Experiments](notebooks/10_experiments.ipynb)") == []
