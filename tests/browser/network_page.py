"""Open the living network on a bare page, point at it, and read what it shows."""

import base64
import re
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lenet_helpers import lenet
from tests.browser.bare_page import (
    Named,
    lesson_network,
    network_of,
    page_text,
    some_pictures,
    untrained,
)

SCREEN = {"viewport": {"width": 1000, "height": 620}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
# A seven, in hundredths of the pad.
SEVEN = [(28, 25), (45, 25), (60, 25), (72, 25), (62, 45), (52, 65), (45, 84)]
STAGES = ["input", "conv1", "pool1", "conv2", "pool2", "fc1", "fc2"]
PICTURES = some_pictures(20)
TRAINED = lesson_network()
BEGINNER = network_of(untrained(), "未训练的", "untrained")
BEGINNER.description.update({key: TRAINED.description[key] for key in ("mean", "std")})


def views(chromium, folder: Path):
    """Give a function that opens a page with the view, offline; what goes wrong in it fails."""
    contexts, wrong = [], []

    def open_(networks=(TRAINED,), device=SCREEN, theme="light", **options):
        options = {"pictures": PICTURES, "language": "en"} | options
        file = folder / f"{len(contexts)}.html"
        file.write_text(page_text(networks, **options), encoding="utf-8")
        context = chromium.new_context(offline=True, color_scheme=theme, **device)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.goto(file.as_uri())
        page.locator(".nv-row").first.wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


# What PyTorch says


def loaded(network: Named, net: nn.Sequential | None = None) -> nn.Sequential:
    net, numbers = net or lenet(), torch.frombuffer(bytearray(network.weights), dtype=torch.float32)
    torch.nn.utils.vector_to_parameters(numbers, net.parameters())
    return net.double()


def outputs(network: Named, inks: np.ndarray, net: nn.Sequential | None = None) -> list:
    """What each layer of the network puts out, the picture as it sees it first."""
    mean, std = network.description["mean"], network.description["std"]
    X = (torch.tensor(inks, dtype=torch.float64).reshape(1, 1, 28, 28) / 255 - mean) / std
    results = [X]
    with torch.no_grad():
        for layer in loaded(network, net):
            results.append(layer(results[-1]))
    return results


def inks_of(number: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(PICTURES[number]["inks"]), np.uint8)


# What the page shows


def board(page, stage: str, flow: int = 0):
    return page.locator(f"[data-stage={stage}] .nv-board").nth(flow)


def point_of(page, stage: str, channel: int = 0, row: int = 0, column: int = 0):
    """The middle of a number on the screen; of a linear layer, `column` is the unit."""
    canvas = board(page, stage).locator("canvas.nv-map").nth(channel)
    wide, high = canvas.evaluate("c => [c.width, c.height]")
    if stage.startswith("fc"):
        row, column = divmod(column, wide)
    box = canvas.bounding_box()
    return (
        box["x"] + (column + 0.5) * box["width"] / wide,
        box["y"] + (row + 0.5) * box["height"] / high,
    )


def lit(page, stage: str, kind: str = "sources") -> list[tuple[int, ...]]:
    """The boxes marked in a stage: map, top, left, height, width, in numbers of the map."""
    d = board(page, stage).locator(f".nv-{kind}").get_attribute("d") or ""
    frames = re.findall(r"M(\S+) (\S+)h(\S+)v(\S+)h\S+z", d)
    frames = [tuple(map(float, frame)) for frame in frames]
    corners = board(page, stage).evaluate(
        """board => [...board.querySelectorAll('canvas.nv-map')].map(c =>
             [c.offsetLeft, c.offsetTop, c.offsetWidth / c.width, c.offsetWidth, c.offsetHeight])"""
    )
    found = []
    for left, top, width, height in frames:
        for number, (x, y, scale, wide, high) in enumerate(corners):
            middle_x, middle_y = left + width / 2 - x, top + height / 2 - y
            if 0 <= middle_x <= wide and 0 <= middle_y <= high:
                box = [(top - y) / scale, (left - x) / scale, height / scale, width / scale]
                found.append((number, *(round(side) for side in box)))
    return found


def numbers(page, selector: str) -> list[float]:
    """The numbers that the visible elements show."""
    texts = page.locator(f"{selector}:visible").all_inner_texts()
    return [as_number(text) for text in texts if text.strip()]


def as_number(text: str) -> float:
    found = re.search(r"[+−]?\s*[\d.]+(e[−+]?\d+)?", text)[0]
    return float(found.replace("−", "-").replace(" ", ""))


def shown_value(page) -> float:
    return as_number(page.locator(".nv-value-now").inner_text())


def percents(page, flow: int = 0) -> list[float]:
    return [
        float(text.rstrip("\u00a0%"))
        for text in page.locator(".nv-answer").nth(flow).locator(".nv-share").all_inner_texts()
    ]


def settle(page) -> None:
    """Let what waits for the next frame, or for the pointer to rest, be done."""
    page.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 200))")


def stop_the_clock(page) -> None:
    """From now on time passes by ``page.clock.run_for`` alone."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)


def in_the_pad(page, x: float, y: float) -> tuple[float, float]:
    box = page.locator(".nv-pad").bounding_box()
    return box["x"] + box["width"] * x / 100, box["y"] + box["height"] * y / 100


def draw_with_finger(page, points) -> None:
    """One stroke through these points of the pad, in hundredths of it."""
    touch = page.context.new_cdp_session(page)
    for number, point in enumerate(points):
        x, y = in_the_pad(page, *point)
        message = {"type": "touchMove" if number else "touchStart"}
        touch.send("Input.dispatchTouchEvent", message | {"touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def draw(page, points=SEVEN) -> None:
    page.mouse.move(*in_the_pad(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*in_the_pad(page, *point), steps=4)
    page.mouse.up()


def ink_on_the_pad(page) -> int:
    return page.evaluate(
        """() => { const pad = document.querySelector('.nv-pad');
          const { data } = pad.getContext('2d').getImageData(0, 0, pad.width, pad.height);
          return data.reduce((sum, byte, i) => sum + (i % 4 === 3 ? byte : 0), 0); }"""
    )
