"""What a lesson costs before it computes: importing the package, and loading Fashion-MNIST.

Run ``python benchmarks/start_up.py [repeats]``. Each measurement is a process of its own; medians.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

IMPORT = """
import json, time
import torch
start, start_cpu = time.perf_counter(), time.process_time()
import lenet_helpers
print(json.dumps({"import, s": time.perf_counter() - start,
                  "import, s of CPU": time.process_time() - start_cpu}))
"""
# Linux counts the most memory that was held since `clear_refs`; elsewhere only time is measured.
LOAD = """
import json, re, time
from pathlib import Path
import torch
from lenet_helpers import load_data
torch.zeros(9, dtype=torch.uint8).int().square().sum().item()
def held(what):
    found = re.search(rf"{what}:\\s+(\\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024
linux = Path("/proc/self/clear_refs").exists()
if linux:
    Path("/proc/self/clear_refs").write_text("5")
    before = held("VmRSS")
start, start_cpu = time.perf_counter(), time.process_time()
batches = load_data("fashion_mnist")
result = {"load, s": time.perf_counter() - start, "load, s of CPU": time.process_time() - start_cpu}
if linux:
    size = sum(t.nbytes for part in batches for t in (part.images, part.labels)) / 2**20
    result["most memory while loading, times the data"] = (held("VmHWM") - before) / size
print(json.dumps(result))
"""


def main(repeats: int) -> None:
    """Print the medians."""
    for code in (IMPORT, LOAD):
        command = [sys.executable, "-W", "ignore", "-c", code]
        runs = [json.loads(subprocess.check_output(command)) for _ in range(repeats)]
        for name in runs[0]:
            print(f"{name}: {statistics.median(run[name] for run in runs):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
