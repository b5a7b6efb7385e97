"""From opening a notebook to a panel that works: ``python benchmarks/panel_start.py [repeats]``.

A JupyterLab that runs already serves notebooks of one cell; each is opened in a new browser window
and run at once, in a new kernel. The clock runs from the address to the moment when the panel can
be used: the training panel's button is enabled, the living network shows its ten bars. It is read
once in between, when the page stands and the kernel is ready. Medians and extremes are printed. It
needs Chromium and what ``make test`` installs.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CELLS = {
    "training panel": (
        'from lenet_helpers.runs import TrainingPanel\n\nTrainingPanel("digits")',
        ".lenet-panel button:enabled",
    ),
    "living network, stored weights": (
        "from lenet_helpers.network_view import NetworkView\n\nNetworkView()",
        ".nv-row >> nth=9",
    ),
}
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.ready"
RUN = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }"


def served(folder: Path) -> tuple[subprocess.Popen, str]:
    """A JupyterLab over a folder, and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser"]
    command += [f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    root = str(Path(__file__).resolve().parents[1])
    server = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": root}, stderr=subprocess.DEVNULL
    )
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2).close()
            return server, f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("JupyterLab did not start")


def seconds(browser, address: str, shown: str) -> tuple[float, float]:
    """Until JupyterLab has a kernel, and from there until the panel works; then end the kernel."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    begun = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    page.evaluate(READY)
    ready = time.perf_counter()
    page.evaluate(RUN)
    page.locator(shown).first.wait_for(timeout=120_000)
    done = time.perf_counter()
    page.evaluate("() => window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    page.context.close()
    return ready - begun, done - ready


def main(repeats: int) -> None:
    """Each panel in turns, so that other programs slow all of them."""
    executable = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
    found = {name: [] for name in CELLS}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        for number, (source, _) in enumerate(CELLS.values()):
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
            notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
            nbformat.write(notebook, Path(folder, f"{number}.ipynb"))
        server, address = served(Path(folder))
        browser = driver.chromium.launch(executable_path=executable, args=OPTIONS)
        for _ in range(repeats):
            for number, (name, (_, shown)) in enumerate(CELLS.items()):
                page = f"{address}/lab/tree/{number}.ipynb?reset"
                found[name].append(seconds(browser, page, shown))
        browser.close()
        server.terminate()
        server.wait()
    for name, times in found.items():
        for part, each in zip(("page and kernel", "panel"), zip(*times, strict=True), strict=True):
            middle = statistics.median(each)
            print(f"{name}, {part}: {middle:.1f} s ({min(each):.1f} to {max(each):.1f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
