"""Fields of digits: what stands where, how far apart, and a written line brought into that form."""

import pytest
import torch
from scipy import ndimage

from lenet_helpers.words import SettingError, Words
from lenet_helpers.zip_code import compose, field_rows, scores_over_field, to_field
from lenet_helpers.zip_code.fields import HEIGHT, INK, INK_HEIGHT, MARGIN, WIDTH

BARS = torch.zeros(10, 28, 28, dtype=torch.uint8)  # digit k is a bar of 4 + k columns
for k, bar in enumerate(BARS):
    bar[4:24, 10 : 14 + k] = 255
LABELS = torch.arange(10)


def fields(gap: int, count: int = 40, seed: int = 0):
    gaps = torch.full((count,), gap)
    return compose(BARS, LABELS, gaps, torch.Generator().manual_seed(seed))


def bars_in(picture: torch.Tensor) -> torch.Tensor:
    """First column of each bar, and the first one after it: ``(2, n)``."""
    parts, _ = ndimage.label((picture > INK).any(dim=0).numpy())
    return torch.tensor([[bar.start, bar.stop] for (bar,) in ndimage.find_objects(parts)]).T


@pytest.mark.parametrize("gap", [1, 3, 6])
def test_digits_stand_in_order_as_far_apart_as_asked_and_middles_are_their_inks(gap):
    for picture, five, middles in zip(*fields(gap), strict=True):
        starts, stops = bars_in(picture)
        assert (starts[1:] - stops[:-1]).tolist() == [gap] * 4
        assert torch.equal(middles, (starts + stops - 1) / 2)
        low, high = 0.8 * (4 + five) - 2, 1.1 * (4 + five) + 2  # in whole columns
        assert ((low <= stops - starts) & (stops - starts <= high)).all()


@pytest.mark.parametrize("gap", [-1, -3])
def test_below_zero_they_overlap(gap):
    assert all(bars_in(picture).shape == (2, 1) for picture in fields(gap).pictures)


def test_sizes_heights_and_beginnings_vary_as_the_generator_decides():
    pictures, _, middles = fields(3)
    assert torch.equal(fields(3).pictures, pictures)
    assert not torch.equal(fields(3, seed=1).pictures, pictures)
    tops = (pictures > INK).any(dim=2).int().argmax(dim=1)
    assert len(tops.unique()) > 4 and len(middles[:, 0].unique()) > 10
    assert pictures.shape == (40, HEIGHT, WIDTH)
    assert not pictures[:, :, : MARGIN - 1].gt(INK).any()
    assert (pictures.min(), pictures.max()) == (0, 1)


@pytest.mark.parametrize(("rows", "columns", "width"), [(96, 400, 100), (100, 1, 2)])
def test_a_written_line_becomes_a_field(rows, columns, width):
    line = torch.zeros(200, 700)
    line[50 : 50 + rows, 100 : 100 + columns] = 180
    field = to_field(line)
    assert field.shape == (HEIGHT, width + 2 * MARGIN)
    assert field.max() == 1
    assert (field > INK).any(dim=1).sum() == INK_HEIGHT


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: compose(BARS.float(), LABELS, torch.tensor([1]), None), "torch.float32"),
        (lambda: compose(BARS[:, :20], LABELS, torch.tensor([1]), None), "(10, 20, 28)"),
        (lambda: compose(BARS, LABELS, torch.tensor([1.5]), None), "1.5"),
        (lambda: compose(BARS, LABELS, torch.tensor(1), None), "tensor(1)"),
        (lambda: to_field(torch.zeros(100, 100)), "255"),
    ],
)
def test_what_is_no_image_or_gap_or_has_no_ink_is_told(make, found):
    with pytest.raises(SettingError) as error:
        make()
    assert all(found in language for language in error.value.words)


def test_pictures_show_each_field_and_frame_the_answer():
    some = fields(3, 3)
    rows = field_rows(some.pictures, ["a", "b", "c"], Words("三个", "three"))
    assert [axis.get_ylabel() for axis in rows.figure.axes[:3]] == ["a", "b", "c"]
    chosen = [(2, 7), (9, 1)]
    picture = scores_over_field(some.pictures[0], torch.rand(11, 33), Words("一", "one"), chosen)
    above, below = picture.figure.axes
    frames = [(patch.get_x(), patch.get_y()) for patch in below.patches]
    assert frames == [(4 * position + 15.5 - 2, digit - 0.5) for position, digit in chosen]
    assert above.get_xlim() == below.get_xlim() == (-0.5, WIDTH - 0.5)
