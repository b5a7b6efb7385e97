"""Bringing a drawing into MNIST's form: properties of any ink, and lesson 02's own function."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lenet_helpers import SettingError, datasets_at_hand, load_data
from lenet_helpers.handwriting.form import center_of_mass, form_steps, normalize_digit

LESSON = Path(__file__).parents[1] / "notebooks" / "02_mnist.ipynb"
CELLS = ("crop", "fitted-size", "scale-to-fit", "center-of-mass", "place", "normalize-digit")

sizes = st.tuples(st.integers(1, 70), st.integers(1, 70))
bytes_of_ink = st.one_of(st.integers(0, 255), st.just(0))
scans = sizes.flatmap(lambda size: arrays(np.uint8, size, elements=bytes_of_ink, fill=st.just(0)))
inked = scans.filter(np.any)


def close(a, b) -> bool:
    return torch.allclose(a, b, atol=0.01)


def around(scan: np.ndarray, top: int, left: int) -> np.ndarray:
    return np.pad(scan, ((top, 3), (left, 5)))


# Properties


@given(scans)
def test_any_scan_becomes_28_by_28_in_its_own_range(scan):
    image = normalize_digit(scan)
    assert image.shape == (28, 28)
    assert image.dtype == torch.float32
    assert image.min() >= 0
    assert image.max() <= scan.max() + 0.01


@given(inked)
def test_ink_fits_into_20_by_20_and_keeps_its_aspect_ratio(scan):
    _, box, fitted, image = form_steps(scan)
    assert max(fitted.shape) == min(20, max(box.shape))
    scale = min(1, 20 / max(box.shape))
    for small, large in zip(fitted.shape, box.shape, strict=True):
        assert abs(small - large * scale) <= 0.5 + 1e-6 or small == 1
    assert close(image.sum(), fitted.sum())
    rows, columns = image.nonzero(as_tuple=True)
    assert rows.max() - rows.min() < 20
    assert columns.max() - columns.min() < 20


@given(inked)
def test_the_mass_is_within_half_a_pixel_of_the_middle_unless_the_edge_forbids(scan):
    _, _, fitted, image = form_steps(scan)
    for axis in (0, 1):
        center = center_of_mass(image)[axis]
        length, first = fitted.shape[axis], image.any(dim=1 - axis).nonzero()[0].item()
        at_edge = first == 0 or 28 - length <= first
        assert abs(center - 14) <= 0.51 or at_edge


@given(inked, st.integers(0, 30), st.integers(0, 30))
def test_where_on_the_sheet_the_ink_is_makes_no_difference(scan, top, left):
    assert torch.equal(normalize_digit(around(scan, top, left)), normalize_digit(scan))


@given(inked, st.sampled_from([0.5, 2.0, 8.0]))
def test_ink_as_dark_again_gives_an_image_as_dark_again(scan, factor):
    scan = scan.astype(np.float32)  # times a power of two, every step is exact
    assert torch.equal(normalize_digit(scan * factor) / factor, normalize_digit(scan))


@given(inked.filter(lambda scan: max(form_steps(scan).box.shape) >= 10))
def test_a_scan_at_twice_the_resolution_gives_nearly_the_same(scan):
    once, twice = (form_steps(np.kron(scan, np.ones((n, n)))).fitted for n in (8, 16))
    assert once.shape == twice.shape
    assert (once - twice).abs().max() <= 0.1 * scan.max()


# Against what is known


def lessons_own_functions() -> dict:
    """What lesson 02 defines, made by running its cells up to `normalize_digit`."""
    cells = {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells}
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
    for cell in CELLS:
        exec(cells[cell], names)
    return names


@pytest.fixture(scope="module")
def lesson():
    return lessons_own_functions()


@given(scan=scans)
def test_agrees_with_lesson_02(lesson, scan):
    assert torch.equal(normalize_digit(scan), lesson["normalize_digit"](scan))


@given(scan=inked)
def test_the_steps_are_those_of_lesson_02(lesson, scan):
    steps = form_steps(scan)
    tensor = torch.as_tensor(scan, dtype=torch.float32)
    assert torch.equal(steps.box, lesson["crop"](tensor))
    assert torch.equal(steps.fitted, lesson["scale_to_fit"](steps.box))
    assert center_of_mass(steps.fitted) == lesson["center_of_mass"](steps.fitted)


def test_agrees_with_pillows_anti_aliasing():
    from PIL import Image

    ink = np.zeros((200, 200), np.uint8)
    ink[40:160, 90:110], ink[40:60, 40:110] = 255, 255
    box = form_steps(ink).box.numpy().astype(np.uint8)
    pillow = Image.fromarray(box).resize((12, 20), Image.Resampling.BILINEAR)
    assert np.abs(form_steps(ink).fitted.numpy() - np.asarray(pillow, np.float32)).max() <= 1


def test_mnist_is_in_its_own_form_already(real_places):
    if not datasets_at_hand()["mnist"]:
        pytest.skip("MNIST is not on this machine")
    _, test_iter = load_data("mnist", device="cpu")
    for image in test_iter.images[:200]:
        assert torch.equal(normalize_digit(image), image.float())


def test_blank_paper_stays_blank():
    steps = form_steps(np.zeros((280, 280)))
    assert not steps.image.any()
    assert steps.box.shape == steps.fitted.shape == (0, 0)


def test_a_dot_moves_to_the_middle_and_is_not_enlarged():
    scan = np.zeros((100, 80))
    scan[90, 3] = 255
    assert normalize_digit(scan).nonzero().tolist() == [[14, 14]]


def test_a_black_sheet_becomes_a_black_square():
    image = normalize_digit(np.full((280, 280), 255))
    ink = image.nonzero()
    assert (ink.max(dim=0).values - ink.min(dim=0).values).tolist() == [19, 19]
    assert close(image[image > 0], torch.full((400,), 255.0))


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(28),
        np.zeros((1, 28, 28)),
        np.zeros((0, 5)),
        [[0, float("nan")]],
        [[0, float("inf")]],
        [[0, -1]],
        [["ink"]],
        [[1, 2], [3]],
        None,
    ],
    ids=str,
)
def test_what_is_no_scan_is_refused_in_both_languages(bad):
    with pytest.raises(SettingError, match="白纸") as caught:
        normalize_digit(bad)
    assert "0 for paper" in caught.value.words.en


# An error of torch 2.14: shrunk to one column, every row came out as the first


def test_a_thin_upright_stroke_keeps_its_ink_from_top_to_bottom():
    scan = torch.zeros(120, 4)
    scan[:, 0] = 60.0
    scan[60:] = 255.0
    fitted = form_steps(scan).fitted
    assert fitted.shape == (20, 1)
    assert fitted[:9].max() < 40
    assert fitted[11:].min() > 200
