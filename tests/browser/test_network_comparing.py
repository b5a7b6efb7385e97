"""The living network with a second one, with checkpoints, and with one that goes on learning."""

import numpy as np
import pytest

from tests.browser.bare_page import towards
from tests.browser.network_page import (
    BEGINNER,
    TRAINED,
    board,
    inks_of,
    outputs,
    percents,
    point_of,
    settle,
    shown_value,
    stop_the_clock,
)

# Compare, learn, refuse


def test_each_network_is_shown_with_its_own_activation(open_view):
    layers = [{"kind": "relu"} if layer["kind"] == "sigmoid" else layer
              for layer in TRAINED.description["layers"]]  # fmt: skip
    description = {**TRAINED.description, "layers": layers}
    page = open_view([TRAINED, BEGINNER._replace(description=description)])
    for name, own in (("untrained", "relu"), ("trained", "sigmoid")):
        page.get_by_role("button", name=name, exact=True).click()
        for stage in ("conv1", "conv2", "fc1"):
            page.evaluate(f"view.choose({{stage: '{stage}', channel: 0, row: 0, column: 0}})")
            settle(page)
            title = page.locator(f'.nv-stage[data-stage="{stage}"] .nv-title').first.inner_text()
            line = page.locator(".nv-detail-body").inner_text()
            for text in (title, line):
                assert own in text and ({"relu", "sigmoid"} - {own}).pop() not in text


def test_two_networks_stand_beside_each_other_on_a_shared_scale(open_view):
    page = open_view([TRAINED, BEGINNER._replace(description=TRAINED.description)])
    mine, other = (
        outputs(n, inks_of(0)) for n in (TRAINED, TRAINED._replace(weights=BEGINNER.weights))
    )
    page.evaluate("view.choose({stage: 'conv1', channel: 2, row: 9, column: 9})")
    assert f"{other[2][0, 2, 9, 9].item():.4f}" in page.locator(".nv-field").inner_text()
    page.get_by_role("button", name="untrained", exact=True).click()
    assert shown_value(page) == pytest.approx(other[2][0, 2, 9, 9].item(), abs=1e-4)
    page.get_by_role("button", name="both").click()
    assert page.locator(".nv-flow").count() == 2
    for flow, results in enumerate((mine, other)):
        expected = (100 * results[-1][0].softmax(0)).tolist()
        assert percents(page, flow) == pytest.approx(expected, abs=0.06)
    assert page.locator(".nv-sources.nv-own[d^=M]").count() == 2  # the same place in both
    # On a shared scale, equal numbers have equal colours: alpha is the size.
    largest = max(float(r[3].abs().max()) for r in (mine, other))
    alpha = """c => { const copy = document.createElement('canvas');
      const pen = copy.getContext('2d', { willReadFrequently: true });
      pen.drawImage(c, 0, 0);
      return pen.getImageData(0, 0, 1, 1).data[3]; }"""
    for flow, results in enumerate((mine, other)):
        canvas = board(page, "pool1", flow).locator("canvas.nv-map").nth(4)
        expected = 255 * abs(results[3][0, 4, 0, 0].item()) / largest
        assert canvas.evaluate(alpha) == pytest.approx(expected, abs=1)
    page.get_by_label("Scale of the colours").select_option("map")
    canvas = board(page, "pool1", 1).locator("canvas.nv-map").nth(4)
    expected = 255 * abs(other[3][0, 4, 0, 0].item()) / float(other[3][0, 4].abs().max())
    assert canvas.evaluate(alpha) == pytest.approx(expected, abs=1)


def test_checkpoints_run_through_the_training(open_view):
    start = TRAINED._replace(weights=BEGINNER.weights)
    page = open_view([TRAINED], checkpoints=towards(start, TRAINED, 5))
    assert page.evaluate("view.state.checkpoint") == 4
    slider = page.get_by_role("slider", name="The training so far")
    page.get_by_role("button", name="Kernels").click()
    kernel = board(page, "conv1").locator("canvas.nv-kernel").first
    places = set()
    for number in (4, 2, 0):
        slider.fill(str(number))
        settle(page)
        share = number / 4
        halfway = share * np.frombuffer(TRAINED.weights, "<f4")
        halfway = halfway + (1 - share) * np.frombuffer(BEGINNER.weights, "<f4")
        now = TRAINED._replace(weights=halfway.astype("<f4").tobytes())
        expected = (100 * outputs(now, inks_of(0))[-1][0].softmax(0)).tolist()
        assert percents(page) == pytest.approx(expected, abs=0.06)
        places.add(
            (page.locator(".nv-mark").get_attribute("cx"), kernel.evaluate("c => c.toDataURL()"))
        )
        assert f"batch {250 * number}" in slider.get_attribute("aria-valuetext")
    assert len(places) == 3  # the mark moves, and so do the kernels
    stop_the_clock(page)
    page.get_by_role("button", name="Play the training").click()
    page.clock.run_for(5000)
    assert page.evaluate("view.state.checkpoint") == 4
    assert page.get_by_role("button", name="Play the training").is_visible()  # it has stopped


def test_one_forward_pass_for_each_network_and_picture(open_view):
    page = open_view([TRAINED, BEGINNER])
    page.get_by_role("button", name="both").click()
    settle(page)
    assert page.evaluate("passes") == 2
    for stage in ("conv1", "pool2", "fc2"):
        page.mouse.move(*point_of(page, stage))
    page.get_by_role("button", name="Kernels").click()
    page.get_by_role("button", name="trained", exact=True).click()
    page.get_by_label("Scale of the colours").select_option("layer")
    page.evaluate("view.setLanguage('zh')")
    settle(page)
    assert page.evaluate("passes") == 2
    page.evaluate("view.showPicture(5)")
    settle(page)
    assert page.evaluate("passes") == 3  # only one of them is shown now
