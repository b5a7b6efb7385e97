"""Planar affine distortions: each kind by itself, and what a batch of random ones keeps."""

import pytest
import torch

from lenet_helpers.paper1998.distortions import Distortion, affine_matrices, distort

PAPER = -0.1


@pytest.fixture
def square():
    """A square of ink, 8×8, in the middle of 32×32."""
    X = torch.full((1, 1, 32, 32), PAPER)
    X[0, 0, 12:20, 12:20] = 1.0
    return X


def distorted(square, *rows) -> torch.Tensor:
    return distort(square, torch.tensor([rows], dtype=torch.float32), PAPER)


def extent(X: torch.Tensor) -> tuple[int, int]:
    """Height and width of what is ink."""
    ink = X[0, 0] > 0.45
    return int(ink.any(dim=1).sum()), int(ink.any(dim=0).sum())


def test_no_distortion_changes_nothing(square):
    matrices = affine_matrices(1, 32, Distortion(shift=0, scale=0, squeeze=0, shear=0))
    assert matrices.tolist() == [[[1, 0, 0], [0, 1, 0]]]
    torch.testing.assert_close(distort(square, matrices, PAPER), square)


def test_a_shift_moves_the_image_by_whole_pixels_and_paper_comes_in(square):
    moved = distorted(square, [1, 0, -2 * 2 / 32], [0, 1, 2 * 14 / 32])
    expected = torch.full_like(square, PAPER)
    expected[0, 0, 0:6, 14:22] = 1.0  # 2 right, 14 up: two rows left the image
    torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0)


def test_scale_and_squeeze_change_the_extent(square):
    assert extent(distorted(square, [0.5, 0, 0], [0, 0.5, 0])) == (16, 16)
    assert extent(distorted(square, [2, 0, 0], [0, 0.5, 0])) == (16, 4)


def test_shear_moves_rows_sideways_and_keeps_them_level(square):
    sheared = distorted(square, [1, 0.5, 0], [0, 1, 0])
    assert extent(sheared)[0] == 8
    ink = (sheared[0, 0] - PAPER)[12:20]
    centres = (ink * torch.arange(32.0)).sum(dim=1) / ink.sum(dim=1)
    torch.testing.assert_close(centres.diff(), torch.full((7,), -0.5), atol=1e-4, rtol=0)


def test_random_matrices_stay_within_the_limits_and_reach_them():
    limits = Distortion(shift=3, scale=0.2, squeeze=0.1, shear=0.4)
    torch.manual_seed(0)
    matrices = affine_matrices(20_000, 32, limits)
    torch.manual_seed(0)
    assert torch.equal(matrices, affine_matrices(20_000, 32, limits))
    a, b, c = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 1]
    area, aspect = (a * c).log() / 2, (a / c).log() / 2
    shift = matrices[:, :, 2] * 32 / 2
    for values, limit in ((area, 0.2), (aspect, 0.1), (b, 0.4), (shift, 3)):
        assert 0.98 * limit < values.abs().max() <= limit * (1 + 1e-5)
        assert values.mean().abs() < 0.03 * limit
    assert not matrices[:, 1, 0].any()  # rows stay level: no rotation
