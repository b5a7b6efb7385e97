"""Drawing on the living network, and choosing pictures."""

import numpy as np
import pytest

from tests.browser.network_page import (
    PHONE,
    PICTURES,
    TRAINED,
    draw,
    in_the_pad,
    ink_on_the_pad,
    inks_of,
    outputs,
    percents,
    settle,
)

# Draw


def test_a_tap_leaves_a_dot_and_can_be_undone(open_view):
    page = open_view(pictures=[], device=PHONE)
    reading = page.locator(".nv-reading")
    assert reading.inner_text() == "Write a digit first"
    page.touchscreen.tap(*in_the_pad(page, 40, 60))
    dot = ink_on_the_pad(page)
    assert 300 * 255 < dot < 500 * 255  # a disc of 22 pixels
    assert "reads" in reading.inner_text()
    page.touchscreen.tap(*in_the_pad(page, 80, 20))
    assert ink_on_the_pad(page) == pytest.approx(2 * dot, rel=0.02)
    page.get_by_role("button", name="Undo").tap()
    assert ink_on_the_pad(page) == dot
    page.get_by_role("button", name="Clear").tap()
    assert ink_on_the_pad(page) == 0 and reading.inner_text() == "Write a digit first"
    page.get_by_role("button", name="Undo").tap()
    assert ink_on_the_pad(page) == dot
    page.get_by_label("Brush width").fill("40")
    page.get_by_role("button", name="Clear").tap()
    page.touchscreen.tap(*in_the_pad(page, 50, 50))
    assert ink_on_the_pad(page) > 3 * dot


def test_a_drawn_seven_is_read_announced_once_and_remembered(open_view):
    page = open_view(pictures=[])
    page.evaluate(
        """() => { window.said = []; new MutationObserver(() => said.push(
             document.querySelector('.nv-live').innerText)).observe(
             document.querySelector('.nv-live'), { childList: true, subtree: true }); }"""
    )
    draw(page)
    page.wait_for_function("said.length > 0")
    settle(page)
    assert page.evaluate("changes") == ["drawing"]
    assert page.evaluate("said.length") == 1 and "reads 7" in page.evaluate("said[0]")
    assert int(np.argmax(percents(page))) == 7
    assert percents(page) == pytest.approx(
        [100 * p for p in page.evaluate("view.probabilities")], abs=0.06
    )
    inks = np.array(page.evaluate("[...view.image]"))
    results = outputs(TRAINED, inks)
    assert (100 * results[-1][0].softmax(0)).tolist() == pytest.approx(percents(page), abs=0.5)

    page.get_by_role("button", name="Preparation").click()
    assert page.locator(".nv-steps figure").count() == 4
    assert page.locator(".nv-steps small").all_inner_texts()[-1] == "28×28"
    assert page.locator(".nv-steps small").all_inner_texts()[0] == "280×280"

    again = open_view(pictures=[], state=page.evaluate("view.state"))
    assert percents(again) == percents(page)
    assert again.locator(".nv-steps").is_visible()


def test_pictures_can_be_chosen_by_mouse_and_keyboard(open_view):
    page = open_view()
    thumbs = page.locator(".nv-thumb")
    thumbs.nth(3).click()
    assert page.evaluate("view.state.picture") == 3
    assert thumbs.nth(3).get_attribute("aria-label") == f"Picture 3: {PICTURES[3]['label']}"
    assert page.evaluate("[...view.image]") == inks_of(3).tolist()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("view.state.picture") == 4
    assert page.locator(".nv-thumbs button[tabindex='0']").count() == 1
    page.get_by_role("button", name="More pictures").click()
    assert page.locator(".nv-thumb").first.get_attribute("aria-label") != "Picture 0: 0"
    draw(page, [(20, 20), (30, 30)])  # a picture that is drawn on is a drawing
    assert page.evaluate("[view.state.picture, view.state.drawing.picture]") == [None, 4]


def test_a_theme_may_change_while_the_view_is_off_the_page(open_view):
    page = open_view()
    page.evaluate(
        """() => { const view = document.querySelector('.nv'), home = view.parentElement;
          view.remove(); document.body.dataset.theme = 'other';
          return new Promise(done => setTimeout(() => { home.append(view); done(); }, 50)); }"""
    )
    assert page.locator(".nv").get_attribute("data-dark") == "false"  # and nothing was thrown
