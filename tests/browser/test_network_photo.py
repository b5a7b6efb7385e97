"""A photo comes into the living network on a bare page: dropped, pasted or chosen, and read."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from lenet_helpers import load_data
from lenet_helpers.handwriting import photo_of
from tests.browser.network_page import PHONE, percents

# As a hand does it: a file's bytes in the data that the browser gives with the event.
SEND = """([text, type, name]) => {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const data = new DataTransfer();
  const kindOfFile = name.endsWith(".png") ? "image/png" : "image/jpeg";
  data.items.add(new File([bytes], name, { type: kindOfFile }));
  const kind = type === "paste" ? ClipboardEvent : DragEvent;
  const more = type === "paste" ? { clipboardData: data } : { dataTransfer: data };
  const event = new kind(type, { bubbles: true, cancelable: true, ...more });
  document.querySelector(".nv-pad").dispatchEvent(event);
  return event.defaultPrevented;
}"""


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def a_photo(digit: int, scene: str = "shaded") -> bytes:
    _, digits = load_data("digits", device="cpu")
    number = (digits.labels == digit).nonzero()[0].item()
    return jpeg(photo_of(digits.images[number].numpy(), scene, seed=3))


def send(page, photo: bytes, how: str = "drop", name: str = "photo.jpg") -> bool:
    return page.evaluate(SEND, [base64.b64encode(photo).decode(), how, name])


@pytest.mark.parametrize("how, digit, scene", [("drop", 0, "shaded"), ("paste", 7, "board")])
def test_a_photo_is_read(open_view, how, digit, scene):
    page = open_view()
    assert send(page, a_photo(digit, scene), how)  # the browser does not open the file itself
    expect(page.locator(".nv-reading")).to_contain_text(f"reads {digit}")
    expect(page.locator(".nv-photo-note")).to_contain_text("has not left this machine")
    assert int(np.argmax(percents(page))) == digit
    assert page.evaluate("changes") == ["photo"]
    assert page.evaluate("view.state.picture") is None
    again = open_view(state=page.evaluate("view.state"))
    assert percents(again) == percents(page)
    page.get_by_role("button", name="Undo").click()
    assert page.evaluate("view.state.picture") == 0


def test_a_file_is_chosen_and_a_phone_takes_one(open_view):
    page = open_view(device=PHONE, language="both")
    button = page.get_by_role("button", name="Choose a picture file")
    assert "选一个图像文件" in button.get_attribute("aria-label")
    with page.expect_file_chooser() as chooser:
        button.tap()
    chooser.value.set_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": a_photo(0)})
    expect(page.locator(".nv-reading")).to_contain_text("reads 0")
    camera = page.get_by_role("button", name="Take a photo")
    expect(camera).to_be_visible()
    assert camera.locator("input").get_attribute("capture") == "environment"


def test_what_cannot_be_read_is_remarked_and_not_answered(open_view):
    page = open_view()
    empty = np.random.default_rng(0).normal(190, 4, (120, 160)).clip(0, 255).astype(np.uint8)
    send(page, jpeg(Image.fromarray(empty)))
    expect(page.locator(".nv-reading")).to_contain_text("no ink was found")
    two = [Image.open(io.BytesIO(a_photo(digit))) for digit in (3, 4)]
    send(page, jpeg(Image.fromarray(np.hstack([np.asarray(each) for each in two]))))
    expect(page.locator(".nv-reading")).to_contain_text("more than one digit")
    expect(page.locator(".nv-answer.nv-refused")).to_have_count(1)
    send(page, b"no picture", name="a.png")
    expect(page.locator(".nv-photo-note")).to_contain_text("cannot open this file")
