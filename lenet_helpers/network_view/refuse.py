"""Not a digit: one score by which a network may decline to answer; `refuse.js` computes the same.

A picture that the network takes for an 8, say, has three marks, 0 for a usual digit and 1 for one
as odd as one in a hundred:

* *strange*: how little the outputs of the layer before the fully connected ones are like an 8's, of
  which the mean and the twelve directions of most variance are known: the rest is measured.
* *pasted*: one more neuron for each class, on the same outputs, says whether this is an 8 or a
  collage, or a letter. It was fitted to training digits and to `no_digits`.
* *unsure*: the odds against an 8, by the network's own scores.

The score is the length of the three together; with less or more ink than digits have, or smaller,
it is infinite. The threshold, chosen on validation digits, refuses a small share of them. To show
what declining costs is as in LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to
Document Recognition*, 1998; the rest is of Oja, *Subspace Methods of Pattern Recognition*, 1983.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.inputs.batches import net_for
from lenet_helpers.network_view import refuse_fit
from lenet_helpers.network_view.collages import MOST, no_digits, soft_digits
from lenet_helpers.words import SettingError

SHARE = 0.008  # of the validation digits may be refused
ODD = 0.99  # the quantile of digits that has mark 1
SMALL = ("largest", "biases", "limits", "usual", "odd")  # what is described as it is


@dataclass(frozen=True)
class Refusal:
    """What the score is computed with, for one network; the tensors are ``float64`` on the CPU.

    With ``c`` classes, and ``n`` outputs of the layer that is looked at (for LeNet 10 and 400):

    Attributes:
        layer, stage: how many layers come before the first linear one; its place in `network.js`.
        means, ways: ``(c, n)``, of each class's outputs at length 1, and ``(c, 12, n)``, their main
            directions, each of length 1.
        largest: ``(c,)``, the leftover that counts as the largest of the class.
        weights, biases: ``(c, n)`` and ``(c,)``, of the neurons that know collages.
        usual, odd: ``(3,)``, the three measures of a usual digit and of an odd one.
        limits: ``(3,)``, least and most ink of a digit, and the least longer side of its box.
        threshold: a picture with a larger score is refused.
    """

    layer: int
    stage: int
    means: torch.Tensor
    ways: torch.Tensor
    largest: torch.Tensor
    weights: torch.Tensor
    biases: torch.Tensor
    limits: torch.Tensor
    usual: torch.Tensor = field(default_factory=lambda: _numbers([0, 0, 0]))
    odd: torch.Tensor = field(default_factory=lambda: _numbers([1, 1, 1]))
    threshold: float = 0.0

    @classmethod
    @refuse_fit.one_core()
    def fit(
        cls,
        net: nn.Sequential,
        train_iter: BatchIterator,
        valid_iter: BatchIterator | None = None,
        *,
        share: float = SHARE,
        collages: int = MOST,
    ) -> "Refusal":
        """Learn what is usual from digits, and what is not from `no_digits`; choose the threshold.

        Args:
            net: trained on digits like these; it is left as it is.
            train_iter: digits to learn from, in any order.
            valid_iter: other digits, best such as the network has not learned from either; by
                default the last sixth of ``train_iter``, which is then not learned from here.
            share: of the validation digits, the most that may be refused.
            collages: make at most so many pictures that are no digits; fewer are made faster.

        Raises:
            SettingError: no linear layer, pictures that don't fit, or a class without a digit.
        """
        net = net_for(net, train_iter)
        images, labels = train_iter.images.cpu(), train_iter.labels.cpu()
        cut = len(images) - (len(images) // 6 if valid_iter is None else 0)
        others = images[cut:] if valid_iter is None else valid_iter.images
        images, labels = images[:cut], labels[:cut]
        layer, stage = refuse_fit.layer_before_linear(net)
        digits, soft, wrong = (
            refuse_fit.values_and_scores(net, layer, train_iter, some)
            for some in (images, soft_digits(images), no_digits(images, labels, 0, collages))
        )
        patterns = refuse_fit.class_patterns(digits[0], labels, digits[1].shape[1])
        neurons = refuse_fit.collage_neurons(
            [torch.cat(pair) for pair in zip(digits, soft, strict=True)], wrong
        )
        limits = refuse_fit.ink_limits(torch.cat([images, others.cpu()]))
        refusal = cls(layer, stage, *patterns, *neurons, limits)
        measures = refusal._measures(net, train_iter, others)
        usual, odd = measures.quantile(torch.tensor([0.5, ODD]).double(), dim=0)
        refusal = replace(refusal, usual=usual, odd=torch.maximum(odd, usual + 1e-9))
        scores = refusal._scores(measures, others).sort(descending=True).values
        largest = scores[scores.isfinite()].max()  # the threshold must stay below infinity
        threshold = torch.minimum(scores[int(share * len(scores))], largest)
        return replace(refusal, threshold=threshold.item())

    def marks(self, net: nn.Sequential, data: BatchIterator, images: torch.Tensor) -> torch.Tensor:
        """How strange, pasted, unsure ``uint8 (m, 28, 28)`` images are: ``float64 (m, 3)``."""
        return self._marks(self._measures(net, data, images))

    def scores(self, net: nn.Sequential, data: BatchIterator, images: torch.Tensor) -> torch.Tensor:
        """The one score for refusing: ``float64 (m,)``, from 0; infinite beyond ``limits``."""
        return self._scores(self._measures(net, data, images), images)

    def refuses(
        self, net: nn.Sequential, data: BatchIterator, images: torch.Tensor
    ) -> torch.Tensor:
        """Whether each picture is refused: ``bool (m,)``."""
        return self.scores(net, data, images) > self.threshold

    def describe(self) -> tuple[dict, bytes]:
        """What ``readRefusal`` in ``refuse.js`` takes: numbers for JSON, and 8 bits for each other.

        For each class the bytes hold its mean, its directions and its neuron's weights, as steps of
        a size that stands in ``scales``. For LeNet they are 56,000.
        """
        rows = torch.cat([self.means[:, None], self.ways, self.weights[:, None]], dim=1)
        scales = refuse_fit.steps(rows)
        levels = (rows / scales).round().numpy().astype(np.int8)
        shape = {"layer": self.layer, "stage": self.stage, "shape": list(rows.shape)}
        numbers = {name: getattr(self, name).tolist() for name in SMALL}
        scales = scales.flatten().tolist()
        return {**shape, **numbers, "threshold": self.threshold, "scales": scales}, levels.tobytes()

    @classmethod
    def read(cls, description: dict, levels: bytes) -> "Refusal":
        """What `describe` wrote."""
        shape = description["shape"]
        rows = torch.from_numpy(np.frombuffer(levels, np.int8).reshape(shape).astype(np.float64))
        rows *= _numbers(description["scales"]).reshape(*shape[:2], 1)
        numbers = {name: _numbers(description[name]) for name in SMALL}
        large = {"means": rows[:, 0], "ways": rows[:, 1:-1], "weights": rows[:, -1]}
        rest = {name: description[name] for name in ("layer", "stage", "threshold")}
        return cls(**rest, **large, **numbers)

    def _measures(self, net, data: BatchIterator, images: torch.Tensor) -> torch.Tensor:
        """Leftover, neuron and odds for the class that the network names: ``(m, 3)``."""
        outputs = refuse_fit.values_and_scores(net, self.layer, data, images)
        values, scores = (each.double() for each in outputs)
        named = scores.argmax(dim=1)
        measures = torch.zeros(len(values), 3, dtype=torch.float64, device="cpu")
        for k in named.unique().tolist():
            here = named == k
            rest = refuse_fit.leftovers(values[here], self.means[k], self.ways[k]) / self.largest[k]
            neuron = values[here] @ self.weights[k] + self.biases[k]
            others = torch.cat([scores[here, :k], scores[here, k + 1 :]], dim=1).logsumexp(dim=1)
            measures[here] = torch.stack([rest, neuron, others - scores[here, k]], dim=1)
        return measures

    def _scores(self, measures: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        ink, side = refuse_fit.ink_and_side(images)
        least, most, shortest = self.limits
        beyond = (ink < least) | (ink > most) | (side < shortest)
        return self._marks(measures).norm(dim=1).masked_fill(beyond, torch.inf)

    def _marks(self, measures: torch.Tensor) -> torch.Tensor:
        return ((measures - self.usual) / (self.odd - self.usual)).clamp(min=0)


def rules_of(
    refusal: Refusal | Sequence[Refusal | None] | None, nets: Sequence[nn.Sequential]
) -> list[Refusal | None]:
    """The rule for refusing, or ``None``, of each network; a `SettingError` if it is none such."""
    rules = list(refusal) if isinstance(refusal, Sequence) else [refusal]
    if len(rules) > len(nets) or any(not isinstance(rule, Refusal | None) for rule in rules):
        raise SettingError(
            "refusal 应是 Refusal.fit(...) 的结果；比较两个网络时是两个，没有规则的写 None。",
            "refusal must be what Refusal.fit(...) returns; for two networks one each, or None.",
        )
    return [*rules, *[None] * (len(nets) - len(rules))]


def _numbers(values: list) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, device="cpu")
