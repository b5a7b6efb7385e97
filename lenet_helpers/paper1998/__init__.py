"""The network, the training and the table of results of the 1998 paper, for its lesson."""

from lenet_helpers.paper1998.distortions import Distortion, affine_matrices, distort
from lenet_helpers.paper1998.lenet5 import (
    C3_TABLE,
    RBFOutput,
    digit_bitmaps,
    layer_counts,
    lenet5_1998,
    to_lenet5_input,
)
from lenet_helpers.paper1998.mini_batches import error_rate, train_minibatches
from lenet_helpers.paper1998.per_pattern import (
    SCHEDULE,
    loss_curvature,
    second_derivatives,
    train_per_pattern,
)
from lenet_helpers.paper1998.results import DOUBTFUL_LABELS, compare, read_runs

__all__ = [
    "C3_TABLE", "DOUBTFUL_LABELS", "SCHEDULE", "Distortion", "RBFOutput", "affine_matrices",
    "compare", "digit_bitmaps", "distort", "error_rate", "layer_counts", "lenet5_1998",
    "loss_curvature", "read_runs", "second_derivatives", "to_lenet5_input", "train_minibatches",
    "train_per_pattern",
]  # fmt: skip
