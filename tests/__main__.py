"""``python -m tests`` runs everything on all cores (four at most), the longest first.

That is: every notebook, top to bottom; a real JupyterLab in a browser; the unit tests. What follows
goes to pytest as it is: ``--long notebooks`` runs the lessons on the data not used otherwise.
"""

import os
import subprocess
import sys
from pathlib import Path

from lenet_helpers.cores import allowed_cores

ROOT = Path(__file__).resolve().parents[1]
WORKERS = min(CORES := allowed_cores(), 4)
# A file's tests stay on one worker. In the order of the names, the short files come last.
SHARED_OUT = ["-n", str(WORKERS), "--dist", "loadscope", "--no-loadscope-reorder"]
SETTINGS = ("LENET_DATASET", "LENET_DEVICE", "LENET_LANG")
NOTEBOOKS = ["--nbval-lax", "--nbval-current-env"]


def main(extra: list[str]) -> int:
    """Run pytest without the settings of whoever calls it. Returns its exit status."""
    environment = {k: v for k, v in os.environ.items() if k not in SETTINGS}
    environment["OMP_NUM_THREADS"] = str(CORES // WORKERS)  # in each kernel
    command = [sys.executable, "-m", "pytest", *SHARED_OUT, *NOTEBOOKS, "-ra", *extra]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
