"""Random planar affine distortions of a batch of images, made where the batch lives.

Source: LeCun, Bottou, Bengio and Haffner (1998), section III-C: translation, scaling, squeezing
(narrower and taller, or the reverse), horizontal shearing; it does not say how far each went.
"""

from dataclasses import dataclass

import torch
from torch.nn.functional import affine_grid, grid_sample


@dataclass(frozen=True)
class Distortion:
    """The largest distortion of each kind; each image draws its own, uniformly, up to these.

    ``shift`` is in pixels; ``scale`` and ``squeeze`` are logarithms of a factor (0.1 is about
    10 %); ``shear`` is how many pixels a row moves sideways for each pixel above the centre.
    """

    shift: float = 1.5
    scale: float = 0.1
    squeeze: float = 0.1
    shear: float = 0.2


def affine_matrices(count: int, size: int, distortion: Distortion) -> torch.Tensor:
    """Random matrices ``(count, 2, 3)``, as ``affine_grid`` has them for ``size`` pixels."""
    draw = torch.rand(5, count, dtype=torch.float32, device="cpu") * 2 - 1
    scale = (draw[0] * distortion.scale).exp()
    squeeze = (draw[1] * distortion.squeeze).exp()
    matrices = torch.zeros(count, 2, 3, dtype=torch.float32, device="cpu")
    matrices[:, 0, 0] = scale * squeeze
    matrices[:, 0, 1] = draw[2] * distortion.shear
    matrices[:, 1, 1] = scale / squeeze
    matrices[:, :, 2] = draw[3:].T * distortion.shift * 2 / size
    return matrices


def distort(X: torch.Tensor, matrices: torch.Tensor, paper: float) -> torch.Tensor:
    """Distort each image of ``X`` by its own matrix, with bilinear interpolation.

    ``X`` and the result are ``float32 (n, 1, size, size)``; ``matrices`` are ``(n, 2, 3)``, as
    `affine_matrices` draws them; ``paper`` is the background, which also comes in from outside.
    """
    grid = affine_grid(matrices.to(X), list(X.shape), align_corners=False)
    return grid_sample(X - paper, grid, align_corners=False) + paper
