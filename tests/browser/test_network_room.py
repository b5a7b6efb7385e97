"""The living network on screens of all sizes, in both languages, several on one page."""

import re

import pytest

from tests.browser.network_page import (
    BEGINNER,
    PHONE,
    TRAINED,
    board,
    lit,
    point_of,
    settle,
    stop_the_clock,
)

# Words, room, company


def test_the_language_is_switched_at_once(open_view):
    page = open_view(language="zh")
    page.evaluate("view.choose({stage: 'conv2', channel: 7, row: 4, column: 5})")
    words = page.locator(".nv-what")
    assert "特征图" in words.inner_text() and "map" not in words.inner_text()
    assert page.get_by_role("button", name="撤销").count() == 1
    page.evaluate("view.setLanguage('en')")
    assert "map 7" in words.inner_text() and "特征图" not in words.inner_text()
    assert "convolution" in board(page, "conv2").get_attribute("aria-label")
    assert page.locator("select option").first.inner_text() == "Colours: each map"
    page.evaluate("view.setLanguage('both')")
    assert "特征图" in words.inner_text() and "map" in words.inner_text()
    assert "卷积" in board(page, "conv2").get_attribute("aria-label")
    assert page.evaluate("view.state.language") == "both"


@pytest.mark.parametrize("width", [840, 1000])
def test_all_of_it_is_on_one_screen_in_any_language(open_view, width):
    page = open_view(
        [TRAINED, BEGINNER],
        device={"viewport": {"width": width, "height": 620}},
        state={"picture": 0, "network": "both"},
    )
    page.evaluate("view.choose({stage: 'conv2', channel: 7, row: 4, column: 5})")
    page.get_by_role("button", name="Kernels").click()
    for language in ("zh", "en", "both"):
        page.evaluate(f"view.setLanguage('{language}')")
        settle(page)
        wide, high = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert (wide, high) == (width, 620)
        right = page.locator(".nv-row").first.bounding_box()
        assert right["x"] + right["width"] <= width
        row = page.locator(".nv-flow").first.locator(".nv-board")
        boards = [board.bounding_box() for board in row.all()]
        for one, next_ in zip(boards, boards[1:], strict=False):
            assert one["x"] + one["width"] < next_["x"]  # from left to right, none over another


def test_on_a_phone_the_pad_and_the_answer_stay_in_view(open_view):
    page = open_view(device=PHONE, language="both")
    board(page, "fc1").scroll_into_view_if_needed()
    for selector in (".nv-pad", ".nv-rows"):
        box = page.locator(selector).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] < 300
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.evaluate("scrollTo(0, 0)")
    page.touchscreen.tap(*point_of(page, "conv1", 1, 3, 3))
    assert page.evaluate("view.state.chosen.channel") == 1
    detail = page.locator(".nv-detail").bounding_box()
    assert detail["y"] + detail["height"] <= 845
    page.get_by_role("button", name=re.compile("One column right")).tap()
    assert page.evaluate("view.state.chosen.column") == 4


def test_several_views_live_on_one_page_and_leave_nothing_behind(open_view):
    page = open_view()
    page.evaluate(
        """() => { const host = document.body.appendChild(document.createElement('div'));
          host.id = 'there'; window.second = mount(host, { draw: false, language: 'zh' }); }"""
    )
    page.evaluate("second.choose({stage: 'pool1', channel: 1})")
    assert page.evaluate("[view.state.chosen, second.state.chosen.stage]") == [None, 2]
    assert page.locator("#there .nv-pad").count() == 0
    assert page.locator("#here .nv-what").inner_text().startswith("reads")
    page.evaluate("second.destroy()")
    assert page.locator("#there").inner_html() == ""
    page.mouse.move(*point_of(page, "conv1", 1, 3, 3))  # the first one lives on
    settle(page)
    assert lit(page, "conv1") == [(1, 3, 3, 1, 1)]


def test_ink_is_dark_on_paper_in_light_and_light_in_dark(open_view):
    for theme, dark in (("light", "false"), ("dark", "true")):
        page = open_view(theme=theme)
        assert page.locator(".nv").get_attribute("data-dark") == dark


def test_the_focus_stays_where_it_is(open_view):
    page = open_view([TRAINED, BEGINNER])
    for name in ("Kernels", "both", "Preparation"):
        page.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")
        settle(page)
        assert page.evaluate("document.activeElement.innerText").strip() == name
    page.evaluate("view.setLanguage('zh')")
    settle(page)
    assert page.evaluate("document.activeElement.innerText").strip() == "整理的步骤"


def test_a_state_that_does_not_fit_is_set_right(open_view):
    state = {
        "picture": 99, "network": 7, "scale": "none", "checkpoint": 3,
        "chosen": {"stage": "conv2", "channel": 70, "row": -3, "column": 4},
    }  # fmt: skip
    page = open_view(state=state)
    chosen = {"network": 0, "stage": 3, "channel": 15, "row": 0, "column": 4}
    now = page.evaluate("view.state")
    assert (now["network"], now["scale"], now["checkpoint"]) == (0, "layer", None)
    assert now["chosen"] == chosen and now["picture"] is None


def test_nothing_moves_unasked_and_the_window_slides_when_asked(open_view):
    page = open_view()
    stop_the_clock(page)
    page.evaluate("view.choose({stage: 'pool2', channel: 1, row: 3, column: 3})")
    page.clock.run_for(5000)
    column = "[view.state.chosen.row, view.state.chosen.column]"
    assert page.evaluate(column) == [3, 3]
    page.get_by_role("button", name="One step on").click()
    assert page.evaluate(column) == [3, 4]
    page.get_by_role("button", name="Slide the window over the map").click()
    assert page.evaluate(column) == [4, 0]
    page.clock.run_for(1000)
    assert page.evaluate(column) == [4, 2]
    page.keyboard.press("Escape")
    page.clock.run_for(5000)
    assert page.evaluate("view.state.chosen") is None
    page.get_by_label("fast").check()
    page.get_by_role("button", name="Slide the window over the map").click()
    page.clock.run_for(40 * 10)
    assert page.evaluate("view.state.chosen.column") == 10
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(1000)
    assert page.evaluate("view.state.chosen.column") == 10
