"""Every exercise that asks for code: the check says 0 before, and all after the answer is in."""

import ast
import re

import pytest
import torch

from tests.lessons import LESSONS, languages

BLANK = re.compile(r"^    return \.\.\..*$", re.M)
EXERCISES = [
    (stem, cell.id[-1])
    for stem, lesson in LESSONS.items()
    for cell in lesson.codes
    if cell.id.startswith("exercise-") and BLANK.search(cell.source)
]
STANDS_ALONE = ast.Import | ast.ImportFrom | ast.FunctionDef


def answer(text: str) -> str:
    """The code of a folded answer: its imports, then its block, or else all up to the return."""
    inline = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    if block := re.search(r"```python\n(.*?)```", text, re.S):
        return "\n".join([*(code for code in inline if code.startswith("import ")), block[1]])
    last = next(i for i, code in enumerate(inline) if code.startswith("return "))
    return "\n".join(inline[: last + 1])


@pytest.mark.parametrize("stem, number", EXERCISES)
def test_check_tells_a_blank_from_the_answer(stem, number, capsys):
    lesson, names = LESSONS[stem], {}
    for cell in lesson.codes:
        if not cell.id.startswith(("exercise-", "check-")):
            body = [node for node in ast.parse(cell.source).body if isinstance(node, STANDS_ALONE)]
            exec(compile(ast.Module(body, []), cell.id, "exec"), names)

    blank = lesson.cell(f"exercise-{number}").source
    _, english = languages(lesson.cell(f"answer-{number}"))
    code = answer(english).strip().replace("\n", "\n    ")
    for source in (blank, BLANK.sub(lambda _: f"    {code}", blank)):
        torch.manual_seed(0)
        exec(source, names)
        exec(lesson.cell(f"check-{number}").source, names)
    assert re.fullmatch(r"0 / (\d\d)\n\1 / \1\n", capsys.readouterr().out)


def test_every_check_belongs_to_such_an_exercise():
    cells = [(stem, cell.id) for stem, lesson in LESSONS.items() for cell in lesson.codes]
    checks = {(stem, name[-1]) for stem, name in cells if name.startswith("check-")}
    assert checks == set(EXERCISES)
