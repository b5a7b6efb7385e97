"""Planar affine distortions: what a matrix does to an image, and how far the random ones go."""

import numpy as np
import torch
from scipy import ndimage

from lenet_helpers.paper1998.distortions import Distortion, affine_matrices, distort

PAPER = -0.1


def test_an_image_is_shifted_scaled_and_sheared_by_its_own_matrix():
    torch.manual_seed(0)
    X, limits = torch.rand(5, 1, 32, 32), Distortion(shift=5, scale=0.5, squeeze=0.5, shear=0.5)
    matrices, middle = affine_matrices(5, 32, limits), np.full(2, 31 / 2)
    for image, found, matrix in zip(X, distort(X, matrices, PAPER), matrices, strict=True):
        (a, b, right), (c, d, down) = matrix.tolist()
        to_source = np.array([[d, c], [b, a]])  # of row and column
        offset = middle + 16 * np.array([down, right]) - to_source @ middle
        expected = ndimage.affine_transform(
            image[0].numpy(), to_source, offset, order=1, mode="grid-constant", cval=PAPER
        )
        np.testing.assert_allclose(found[0], expected, atol=1e-4)


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
    each_by_itself = torch.corrcoef(torch.stack([area, aspect, b, *shift.T]))
    torch.testing.assert_close(each_by_itself, torch.eye(5), atol=0.03, rtol=0)
    assert not matrices[:, 1, 0].any()  # rows stay level: no rotation
