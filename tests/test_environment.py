"""pyproject.toml, constraints.txt, environment.yml, the Makefile and what is installed agree."""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from jupyter_core.paths import jupyter_path
from jupyterlab_server.config import get_federated_extensions
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = SpecifierSet(PROJECT["requires-python"])
EXTRAS = PROJECT["optional-dependencies"].values()
REQUIREMENTS = [Requirement(line) for lines in [PROJECT["dependencies"], *EXTRAS] for line in lines]
INSTALL_AGAIN = (
    "make env installs what constraints.txt names (without make: "
    "python -m pip install -c constraints.txt -e '.[test]')"
)


PINNED = re.findall(r"^[^#\n].*", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
PINS = {canonicalize_name(name): pin for name, _, pin in (line.partition("==") for line in PINNED)}


def test_constraints_are_names_and_versions_alone():
    odd = [line for line in PINNED if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)]
    assert not odd
    assert len(PINS) == len(PINNED), "a package is pinned twice"


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda r: r.name)
def test_every_dependency_is_pinned_inside_its_range(requirement):
    pinned = PINS.get(canonicalize_name(requirement.name))
    assert pinned, f"{requirement.name} is missing in constraints.txt"
    assert requirement.specifier, f"{requirement.name} has no lower bound in pyproject.toml"
    assert requirement.specifier.contains(pinned, prereleases=True), (
        f"constraints.txt pins {requirement.name} to {pinned}, outside {requirement.specifier}"
    )


def test_environment_yml_is_thin_and_asks_for_a_python_that_the_course_supports():
    parts = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    python, *others = parts
    assert PYTHONS.contains(python.removeprefix("python="))
    assert others == ["pip", {"pip": ["-c constraints.txt", "-e ."]}]


def test_makefile_accepts_the_pythons_of_pyproject():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ((low, high),) = re.findall(r"\(3, (\d+)\) <= sys.version_info\[:2\] <= \(3, (\d+)\)", makefile)
    accepted = {f"3.{minor}" for minor in range(int(low), int(high) + 1)}
    assert accepted == {f"3.{minor}" for minor in range(5, 40) if PYTHONS.contains(f"3.{minor}")}


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_readme_names_every_lesson_and_points_to_files_that_exist(readme):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / readme).read_text(encoding="utf-8"))
    lessons = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    lessons.add("notebooks/glossary/glossary.ipynb")
    assert lessons == {link for link in links if link.endswith(".ipynb")}
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_what_is_installed_is_what_constraints_name():
    installed = {canonicalize_name(each.name): each.version for each in distributions()}
    differing = [
        f"{name} {installed[name]}, constraints.txt says {pinned}"
        for name, pinned in PINS.items()
        # Not every platform needs all; 2.14.1+cpu is another build of the same version.
        if name in installed and Version(installed[name]).public != Version(pinned).public
    ]
    assert not differing, f"{'; '.join(differing)}. {INSTALL_AGAIN}"


def test_jupyterlab_finds_the_extension_as_it_stands_here():
    """An editable install copies it (pyproject.toml, shared-data)."""
    found = get_federated_extensions(jupyter_path("labextensions"))
    assert "lenet-course" in found, INSTALL_AGAIN
    installed, source = Path(found["lenet-course"]["ext_path"]), ROOT / "lenet_helpers/labextension"
    for file in [source / "package.json", *source.glob("s*/**/*.*")]:
        copy = installed / file.relative_to(source)
        assert copy.read_bytes() == file.read_bytes(), f"{copy} is an older copy: {INSTALL_AGAIN}"
