"""How fast the living network answers: pointer → lit, stroke → bars, in a headless Chromium.

Run ``python benchmarks/network_view.py``; it needs Chromium and Playwright, as browser tests do.
Each time runs from the input's own time stamp until the browser has painted the frame with the
answer, so it holds the wait for that frame too (16.7 ms at most at 60 frames a second). Measured
with the lesson's LeNet, alone and beside an untrained one, with the whole CPU and with a sixth.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.browser.bare_page import (  # noqa: E402
    lesson_network,
    network_of,
    page_text,
    some_pictures,
    untrained,
)
from tests.browser.conftest import BROWSER_OPTIONS, BROWSERS  # noqa: E402

MOVES, STROKES, POINTS = 60, 6, 30
WATCH = """() => {
  window.times = [];
  const afterPaint = (act) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = act;
    port2.postMessage(0);
  });
  const note = (start) => afterPaint(() => window.times.push(performance.now() - start));
  let start = null; // of the first movement that waits for an answer
  window.addEventListener("pointermove", (event) => {
    start ??= event.timeStamp;
    if (onMap) setTimeout(() => { start = null; }, 0); // between two maps nothing changes
  }, true);
  const seen = new MutationObserver(() => {
    if (start !== null) note(start);
    start = null;
  });
  let onMap = false;
  window.watch = (selector, options, immediate) => {
    onMap = immediate;
    seen.disconnect();
    start = null;
    window.times = [];
    for (const node of document.querySelectorAll(selector)) seen.observe(node, options);
  };
}"""
LIT = """watch(".nv-marks .nv-sources, .nv-rows, .nv-row, .nv-score", { attributes: true }, true)"""
BARS = """watch(".nv-bar span", { attributes: true }, false)"""


def main() -> None:
    """Measure and print a table in Markdown."""
    trained = lesson_network()
    beginner = network_of(untrained(), "未训练的", "untrained")
    print("| network | CPU | what | median ms | 9 of 10 below | n |\n|---|---|---|---|---|---|")
    executable = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=executable, args=BROWSER_OPTIONS)
        for name, networks in {"LeNet": [trained], "two LeNets": [trained, beginner]}.items():
            file = Path(folder) / f"{len(networks)}.html"
            file.write_text(page_text(networks, some_pictures(8), language="en"), encoding="utf-8")
            page = browser.new_page(viewport={"width": 1000, "height": 620})
            page.goto(file.as_uri())
            page.wait_for_selector(".nv-row")
            if len(networks) > 1:
                page.get_by_role("button", name="both").click()
            page.evaluate(WATCH)
            throttle = page.context.new_cdp_session(page)
            for rate in (1, 6):
                throttle.send("Emulation.setCPUThrottlingRate", {"rate": rate})
                for what, times in measure(page):
                    report(name, rate, what, times)
            page.close()
        browser.close()


def measure(page: Page):
    """Yield what was measured, and its times in milliseconds."""
    for stage in ("conv1", "conv2", "pool2", "fc1"):
        board = page.locator(f"[data-stage={stage}] .nv-board").first
        yield f"pointer on {stage} → lit", moves_over(page, board, LIT)
    yield "pointer on the bars → lit", moves_over(page, page.locator(".nv-rows").first, LIT)
    page.mouse.move(500, 610)
    yield "stroke on the pad → bars", strokes(page)


def moves_over(page: Page, board, watched: str) -> list[float]:
    """Move the pointer over a board, each time to another number."""
    box = board.bounding_box()
    page.evaluate(watched)
    for number in range(MOVES):
        x = box["x"] + box["width"] * (0.04 + 0.92 * (number * 0.381966 % 1))
        y = box["y"] + box["height"] * (0.04 + 0.92 * (number * 0.618034 % 1))
        page.mouse.move(x, y)
        page.wait_for_timeout(20 + number % 17)
    page.wait_for_timeout(200)
    return page.evaluate("times")


def strokes(page: Page) -> list[float]:
    """Draw; each movement of the pen is timed."""
    box = page.locator(".nv-pad").bounding_box()
    page.get_by_role("button", name="Clear").click()
    page.evaluate(BARS)
    for stroke in range(STROKES):
        left = box["x"] + 30 + 14 * stroke
        page.mouse.move(left, box["y"] + 30)
        page.mouse.down()
        for point in range(POINTS):
            page.mouse.move(left + point % 5, box["y"] + 30 + 3.5 * point)
            page.wait_for_timeout(20 + point % 17)
        page.mouse.up()
        page.wait_for_timeout(100)
    return page.evaluate("times")


def report(name: str, rate: int, what: str, times: list[float]) -> None:
    """Print one line of the table."""
    median, ninth = statistics.median(times), statistics.quantiles(times, n=10)[-1]
    cpu = "whole" if rate == 1 else f"1/{rate}"
    print(f"| {name} | {cpu} | {what} | {median:.1f} | {ninth:.1f} | {len(times)} |", flush=True)


if __name__ == "__main__":
    main()
