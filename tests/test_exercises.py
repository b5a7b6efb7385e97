"""Every exercise that asks for code: the check says 0 before, and all after the answer is in."""

import ast
import re

import pytest
import torch

from tests.test_notebooks import NOTEBOOKS, codes, languages, read

READ = {path.stem: read(path) for path in NOTEBOOKS}
BLANK = re.compile(r"^    return \.\.\..*$", re.M)
EXERCISES = [
    (stem, cell.id[-1])
    for stem, notebook in READ.items()
    for cell in codes(notebook)
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
    cells = {cell.id: cell for cell in READ[stem].cells}
    names: dict = {}
    for cell in codes(READ[stem]):
        if not cell.id.startswith(("exercise-", "check-")):
            body = [node for node in ast.parse(cell.source).body if isinstance(node, STANDS_ALONE)]
            exec(compile(ast.Module(body, []), cell.id, "exec"), names)

    blank = cells[f"exercise-{number}"].source
    code = answer(languages(cells[f"answer-{number}"])[1]).strip().replace("\n", "\n    ")
    for source in (blank, BLANK.sub(lambda _: f"    {code}", blank)):
        torch.manual_seed(0)
        exec(source, names)
        exec(cells[f"check-{number}"].source, names)
    assert re.fullmatch(r"0 / (\d\d)\n\1 / \1\n", capsys.readouterr().out)


def test_every_check_belongs_to_such_an_exercise():
    checks = {(s, c.id[-1]) for s, n in READ.items() for c in codes(n) if c.id.startswith("check-")}
    assert checks == set(EXERCISES)
