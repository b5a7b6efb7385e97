"""What the lessons need beyond nbval: each runs once, on the data sets that suit it.

On the real data sets, compared with its stored outputs (those of cells tagged
``check-on-real-data``, too) and its claims; on the digits that are always there, if its trainings
are long or a real data set is not at hand. ``--long`` runs each on the others.
"""

import re
from functools import cache

import pytest
from nbval.plugin import IPyNbFile

from tests.measured import MEASURED, text

TAG = "check-on-real-data"
REAL_DATA = ("fashion_mnist", "mnist")
ASKS_FOR_DATA = re.compile(r'load_data\((?!\\"digits)|Panel\(')
# On the real data sets they train for half a minute to four minutes each.
LONG = ("07_", "08_", "09_", "10_", "11_", "12_", "lenet_in_one_class")


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="lessons on the data not used otherwise")


class LessonOnDigits(IPyNbFile):
    """A lesson whose kernel is offline: it finds only the digits that are always there."""

    def setup(self):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("LENET_DATASET", "digits")
            super().setup()


def pytest_collect_file(file_path, parent):
    """A lesson's run on the digits; nbval itself collects the one on the real data sets."""
    if parent.config.option.nbval_lax and file_path.suffix == ".ipynb" and asks_for_data(file_path):
        name = f"{file_path.name}[digits]"
        nodeid = f"{parent.nodeid}/{name}"
        return LessonOnDigits.from_parent(parent, path=file_path, name=name, nodeid=nodeid)


@cache
def asks_for_data(lesson):
    """Whether it may read other data where the real data sets are at hand."""
    return bool(ASKS_FOR_DATA.search(lesson.read_text(encoding="utf-8")))


def is_wanted(run, long):
    """Whether this one of a lesson's two runs is made."""
    on_digits = isinstance(run, LessonOnDigits)
    if not asks_for_data(run.path):
        return not long
    if run.path.name.startswith(LONG):
        return on_digits != long
    return on_digits == long or bool(missing_data_sets())  # one is skipped then, and says so


class ClaimsOfAFreshRun(pytest.Item):
    """What a lesson's sentences claim about measurements, on what its cells have just put out."""

    def __init__(self, *, cells, **kwargs):
        super().__init__(**kwargs)
        self.cells = cells

    def runtest(self):
        said = {c.cell.id: text(c.test_outputs) for c in self.cells if c.test_outputs}
        lesson = self.parent.path.stem
        claims = [name for name, outputs in MEASURED.items() if outputs.lesson == lesson]
        found = [(name, *MEASURED[name](said).tightest(name)) for name in claims]
        failed = [f"{name}: {words}" for name, margin, words in found if not margin >= 1]
        assert not failed, "; ".join(failed)

    def repr_failure(self, excinfo):
        return str(excinfo.value)


def pytest_collection_modifyitems(config, items):
    cells = [item for item in items if isinstance(item.parent, IPyNbFile)]
    if unwanted := [cell for cell in cells if not is_wanted(cell.parent, config.option.long)]:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in set(unwanted)]
    missing = missing_data_sets() if cells else []
    skip = pytest.mark.skip(
        reason=f"not at hand: {', '.join(missing)}"
        " (set LENET_DATA to their folder, or get them once with lenet_helpers.load_data)"
    )
    for cell in cells:
        cell.add_marker(pytest.mark.random_order(disabled=True))
        if isinstance(cell.parent, LessonOnDigits):
            continue
        if missing and asks_for_data(cell.parent.path):
            cell.add_marker(skip)
        elif TAG in cell.cell.metadata.get("tags", ()):
            cell.options["check"] = True
    if not missing:
        _add_claims(items)


def _add_claims(items):
    """After the last cell of each lesson on the real data sets: its claims."""
    lessons = {item.parent: item for item in items if type(item.parent) is IPyNbFile}
    for lesson, last in lessons.items():
        cells = [item for item in items if item.parent is lesson]
        claims = ClaimsOfAFreshRun.from_parent(lesson, name="claims", cells=cells)
        claims.add_marker(pytest.mark.random_order(disabled=True))
        items.insert(items.index(last) + 1, claims)


@cache
def missing_data_sets():
    """The real data sets that this machine has not."""
    from lenet_helpers import datasets_at_hand

    at_hand = datasets_at_hand()
    return [name for name in REAL_DATA if not at_hand.get(name)]
