"""One network or two for the living view: whether they can be compared, what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import nn

from lenet_helpers.network_view.describe import ACTIVATIONS, describe
from lenet_helpers.network_view.refuse import Refusal
from lenet_helpers.words import SettingError, Words

if TYPE_CHECKING:
    from lenet_helpers.data.batches import BatchIterator

KINDS = tuple(ACTIVATIONS.values())
TRAINED = Words("训练过的网络", "trained network")
UNTRAINED = Words("未训练的网络", "untrained network")


def as_networks(
    nets: Sequence[nn.Sequential], data: BatchIterator, names: Sequence[Words] | None = None
) -> list[dict]:
    """Networks as ``widget.js`` takes them: description, weights and name of each.

    Args:
        nets: one or two.
        data: as `describe` takes it.
        names: by default "trained" and "untrained", or the activations where these differ.

    Raises:
        SettingError: as `describe`, or they differ in more than their activations.
    """
    described = [describe(net, data) for net in nets]
    layers = [description["layers"] for description, _ in described]
    shapes = [["activation" if each["kind"] in KINDS else each for each in one] for one in layers]
    if any(shape != shapes[0] for shape in shapes):
        raise SettingError(
            "要比较的两个网络只可以有不同的激活函数，其余各层都应相同。",
            "Two networks to compare may differ in their activations alone.",
        )
    return [
        {"description": description, "weights": weights, "name": name._asdict()}
        for (description, weights), name in zip(described, names or _names_of(layers), strict=False)
    ]


def _names_of(layers: list[list[dict]]) -> list[Words]:
    """Of networks that differ in their activations, these; else what they mostly are."""
    if all(one == layers[0] for one in layers):
        return [TRAINED, UNTRAINED]
    kinds = (dict.fromkeys(each["kind"] for each in one if each["kind"] in KINDS) for one in layers)
    return [Words(kind, kind) for kind in map(", ".join, kinds)]


def rules_of(
    refusal: Refusal | Sequence[Refusal | None] | None, nets: Sequence[nn.Sequential]
) -> list[Refusal | None]:
    """The rule for refusing of each network.

    Raises:
        SettingError: it is something else, or more rules than networks.
    """
    rules = list(refusal) if isinstance(refusal, Sequence) else [refusal]
    if len(rules) > len(nets) or any(not isinstance(rule, Refusal | None) for rule in rules):
        raise SettingError(
            "refusal 应是 Refusal.fit(...) 的结果；比较两个网络时是两个，没有规则的写 None。",
            "refusal must be what Refusal.fit(...) returns; for two networks one each, or None.",
        )
    return [*rules, *[None] * (len(nets) - len(rules))]
