"""The web copy in a browser: opened from its folder without a network, and the network inside."""

import math
import re
from pathlib import Path

import pytest

from tests.browser.network_page import PHONE, SEVEN, draw, draw_with_finger

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LIVING = ["try_it", "watch_it", "train_it", "read_field"]
PAGES = ["index", *LIVING, *(path.stem for path in NOTEBOOKS)]
DESKTOP = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def open_page(chromium, site):
    """Open a page of the site from its file, offline; whatever goes wrong in it fails the test."""
    contexts, wrong = [], []

    def open_(name: str, device: dict = DESKTOP, shared: str = "", **options):
        context = chromium.new_context(offline=True, **device, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on(
            "request",
            lambda request: wrong.extend(
                [] if request.url.startswith(("file:", "data:", "blob:")) else [request.url]
            ),
        )
        page.goto((site.folder / f"{name}.html").as_uri() + shared)
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
def test_no_page_scrolls_sideways_in_any_language_and_all_pictures_are_shown(
    open_page, site, device
):
    page, count = open_page("index", device), 0
    for name in PAGES:
        page.goto((site.folder / f"{name}.html").as_uri())
        for language in ("zh", "en", "both"):
            page.locator(f"[data-choose={language}]").click()
            inside, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert inside <= window == device["viewport"]["width"], f"{name} in {language}"
        count += page.evaluate(  # raises if one cannot be shown
            "() => Promise.all([...document.images].map(image => image.decode()))"
            ".then(all => all.length)"
        )
    assert count > 50


def test_the_language_switch_acts_at_once_and_is_remembered(open_page):
    page = open_page("05_lenet_layers", locale="en-GB")
    assert shown(page, "en") and not shown(page, "zh")  # as the browser asks for
    page.get_by_role("button", name="中文").click()
    assert shown(page, "zh") and not shown(page, "en")
    assert page.get_by_role("button", name="中文").get_attribute("aria-pressed") == "true"
    page.locator("#cell-title a:visible").first.click()
    page.wait_for_url("**/04_convolution.html*")  # and until it has loaded
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
    page.locator("main a:visible", has_text="05").click()
    page.wait_for_url("**/05_lenet_layers.html*")  # and until it has loaded
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
    page = open_page("04_convolution", locale="en-GB")
    answer = page.locator("#cell-answer-1 details:visible")
    assert not answer.locator("p").first.is_visible()
    answer.locator("summary").click()
    assert answer.locator("p").first.is_visible()
    page.locator(".contents summary").click()
    page.locator(".contents a", has_text="Pooling").click()
    assert page.evaluate("location.hash") == "#cell-pooling-text"
    top = page.locator("#cell-pooling-text").bounding_box()["y"]
    assert 0 <= top <= 200


# The living network


def reading(page):
    return page.locator(".nv-reading:visible").first


def test_a_seven_drawn_with_a_finger_is_read(open_page):
    page = open_page("try_it", PHONE, locale="en-GB")
    page.locator(".nv-pad").scroll_into_view_if_needed()
    assert "Write a digit first" in reading(page).inner_text()
    scrolled = page.evaluate("scrollY")
    draw_with_finger(page, SEVEN)
    page.locator(".nv-reading:visible", has_text="reads 7").wait_for()
    assert page.evaluate("scrollY") == scrolled  # the finger draws and does not scroll
    page.get_by_role("button", name="Clear").click()
    page.locator(".nv-reading:visible", has_text="Write a digit first").wait_for()


def pictures_of(page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.nv canvas')].map(c => c.toDataURL())")


def test_the_address_brings_back_drawing_number_network_and_language(open_page):
    page = open_page("try_it", locale="en-GB")
    draw(page, SEVEN)
    page.locator(".nv-choice button", has_text="ReLU").click()
    page.locator(".nv-stage .nv-board").nth(2).click(position={"x": 20, "y": 30})
    page.get_by_role("button", name="中文").click()
    page.wait_for_function(
        "['lang=zh', 'net=1', 'draw=', 'see=1.'].every(part => location.hash.includes(part))"
    )
    shared = page.evaluate("location.hash")
    assert len(shared) < 400
    page.mouse.move(2, 2)
    again = open_page("try_it", shared=shared, locale="en-GB")
    again.locator(".nv-what", has_text=re.compile("conv|pool")).wait_for()
    assert shown(again, "zh") and not shown(again, "en")
    assert again.locator(".nv-choice [aria-pressed=true]").inner_text() == "ReLU"
    assert reading(again).inner_text() == reading(page).inner_text()
    assert again.locator(".nv-what").inner_text() == page.locator(".nv-what").inner_text()
    assert pictures_of(again) == pictures_of(page)


@pytest.mark.parametrize(
    "nonsense", ["#draw=%%%", "#draw=AAAA&picture=99&net=7", "#see=0.99.0.0.0&lang=xx"]
)
def test_an_address_without_sense_does_no_harm(open_page, nonsense):
    page = open_page("try_it", shared=nonsense, locale="en-GB")
    assert "Write a digit first" in reading(page).inner_text()


@pytest.mark.parametrize("kept", ["", "; history.replaceState(null, '', '#lang=en')"])
def test_another_address_changes_what_is_shown(open_page, kept):
    """Also if what was shown before is kept just before the page hears of the new one."""
    page = open_page("try_it", locale="en-GB")
    page.evaluate(f"location.hash = '#picture=3'{kept}")
    page.locator(".nv-reading:visible", has_text="reads 3").wait_for()
    page.wait_for_function("location.hash.includes('picture=3')")


TWO_DIGITS = ([(10, 30), (40, 30), (12, 80), (45, 80)], [(60, 30), (90, 30), (62, 80), (92, 80)])


@pytest.mark.parametrize("network", ["0", "both"])
def test_two_digits_are_refused_and_the_answer_is_on_the_screen(open_page, network):
    """Reason, score and threshold are said, and the bars stay, but as no answer."""
    device = {"viewport": {"width": 1280, "height": 800}}
    page = open_page("try_it", device, shared=f"#lang=both&net={network}")
    for points in TWO_DIGITS:
        draw(page, points)
    page.locator(".nv-answer.nv-refused").first.wait_for()
    words = page.locator(".nv-what")
    assert re.search(r"不像数字：.+（分数 [\d.]+\s>\s[\d.]+）", words.inner_text())
    assert re.search(r"not a digit: .+ \(score [\d.]+\s>\s[\d.]+\)", words.inner_text())
    page.locator(".nv-live", has_text="not a digit").wait_for(state="attached")
    assert page.locator(".nv-share").first.is_visible()
    detail = page.locator(".nv-detail").bounding_box()
    assert detail["y"] + detail["height"] <= 800
    assert page.locator(".nv-detail").evaluate("d => d.scrollHeight <= d.clientHeight")
    page.get_by_role("button", name="Clear").click()
    draw(page, SEVEN)
    page.locator(".nv-answer:not(.nv-refused) .nv-reading", has_text="7").first.wait_for()


# A training, stored and in the browser


def test_a_stored_training_runs_under_its_slider(open_page):
    page = open_page("watch_it", locale="en-GB")
    slider, mark = page.locator(".nv-learn input"), page.locator(".nv-mark")
    shown = set()
    for moment in (0, 16, int(slider.get_attribute("max"))):
        slider.fill(str(moment))
        page.wait_for_timeout(200)
        kernel = page.locator("canvas.nv-kernel").first.evaluate("c => c.toDataURL()")
        share = page.locator(".nv-share").first.inner_text()
        shown.add((kernel, share, mark.get_attribute("cx")))
    assert len(shown) == 3  # kernels, bars and the mark move together
    assert float(slider.get_attribute("aria-valuetext").split("test accuracy ")[1]) > 0.9
    page.get_by_role("button", name="Play the training").click()
    page.wait_for_function("document.querySelector('.nv-learn input').value >= 2")


def said(page) -> str:
    page.wait_for_function("document.getElementById('said').textContent.trim()", timeout=120_000)
    return page.locator("#said").inner_text()


def epoch_in(words: str) -> float:
    return float(words.split("epoch ")[1].split(":")[0])


def accuracy_in(words: str) -> float:
    return float(words.split("test accuracy ")[1])


def test_relu_learns_the_digits_while_the_network_changes(open_page):
    page = open_page("train_it", locale="en-GB")
    assert page.locator("#epochs-now").inner_text() == "5"
    page.locator("#epochs").fill("2")  # enough to see it
    before = pictures_of(page)
    page.locator("#train").press("Enter")
    words = said(page)
    assert words.startswith("Finished, epoch 2.0")
    assert accuracy_in(words) >= 0.8
    page.wait_for_timeout(100)  # a frame or two
    changed = [a != b for a, b in zip(before, pictures_of(page), strict=True)]
    assert sum(changed) > 30
    assert page.locator(".curve .testAccuracy").get_attribute("d").count("L") == 2
    assert "epochs 0 to 2" in page.locator(".curve").get_attribute("aria-label")


def test_a_training_stops_and_goes_on_where_it_was(open_page):
    page = open_page("train_it", locale="en-GB")
    page.locator("[value=sigmoid]").check()
    assert page.locator("#epochs-now").inner_text() == "30"
    page.locator("#train").click()
    page.locator("#progress", has_text=re.compile(r"epoch (0\.[2-9]|[1-9])")).wait_for()
    page.get_by_role("button", name="Stop").click()
    first = said(page)
    assert first.startswith("Stopped, epoch ")
    assert accuracy_in(first) < 0.3  # the plateau
    page.locator("#epochs").fill("1")
    page.get_by_role("button", name="Continue").click()
    page.locator("#said", has_text="Finished, epoch ").wait_for()
    assert epoch_in(first) < epoch_in(said(page)) <= math.ceil(epoch_in(first)) + 1


def test_a_training_that_diverges_says_so(open_page):
    page = open_page("train_it", locale="zh-CN")
    page.locator("#lr").fill("11")
    page.locator("#train").click()
    assert "发散" in said(page)
