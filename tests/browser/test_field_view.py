"""A whole zip code on the site's page, and in the notebook's panel on a bare page."""

import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from lenet_helpers.zip_code import FieldView
from lenet_helpers.zip_code.browser import FieldBrowser
from tests.browser.accessibility import findings, load_axe
from tests.browser.bare_page import PAGE
from tests.browser.network_page import PHONE, draw, draw_with_finger, stop_the_clock
from tests.browser.test_network_photo import SEND
from tests.browser.test_site import open_page  # noqa: F401
from tests.test_field_js import network, photo_of_line, some_fields

# A notebook's model, by hand: `arrive` is what Python says, `sent` and `traits` what it hears.
SCRIPT = """
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const view = (text) => new DataView(bytes(text).buffer);
const given = JSON.parse(document.getElementById("data").textContent);
const acts = {};
window.sent = [];
window.traits = { ...given,
  networks: [{ ...given.networks[0], weights: view(given.networks[0].weights) }],
  pictures: given.pictures.map((each) => ({ ...each, inks: view(each.inks) })) };
window.arrive = (name, value) => {
  window.traits[name] = value;
  acts[`change:${name}`]();
};
const model = {
  get: (name) => window.traits[name], set: (name, value) => { window.traits[name] = value; },
  save_changes: () => {}, on: (event, act) => { acts[event] = act; }, off: () => {},
  send: (content, _, [levels]) => window.sent.push({ ...content,
    levels: Array.from(new Uint8Array(levels.buffer, levels.byteOffset, levels.byteLength)) }),
};
render({ model, el: document.getElementById("here") });
"""
# Two strokes, in hundredths of the pad: two ones.
TWO_STROKES = ([(40, 15), (40, 85)], [(60, 15), (60, 85)])


@pytest.fixture
def panel():
    return FieldView(network(), some_fields(1))


@pytest.fixture
def open_panel(chromium, tmp_path, panel):
    """Open what the notebook's panel shows on a page of its own."""
    contexts, wrong = [], []

    def open_(**options):
        (net,) = panel.view.networks
        text = lambda raw: base64.b64encode(raw).decode()  # noqa: E731
        data = {
            "networks": [{**net, "weights": text(net["weights"])}],
            "pictures": [{**p, "inks": text(p["inks"])} for p in panel.view.pictures],
            "state": panel.view.state,
            "language": "en",
        }
        script = FieldBrowser._esm.split("\nexport default")[0] + SCRIPT
        data = json.dumps(data).replace("<", "\\u003c")
        html = PAGE.format(css=FieldBrowser._css, data=data, script=script, width="auto")
        (tmp_path / "panel.html").write_text(html, encoding="utf-8")
        context = chromium.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.goto((tmp_path / "panel.html").as_uri())
        page.locator(".zf-answer", has_text=re.compile("reads|refused")).wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def send(page, photo: np.ndarray, how: str = "drop") -> None:
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    args = [base64.b64encode(file.getvalue()).decode(), how, "photo.png"]
    assert page.evaluate(SEND, args)


def says(page, reading) -> None:
    """Wait until the page gives these digits with this sureness."""
    digits, sure = " ".join(map(str, reading.digits)), f"{reading.sureness:.2f}"
    page.locator(".zf-answer", has_text=digits).filter(has_text=sure).wait_for(timeout=10_000)


# The panel


def test_a_photo_goes_to_python_and_its_answer_is_read(open_panel, panel):
    page = open_panel()
    says(page, panel.reading)
    photo = photo_of_line(some_fields(1).pictures[1])
    send(page, photo, "paste")
    page.wait_for_function("sent.length")
    (message,) = page.evaluate("sent")
    assert message["photo"] == list(photo.shape)
    levels = np.array(message["levels"], np.uint8).reshape(photo.shape)
    assert np.abs(levels.astype(int) - photo).max() <= 1
    panel.draw(levels)
    page.evaluate("state => arrive('state', state)", panel.view.state)
    says(page, panel.reading)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("traits.state.picture === 0")


def test_what_is_drawn_goes_to_python(open_panel, panel):
    page = open_panel()
    page.get_by_role("button", name="Clear").click()
    page.locator(".zf-answer", has_text="Write some digits first").wait_for()
    for stroke in TWO_STROKES:
        draw(page, stroke)
    page.get_by_role("combobox").select_option(label="as many as there are (an amount)")
    page.wait_for_function("traits.state.count === null")
    assert page.evaluate("traits.state.drawing.strokes.length") == 2
    sent = page.evaluate("[traits.state, Array.from(new Float32Array(traits.image.buffer))]")
    field = torch.tensor(sent[1]).numpy()
    panel.view.set_state({"state": sent[0], "image": memoryview(field.tobytes())})
    assert len(panel.reading.digits) == 2
    says(page, panel.reading)


def test_python_moves_the_window_and_the_language_changes_every_name(open_panel, panel):
    page = open_panel()
    slider = page.locator(".zf-rail input")
    page.evaluate("arrive('state', { ...traits.state, chosen: 9 })")
    assert slider.input_value() == "9"
    names = "[...document.querySelectorAll('.nv [aria-label]')].map(e => e.ariaLabel)"
    english = page.evaluate(names)
    page.evaluate("arrive('language', 'zh')")
    chinese = page.evaluate(names)
    assert len(english) == len(chinese) > 12
    assert [name for name in chinese if not re.search("[\u4e00-\u9fff]", name)] == []
    assert [name for name in english if re.search("[\u4e00-\u9fff]", name)] == []
    load_axe(page)
    assert findings(page) == []


def test_nothing_moves_unasked_and_the_window_plays_to_the_end(open_panel):
    page = open_panel(reduced_motion="reduce")
    stop_the_clock(page)
    slider = page.locator(".zf-rail input")
    page.clock.run_for(3000)
    assert slider.input_value() == "0"
    page.get_by_role("button", name="Slide the window").click()
    page.clock.run_for(1500)
    assert slider.input_value() == "2"  # with reduced motion, calmly
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(3000)
    assert slider.input_value() == "2"
    page.get_by_role("button", name="Slide the window").click()
    page.clock.run_for(60_000)
    assert slider.input_value() == "32"
    page.get_by_role("button", name="Slide the window").wait_for()


# The page of the site


def test_the_page_reads_its_fields_and_a_dropped_photo_as_python_does(open_page):  # noqa: F811
    page = open_page("read_field", locale="en-GB")
    thumbs = page.locator(".nv-thumb")
    answers = []
    for number in range(thumbs.count()):
        thumbs.nth(number).click()
        answers.append(page.locator(".zf-answer").inner_text().split()[0])
    assert answers == ["reads"] * 4 + ["refused:"] * 4
    panel = FieldView(network())
    for number in range(3):
        photo = photo_of_line(some_fields(1).pictures[number], seed=9)
        panel.draw(photo)
        send(page, photo)
        page.locator(".nv-photo-note", has_text="has not left this machine").wait_for()
        says(page, panel.reading)


def test_the_page_is_used_by_keyboard_alone(open_page):  # noqa: F811
    page = open_page("read_field", locale="en-GB")
    before = page.locator(".zf-answer").inner_text()
    page.locator(".nv-thumb").first.focus()
    for key in ("ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.locator(".zf-answer").inner_text() != before
    slider = page.locator(".zf-rail input")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext").startswith("position 4 of 33: ")
    page.get_by_role("slider", name="Refuse below this sureness").focus()
    page.keyboard.press("Home")
    page.locator(".zf-answer", has_text="reads ").wait_for()
    page.keyboard.press("End")
    page.locator(".zf-answer", has_text="refused: ").wait_for()
    page.locator(".nv-live", has_text="refused: ").wait_for(state="attached")


def test_a_finger_writes_on_a_phone_and_the_pointer_moves_the_window(open_page):  # noqa: F811
    page = open_page("read_field", PHONE, locale="en-GB")
    page.get_by_role("button", name="Clear").click()
    for stroke in TWO_STROKES:
        draw_with_finger(page, stroke)
    page.locator("select").select_option("null")
    page.locator(".zf-said b").nth(1).wait_for()
    box = page.locator(".zf-graph").bounding_box()
    page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + 20)
    slider = page.locator(".zf-rail input")
    assert int(slider.input_value()) > int(slider.get_attribute("max")) / 2
