"""Every lesson from top to bottom where something is not as usual: writes hard_cases.md.

    python -m benchmarks.hard_cases                       # all lessons, all cases
    python -m benchmarks.hard_cases 03_neurons 10_experiments   # these again; the others stay

The cases: torch's default numbers are float64; a second kernel runs the same lesson at the same
time; the data are a folder of pictures, one subfolder a class, in LENET_DATASET.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from lenet_helpers import load_data

ROOT = Path(__file__).parents[1]
FLOAT64 = "import torch\n\ntorch.set_default_dtype(torch.float64)\n"
TABLE = Path(__file__).with_suffix(".md")
PICTURES = 600  # for training and testing together


@contextmanager
def case(name: str) -> Iterator[tuple[Path, int]]:
    """A copy of the lessons, and how many kernels run each at once; the environment is set."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        for part in ("notebooks", "imgs", "benchmarks"):
            shutil.copytree(ROOT / part, Path(folder, part))
        startup = Path(folder, "ipython", "profile_default", "startup")
        startup.mkdir(parents=True)
        os.environ |= {
            "LENET_DATASET": "digits", "IPYTHONDIR": str(Path(folder, "ipython")),
            "PYTHONPATH": os.pathsep.join([str(ROOT), before.get("PYTHONPATH", "")]),
        }  # fmt: skip
        if name == "float64":
            (startup / "float64.py").write_text(FLOAT64)
        if name == "a folder of pictures":
            os.environ["LENET_DATASET"] = str(with_pictures(Path(folder, "our digits 数字")))
        try:
            yield Path(folder, "notebooks"), 2 if name == "two kernels" else 1
        finally:
            os.environ.clear()
            os.environ.update(before)


CASES = ("float64", "two kernels", "a folder of pictures")


def with_pictures(folder: Path) -> Path:
    data, _ = load_data("digits", device="cpu")
    for number in range(PICTURES):
        of_class = folder / str(data.labels[number].item())
        of_class.mkdir(parents=True, exist_ok=True)
        Image.fromarray(data.images[number].numpy()).save(of_class / f"{number}.png")
    return folder


def ended(path: Path) -> str:
    """``"✓"``, or the cell and the error that ended the lesson."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": path.parent}})
    try:
        client.execute()
    except CellExecutionError as error:
        at = next(
            c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", ()))
        )
        first = error.evalue.partition("\n")[0]
        return f"`{at.id}`: {error.ename}: {first[:200]}"
    return "✓"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    every = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    parser.add_argument("lessons", nargs="*", choices=[*every, []], help="all by default")
    lessons = parser.parse_args().lessons or every
    found = before()
    for name in CASES:
        with case(name) as (folder, kernels), ThreadPoolExecutor(kernels) as pool:
            for lesson in lessons:
                start = time.monotonic()
                each = set(pool.map(ended, [folder / f"{lesson}.ipynb"] * kernels))
                found.setdefault(lesson, {})[name] = "; ".join(sorted(each))
                seconds = time.monotonic() - start
                print(f"{name:20} {lesson:22} {seconds:4.0f} s {found[lesson][name]}", flush=True)
    write(found)


def before() -> dict[str, dict[str, str]]:
    """How each lesson ended the last time, by case, as the table has it."""
    rows = [row.strip("| ").split(" | ") for row in TABLE.read_text("utf-8").splitlines()]
    return {row[0]: dict(zip(CASES, row[1:], strict=True)) for row in rows if row[0][:2].isdigit()
            or row[0].startswith("lenet_")}  # fmt: skip


def write(found: dict[str, dict[str, str]]) -> None:
    lines = [
        "# Every lesson in hard cases", "",
        "`python -m benchmarks.hard_cases`: each lesson from top to bottom on scikit-learn's "
        "digits, with float64 as torch's default; in two kernels at once; and on a folder of "
        f"{PICTURES} pictures in `LENET_DATASET`. Each entry: the last such run.", "",
        f"| lesson | {' | '.join(CASES)} |", "|---" * (len(CASES) + 1) + "|",
        *(f"| {lesson} | {' | '.join(found[lesson].values())} |" for lesson in sorted(found)), "",
    ]  # fmt: skip
    TABLE.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
