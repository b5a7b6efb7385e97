"""Fields of digits: what stands where, how far apart, and a written line brought into that form."""

from itertools import pairwise

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


@pytest.mark.parametrize("gap", [1, 3, 6])
def test_digits_stand_as_far_apart_as_asked(gap):
    for picture in fields(gap).pictures:
        boxes = ndimage.find_objects(ndimage.label((picture > INK).any(dim=0).numpy())[0])
        between = [right.start - left.stop for (left,), (right,) in pairwise(boxes)]
        assert between == [gap] * 4


@pytest.mark.parametrize("gap", [-1, -3])
def test_below_zero_they_overlap(gap):
    for picture in fields(gap).pictures:
        assert ndimage.label((picture > INK).any(dim=0).numpy())[1] == 1


def test_digits_are_in_order_and_middles_are_where_their_ink_is():
    pictures, digits, middles = fields(3)
    for picture, five, columns in zip(pictures, digits, middles, strict=True):
        boxes = ndimage.find_objects(ndimage.label((picture > INK).any(dim=0).numpy())[0])
        assert columns.tolist() == [(box.start + box.stop - 1) / 2 for (box,) in boxes]
        widths = torch.tensor([box.stop - box.start for (box,) in boxes])
        low, high = 0.8 * (4 + five) - 2, 1.1 * (4 + five) + 2  # in whole columns
        assert ((low <= widths) & (widths <= high)).all()


def test_sizes_heights_and_beginnings_vary():
    pictures, _, middles = fields(3)
    rows = (pictures > INK).any(dim=2)
    tops = rows.int().argmax(dim=1)
    assert len(tops.unique()) > 4 and len(middles[:, 0].unique()) > 10
    assert pictures.shape == (40, HEIGHT, WIDTH)
    assert not pictures[:, :, : MARGIN - 1].gt(INK).any()
    assert (pictures.min(), pictures.max()) == (0, 1)


def test_the_generator_decides():
    assert torch.equal(fields(1, seed=3).pictures, fields(1, seed=3).pictures)
    assert not torch.equal(fields(1, seed=3).pictures, fields(1, seed=4).pictures)


@pytest.mark.parametrize(
    "images, gaps, found",
    [
        (BARS.float(), torch.tensor([1]), "torch.float32"),
        (BARS[:, :20], torch.tensor([1]), "(10, 20, 28)"),
        (BARS, torch.tensor([1.5]), "1.5"),
        (BARS, torch.tensor(1), "tensor(1)"),
    ],
)
def test_what_is_no_image_or_gap_is_told(images, gaps, found):
    with pytest.raises(SettingError) as error:
        compose(images, LABELS, gaps, torch.Generator())
    assert all(found in language for language in error.value.words)


def test_a_written_line_becomes_a_field():
    line = torch.zeros(200, 700)
    line[50:146, 100:500] = 180  # 96 × 400
    field = to_field(line)
    assert field.shape == (HEIGHT, 100 + 2 * MARGIN)
    assert field.max() == 1
    assert (field > INK).any(dim=1).sum() == INK_HEIGHT


def test_a_thin_line_and_blank_paper():
    line = torch.zeros(100, 100)
    line[:, 50] = 1
    assert to_field(line).shape == (HEIGHT, 2 + 2 * MARGIN)
    with pytest.raises(SettingError, match="255"):
        to_field(torch.zeros(100, 100))


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
