"""The classifiers from before convolutional networks, on scikit-learn's digits."""

from __future__ import annotations

import numpy as np
import pytest

from lenet_helpers.paper1998.classical import (
    RBFNetwork,
    linear,
    nearest_neighbors,
    pairwise_linear,
    pca_and_quadratic,
    polynomial_svm,
)


@pytest.fixture(scope="module")
def arrays(_digits_once):
    def flat(batches):
        return batches.images.numpy().reshape(len(batches.images), -1).astype(np.float32) / 255

    train_iter, test_iter = _digits_once
    return flat(train_iter), train_iter.labels.numpy(), flat(test_iter), test_iter.labels.numpy()


@pytest.mark.parametrize(
    ("classifier", "most"),
    [
        (linear(), 0.09),
        (pairwise_linear(), 0.06),
        (nearest_neighbors(), 0.04),
        (pca_and_quadratic(30), 0.06),
        (RBFNetwork(units_per_class=20), 0.05),
        (polynomial_svm(), 0.04),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, float) else "",
)
def test_classifier_reads_the_digits(arrays, classifier, most):
    X, y, test_X, test_y = arrays
    wrong = (classifier.fit(X, y).predict(test_X) != test_y).mean()
    assert 0 < wrong < most


def test_pairwise_has_a_unit_for_each_pair_and_reads_better_than_one_for_each_class(arrays):
    X, y, test_X, test_y = arrays
    pairs, single = pairwise_linear().fit(X, y), linear().fit(X, y)
    assert len(pairs.estimators_) == 45
    assert pairs.score(test_X, test_y) > single.score(test_X, test_y)


def test_rbf_centres_are_sorted_by_class_and_features_fall_with_distance(arrays):
    X, y, *_ = arrays
    model = RBFNetwork(units_per_class=5).fit(X, y)
    assert model.centers_.shape == (50, 784)
    for name in range(10):
        of_class = model.centers_[5 * name : 5 * name + 5].mean(axis=0)
        distance = [np.linalg.norm(of_class - X[y == other].mean(axis=0)) for other in range(10)]
        assert np.argmin(distance) == name
    features = model._features(model.centers_)
    np.testing.assert_allclose(features.diagonal(), 1, rtol=1e-5)
    assert (features <= 1 + 1e-6).all() and (features > 0).all()
