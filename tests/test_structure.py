"""The rules of the house: who may import whom, what an import does, and how long a file is."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import importlinter.cli
import pytest

import lenet_helpers

PACKAGE = Path(lenet_helpers.__file__).parent
ROOT = PACKAGE.parent
MOST_LINES = 230
FILES = sorted(PACKAGE.rglob("*.py"))

# Lines of Python in each place, docstrings included: who adds some takes as many away.
BUDGETS = {
    "lenet_helpers": 5_000,
    "tests": 9_000,
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


MODULES = [path for path in FILES if path.name != "__init__.py"]
by_name = pytest.mark.parametrize("path", MODULES, ids=module_name)


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere, also late, within a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            assert node.module != "lenet_helpers", f"{path.name} imports the package as a whole"
            found.add(node.module)
    return found - {"__future__"}


# Floors


def test_rooms_import_from_the_floors_below_them():
    """The contracts stand in pyproject.toml."""
    assert importlinter.cli.lint_imports(no_cache=True, show_timings=False) == 0


@by_name
def test_module_uses_no_pyplot_and_no_star(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]  # fmt: skip
    assert "*" not in names
    assert "pyplot" not in names
    assert not any(name.startswith("matplotlib.pyplot") for name in imports(path))


# What an import does

WATCH = """
import json, sys, threading, torch, numpy, matplotlib, ipywidgets, IPython
known, seen = set(sys.modules), []
threads = threading.enumerate()
starts = ("socket.", "urllib.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn")
def watch(event, args):
    if event.startswith(starts):
        seen.append(event)
sys.addaudithook(watch)
import lenet_helpers
first = [name for name in sys.modules if name.startswith("lenet_helpers.")]
for name in lenet_helpers.__all__:
    getattr(lenet_helpers, name)
new_threads = [thread.name for thread in threading.enumerate() if thread not in threads]
print(json.dumps([first, seen, new_threads, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def fresh_import():
    """What importing every public name does in a new Python: events, threads, loaded modules."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    first, events, threads, loaded = json.loads(done.stdout)
    assert first == []  # each name loads its module when it is first used
    return events, threads, set(loaded)


def test_import_opens_no_connection_and_starts_nothing(fresh_import):
    events, threads, _ = fresh_import
    assert events == []
    assert threads == []


@pytest.mark.parametrize(
    "heavy", ["torchvision", "d2l", "sklearn", "matplotlib.pyplot", "pandas", "torchinfo"]
)
def test_import_loads_nothing_that_only_some_need(fresh_import, heavy):
    assert "lenet_helpers.training" in fresh_import[2]
    assert heavy not in fresh_import[2]


# Public names and files


def test_public_names_are_there_once_and_in_order():
    names = lenet_helpers.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(lenet_helpers, name) for name in names)


def test_issues_public_names_are_there():
    wanted = {
        "LanguageSwitch",
        "LiveAnimator",
        "evaluate_accuracy_gpu",
        "lenet",
        "load_data",
        "trace_shapes",
        "train",
        "try_gpu",
    }
    assert wanted <= set(lenet_helpers.__all__)


def own_docstring(thing) -> str:
    """The docstring that was written for it: none that is inherited or made by a decorator."""
    doc = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    generated = inspect.isclass(thing) and (doc or "").startswith(f"{thing.__name__}(")
    return "" if generated else (doc or "")


@pytest.mark.parametrize("name", lenet_helpers.__all__)
def test_public_name_has_a_docstring(name):
    thing = getattr(lenet_helpers, name)
    assert len(own_docstring(thing).strip()) > 20
    if not inspect.isclass(thing):
        return
    for method, function in vars(thing).items():
        if inspect.isfunction(function) and not method.startswith("_"):
            assert own_docstring(function).strip(), f"{name}.{method}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file_is_short_enough_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", BUDGETS)
def test_all_files_together_stay_within_their_budget(folder):
    files = (ROOT / folder).rglob("*.py")
    assert sum(len(path.read_text("utf-8").splitlines()) for path in files) <= BUDGETS[folder]
