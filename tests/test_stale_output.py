"""A stored output that the cell no longer gives must make the notebooks' lanes fail."""

import copy
import json
import os
import re
import subprocess
import sys

from nbformat.v4 import new_code_cell, new_notebook

from tests.lessons import LESSONS, ROOT

# Cells that need nothing but this, what the stored output of each has, and what instead.
NEEDED = f"import os\nos.chdir({str(ROOT / 'notebooks')!r})\ngaps = (6, 3, 1, -1, -3)"
STALE = [
    ("01_handwriting", "pace-1989", "11,270", "11,720"),  # printed text
    ("06_learning", "one-weight", "(6, 36.0)", "(6, 36.5)"),  # a value
    ("13_zip_code", "results", "0.914", "0.941"),  # a table
]
LANE = ["-p", "nbval.plugin", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider"]


def test_every_changed_output_is_noticed_and_no_other(tmp_path):
    cells = [new_code_cell(NEEDED)]
    for lesson, name, old, new in STALE:
        fresh = LESSONS[lesson].cell(name)
        stale = copy.deepcopy(fresh) | {"id": f"{name}-stale"}
        stale["outputs"] = json.loads(json.dumps(fresh.outputs).replace(old, new))
        assert stale["outputs"] != fresh.outputs
        cells += [fresh, stale]
    notebook = json.dumps(new_notebook(cells=cells))
    (tmp_path / "lesson.ipynb").write_text(notebook, encoding="utf-8")

    command = [sys.executable, "-m", "pytest", *LANE, "-c", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, str(tmp_path / "lesson.ipynb")], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert done.returncode == 1
    failed = sorted(set(re.findall(r"FAILED .*::Cell (\d+)", done.stdout)))
    assert failed == ["2", "4", "6"], done.stdout
    assert all(new in done.stdout for *_, new in STALE)
