"""A real JupyterLab with a real kernel, driven in a headless Chromium."""

import json
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
# For tests that share a page and go on where the last one ended; `--random-order` leaves them.
IN_THIS_ORDER = pytest.mark.random_order(disabled=True)
SECONDS_TO_START = 180  # on a machine that is busy with much else
# What no reader should see below a cell.
PYTHON_OR_ERROR = ("children=", "Error displaying widget", "model not found", "Loading widget")
KERNEL = {  # as it stands in the lessons
    "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
    "language_info": {"name": "python"},
}


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    playwright.expect.set_options(timeout=20_000)
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
    extension = folder / ".labextensions" / "lenet-course"
    shutil.copytree(ROOT / "lenet_helpers" / "labextension", extension)
    overrides = json.loads((extension / "no_news.json").read_text())
    overrides["lenet-course:plugin"] = {"language": "both"}  # as the tests of panels expect it
    labconfig = folder / ".config" / "labconfig"
    labconfig.mkdir(parents=True)
    (labconfig / "default_setting_overrides.json").write_text(json.dumps(overrides))
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
    command += [f"--LabApp.extra_labextensions_path={extension.parent}"]
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server, folder / "log")
        yield address, folder
    finally:
        server.terminate()  # asked once, it ends its kernels, which takes long on a busy machine
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


def eventually(check, seconds: float = 60):
    """Call ``check`` until it raises no `AssertionError`, and return what it returns."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


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
        self.wait_until_idle()

    def wait_until_idle(self, after: int = 0) -> None:
        """Wait until every cell has run, since execution number ``after``, and none waits."""
        self.page.wait_for_function(
            """after => {
              const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
              return prompts.length &&
                prompts.every(prompt => Number(prompt.textContent.match(/\\d+/)) > after);
            }""",
            arg=after,
            timeout=self.timeout,
        )

    def errors(self) -> list[str]:
        """What the cells wrote to their error streams, tracebacks included."""
        found = self.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
        errors = self.page.locator('[data-mime-type="application/vnd.jupyter.error"]')
        return found.all_inner_texts() + errors.all_inner_texts()

    def choose(self, language: str) -> None:
        """Click ``zh``, ``en`` or ``both`` in the top bar."""
        self.page.locator(f"#lenet-bar [data-language={language}]").click()

    def switch_to(self, name: str) -> None:
        """Click a button of the switch in the notebook."""
        self.page.locator(".lenet-language button", has_text=name).first.click()


def as_cell(source: str, *tags: str) -> nbformat.NotebookNode:
    """A code cell, or a text cell if its source begins with ``md:``."""
    kind = nbformat.v4.new_markdown_cell if source.startswith("md:") else nbformat.v4.new_code_cell
    return kind(source.removeprefix("md:"), metadata={"tags": list(tags)} if tags else {})


def put(lab, what: Path | list, **metadata) -> str:
    """Put a notebook where JupyterLab finds it; its path there.

    It is given by its path or as a list of cells or their sources; ``metadata`` goes into the one
    that is made of cells, ``lenet_course=True`` makes it one of the course.
    """
    if isinstance(what, Path):
        name, text = what.name, what.read_text(encoding="utf-8")
    else:
        name = f"test-{time.monotonic_ns()}.ipynb"
        cells = [as_cell(each) if isinstance(each, str) else each for each in what]
        text = nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL | metadata))
    (lab[1] / "notebooks" / name).write_text(text, encoding="utf-8", newline="")
    return f"notebooks/{name}"


OPEN = """async (path) => {
  const panel = await window.jupyterapp.commands.execute("docmanager:open", { path });
  await panel.context.ready;
}"""
CLOSE_ALL = """() => Promise.all([...window.jupyterapp.shell.widgets("main")].map(
  async (panel) => {
    await panel.sessionContext?.shutdown();
    panel.dispose();
  }))"""
AS_AT_FIRST = "() => !document.querySelector('.jp-Dialog, .lenet-class-button[aria-pressed=true]')"


@pytest.fixture(scope="session")
def lab_page(lab, chromium):
    """The one page in which most tests open their notebooks: to load JupyterLab takes seconds."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def open_lesson(lab, lab_page):
    """Open a notebook (`put`, or its path there) in JupyterLab, in both languages, and alone."""

    def open_(what: Path | list | str, **metadata) -> Lesson:
        close()
        lab_page.set_viewport_size({"width": 1280, "height": 1000})
        lab_page.evaluate(OPEN, what if isinstance(what, str) else put(lab, what, **metadata))
        lesson = Lesson(lab_page)
        lesson.choose("both")
        return lesson

    def close() -> None:
        if lab_page.url != "about:blank":
            lab_page.evaluate(CLOSE_ALL)
        if lab_page.url == "about:blank" or not lab_page.evaluate(AS_AT_FIRST):
            lab_page.goto(f"{lab[0]}/lab?reset")
            lab_page.locator("#lenet-bar").wait_for(timeout=120_000)

    yield open_
    close()


def opener(lab, chromium):
    """Open a notebook (`put`) in a page of its own, as for a reader's first visit."""
    pages = []

    def open_(what: Path | list, **metadata) -> Lesson:
        page = chromium.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        pages.append(page)
        page.goto(f"{lab[0]}/lab/tree/{put(lab, what, **metadata)}?reset")
        return Lesson(page)

    yield open_
    for page in pages:
        page.evaluate(CLOSE_ALL)
        page.context.close()


@pytest.fixture
def open_alone(lab, chromium):
    yield from opener(lab, chromium)


@pytest.fixture(scope="module")
def open_for_module(lab, chromium):
    yield from opener(lab, chromium)


@pytest.fixture
def open_view(chromium, tmp_path):
    """Open a bare page with the living network."""
    from tests.browser.network_page import views  # which takes a while

    yield from views(chromium, tmp_path)
