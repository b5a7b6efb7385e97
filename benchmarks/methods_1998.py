"""What the 1998 paper compares LeNet-5 with: classifiers out of scikit-learn's parts, deslanted
images, fully connected networks, LeNet-1.

Source of the descriptions: LeCun, Bottou, Bengio and Haffner (1998), section III-C. The classifiers
take images as ``float32 (n, 784)``, from 0 to 1; only the radial basis network is not in
scikit-learn. The networks return penalties as `lenet5_1998` does.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
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
from torch import nn
from torch.nn import functional as F

from lenet_helpers.handwriting.digit import upright
from lenet_helpers.paper1998.lenet5 import (
    INK,
    PAPER,
    RBFOutput,
    ScaledTanh,
    SparseConv2d,
    TrainableSubsampling,
    initialize,
)

# The counts that are published ask for 20 links between four maps (rows) and twelve (columns).
H3_TABLE = """
XXX.XX......
.XXXXX......
......XXX.XX
.......XXXXX
"""


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
        self.linear_ = RidgeClassifier(self.alpha).fit(self.features(X), y)
        self.classes_ = self.linear_.classes_
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class with the largest score, ``(n,)``."""
        return self.linear_.predict(self.features(X))

    def features(self, X: np.ndarray) -> np.ndarray:
        """What the Gaussian units answer, from 0 to 1: ``(n, units)``."""
        return rbf_kernel(X.astype(np.float64), self.centers_, self.gamma_)


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


def pca_and_quadratic(components: int = 40) -> Pipeline:
    """Project on the principal components, then a linear classifier of all products of two."""
    return make_pipeline(
        PCA(components, whiten=True, random_state=0),
        PolynomialFeatures(degree=2),
        RidgeClassifier(alpha=1.0),
    )


def polynomial_svm() -> Pipeline:
    """A support vector machine with a polynomial kernel of degree 4, on images of unit length."""
    return make_pipeline(
        Normalizer(), SVC(kernel="poly", degree=4, gamma=1.0, coef0=0.0, C=100.0, cache_size=1000)
    )


def deslanted(images: torch.Tensor) -> torch.Tensor:
    """Digits set upright by the moments of their ink, ``uint8 (n, 28, 28)``, as the paper does."""
    sheared = [upright(image).round().clip(0, 255) for image in images.numpy().astype(np.float32)]
    return torch.from_numpy(np.stack(sheared).astype(np.uint8))


def place_codes(classes: int = 10) -> torch.Tensor:
    """One code a class, ``(classes, classes)``: +1 at the class's own place and −1 elsewhere."""
    return 2 * torch.eye(classes) - 1


def lenet1() -> nn.Sequential:
    """LeNet-1: 2,578 trainable parameters, 98,442 connections.

    Read as the network of LeCun et al., *Handwritten Digit Recognition with a Back-Propagation
    Network*, NIPS 1989, whose counts these are; the 1998 paper says "about 2,600" parameters.
    Four 5×5 maps, subsampled, twelve sparse 5×5 maps, subsampled, ten output units. The counts fix
    everything but *which* of the 48 possible links between H2 and H3 are the 20 that exist: we take
    two halves of six maps, each over two maps, as it is usually retold.

    It takes ``float32 (n, 1, 28, 28)`` as `to_lenet1_input` makes them. Like `lenet5_1998` it
    returns penalties ``(n, 10)``: the squared distance of its ten output units to +1 at the class's
    own place and −1 elsewhere.
    """
    net = nn.Sequential()
    net.H1 = nn.Sequential(nn.Conv2d(1, 4, kernel_size=5), ScaledTanh())
    net.H2 = nn.Sequential(TrainableSubsampling(4), ScaledTanh())
    net.H3 = nn.Sequential(SparseConv2d(H3_TABLE), ScaledTanh())
    net.H4 = nn.Sequential(TrainableSubsampling(12), ScaledTanh())
    net.H5 = nn.Sequential(nn.Flatten(), nn.Linear(12 * 4 * 4, 10), ScaledTanh())
    net.distance = RBFOutput(place_codes())
    return net.apply(initialize)


def fully_connected(*hidden: int) -> nn.Sequential:
    """A network with hidden layers of these sizes, for ``float32 (n, 1, 28, 28)``.

    Returns penalties ``(n, 10)`` as `lenet1` does.
    """
    net = nn.Sequential(nn.Flatten())
    for inputs, outputs in pairwise((28 * 28, *hidden, 10)):
        net.extend([nn.Linear(inputs, outputs), ScaledTanh()])
    net.append(RBFOutput(place_codes()))
    return net.apply(initialize)


def mean_squared_loss(penalties: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The paper's simpler loss (equation 8): the penalty of the right class, mean over the batch.

    With one fixed code a class this is the squared error against the code.
    """
    return penalties.gather(1, labels[:, None]).mean()


def to_lenet1_input(images: torch.Tensor) -> torch.Tensor:
    """``uint8 (n, 28, 28)`` to ``float32 (n, 1, 28, 28)``: the digit shrunk from 20×20 to 16×16.

    The paper shrinks the digits for LeNet-1 and centres them in its 28×28 input.
    """
    ink = images[:, None].to(torch.float32) / 255
    small = F.interpolate(ink, size=(22, 22), mode="bilinear", antialias=True)
    return F.pad(small, (3, 3, 3, 3)) * (INK - PAPER) + PAPER
