"""What the notebooks' lanes need beyond nbval.

``--real-data``: the notebooks run on the real data sets, and cells tagged ``check-on-real-data``
are compared with their stored outputs as well. A notebooks' lane without a notebook fails.
"""

from pathlib import Path

import pytest

TAG = "check-on-real-data"
REAL_DATA = ("fashion_mnist", "mnist")


def pytest_addoption(parser):
    parser.addoption(
        "--real-data",
        action="store_true",
        help=f"run notebooks on the real data sets and compare the cells tagged {TAG} too",
    )


def pytest_configure(config):
    if not (config.option.nbval or config.option.nbval_lax):
        return
    for argument in config.args:
        folder = Path(config.invocation_params.dir, argument.split("::")[0])
        if folder.is_dir() and not any(folder.rglob("*.ipynb")):
            raise pytest.UsageError(f"{argument} holds no notebook: nothing would be tested")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    from nbval.plugin import IPyNbCell

    if not config.option.real_data:
        return
    cells = [item for item in items if isinstance(item, IPyNbCell)]
    missing = _missing_data_sets() if cells else []
    skip = pytest.mark.skip(
        reason=f"not at hand: {', '.join(missing)}"
        " (set LENET_DATA to their folder, or get them once with lenet_helpers.load_data)"
    )
    for cell in cells:
        if missing:
            cell.add_marker(skip)
        elif TAG in cell.cell.metadata.get("tags", ()):
            cell.options["check"] = True


def _missing_data_sets():
    from lenet_helpers import datasets_at_hand

    at_hand = datasets_at_hand()
    return [name for name in REAL_DATA if not at_hand.get(name)]
