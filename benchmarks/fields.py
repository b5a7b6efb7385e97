"""Whole fields of five digits read right, with seeds that no choice was made on: writes fields.md.

    python -m benchmarks.fields     # some minutes for each seed that is not yet in the file

What is run is lesson 13 itself, to the cell that defines a whole run; then that run with each seed.
All go into ``notebooks/results/13_fields.jsonl``, which the lesson reads.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pandas as pd
from nbclient import NotebookClient

from lenet_helpers import datasets_at_hand

LESSON = Path(__file__).parents[1] / "notebooks" / "13_zip_code.ipynb"
RESULTS = LESSON.parent / "results" / "13_fields.jsonl"
SEEDS = range(1, 8)  # 0 stores its network besides: lesson 13 with LENET_FULL=1
FRESH = range(3, 8)  # not looked at while anything was chosen
COUNT = 60_000  # fields to train with, as in the lesson
AIMS = {"+3": 0.92, "-1": 0.75, "-3": 0.55}


def run_missing() -> None:
    lesson = nbformat.read(LESSON, as_version=4)
    last = [cell.id for cell in lesson.cells].index("one-run")
    lesson.cells = lesson.cells[: last + 1] + [
        nbformat.v4.new_code_cell(
            "from lenet_helpers.sweeps import sweep\n"
            f"sweep({{'seed': {list(SEEDS)}, 'count': [{COUNT}]}}, one_run, file={str(RESULTS)!r})"
        )
    ]
    NotebookClient(lesson, timeout=None, resources={"metadata": {"path": LESSON.parent}}).execute()


def fresh_runs() -> pd.DataFrame:
    lines = [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()[1:]]
    return pd.DataFrame([line["result"] for line in lines if line["settings"]["seed"] in FRESH])


def main() -> None:
    if not datasets_at_hand()["mnist"]:
        sys.exit("MNIST is not at hand: name its folder in LENET_DATA.")
    run_missing()
    found = fresh_runs()
    lines = [
        "# Fields of five digits", "",
        f"MNIST, seeds {FRESH[0]} to {FRESH[-1]}, none of which was looked at while anything was "
        f"chosen; {COUNT:,} fields of training digits to learn from, 1,000 of test digits at each "
        "gap. Share of fields of which all five digits are right: mean (least–most).", "",
        "| gap, pixels | cut, then read | slide | both, by score | aim |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for gap in (name.split()[1] for name in found.columns if name.startswith("cut ")):
        shares = [found[f"{way} {gap}"] for way in ("cut", "slide", "both")]
        cells = [f"{s.mean():.3f} ({s.min():.3f}–{s.max():.3f})" for s in shares]
        aim = f"≥ {AIMS[gap]}" if gap in AIMS else ""
        lines.append(f"| {gap} | {' | '.join(cells)} | {aim} |".replace("-", "−"))
    lines += [
        "", f"Single test digits: {found['single'].mean():.3f}. "
        f"Processor time of a whole run: {found['cpu'].min()} to {found['cpu'].max()} s, the more, "
        "the busier the machine was with other programs.", "",
        "Repeat it: `python -m benchmarks.fields`.", "",
    ]  # fmt: skip
    Path(__file__).with_suffix(".md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
