"""How long the digit pad takes from the end of a stroke to the answer, in a real JupyterLab.

Run ``python benchmarks/pad.py``; it needs Chromium, as the browser tests do. It prints, over 30
strokes, the milliseconds from lifting the pen until the ten probabilities stand in the page and
until the picture of the feature maps is loaded, and what of that the kernel took to compute.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STROKES = 30
PAD = """
import json, time, torch
import ipywidgets as widgets
from lenet_helpers import lenet, load_data
from lenet_helpers.panels.digit_pad import DigitPad

_, test_iter = load_data("digits", 32, "cpu")
torch.manual_seed(0)
label = widgets.Label()
label.add_class("times")
times = []

class TimedPad(DigitPad):
    def _show(self):
        start = time.perf_counter()
        super()._show()
        times.append(1000 * (time.perf_counter() - start))
        label.value = json.dumps(times)

display(TimedPad(lenet("tanh"), test_iter), label)
"""
WATCH = """() => {
  const panel = document.querySelector('.lenet-panel');
  window.answers = []; window.maps = [];
  let lifted = null, answered = false;
  panel.querySelector('canvas').addEventListener('pointerup', () => {
    lifted = performance.now();
    answered = false;
  });
  new MutationObserver((changes) => {
    const table = changes.some(({ addedNodes }) =>
      [...addedNodes].some((node) => node.classList?.contains('lenet-bars')));
    if (!table || answered || !lifted) return;
    window.answers.push(performance.now() - lifted);
    answered = true;
  }).observe(panel, { childList: true, subtree: true });
  panel.addEventListener('load', ({ target }) => {
    if (!target.classList.contains('widget-image') || !lifted) return;
    window.maps.push(performance.now() - lifted);
    lifted = null;
  }, true);
}"""


def test_latency(open_lesson):
    """Draw and print; in pytest's shape because the browser tests' fixtures start the Lab."""
    lesson = open_lesson([PAD])
    lesson.run()
    page = lesson.page
    paper = page.locator("canvas.lenet-paper")
    paper.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    corner = paper.bounding_box()
    for number in range(STROKES):
        x, y = corner["x"] + 40, corner["y"] + 40
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 6 * number, y + 200, steps=10)  # each at another slant
        page.mouse.up()
        page.wait_for_function("n => window.maps.length > n", arg=number)
        page.wait_for_timeout(300)
        page.locator(".lenet-panel button", has_text="Clear").click()
        page.wait_for_timeout(300)
    answers, maps = page.evaluate("() => [window.answers, window.maps]")
    computed = json.loads(page.locator(".times").inner_text())[::2]  # the others: clearings
    print()
    for name, values in {
        "pen lifted → probabilities in the page": answers,
        "pen lifted → feature maps in the page": maps,
        "of that, computing in the kernel": computed,
    }.items():
        print(
            f"{name:40} median {statistics.median(values):4.0f} ms, "
            f"slowest {max(values):4.0f} ms, n = {len(values)}"
        )
    assert len(answers) == len(maps) == STROKES


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(pytest.main(["-q", "-s", "-p", "tests.browser.conftest", __file__]))
