"""The training panel in a real JupyterLab: words, keyboard, training, stopping, comparing, saving.

One page for all of it, in the order in which a lesson uses the panel.
"""

import nbformat
import pytest

from tests.browser.conftest import IN_THIS_ORDER, Lesson, eventually

pytestmark = IN_THIS_ORDER
SWITCH = "from lenet_helpers import LanguageSwitch\n\nLanguageSwitch()"
PANEL = "from lenet_helpers.runs import TrainingPanel\n\npanel = TrainingPanel('digits')\npanel"
BESIDE = "sum(range(10)), panel.stop_button.disabled"
LONG = 60_000  # ms


class PanelPage:
    """The open notebook, and what the tests need of its panel."""

    def __init__(self, lesson) -> None:
        self.lesson, self.page = lesson, lesson.page
        self.panel = self.page.locator(".lenet-panel").first
        self.picture = self.panel.locator(".widget-image").first
        cell = self.page.locator(".jp-CodeCell").nth(1)
        self.still = cell.locator(".jp-RenderedImage img")

    def button(self, name: str):
        return self.panel.locator("button", has_text=name).first

    def field(self, name: str):
        """The box or the list of this name; a slider may have the same."""
        boxes = self.panel.locator("input, select")
        return boxes.and_(self.panel.get_by_label(name, exact=True))

    def train(self) -> None:
        self.button("Train").click()

    def set(self, name: str, value: str) -> None:
        self.field(name).fill(value)
        self.page.keyboard.press("Tab")

    def run_with(self, lr: str, epochs: str) -> None:
        """Train until the run stands in the table."""
        self.set("Learning rate", lr)
        self.set("Epochs", epochs)
        rows = self.panel.locator("tbody tr")
        before = rows.count()
        self.train()
        rows.nth(before).wait_for(timeout=LONG)

    def command(self, name: str) -> None:
        self.page.evaluate(f"() => window.jupyterapp.commands.execute('{name}')")


@pytest.fixture(scope="module")
def shown(open_for_module) -> PanelPage:
    shown = PanelPage(open_for_module([SWITCH, PANEL, BESIDE]))
    shown.lesson.run()
    shown.button("训练 / Train").wait_for(timeout=LONG)
    return shown


def nothing_is_cut(panel) -> None:
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth + 1")
    for part in (".widget-label", "button", ".lenet-runs"):
        for each in panel.locator(part).all():
            cut = each.evaluate("part => part.scrollWidth > part.clientWidth + 1")
            assert not (each.is_visible() and cut), each.inner_text()


def settings_stand_beside_the_curve(shown) -> None:
    settings = shown.panel.locator("input[type=number]").first.bounding_box()
    picture = shown.picture.bounding_box()
    assert settings["x"] + settings["width"] < picture["x"]
    assert picture["y"] < settings["y"] + 200


def test_it_trains_stops_and_compares_on_one_screen(shown, tmp_path):
    shown.field("汇聚 / Pooling").select_option("最大 / maximum")
    shown.lesson.switch_to("English")
    pooling = shown.field("Pooling").locator("option:checked")
    pooling.and_(shown.page.get_by_text("maximum", exact=True)).wait_for(state="attached")
    shown.field("Pooling").select_option("average")
    shown.set("Epochs", "50")
    shown.train()
    shown.picture.wait_for(timeout=LONG)
    frames = set()
    while len(frames) < 3:  # it grows while it trains
        frames.add(shown.picture.get_attribute("src"))
        shown.page.wait_for_timeout(100)
        assert shown.button("Train").is_disabled()
    assert "left" in shown.panel.inner_text()
    shown.page.locator(".jp-CodeCell").nth(2).click()
    shown.command("notebook:run-cell")
    shown.page.get_by_text("(45, False)").wait_for(timeout=LONG)  # False: still training
    shown.button("Stop").click()
    shown.panel.get_by_text("stopped at epoch").wait_for(timeout=LONG)
    assert shown.button("Continue").is_enabled()

    shown.field("Activation").select_option("relu")
    shown.run_with("0.1", epochs="2")
    rows = shown.panel.locator("tbody tr")
    rows.nth(1).wait_for(timeout=LONG)
    assert "stopped" in rows.nth(0).inner_text() and "finished" in rows.nth(1).inner_text()
    chart = shown.panel.locator(".widget-image").nth(1)
    chart.wait_for(timeout=LONG)
    both = chart.get_attribute("src")
    shown.panel.get_by_label("run 1", exact=True).uncheck()
    shown.page.wait_for_function(
        "([img, src]) => img.src !== src", arg=[chart.element_handle(), both]
    )

    shown.run_with("10", epochs="2")
    alert = shown.panel.get_by_role("alert")
    alert.wait_for(timeout=LONG)
    assert "diverged" in alert.inner_text()
    shown.lesson.switch_to("中文")
    alert.get_by_text("发散").wait_for(timeout=LONG)
    shown.lesson.switch_to("English")

    with shown.page.expect_download() as download:
        shown.panel.get_by_text("Download the table").click()
    assert download.value.suggested_filename == "lenet-runs.csv"
    download.value.save_as(tmp_path / "runs.csv")
    lines = (tmp_path / "runs.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["run", "1", "2", "3"]
    assert shown.lesson.errors() == []

    for width in (1000, 1280):
        shown.page.set_viewport_size({"width": width, "height": 1400})
        for language in ("双语 Both", "English"):
            shown.lesson.switch_to(language)
            eventually(lambda: settings_stand_beside_the_curve(shown))
            eventually(lambda: nothing_is_cut(shown.panel))


def test_the_still_takes_the_place_of_the_panel_once_the_kernel_is_gone(shown, lab):
    path = lab[1] / "notebooks" / shown.page.url.split("/")[-1].split("?")[0]
    shown.lesson.switch_to("English")
    shown.run_with("0.2", epochs="1")
    assert shown.still.count() == 1 and not shown.still.is_visible()

    def the_run_is_saved() -> None:  # from the thread, when the cell has long ended; and last
        shown.command("docmanager:save")
        _, still = nbformat.read(path, as_version=4).cells[1].outputs
        assert "lr 0.2: loss" in still.data["text/plain"]

    eventually(the_run_is_saved)
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    shown.page.evaluate(f"async () => await {kernel}.restart()")
    shown.still.wait_for(timeout=LONG)
    assert shown.still.is_visible() and not shown.panel.is_visible()
    shown.command("docmanager:save")
    shown.command("kernelmenu:shutdown")
    shown.page.goto(f"{shown.page.url.split('?')[0]}?reset")
    again = PanelPage(Lesson(shown.page))
    again.still.wait_for(timeout=LONG)
    png = nbformat.read(path, as_version=4).cells[1].outputs[1].data["image/png"]
    assert again.still.get_attribute("src").endswith(png.replace("\n", "")[-40:])
