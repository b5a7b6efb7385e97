"""The paper's classifiers from before convolutional networks, out of scikit-learn's parts.

Source of the descriptions: LeCun, Bottou, Bengio and Haffner (1998), section III-C. Images come in
as ``float32 (n, 784)``, from 0 to 1. Two classifiers that scikit-learn lacks are written here.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.svm import SVC


class PairwiseLinear(ClassifierMixin, BaseEstimator):
    """One linear unit for each pair of classes; a class's score is the sum over its pairs.

    The unit i/j is fitted to +1 for class i and −1 for class j, and sees no other class. The score
    of class i is the sum of all units i/x minus the sum of all units y/i.

    Args:
        alpha: the ridge that keeps pixels without ink from making the fit singular.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, X: np.ndarray, y: np.ndarray) -> PairwiseLinear:
        """Fit all units; ``X (n, features)``, ``y (n,)``."""
        self.classes_ = np.unique(y)
        self.units_ = {}
        for first, second in combinations(range(len(self.classes_)), 2):
            chosen = np.isin(y, self.classes_[[first, second]])
            target = np.where(y[chosen] == self.classes_[first], 1.0, -1.0)
            self.units_[first, second] = Ridge(self.alpha).fit(X[chosen], target)
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """The score of each class, ``(n, classes)``."""
        scores = np.zeros((len(X), len(self.classes_)))
        for (first, second), unit in self.units_.items():
            output = unit.predict(X)
            scores[:, first] += output
            scores[:, second] -= output
        return scores

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class with the largest score, ``(n,)``."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]


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
        self, units_per_class: int = 100, width: float = 4.0, alpha: float = 1e-3, seed: int = 0
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
        return rbf_kernel(X, self.centers_, self.gamma_)


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


def nearest_neighbors() -> KNeighborsClassifier:
    """The class of the three nearest training images, by Euclidean distance."""
    return KNeighborsClassifier(n_neighbors=3, algorithm="brute")


def polynomial_svm() -> SVC:
    """A support vector machine with a polynomial kernel of degree 4."""
    return SVC(kernel="poly", degree=4, gamma=0.02, coef0=1.0, C=10.0, cache_size=1000)
