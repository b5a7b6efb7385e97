"""Bringing a drawing into MNIST's form: properties of any ink, and lesson 02's own function."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from lenet_helpers import SettingError, datasets_at_hand, load_data
from lenet_helpers.handwriting.form import (
    as_scan,
    center_of_mass,
    crop,
    normalize_digit,
    scale_to_fit,
)
from tests.conftest import cells_of

CELLS = ("crop", "fitted-size", "scale-to-fit", "center-of-mass", "place", "normalize-digit")

sizes = st.tuples(st.integers(1, 70), st.integers(1, 70))
bytes_of_ink = st.one_of(st.integers(0, 255), st.just(0))
scans = sizes.flatmap(lambda size: arrays(np.uint8, size, elements=bytes_of_ink, fill=st.just(0)))
inked = scans.filter(np.any)


@pytest.fixture(scope="module")
def lesson() -> dict:
    """What lesson 02 defines, made by running its cells up to `normalize_digit`."""
    names = {
        "torch": torch,
        "F": torch.nn.functional,
        "scan": torch.eye(60)[:, 5:],
        "small": torch.ones(2, 3),
        "label": lambda zh, en: en,
        "Words": lambda zh, en: en,
        "image_grid": lambda *_, **__: None,
        "framed": lambda picture: picture,
    }
    cells = cells_of("02_mnist")
    for cell in CELLS:
        exec(cells[cell], names)
    return names


@given(scan=scans)
def test_any_scan_becomes_28_by_28_in_its_own_range_as_in_lesson_02(lesson, scan):
    image = normalize_digit(scan)
    assert image.shape == (28, 28) and image.dtype == torch.float32
    assert image.min() >= 0 and image.max() <= scan.max() + 0.01
    assert torch.equal(image, lesson["normalize_digit"](scan))


@given(inked)
def test_ink_fits_into_20_by_20_and_balances_in_the_middle_unless_the_edge_forbids(scan):
    box, image = crop(as_scan(scan)), normalize_digit(scan)
    fitted = scale_to_fit(box)
    assert max(fitted.shape) == min(20, max(box.shape))
    scale = min(1, 20 / max(box.shape))
    assert image.sum().item() == pytest.approx(fitted.sum().item(), abs=0.01)
    for axis, (small, large) in enumerate(zip(fitted.shape, box.shape, strict=True)):
        assert abs(small - large * scale) <= 0.5 + 1e-6 or small == 1
        inked = image.any(dim=1 - axis).nonzero()
        first = inked[0].item()
        assert inked[-1] - first < 20
        at_edge = first == 0 or 28 - small <= first
        assert abs(center_of_mass(image)[axis] - 14) <= 0.51 or at_edge


@given(inked, st.integers(0, 30), st.integers(0, 30), st.sampled_from([0.5, 2.0, 8.0]))
def test_neither_where_the_ink_is_nor_how_dark_makes_a_difference(scan, top, left, factor):
    scan = scan.astype(np.float32)  # times a power of two, every step is exact
    other = np.pad(factor * scan, ((top, 3), (left, 5)))
    assert torch.equal(normalize_digit(other) / factor, normalize_digit(scan))


@given(inked.filter(lambda scan: max(crop(scan).shape) >= 10))
def test_a_scan_at_twice_the_resolution_gives_nearly_the_same(scan):
    scan = as_scan(crop(scan))
    once, twice = (scale_to_fit(torch.kron(scan, torch.ones(n, n))) for n in (8, 16))
    assert once.shape == twice.shape
    assert (once - twice).abs().max() <= 0.1 * scan.max()


def seven() -> np.ndarray:
    ink = np.zeros((200, 200), np.uint8)
    ink[40:160, 90:110], ink[40:60, 40:110] = 255, 255
    return ink


def thin() -> np.ndarray:
    """Of torch 2.14's own shrinking to one column, every row comes out as the first."""
    return np.repeat([[60], [255]], 60, axis=0).astype(np.uint8)


@pytest.mark.parametrize(("ink", "size"), [(seven(), (12, 20)), (thin(), (1, 20))])
def test_agrees_with_pillows_anti_aliasing(ink, size):
    box = crop(ink)
    pillow = Image.fromarray(box).resize(size, Image.Resampling.BILINEAR)
    found = scale_to_fit(as_scan(box)).numpy()
    assert np.abs(found - np.asarray(pillow, np.float32)).max() <= 1


def test_mnist_is_in_its_own_form_already(real_places):
    if not datasets_at_hand()["mnist"]:
        pytest.skip("MNIST is not on this machine")
    _, test_iter = load_data("mnist", device="cpu")
    for image in test_iter.images[:200]:
        assert torch.equal(normalize_digit(image), image.float())


def test_blank_paper_a_dot_and_a_black_sheet():
    scan = np.zeros((100, 80))
    assert not normalize_digit(scan).any() and crop(scan).shape == (0, 0)
    scan[90, 3] = 255
    assert normalize_digit(scan).nonzero().tolist() == [[14, 14]]
    image = normalize_digit(np.full((280, 280), 255))
    assert [len(each.unique()) for each in image.nonzero().T] == [20, 20]
    assert (image[image > 0] - 255).abs().max() < 0.01 and (image > 0).sum() == 400


no_numbers = [[0, float("nan")]], [[0, float("inf")]], [[0, -1]], [["ink"]], [[1, 2], [3]], None
no_tables = np.zeros(28), np.zeros((1, 28, 28)), np.zeros((0, 5))


@pytest.mark.parametrize("bad", [*no_numbers, *no_tables], ids=str)
def test_what_is_no_scan_is_refused_in_both_languages(bad):
    with pytest.raises(SettingError, match="白纸") as caught:
        normalize_digit(bad)
    assert "0 for paper" in caught.value.words.en
