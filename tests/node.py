"""The living network's JavaScript in node: what it is asked, and what it answers."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lenet_helpers.network_view.inline import inline
from lenet_helpers.words import Words

SOURCES = Path(__file__).parents[1] / "lenet_helpers" / "network_view"
SCRIPTS = Path(__file__).parent / "js"
EXPORT = re.compile(r"^export (?:function\*?|const) (\w+)", re.MULTILINE)
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


def data_of(size: tuple[int, int]) -> SimpleNamespace:
    """As much of a data set as `describe` looks at."""
    classes = [Words(f"类{k}", f"class {k}") for k in range(10)]
    images = torch.zeros(1, *size, dtype=torch.uint8)
    return SimpleNamespace(images=images, mean=0.3, std=0.35, standardize=True, classes=classes)


def node(folder: Path, *words: str) -> None:
    """Run node there."""
    done = subprocess.run(
        ["node", *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def run_in_node(folder: Path, script: str, modules: list[str], questions: object) -> object:
    """What a script of tests/js answers, given the modules inlined as one, core.mjs."""
    paths = [SOURCES / module for module in modules]
    names = [name for path in paths for name in EXPORT.findall(path.read_text("utf-8"))]
    core = f"{inline(*paths)}\nexport {{ {', '.join(names)} }};\n"
    (folder / "core.mjs").write_text(core, "utf-8")
    (folder / "questions.json").write_text(json.dumps(questions), "utf-8")
    for file in (script, "files.mjs"):
        shutil.copy(SCRIPTS / file, folder)
    node(folder, script)
    return json.loads((folder / "answers.json").read_text("utf-8"))
