"""A number changed in a stored output must make the notebook lane fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]


def run_nbval(notebook: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q"]
    command += ["-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), str(notebook)]
    environment = os.environ | {"LENET_DATASET": "digits"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)


def only_the_cells(source: Path, target: Path, ids: list[str]) -> nbformat.NotebookNode:
    notebook = nbformat.read(source, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id in ids]
    assert [cell.id for cell in notebook.cells] == ids
    nbformat.write(notebook, target)
    return notebook


def test_a_changed_number_is_noticed(tmp_path):
    path = tmp_path / "lesson.ipynb"
    notebook = only_the_cells(ROOT / "notebooks/04_training.ipynb", path, ["network"])
    fresh = run_nbval(path)
    assert fresh.returncode == 0, fresh.stdout

    output = notebook.cells[0].outputs[0]
    assert output.data["text/plain"] == "61706"
    output.data["text/plain"] = "61707"
    nbformat.write(notebook, path)
    stale = run_nbval(path)
    assert stale.returncode == 1
    assert "61707" in stale.stdout
    shutil.rmtree(tmp_path)
