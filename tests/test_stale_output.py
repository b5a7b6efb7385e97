"""A stored output that the cell no longer gives must make the notebooks' lanes fail."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
LESSON = ROOT / "notebooks/05_lenet_layers.ipynb"
NEEDED = "import torch\nfrom torch import nn\nby_hand = [61706]\n"
# What the stored output of a cell has, and what instead.
STALE = {
    "count-one-layer": ("150", "151"),  # printed text
    "network": ("(61706, True)", "(61707, True)"),  # a value
    "trace": ("416,520", "416,250"),  # a table
}


def run_nbval(notebook: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q"]
    command += ["-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), str(notebook)]
    environment = os.environ | {"LENET_DATASET": "digits"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)


def with_other_outputs(cell, old: str, new: str):
    """The same cell with something else in its outputs."""
    changed = copy.deepcopy(cell)
    changed.id += "-stale"
    for output in changed.outputs:
        if "text" in output:
            output.text = output.text.replace(old, new)
        for kind, value in output.get("data", {}).items():
            output.data[kind] = value.replace(old, new)
    assert changed.outputs != cell.outputs, f"{cell.id} does not have {old}"
    return changed


def test_every_changed_output_is_noticed_and_no_other(tmp_path):
    notebook = nbformat.read(LESSON, as_version=4)
    fresh = [cell for cell in notebook.cells if cell.id in STALE]
    assert [cell.id for cell in fresh] == list(STALE)
    stale = [with_other_outputs(cell, *STALE[cell.id]) for cell in fresh]
    pairs = [cell for pair in zip(fresh, stale, strict=True) for cell in pair]
    notebook.cells = [nbformat.v4.new_code_cell(NEEDED), *pairs]
    nbformat.write(notebook, tmp_path / "lesson.ipynb")

    done = run_nbval(tmp_path / "lesson.ipynb")
    assert done.returncode == 1
    failed = sorted(set(re.findall(r"FAILED .*::Cell (\d+)", done.stdout)))
    assert failed == ["2", "4", "6"], done.stdout
    for _, new in STALE.values():
        assert new in done.stdout
