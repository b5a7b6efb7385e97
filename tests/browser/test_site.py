"""The web copy in a browser: opened from its folder without a network, and the network inside."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path

import pytest
import torch

from lenet_helpers import lenet, load_data
from lenet_helpers.drawing.form import normalize_digit
from lenet_helpers.sources import datasets_at_hand
from tests.site_pages import Site, build_into
from web.build import WEIGHTS

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
PAGES = ["index", "try_it", *(path.stem for path in NOTEBOOKS)]
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
# A seven, in hundredths of the pad.
SEVEN = [(28, 25), (45, 25), (60, 25), (72, 25), (62, 45), (52, 65), (45, 84)]
LAYERS = {"conv1": 2, "pool1": 3, "conv2": 5, "pool2": 6, "fc1": 9, "fc2": 11, "scores": 12}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    return build_into(tmp_path_factory.mktemp("site") / "site")


@pytest.fixture
def open_page(chromium, site):
    """Open a page of the site from its file, offline; whatever goes wrong in it fails the test."""
    contexts, wrong = [], []

    def open_(name: str, device: dict = DESKTOP, **options):
        context = chromium.new_context(offline=True, **device, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on(
            "request",
            lambda request: wrong.extend(
                [] if request.url.startswith(("file:", "data:")) else [request.url]
            ),
        )
        page.goto((site.folder / f"{name}.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def shown(page, language: str) -> int:
    return page.evaluate(
        """language => [...document.querySelectorAll(`main [lang=${language}]`)]
             .filter(element => element.checkVisibility()).length""",
        language,
    )


# Pages


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_scrolls_sideways_in_any_language(open_page, site, device):
    page = open_page("index", device)
    for name in PAGES:
        page.goto((site.folder / f"{name}.html").as_uri())
        for language in ("zh", "en", "both"):
            page.locator(f"[data-choose={language}]").click()
            inside, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert inside <= window == device["viewport"]["width"], f"{name} in {language}"


def test_every_picture_can_be_shown(open_page, site):
    page, count = open_page("index"), 0
    for name in PAGES:
        page.goto((site.folder / f"{name}.html").as_uri())
        for picture in page.locator("img").all():
            picture.evaluate("image => image.decode()")  # raises if it cannot be
            count += 1
    assert count > 50


def test_the_language_switch_acts_at_once_and_is_remembered(open_page):
    page = open_page("03_lenet_layers", locale="en-GB")
    assert shown(page, "en") and not shown(page, "zh")  # as the browser asks for
    page.get_by_role("button", name="中文").click()
    assert shown(page, "zh") and not shown(page, "en")
    assert page.get_by_role("button", name="中文").get_attribute("aria-pressed") == "true"
    page.locator("#cell-title a:visible").first.click()
    page.wait_for_url("**/02_mnist.html*")  # and until it has loaded
    assert shown(page, "zh") and not shown(page, "en")
    page.get_by_role("button", name="双语 Both").click()
    assert shown(page, "zh") == shown(page, "en") > 0


def test_the_choice_follows_a_link_where_nothing_may_be_remembered(open_page):
    page = open_page("index", locale="en-GB")
    page.context.add_init_script(
        "delete window.localStorage; Object.defineProperty(window,"
        "'localStorage', {get() { throw new Error('not allowed') }})"
    )
    page.reload()
    page.get_by_role("button", name="中文").click()
    page.locator("main a:visible", has_text="03").click()
    page.wait_for_url("**/03_lenet_layers.html*")  # and until it has loaded
    assert shown(page, "zh") and not shown(page, "en")


def test_a_chinese_browser_sees_chinese_first(open_page):
    page = open_page("index", locale="zh-CN")
    assert shown(page, "zh") and not shown(page, "en")


def test_without_javascript_both_languages_are_there(open_page):
    page = open_page("01_handwriting", java_script_enabled=False)
    assert page.locator('#cell-title [lang="zh"] h1').is_visible()
    assert page.locator('#cell-title [lang="en"] h1').is_visible()
    assert page.locator(".languages").is_hidden()


def test_an_answer_folds_open_and_contents_lead_to_their_section(open_page):
    page = open_page("03_lenet_layers", locale="en-GB")
    answer = page.locator("#cell-answer-1 details:visible")
    assert not answer.locator("p").first.is_visible()
    answer.locator("summary").click()
    assert answer.locator("p").first.is_visible()
    page.locator(".contents summary").click()
    page.locator(".contents a", has_text="Pooling").click()
    assert page.evaluate("location.hash") == "#cell-pooling-text"
    top = page.locator("#cell-pooling-text").bounding_box()["y"]
    assert 0 <= top <= 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_code_have_contrast(open_page, scheme):
    """At least 4.5 : 1 between each colour of code or text and its ground (WCAG 2.1, AA)."""
    page = open_page("04_training", color_scheme=scheme)
    page.locator("[data-choose=both]").click()
    weakest = page.evaluate(CONTRAST)
    assert weakest["ratio"] >= 4.5, weakest


CONTRAST = """() => {
  const rgb = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => rgb(color).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const color = rgb(getComputedStyle(element).backgroundColor);
      if (color.length < 4 || color[3] === 1) return getComputedStyle(element).backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  let weakest = {ratio: 99};
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest('math')) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < weakest.ratio) {
      weakest = {ratio, what: element.outerHTML.slice(0, 90)};
    }
  }
  return weakest;
}"""


# The network in the page


@pytest.fixture(scope="module")
def torch_net():
    """The lesson's network with the page's weights, read independently of the page."""
    description = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    numbers = torch.frombuffer(
        bytearray(base64.b64decode(description["float32"])), dtype=torch.float32
    )
    net, state, start = lenet().eval(), {}, 0
    for name, values in net.state_dict().items():
        state[name] = numbers[start : start + values.numel()].reshape(values.shape)
        start += values.numel()
    net.load_state_dict(state)
    return net, description["mean"], description["std"]


@pytest.fixture
def hundred_images(real_places):
    """100 test images and labels: MNIST's, or else scikit-learn's digits in MNIST's form."""
    name = "mnist" if datasets_at_hand().get("mnist") else "digits"
    test_iter = load_data(name, device="cpu")[1]
    images, labels = test_iter.images[:100], test_iter.labels[:100]
    if name == "digits":
        images = torch.stack([normalize_digit(image) for image in images]).round().byte()
    return images, labels


def test_all_numbers_agree_with_torch_on_100_test_images(open_page, torch_net, hundred_images):
    net, mean, std = torch_net
    images, labels = hundred_images
    page = open_page("try_it")
    results = page.evaluate(
        """images => JSON.stringify(JSON.parse(images).map(image => {
          const {input, probabilities, ...layers} = forward(network, image);
          const numbers = Object.entries(layers).map(([k, v]) => [k, Array.from(v.values)]);
          return {...Object.fromEntries(numbers), probabilities};
        }))""",
        json.dumps(images.flatten(1).tolist()),
    )
    results = json.loads(results)  # as text: many times faster than number by number
    X = ((images / 255 - mean) / std)[:, None]
    with torch.no_grad():
        for layer, depth in LAYERS.items():
            expected = net[:depth](X).flatten(1)
            found = torch.tensor([result[layer] for result in results])
            assert found.shape == expected.shape
            assert (found - expected).abs().max() < 1e-4, layer
        probabilities = net(X).softmax(dim=1)
    found = torch.tensor([result["probabilities"] for result in results])
    assert (found - probabilities).abs().max() < 1e-4
    assert (found.argmax(dim=1) == labels).float().mean() >= 0.8  # 0.89 on the digits


def test_a_drawing_takes_the_form_of_mnist_as_in_the_lesson(open_page):
    """The centres of mass of these scans are no ties: where one is half a pixel, noise decides."""
    page = open_page("try_it")
    random = torch.Generator().manual_seed(0)
    scans = [torch.zeros(30, 40), torch.zeros(60, 50)]
    scans[1][57, 2] = 255
    for height, width in [(5, 9), (20, 20), (21, 21), (50, 200), (3, 120), (280, 280), (97, 61)]:
        scan = 255 * torch.rand(height, width, generator=random)
        scans.append(torch.where(torch.rand(height, width, generator=random) < 0.3, scan, 0))
    found = page.evaluate(
        "scans => JSON.parse(scans).map(scan => Array.from(normalizeDigit("
        "{height: scan.length, width: scan[0].length, values: scan.flat()}).values))",
        json.dumps([scan.tolist() for scan in [*scans, *(scan.T for scan in scans)]]),
    )
    expected = [normalize_digit(scan) for scan in scans]
    # A thin upright stroke as a level one on its side: torch 2.14's `interpolate` with `antialias`
    # repeats the first row where the result is one column wide.
    expected += [image.T for image in expected]
    for scan, values, image in zip(scans + scans, found, expected, strict=True):
        difference = torch.tensor(values).reshape(28, 28) - image
        assert difference.abs().max() < 0.01, tuple(scan.shape)  # of 255


def draw_with_mouse(page, points) -> None:
    box = page.locator("#pad").bounding_box()
    x, y = (
        [box[side] + point[i] / 100 * box["width"] for point in points]
        for i, side in enumerate("xy")
    )
    page.mouse.move(x[0], y[0])
    page.mouse.down()
    for place in zip(x, y, strict=True):
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def draw_with_finger(page, points) -> None:
    box = page.locator("#pad").bounding_box()
    touch = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(points):
        place = {"x": box["x"] + x / 100 * box["width"], "y": box["y"] + y / 100 * box["height"]}
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": "touchMove" if number else "touchStart", "touchPoints": [place]},
        )
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def shares(page) -> list[float]:
    texts = page.locator("#probabilities .share").all_inner_texts()
    return [float(text.removesuffix(" %")) for text in texts]


@pytest.mark.parametrize(
    "device, draw", [(DESKTOP, draw_with_mouse), (PHONE, draw_with_finger)],
    ids=["mouse", "finger on a phone"],
)  # fmt: skip
def test_a_drawn_seven_is_read(open_page, device, draw):
    page = open_page("try_it", device, locale="en-GB")
    page.locator("#pad").scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    assert page.locator("#answer").inner_text() == "Write a digit first."
    draw(page, SEVEN)
    page.locator("#probabilities .best").wait_for()
    assert page.evaluate("scrollY") == scrolled  # the finger draws and does not scroll
    assert page.locator("#answer b:visible").inner_text() == "7"
    assert math.isclose(sum(shares(page)), 100, abs_tol=0.6)
    assert shares(page)[7] == max(shares(page)) > 50
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Write a digit first.").wait_for()


def test_all_feature_maps_are_shown_and_change_with_the_drawing(open_page):
    page = open_page("try_it")
    counts = {"input": 1, "conv1": 6, "pool1": 6, "conv2": 16, "pool2": 16, "fc1": 1, "fc2": 1}
    sizes = {"conv1": 28, "pool1": 14, "conv2": 10, "pool2": 5}
    for layer, count in counts.items():
        assert page.locator(f"#{layer} canvas").count() == count
    for layer, size in sizes.items():
        assert (
            page.locator(f"#{layer} canvas").last.evaluate("c => [c.width, c.height]") == [size] * 2
        )
    pictures = "() => [...document.querySelectorAll('.maps canvas')].map(c => c.toDataURL())"
    before = page.evaluate(pictures)
    draw_with_mouse(page, SEVEN)
    page.locator("#probabilities .best").wait_for()
    after = page.evaluate(pictures)
    assert all(a != b for a, b in zip(before, after, strict=True))


def test_sample_digits_are_shown_and_mostly_read(open_page):
    page = open_page("try_it", locale="zh-CN")
    right = 0
    for digit in range(10):
        page.locator("#samples button").nth(digit).click()
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        right += page.locator("#answer b:visible").inner_text() == str(digit)
    assert right >= 8
