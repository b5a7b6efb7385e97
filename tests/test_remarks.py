"""Drawings that get a remark instead of a sure answer, in the notebook and on the site."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lenet_helpers.network_view.inline import inline

FILE = Path(__file__).parents[1] / "lenet_helpers" / "network_view" / "refuse.js"
SIDE = 60


def sheet(ink) -> dict:
    values = [255 * bool(ink(i // SIDE, i % SIDE)) for i in range(SIDE * SIDE)]
    return {"height": SIDE, "width": SIDE, "values": values}


DRAWINGS = {
    "a stroke": (sheet(lambda row, column: 10 < row < 50 and 28 < column < 32), None),
    "a small digit": (sheet(lambda row, column: 20 <= row < 32 and 28 < column < 32), None),
    "a dot": (sheet(lambda row, column: 20 < row < 26 and 20 < column < 26), "dot"),
    "one pixel": (sheet(lambda row, column: (row, column) == (3, 4)), "dot"),
    "all black": (sheet(lambda row, column: True), "black"),
    "nearly all black": (sheet(lambda row, column: row > 20), "black"),
    "a picture as it is": (None, None),
}


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_dot_and_black_sheet_get_a_remark_and_digits_get_none(tmp_path):
    script = tmp_path / "run.mjs"
    module = tmp_path / "remarks.mjs"
    core = inline(FILE) + "\nexport { REMARKS, remarkOnDrawing };\n"
    module.write_text(core, encoding="utf-8")
    drawings = json.dumps([drawing for drawing, _ in DRAWINGS.values()])
    script.write_text(
        'import { REMARKS, remarkOnDrawing } from "./remarks.mjs";\n'
        f"const said = {drawings}.map((drawing) => remarkOnDrawing({{ drawing }}));\n"
        "const names = Object.keys(REMARKS);\n"
        "console.log(JSON.stringify(said.map(({ refused, reason }) => refused ?\n"
        "  names.find((name) => REMARKS[name] === reason) : null)));\n",
        encoding="utf-8",
    )
    done = subprocess.run(["node", script], capture_output=True, text=True, check=True)
    assert dict(zip(DRAWINGS, json.loads(done.stdout), strict=True)) == {
        name: remark for name, (_, remark) in DRAWINGS.items()
    }
