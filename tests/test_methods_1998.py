"""What the benchmark compares LeNet-5 with: classifiers of their time, on the digits; LeNet-1."""

import numpy as np
import pytest
import torch

from benchmarks import methods_1998 as methods
from lenet_helpers.paper1998.lenet5 import INK, PAPER, layer_counts


@pytest.fixture(scope="module")
def arrays(_digits_once):
    """Every other pixel of the digits, to learn from and to be tested on."""

    def flat(batches):
        return batches.images[:, ::2, ::2].flatten(1).numpy().astype(np.float32) / 255

    train_iter, test_iter = _digits_once
    return flat(train_iter), train_iter.labels.numpy(), flat(test_iter), test_iter.labels.numpy()


@pytest.mark.parametrize(
    ("build", "most"),
    [
        (methods.linear, 0.09),
        (methods.pairwise_linear, 0.06),
        (methods.nearest_neighbors, 0.04),
        (lambda: methods.pca_and_quadratic(30), 0.06),
        (lambda: methods.RBFNetwork(units_per_class=20), 0.05),
        (methods.polynomial_svm, 0.04),
    ],
)
def test_classifier_reads_the_digits(arrays, build, most):
    X, y, test_X, test_y = arrays
    assert 0 < 1 - build().fit(X, y).score(test_X, test_y) < most


def test_rbf_centres_are_sorted_by_class_and_features_fall_with_distance(arrays):
    X, y, *_ = arrays
    model = methods.RBFNetwork(units_per_class=5).fit(X, y)
    means = np.stack([X[y == digit].mean(axis=0) for digit in range(10)])
    centres = model.centers_.reshape(10, 5, -1).mean(axis=1)
    distances = np.linalg.norm(centres[:, None] - means, axis=2)
    assert distances.argmin(axis=1).tolist() == list(range(10))
    features = model.features(model.centers_)
    np.testing.assert_allclose(features.diagonal(), 1, rtol=1e-5)
    assert (features <= 1 + 1e-6).all() and (features > 0).all()


def test_lenet1_has_the_published_counts():
    *counts, _ = layer_counts(methods.lenet1(), torch.zeros(1, 1, 28, 28))
    assert sum(row.parameters for row in counts) == 2_578
    assert sum(row.connections for row in counts) == 98_442
    assert [row.output[0] for row in counts] == [4, 4, 12, 12, 10]


def test_lenet1_sees_smaller_digits_in_the_same_frame():
    images = torch.zeros(1, 28, 28, dtype=torch.uint8)
    images[0, 4:24, 4:24] = 255  # 20×20
    X = methods.to_lenet1_input(images)
    assert X.shape == (1, 1, 28, 28)
    assert 15 <= (X[0, 0] > (PAPER + INK) / 2).any(dim=0).sum() <= 17
    torch.testing.assert_close(X, X.flip(2).flip(3))


def test_deslanting_makes_a_leaning_stroke_upright_and_leaves_it_where_it_is():
    images = torch.zeros(3, 28, 28, dtype=torch.uint8)
    for row in range(4, 24):
        images[0, row, 20 - row // 2] = images[1, row, 6 + row // 2] = 255  # they lean
        images[2, row, 9] = 255  # this one stands
    upright = methods.deslanted(images)
    widths = (upright > 60).any(dim=1).sum(dim=1).tolist()
    assert max(widths) <= 3
    columns = torch.arange(28.0)
    middles = (upright.sum(dim=1) * columns).sum(dim=1) / upright.sum(dim=(1, 2))
    before = (images.sum(dim=1) * columns).sum(dim=1) / images.sum(dim=(1, 2))
    assert (middles - before).abs().max() < 0.5


def test_mean_squared_loss_is_the_penalty_of_the_right_class_alone():
    penalties = torch.tensor([[1.0, 0.5], [7.0, 2.0]])
    assert methods.mean_squared_loss(penalties, torch.tensor([0, 1])) == 1.5
