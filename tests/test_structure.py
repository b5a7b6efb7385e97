"""The rules of the house: who may import whom, what an import does, and how long a file is."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import importlinter.cli
import nbformat
import pytest

import lenet_helpers

PACKAGE = Path(lenet_helpers.__file__).parent
ROOT = PACKAGE.parent
LESSON = ROOT / "notebooks/07_training.ipynb"  # with the training panel
FILES = sorted(PACKAGE.rglob("*.py"))

# Lines of Python, docstrings included: who adds some takes as many away. The aims are 5,000 and
# 9,000, and 3,000 for the lesson: whoever takes some away lowers the number here.
LONGEST_FILE = 230
BUDGETS = {"lenet_helpers": 9_512, "tests": 14_362}
LOADED_BY_IMPORT, LOADED_BY_LESSON = 1_200, 4_443


def lines(path: Path | str) -> int:
    return len(Path(path).read_text(encoding="utf-8").splitlines())


def python(source: str):
    """What a new Python prints as JSON; it must not warn."""
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


# Floors


def test_rooms_import_from_the_floors_below_them():
    """The contracts stand in pyproject.toml."""
    config = str(ROOT / "pyproject.toml")
    assert importlinter.cli.lint_imports(config, no_cache=True, show_timings=False) == 0


def test_an_import_from_above_is_noticed(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = Path(shutil.copytree(PACKAGE, tmp_path / PACKAGE.name))
    for file, line in {
        "machine.py": "from lenet_helpers import lenet",
        "panels.py": "from lenet_helpers.runs import records",
    }.items():
        source = (package / file).read_text(encoding="utf-8")
        (package / file).write_text(f"{source}\n{line}\n", encoding="utf-8")
    lint = "import sys, importlinter.cli as c; sys.exit(c.lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", lint], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    for broken in ("machine -> lenet_helpers ", "panels -> lenet_helpers.runs.records "):
        assert f"lenet_helpers.{broken}" in done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file_is_short_and_says_where_its_names_come_from(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert lines(path) <= LONGEST_FILE
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            assert node.module != "lenet_helpers", "an import of the package as a whole"
            assert not {"*", "pyplot"} & set(names)
            names = [node.module]
        assert not any(name.startswith("matplotlib.pyplot") for name in names)


@pytest.mark.parametrize("folder", BUDGETS)
def test_all_files_together_stay_within_their_budget(folder):
    assert sum(map(lines, (ROOT / folder).rglob("*.py"))) <= BUDGETS[folder]


# What an import does

LOADED = """
files = [m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] == "lenet_helpers"]
"""
WATCH = f"""
import json, sys, threading, torch, numpy, matplotlib, ipywidgets, IPython
threads, seen = threading.enumerate(), []
starts = ("socket.", "urllib.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn")
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith(starts) else None)
import lenet_helpers
{LOADED}
for name in lenet_helpers.__all__:
    getattr(lenet_helpers, name)
new = [thread.name for thread in threading.enumerate() if thread not in threads]
print(json.dumps([files, seen, new, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def fresh_import():
    """Of importing every public name in a new Python: first files, events, threads, modules."""
    return python(WATCH)


def test_import_opens_no_connection_and_starts_nothing(fresh_import):
    _, events, threads, _ = fresh_import
    assert events == threads == []


@pytest.mark.parametrize("heavy", ["torchvision", "d2l", "sklearn", "matplotlib.pyplot", "pandas"])
def test_import_loads_nothing_that_only_some_need(fresh_import, heavy):
    assert "lenet_helpers.training" in fresh_import[3]
    assert heavy not in fresh_import[3]


def test_import_loads_few_lines(fresh_import):
    assert sum(map(lines, fresh_import[0])) <= LOADED_BY_IMPORT


def test_the_training_panels_lesson_loads_few_lines():
    cells = nbformat.read(LESSON, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    imports = [
        ast.unparse(node)
        for node in ast.walk(ast.parse("\n".join(sources)))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("lenet_helpers")
    ]
    assert any("TrainingPanel" in line for line in imports)
    files = python("\n".join(["import json, sys", *imports, LOADED, "print(json.dumps(files))"]))
    assert sum(map(lines, files)) <= LOADED_BY_LESSON


# Public names


def test_public_names_are_there_once():
    names = lenet_helpers.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(lenet_helpers, name) for name in names)


def test_issues_public_names_are_there():
    wanted = "LanguageSwitch LiveAnimator evaluate_accuracy_gpu lenet load_data trace_shapes train"
    assert {*wanted.split(), "try_gpu"} <= set(lenet_helpers.__all__)
