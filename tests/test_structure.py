"""The rules of the house: who may import whom, what an import does, and how long a file is."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import lenet_helpers

PACKAGE = Path(lenet_helpers.__file__).parent
ROOT = PACKAGE.parent
MOST_LINES = 230
FILES = sorted(PACKAGE.rglob("*.py"))

# For each module what it may know: of this package, and of others. A new module gets a line here.
MAY_IMPORT = {
    "words": ((), ()),
    "datasets": (("words",), ()),
    "idx": (("words",), ("numpy",)),
    "sources": (
        ("datasets", "idx", "words"),
        ("numpy", "platformdirs", "sklearn", "torch"),
    ),
    "download": (("datasets", "idx", "sources", "words"), ("torchvision",)),
    "data": (
        ("checks", "cores", "datasets", "download", "models", "runtime", "sources", "words"),
        ("numpy", "torch"),
    ),
    "models": (("words",), ("torch",)),
    "runtime": ((), ("threadpoolctl", "torch")),
    "thread_count": ((), ()),
    "network_view.inline": ((), ()),
    "network_view.describe": (("data", "words"), ("torch",)),
    "network_view.collages": (("drawing.form",), ("numpy", "torch")),
    "network_view.refuse_fit": (("data", "inside.layers", "words"), ("torch",)),
    "network_view.refuse": (
        ("data", "network_view.collages", "network_view.refuse_fit"),
        ("numpy", "torch"),
    ),
    "network_view.comparison": (("data", "network_view.describe", "words"), ("torch",)),
    "network_view.pictures": (
        ("checkpoints", "data", "inside.predictions", "words"),
        ("PIL", "torch"),
    ),
    "network_view.still": (
        ("figures", "inside.layers", "inside.map_sheet", "inside.windows", "words"),
        ("matplotlib", "numpy", "torch"),
    ),
    "network_view.widget": (
        (
            "checkpoints",
            "data",
            "drawing.form",
            "figures",
            "inside.predictions",
            "language",
            "network_view.comparison",
            "network_view.inline",
            "network_view.pictures",
            "network_view.still",
            "panels.calm",
            "words",
        ),
        ("anywidget", "torch", "traitlets"),
    ),
    "checkpoints": ((), ("torch",)),
    "cores": (("thread_count",), ("psutil", "torch")),
    "drawing.form": (("datasets", "words"), ("torch",)),
    "paper1998.bitmaps": ((), ("torch",)),
    "paper1998.lenet5": (("paper1998.bitmaps", "words"), ("torch",)),
    "paper1998.lenet1": (("paper1998.lenet5",), ("torch",)),
    "paper1998.distortions": ((), ("torch",)),
    "paper1998.mini_batches": (("cores",), ("torch",)),
    "paper1998.per_pattern": (
        ("cores", "paper1998.lenet5", "paper1998.mini_batches"),
        ("torch",),
    ),
    "paper1998.classical": ((), ("numpy", "sklearn")),
    "paper1998.results": (("words",), ("pandas",)),
    "modes": ((), ("torch",)),
    "seeding": ((), ("torch",)),
    "tracing": (("modes", "words"), ("torch",)),
    "checks": (("words",), ("torch",)),
    "fast": ((), ("torch",)),
    "saving": (("words",), ("numpy", "torch")),
    "training": (
        ("checkpoints", "checks", "cores", "fast", "models", "modes", "words"),
        ("torch",),
    ),
    "runs.records": (("words",), ()),
    "runs.rerun": (("data", "models", "runs.records", "seeding", "training"), ("torch",)),
    "runs.figures": (("figures", "runs.records", "words"), ("matplotlib",)),
    "figures": (("tracing", "words"), ("IPython", "PIL", "matplotlib", "numpy")),
    "inside.windows": (("words",), ("torch",)),
    "inside.layers": (("inside.windows", "words"), ("torch",)),
    "inside.predictions": (("cores", "data", "words"), ("torch",)),
    "inside.map_sheet": (("figures",), ("matplotlib", "numpy")),
    "inside.figures": (("figures", "inside.map_sheet", "words"), ("PIL", "numpy", "torch")),
    "inside.tables": (("inside.figures", "words"), ("torch",)),
    "live_plot": (("figures", "words"), ("IPython", "ipywidgets", "matplotlib")),
    "language": (("words",), ("ipywidgets", "traitlets")),
    "sweeps.experiments": (
        ("data", "datasets", "models", "seeding", "training", "words"),
        ("torch",),
    ),
    "sweeps.sweep": (
        ("sweeps.experiments", "sweeps.file", "sweeps.progress", "training", "words"),
        ("pandas",),
    ),
    "sweeps.file": (("words",), ()),
    "sweeps.progress": (("words",), ("IPython", "tqdm")),
    "sweeps.figures": (("figures", "words"), ("numpy", "pandas")),
    "machine": (
        ("datasets", "figures", "models", "sources", "words"),
        ("torch",),
    ),
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


def own_imports(path: Path) -> set[str]:
    start = "lenet_helpers."
    return {name.removeprefix(start) for name in imports(path) if name.startswith(start)}


def other_imports(path: Path) -> set[str]:
    tops = {name.split(".")[0] for name in imports(path)}
    return tops - set(sys.stdlib_module_names) - {"lenet_helpers"}


# Arrows


@by_name
def test_module_knows_only_what_the_design_lets_it_know(path):
    name = module_name(path)
    if name.startswith("panels"):
        pytest.skip("panels may know every other module")
    assert name in MAY_IMPORT, f"say in MAY_IMPORT what {name}.py may import"
    own, others = MAY_IMPORT[name]
    assert own_imports(path) <= set(own)
    assert other_imports(path) <= set(others)


def test_table_lists_no_module_that_is_gone():
    assert set(MAY_IMPORT) <= {module_name(path) for path in MODULES}


def test_arrows_run_in_no_circle():
    arrows = {name: set(own) for name, (own, _) in MAY_IMPORT.items()}
    while free := {name for name, targets in arrows.items() if not targets & arrows.keys()}:
        arrows = {name: targets for name, targets in arrows.items() if name not in free}
    assert arrows == {}


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
