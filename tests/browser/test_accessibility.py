"""For readers with a screen reader, a keyboard alone, weak eyes: the site, and the panels."""

import pytest

from tests.browser.accessibility import OF_THE_LOOK, findings, load_axe
from tests.browser.conftest import IN_THIS_ORDER, eventually
from tests.browser.test_site import PAGES

LOOKS = (
    ({"width": 1280, "height": 800}, "light", None),
    ({"width": 390, "height": 844}, "dark", OF_THE_LOOK),
)
PANELS = "#lenet-bar, .lenet-panel"
START = """
import ipywidgets as widgets
from lenet_helpers import LiveAnimator, lenet, load_data, train
from lenet_helpers.checkpoints import Checkpoints
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.network_view import NetworkView
from lenet_helpers.runs import TrainAgain, TrainingPanel
from lenet_helpers.zip_code import FieldView
from lenet_helpers.zip_code.reading import sliding_lenet

train_iter, test_iter = load_data("digits", 32, "cpu")
net, kept = lenet("tanh"), Checkpoints([0, 20, 45])
for _ in train(net, train_iter, test_iter, 1, lr=0.1, checkpoints=kept):
    pass
"""
TRAIN = """
panel = TrainingPanel("digits")
panel.epochs.value = 1
panel
"""
AGAIN = """
def draw(train_iter, test_iter, lr, num_epochs):
    animator = LiveAnimator(xlabel="epoch", legend=["train loss"])
    for epoch in range(num_epochs):
        animator.add(epoch + 1, (lr,))

again = TrainAgain(draw, train_iter, test_iter, lr=widgets.FloatLogSlider(0.9, min=-3, max=1),
                   num_epochs=widgets.IntSlider(2, min=1, max=50))
display(again)
again.train_button.click()
again.wait()
"""
OTHERS = (
    'NetworkView(net, test_iter, lenet("tanh"))',
    "NetworkView(net, test_iter, checkpoints=kept)",
    "MistakesPanel(net, test_iter)",
    "FieldView(sliding_lenet())",
)


@pytest.fixture
def page(chromium):
    context = chromium.new_context(offline=True)
    yield context.new_page()
    context.close()


def tab_to(page, what: str, most: int = 60) -> None:
    """Press the tab key until the focus is on this, with a ring that can be seen."""
    met = []
    for _ in range(most):
        page.keyboard.press("Tab")
        at, found = page.evaluate(
            """what => {
              const at = document.activeElement;
              return [at.outerHTML.slice(0, 80), at.matches(what) && at.matches(':focus-visible')];
            }""",
            what,
        )
        met.append(at)
        if found:
            return
    pytest.fail(f"{what} was not met by the tab key; these were:\n" + "\n".join(met))


# The site


def test_axe_finds_nothing_on_any_page_of_the_site(page, site):
    """Wide and light, narrow and dark: neither the width nor the theme acts on the other."""
    found = {}
    for name in PAGES:
        page.goto((site.folder / f"{name}.html").as_uri())
        page.locator("[data-choose=both]").click()
        load_axe(page)
        for size, scheme, rules in LOOKS:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            if wrong := findings(page, rules=rules):
                found[name, size["width"], scheme] = wrong
    assert found == {}


def test_the_tab_key_skips_to_the_text_and_stops_only_where_something_scrolls(page, site):
    page.goto((site.folder / "05_lenet_layers.html").as_uri())
    page.locator("[data-choose=en]").click()
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.skip')")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    def stops_are_what_scrolls() -> int:
        stops = page.evaluate(
            """[...document.querySelectorAll('.scroll, .input, .text pre')]
                 .map(e => [e.tabIndex === 0, e.scrollWidth > e.clientWidth])"""
        )
        assert all(stop == scrolls for stop, scrolls in stops)
        return sum(stop for stop, _ in stops)

    wide = eventually(stops_are_what_scrolls)
    page.set_viewport_size({"width": 390, "height": 844})
    eventually(lambda: _differs(stops_are_what_scrolls(), wide))


def test_on_paper_answers_are_open_and_no_line_is_cut(page, site):
    page.goto((site.folder / "05_lenet_layers.html").as_uri())
    page.set_viewport_size({"width": 700, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main details:not(.contents):not([open])").count() == 0
    assert page.locator("header").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 30, 33)"
    code = page.locator(".input")
    assert code.evaluate_all("all => all.every(e => e.scrollWidth <= e.clientWidth)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main details[open]").count() == 0


def test_a_browser_that_cannot_read_the_script_is_told_to_be_too_old(page, site, tmp_path):
    text = (site.folder / "try_it.html").read_text(encoding="utf-8")
    of_the_future = text.replace('<script type="module">', '<script type="module">?!', 1)
    file = tmp_path / "future.html"
    file.write_text(of_the_future, encoding="utf-8")
    page.goto(file.as_uri())
    page.locator("#too-old").wait_for()


def _differs(now: object, before: object) -> None:
    assert now != before


# JupyterLab


@pytest.fixture(scope="module")
def panels(open_for_module):
    """One notebook with every kind of panel of the lessons, run up to the training panel."""
    lesson = open_for_module([START, TRAIN, AGAIN, *OTHERS], lenet_course=True)
    lesson.choose("en")
    for index in (0, 1):
        lesson.run_cell(index)
    return lesson


@IN_THIS_ORDER
def test_a_training_is_set_begun_and_compared_by_keyboard_alone(panels):
    page = panels.page
    panel = page.locator(".lenet-panel").first
    rows = panel.locator("tbody tr")
    rate = panel.locator("input").first
    for number, keys in enumerate((["ArrowRight"], ["ArrowLeft", "ArrowLeft"])):
        before = rate.input_value()
        tab_to(page, ".lenet-panel .noUi-handle")
        for key in keys:
            page.keyboard.press(key)
        eventually(lambda before=before: _differs(rate.input_value(), before))
        tab_to(page, ".lenet-panel button.mod-primary")
        page.keyboard.press("Enter")
        rows.nth(number).wait_for(timeout=60_000)
        page.keyboard.press("Escape")
    tab_to(page, ".lenet-panel input[type=checkbox]")
    page.keyboard.press("Space")


@IN_THIS_ORDER
def test_axe_finds_nothing_in_any_panel(panels):
    page = panels.page
    for index in range(2, 3 + len(OTHERS)):
        panels.run_cell(index)
    assert panels.errors() == []
    load_axe(page)
    found = {}
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
        )
        light = "true" if theme.endswith("Light") else "false"
        page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
        panels.choose("both")
        if wrong := findings(page, PANELS):
            found[theme] = wrong
    assert found == {}


@IN_THIS_ORDER
def test_every_control_and_picture_has_a_name_in_the_chosen_language(panels):
    page = panels.page
    for language, word in (("zh", "训练"), ("en", "train")):
        panels.choose(language)
        picture = page.locator(".lenet-panel img.widget-image:visible").first

        def is_named(picture=picture, word=word) -> None:
            assert word in picture.get_attribute("alt").lower()

        eventually(is_named)
