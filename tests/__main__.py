"""``python -m tests`` runs everything in three lanes; what follows goes to pytest as it is.

1. ``tests``: unit tests, the structure and language of the notebooks, the browser.
2. Every notebook, top to bottom, on the digits that are always there.
3. Every notebook again on the real data sets, where both are at hand.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKERS = min(os.cpu_count() or 1, 4)
NOTEBOOKS = ["--dist", "loadscope", "--nbval-lax", "--nbval-current-env", "notebooks"]
LANES = {
    "tests": (["--dist", "loadscope", "tests"], None),
    "notebooks, offline digits": (NOTEBOOKS, "digits"),
    "notebooks, real data": ([*NOTEBOOKS, "--real-data"], None),
}
NOTHING_SELECTED = 5  # pytest's exit status


def run(arguments: list[str], dataset: str | None, extra: list[str]) -> int:
    """Run one lane with pytest; ``dataset`` is the value of LENET_DATASET. Returns its status."""
    environment = {k: v for k, v in os.environ.items() if k not in ("LENET_DATASET", "LENET_LANG")}
    if dataset:
        environment["LENET_DATASET"] = dataset
    command = [sys.executable, "-m", "pytest", "-n", str(WORKERS), *arguments, "-ra", *extra]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode


def main(extra: list[str]) -> int:
    """Run all lanes, also after a failed one, and sum them up. Returns the exit status."""
    lines, statuses = [], []
    for number, (name, (arguments, dataset)) in enumerate(LANES.items(), start=1):
        print(f"\n== lane {number} of {len(LANES)}: {name} ==", flush=True)
        start = time.monotonic()
        status = run(arguments, dataset, extra)
        # Only a choice like -k may leave a lane empty.
        empty = status == NOTHING_SELECTED and bool(extra)
        word = "empty" if empty else "FAILED" if status else "passed"
        lines.append(f"{word:7} {time.monotonic() - start:6.0f} s  {name}")
        statuses.append(None if empty else status)
    print("\n== all lanes ==", *lines, sep="\n", flush=True)
    return 0 if any(s == 0 for s in statuses) and not any(statuses) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
