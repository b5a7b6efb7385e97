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

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.inputs.batches import net_for
from lenet_helpers.network_view import refuse_fit
from lenet_helpers.network_view.collages import MOST, no_digits, soft_digits

SHARE = 0.008  # of the validation digits may be refused
ODD = 0.99  # the quantile of digits that has mark 1
PLAIN = ("layer", "stage", "threshold")  # what is described as it is, and as a list
LISTS = ("largest", "biases", "limits", "usual", "odd")


@dataclass(frozen=True)
class Refusal:
    """What the score is computed with, for one network; the tensors are ``float64`` on the CPU.

    With ``c`` classes, and ``n`` outputs of the layer that is looked at (for LeNet 10 and 400):

    Attributes:
        layer, stage: how many layers come before the first linear one; its place in `network.js`.
        rows: ``(c, 14, n)``, of each class the mean of its outputs at length 1, their 12 main
            directions, each of length 1, and the weights of the neuron that knows collages.
        largest, biases: ``(c,)``, the leftover that counts as the class's largest; the neuron's.
        limits: ``(3,)``, least and most ink of a digit, and the least longer side of its box.
        usual, odd: ``(3,)``, the three measures of a usual digit and of an odd one.
        threshold: a picture with a larger score is refused.
    """

    layer: int
    stage: int
    rows: torch.Tensor
    largest: torch.Tensor
    biases: torch.Tensor
    limits: torch.Tensor
    usual: torch.Tensor
    odd: torch.Tensor
    threshold: float

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
        others = images[cut:] if valid_iter is None else valid_iter.images.cpu()
        images, labels = images[:cut], labels[:cut]
        layer, stage = refuse_fit.layer_before_linear(net)
        look = partial(refuse_fit.values_and_scores, net, layer, train_iter)
        digits = look(images)
        patterns, largest = refuse_fit.class_patterns(digits[0], labels, digits[1].shape[1])
        soft, wrong = look(soft_digits(images)), look(no_digits(images, labels, 0, collages))
        digits = [torch.cat(pair) for pair in zip(digits, soft, strict=True)]
        weights, biases = refuse_fit.collage_neurons(digits, wrong)
        rows = torch.cat([patterns, weights[:, None]], dim=1)
        limits = refuse_fit.ink_limits(torch.cat([images, others]))
        refusal = cls(layer, stage, rows, largest, biases, limits, None, None, 0.0)
        measures = refusal._measures(net, train_iter, others)
        usual, odd = measures.quantile(torch.tensor([0.5, ODD]).double(), dim=0)
        refusal = replace(refusal, usual=usual, odd=torch.maximum(odd, usual + 1e-9))
        scores = refusal.scores(net, train_iter, others).sort(descending=True).values
        largest = scores[scores.isfinite()].max()  # the threshold must stay below infinity
        threshold = torch.minimum(scores[int(share * len(scores))], largest)
        return replace(refusal, threshold=threshold.item())

    def marks(self, net: nn.Sequential, data: BatchIterator, images: torch.Tensor) -> torch.Tensor:
        """How strange, pasted, unsure ``uint8 (m, 28, 28)`` images are: ``float64 (m, 3)``."""
        measures = self._measures(net, data, images)
        return ((measures - self.usual) / (self.odd - self.usual)).clamp(min=0)

    def scores(self, net: nn.Sequential, data: BatchIterator, images: torch.Tensor) -> torch.Tensor:
        """The one score for refusing: ``float64 (m,)``, from 0; infinite beyond ``limits``."""
        ink, side = refuse_fit.ink_and_side(images)
        least, most, shortest = self.limits
        beyond = (ink < least) | (ink > most) | (side < shortest)
        return self.marks(net, data, images).norm(dim=1).masked_fill(beyond, torch.inf)

    def refuses(
        self, net: nn.Sequential, data: BatchIterator, images: torch.Tensor
    ) -> torch.Tensor:
        """Whether each picture is refused: ``bool (m,)``."""
        return self.scores(net, data, images) > self.threshold

    def describe(self) -> tuple[dict, bytes]:
        """What ``readRefusal`` in ``refuse.js`` takes: numbers for JSON, and 8 bits for each other.

        The bytes hold ``rows``, as steps of a size that stands in ``scales``. For LeNet they are
        56,000.
        """
        scales = refuse_fit.steps(self.rows)
        levels = (self.rows / scales).round().numpy().astype(np.int8)
        numbers = {name: getattr(self, name) for name in PLAIN}
        numbers |= {name: getattr(self, name).tolist() for name in LISTS}
        numbers |= {"shape": list(self.rows.shape), "scales": scales.flatten().tolist()}
        return numbers, levels.tobytes()

    @classmethod
    def read(cls, description: dict, levels: bytes) -> "Refusal":
        """What `describe` wrote."""
        rows = np.frombuffer(levels, np.int8).reshape(description["shape"])
        rows = rows * np.reshape(description["scales"], (*rows.shape[:2], 1))
        numbers = {name: description[name] for name in PLAIN}
        for name in LISTS:
            numbers[name] = torch.tensor(description[name], dtype=torch.float64, device="cpu")
        return cls(rows=torch.from_numpy(rows), **numbers)

    def _measures(self, net, data: BatchIterator, images: torch.Tensor) -> torch.Tensor:
        """Leftover, neuron and odds for the class that the network names: ``(m, 3)``."""
        outputs = refuse_fit.values_and_scores(net, self.layer, data, images)
        values, scores = (each.double() for each in outputs)
        best, named = scores.max(dim=1)
        odds = scores.scatter(1, named[:, None], -torch.inf).logsumexp(dim=1) - best
        rest, neuron = torch.empty_like(odds), torch.empty_like(odds)
        for k in named.unique().tolist():
            here, patterns, weights = named == k, self.rows[k, :-1], self.rows[k, -1]
            rest[here] = refuse_fit.leftovers(values[here], patterns) / self.largest[k]
            neuron[here] = values[here] @ weights + self.biases[k]
        return torch.stack([rest, neuron, odds], dim=1)
