"""A real JupyterLab with a real kernel, driven in a headless Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS_TO_START = 60
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("no Chromium or Chrome on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=BROWSER_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The address of a JupyterLab, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "imgs", folder / "imgs")
    shutil.copytree(ROOT / "notebooks" / "results", folder / "notebooks" / "results")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "LENET_DATASET": "digits",
        "JUPYTER_CONFIG_DIR": str(folder / ".config"),
        "JUPYTER_DATA_DIR": str(folder / ".data"),
        "IPYTHONDIR": str(folder / ".ipython"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser"]
    command += [f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server, folder / "log")
        yield address, folder
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


class Lesson:
    """One notebook, open in the browser."""

    def __init__(self, page, kernel_timeout: float = 120) -> None:
        self.page, self.timeout = page, kernel_timeout * 1000
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=self.timeout)
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.ready")

    def start(self, command: str = "notebook:run-all-cells") -> None:
        """Run all cells and return at once."""
        self.page.evaluate(f"() => {{ window.jupyterapp.commands.execute('{command}') }}")

    def run_cell(self, index: int) -> None:
        """Run one cell, by its place, and wait until it has ended."""
        self.page.evaluate(
            """index => {
              window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
              return window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )

    def run(self) -> None:
        """Run all cells and wait until the last one has ended."""
        self.start()
        self.page.wait_for_function(
            """() => {
              const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
              return prompts.length && prompts.every(p => /\\[\\d+\\]/.test(p.textContent));
            }""",
            timeout=self.timeout,
        )

    def errors(self) -> list[str]:
        """What the cells wrote to their error streams, tracebacks included."""
        found = self.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
        errors = self.page.locator('[data-mime-type="application/vnd.jupyter.error"]')
        return found.all_inner_texts() + errors.all_inner_texts()

    def switch_to(self, name: str) -> None:
        self.page.locator(".lenet-language button", has_text=name).first.click()


@pytest.fixture
def open_lesson(lab, chromium):
    """Open a notebook, given by its path or as a list of cells' sources, in a new page."""
    address, folder = lab
    pages = []

    def open_(what: Path | list[str]) -> Lesson:
        if isinstance(what, Path):
            name = what.name
            shutil.copy(what, folder / "notebooks" / name)
        else:
            name = f"test-{time.monotonic_ns()}.ipynb"
            cells = [
                nbformat.v4.new_markdown_cell(source[3:])
                if source.startswith("md:")
                else nbformat.v4.new_code_cell(source)
                for source in what
            ]
            notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
            nbformat.write(notebook, folder / "notebooks" / name)
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        pages.append(page)
        page.goto(f"{address}/lab/tree/notebooks/{name}?reset")
        return Lesson(page)

    yield open_
    for page in pages:
        page.evaluate("() => window.jupyterapp.commands.execute('kernelmenu:shutdown')")
        page.close()
