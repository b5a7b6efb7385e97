"""How long a lesson's main line takes to read and to run, by a rule of thumb: a table.

    python -m benchmarks.minutes

Each language counts for itself, the slower one is taken: 180 English words or 300 Chinese
characters a minute, folded answers included; 6 seconds for a line of code, 30 for a picture, 60 for
a prediction or an exercise. Waiting for cells is not in it.
"""

import re
from pathlib import Path

import nbformat

WORDS, CHARACTERS = 180, 300  # a minute
LINE, PICTURE, QUESTION = 6, 30, 60  # seconds
ASKED = re.compile(r"\*\*(Predict|Exercise \d|Guess)|_guess = |Guess( first)?[:,]")


def minutes(notebook: nbformat.NotebookNode) -> float:
    """Of the cells that are not optional."""
    main = [c for c in notebook.cells if "optional" not in c.metadata.get("tags", ())]
    texts = [cell.source for cell in main if cell.cell_type == "markdown"]
    codes = [cell for cell in main if cell.cell_type == "code"]
    zh, en = ("\n".join(re.findall(rf'<div lang="{language}">(.*?)</div>', text, re.S)[0]
                        for text in texts if f'lang="{language}"' in text)
              for language in ("zh", "en"))  # fmt: skip
    reading = max(len(en.split()) / WORDS, len(re.findall(r"[\u4e00-\u9fff]", zh)) / CHARACTERS)
    lines = sum(bool(line.strip()) for cell in codes for line in cell.source.splitlines())
    pictures = sum(any("image/png" in output.get("data", {}) or "<img" in str(output)
                       for output in cell.outputs) for cell in codes)  # fmt: skip
    questions = len(ASKED.findall(en)) + sum("_guess = " in cell.source for cell in codes)
    return reading + (lines * LINE + pictures * PICTURE + questions * QUESTION) / 60


def main() -> None:
    for path in sorted(Path(__file__).parents[1].joinpath("notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        said = re.search(r"Time: about (\d+) minutes", notebook.cells[0].source)
        print(f"{path.stem:20} {minutes(notebook):3.0f} min; the lesson says {said and said[1]}")


if __name__ == "__main__":
    main()
