"""The paper's classifiers from before convolutional networks, out of scikit-learn's parts.

Source of the descriptions: LeCun, Bottou, Bengio and Haffner (1998), section III-C. Images come in
as ``float32 (n, 784)``, from 0 to 1. Only the radial basis network is not in scikit-learn.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.multiclass import OneVsOneClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer, PolynomialFeatures
from sklearn.svm import SVC


class RBFNetwork(ClassifierMixin, BaseEstimator):
    """Gaussian units around centres of each class, then a linear layer.

    The centres of a class are found by k-means among its own examples; the linear layer by least
    squares. The paper does not give the width of the Gaussians: here it is a multiple of the mean
    squared distance from an example to its nearest centre of its own class.

    Args:
        units_per_class: centres for each class; the paper has 100, so 1,000 in all.
        width: that multiple.
        alpha: the ridge of the least squares.
        seed: decides where k-means starts.
    """

    def __init__(
        self, units_per_class: int = 100, width: float = 2.0, alpha: float = 1e-2, seed: int = 0
    ) -> None:
        self.units_per_class, self.width = units_per_class, width
        self.alpha, self.seed = alpha, seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> RBFNetwork:
        """Find the centres, then fit the linear layer; ``X (n, features)``, ``y (n,)``."""
        groups = [
            KMeans(self.units_per_class, n_init=1, max_iter=20, random_state=self.seed).fit(
                X[y == name]
            )
            for name in np.unique(y)
        ]
        self.centers_ = np.concatenate([group.cluster_centers_ for group in groups])
        mean_square = sum(group.inertia_ for group in groups) / len(X)
        self.gamma_ = 1 / (self.width * mean_square)
        self.linear_ = RidgeClassifier(self.alpha).fit(self._features(X), y)
        self.classes_ = self.linear_.classes_
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class with the largest score, ``(n,)``."""
        return self.linear_.predict(self._features(X))

    def _features(self, X: np.ndarray) -> np.ndarray:
        return rbf_kernel(X.astype(np.float64), self.centers_, self.gamma_)


def pca_and_quadratic(components: int = 40) -> Pipeline:
    """Project on the principal components, then a linear classifier of all products of two."""
    return make_pipeline(
        PCA(components, whiten=True, random_state=0),
        PolynomialFeatures(degree=2),
        RidgeClassifier(alpha=1.0),
    )


def linear() -> RidgeClassifier:
    """One linear unit a class, fitted to ±1 by least squares."""
    return RidgeClassifier(alpha=1.0)


def pairwise_linear() -> OneVsOneClassifier:
    """One linear unit for each of the 45 pairs of classes, fitted on these two; the units vote.

    They must vote (or be squashed): the plain sum of linear outputs is linear again, and no better
    than `linear`.
    """
    return OneVsOneClassifier(RidgeClassifier(alpha=10.0))


def nearest_neighbors() -> KNeighborsClassifier:
    """The class of the three nearest training images, by Euclidean distance."""
    return KNeighborsClassifier(n_neighbors=3, algorithm="brute")


def polynomial_svm() -> Pipeline:
    """A support vector machine with a polynomial kernel of degree 4, on images of unit length."""
    return make_pipeline(
        Normalizer(), SVC(kernel="poly", degree=4, gamma=1.0, coef0=0.0, C=100.0, cache_size=1000)
    )
