"""The living network in a browser: what is pointed at agrees with PyTorch."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.browser.bare_page import network_of
from tests.browser.network_page import (
    STAGES,
    TRAINED,
    board,
    inks_of,
    lit,
    loaded,
    numbers,
    outputs,
    percents,
    point_of,
    settle,
    shown_value,
)


def small_relu_net() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 9, 3, stride=2), nn.ReLU(), nn.Conv2d(9, 12, 3), nn.Tanh(),
        nn.Flatten(), nn.Linear(192, 30), nn.ReLU(), nn.Linear(30, 10),
    )  # fmt: skip


# Point and see


def test_pointing_at_a_number_lights_its_sources_in_every_earlier_stage(open_view):
    page = open_view()
    page.mouse.move(*point_of(page, "conv2", 7, 4, 5))
    settle(page)
    assert lit(page, "conv2") == [(7, 4, 5, 1, 1)]
    assert lit(page, "pool1") == [(c, 4, 5, 5, 5) for c in range(6)]
    assert lit(page, "conv1") == [(c, 8, 10, 10, 10) for c in range(6)]
    assert lit(page, "input") == [(0, 6, 8, 14, 14)]
    assert lit(page, "pool2", "feeds") == [(7, 2, 2, 1, 1)]
    for stage in ("fc1", "fc2"):  # all of a layer that it feeds
        assert len(lit(page, stage, "feeds")) == 1
    assert page.locator(".nv-rows.nv-fed").count() == 1
    assert page.locator(".nv-line").first.get_attribute("d").count("M") == 18  # 6 a stage


def test_what_lies_beyond_the_edge_is_marked_as_padding(open_view):
    page = open_view()
    page.mouse.move(*point_of(page, "conv1", 2, 0, 1))
    settle(page)
    assert lit(page, "input") == [] or lit(page, "input") == [(0, -2, -1, 5, 5)]
    assert page.locator(".nv-cells").first.locator(".nv-padding").count() == 13
    window = numbers(page, ".nv-cells >> nth=0 >> span")
    assert window[:10] == [0] * 10


def test_the_convolution_adds_up_and_is_that_of_pytorch(open_view):
    page = open_view()
    results = outputs(TRAINED, inks_of(0))
    page.mouse.move(*point_of(page, "conv2", 7, 4, 5))
    settle(page)
    *parts, bias = numbers(page, ".nv-part .nv-number")
    total, value = numbers(page, ".nv-total") + numbers(page, ".nv-value")
    assert len(parts) == 6
    assert sum(parts) + bias == pytest.approx(total, abs=0.005)
    assert total == pytest.approx(results[4][0, 7, 4, 5].item(), abs=1e-3)
    assert value == pytest.approx(results[5][0, 7, 4, 5].item(), abs=1e-4) == shown_value(page)
    patch, kernel, products = (
        np.array(numbers(page, f".nv-table >> nth={n} >> .nv-cells span")) for n in range(3)
    )
    largest = int(np.argmax(np.abs(parts)))
    weights = loaded(TRAINED)[3].weight[7, largest].detach().numpy().ravel()
    window = results[3][0, largest, 4:9, 5:10].numpy().ravel()
    assert patch == pytest.approx(window, abs=0.006)
    assert kernel == pytest.approx(weights, abs=0.006)
    assert products == pytest.approx(window * weights, abs=0.006)
    assert products.sum() == pytest.approx(parts[largest], abs=0.13)  # 25 roundings
    page.mouse.click(*point_of(page, "conv2", 7, 4, 5))
    page.locator(".nv-term").nth(1).click()  # another input map
    assert page.locator(".nv-term").nth(1).get_attribute("aria-pressed") == "true"
    again = np.array(numbers(page, ".nv-table >> nth=0 >> .nv-cells span"))
    assert again == pytest.approx(results[3][0, 1, 4:9, 5:10].numpy().ravel(), abs=0.006)


def test_a_pooling_a_pixel_a_unit_and_a_probability_explain_themselves(open_view):
    page = open_view()
    results = outputs(TRAINED, inks_of(0))
    page.mouse.move(*point_of(page, "pool1", 3, 6, 7))
    settle(page)
    window = numbers(page, ".nv-cells span")
    assert sum(window) / 4 == pytest.approx(shown_value(page), abs=0.006)
    assert shown_value(page) == pytest.approx(results[3][0, 3, 6, 7].item(), abs=1e-4)

    page.mouse.move(*point_of(page, "input", 0, 14, 14))
    settle(page)
    ink = inks_of(0).reshape(28, 28)[14, 14]
    assert f"ink {ink} " in page.locator(".nv-sum-line").inner_text()
    assert shown_value(page) == pytest.approx(results[0][0, 0, 14, 14].item(), abs=1e-4)

    page.mouse.move(*point_of(page, "fc1", 0, 0, 37))
    settle(page)
    top, others, bias = numbers(page, ".nv-part .nv-number")
    products = numbers(page, ".nv-contributions b")
    layer, flat = loaded(TRAINED)[7], results[7][0]
    expected = (layer.weight[37] * flat).detach().numpy()
    order = np.argsort(-np.abs(expected))
    assert products == pytest.approx(expected[order[:12]], abs=1e-3)
    assert top == pytest.approx(sum(products), abs=0.01)
    assert top + others + bias == pytest.approx(results[8][0, 37].item(), abs=0.003)
    assert shown_value(page) == pytest.approx(results[9][0, 37].item(), abs=1e-4)
    assert page.locator(".nv-product.nv-plus, .nv-product.nv-minus").count() == 12

    page.locator(".nv-row").nth(4).locator(".nv-share").hover()
    settle(page)
    probabilities = results[-1][0].softmax(0)
    assert shown_value(page) == pytest.approx(probabilities[4].item(), abs=1e-4)
    scores = numbers(page, ".nv-softmax tbody tr >> nth=0 >> td")
    assert scores == pytest.approx(results[-1][0].numpy(), abs=0.06)
    assert page.locator(".nv-sources[d^=M]").count() == len(STAGES)  # all of each layer


def test_other_networks_are_read_as_well(open_view):
    net = small_relu_net()
    page = open_view([network_of(net)])
    results = outputs(network_of(net), inks_of(2), net)
    page.evaluate("view.showPicture(2)")
    expected = (100 * results[-1][0].softmax(0)).tolist()
    assert percents(page) == pytest.approx(expected, abs=0.06)
    for stage, layer, place in [
        ("conv1", 2, (3, 0, 27)), ("pool1", 3, (2, 5, 6)), ("conv2", 5, (8, 5, 5)),
        ("conv3", 7, (11, 3, 0)),
    ]:  # fmt: skip
        page.mouse.move(*point_of(page, stage, *place))
        settle(page)
        assert shown_value(page) == pytest.approx(results[layer][(0, *place)].item(), abs=1e-4)
    *parts, bias = numbers(page, ".nv-part .nv-number")
    assert sum(parts) + bias == pytest.approx(results[6][0, 11, 3, 0].item(), abs=0.01)
    assert "others" in page.locator(".nv-sum-line").inner_text()  # 9 input maps, 6 are shown
    page.mouse.move(*point_of(page, "pool1", 2, 5, 6))
    settle(page)
    assert page.locator(".nv-winner").count() == 1


def test_a_click_keeps_a_number_and_escape_returns_to_the_whole(open_view):
    page = open_view()
    assert page.locator(".nv-numbers").is_visible()  # the whole
    page.mouse.click(*point_of(page, "conv1", 3, 10, 11))
    page.mouse.move(5, 610)  # away
    settle(page)
    chosen = {"network": 0, "stage": 1, "channel": 3, "row": 10, "column": 11}
    assert page.evaluate("view.state.chosen") == chosen
    assert lit(page, "conv1") == [(3, 10, 11, 1, 1)]
    page.mouse.move(*point_of(page, "pool2", 0, 0, 0))  # only a look
    settle(page)
    assert lit(page, "pool2") == [(0, 0, 0, 1, 1)]
    page.mouse.move(5, 610)
    settle(page)
    assert lit(page, "conv1") == [(3, 10, 11, 1, 1)]
    page.keyboard.press("Escape")
    assert page.evaluate("view.state.chosen") is None
    assert lit(page, "conv1") == [] and page.locator(".nv-numbers").is_visible()
    assert page.evaluate("changes") == ["chosen", "chosen"]


def test_each_layer_is_one_tab_stop_and_arrow_keys_reach_every_number(open_view):
    page = open_view()
    board(page, "input").focus()
    for stage in STAGES[1:]:
        page.keyboard.press("Tab")
        while not page.evaluate("document.activeElement.matches('.nv-board, .nv-rows')"):
            page.keyboard.press("Tab")  # the pictures to choose from lie between
        assert (
            page.evaluate("document.activeElement.closest('[data-stage]').dataset.stage") == stage
        )
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.nv-rows')")

    def chosen() -> list[int]:
        return page.evaluate("(({stage, channel, row, column}) => [stage, channel, row, column])"
                             "(view.state.chosen)")  # fmt: skip

    page.keyboard.press("ArrowDown")
    assert chosen() == [8, 0, 0, 1]  # a probability
    page.keyboard.press("ArrowLeft")
    assert chosen() == [7, 0, 0, 1]  # its score
    page.evaluate("view.choose({stage: 'conv2', channel: 0, row: 8, column: 9})")
    board(page, "conv2").focus()
    page.keyboard.press("ArrowDown")
    assert chosen() == [3, 0, 9, 9]
    page.keyboard.press("ArrowRight")  # over the edge, into the map beside it
    assert chosen() == [3, 1, 9, 0]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("PageDown")
    assert chosen() == [3, 1, 9, 9]
    page.keyboard.press("Home")
    assert chosen() == [3, 1, 9, 0]
    value = f"{outputs(TRAINED, inks_of(0))[5][0, 1, 9, 0].item():.3f}"
    assert value in board(page, "conv2").get_attribute("aria-label")
    page.keyboard.press("Escape")
    assert page.evaluate("view.state.chosen") is None
