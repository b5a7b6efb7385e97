"""One network or two for the living view: whether they can be compared, what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import nn

from lenet_helpers.network_view.describe import ACTIVATIONS, describe
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
    _require_same_shape(*layers)
    names = names or _names_of(*layers)
    return [
        {"description": description, "weights": weights, "name": name._asdict()}
        for (description, weights), name in zip(described, names, strict=False)
    ]


def _names_of(layers: list[dict], other: list[dict] | None = None) -> tuple[Words, Words]:
    """Of networks that differ in their activations, these; else what they mostly are."""
    if other is None or layers == other:
        return TRAINED, UNTRAINED
    one, two = (
        ", ".join(dict.fromkeys(each["kind"] for each in layers if each["kind"] in KINDS))
        for layers in (layers, other)
    )
    return Words(one, one), Words(two, two)


def _require_same_shape(layers: list[dict], other: list[dict] | None = None) -> None:
    """Check that both networks are the same but for their activations."""
    one, two = (
        ["activation" if each["kind"] in KINDS else each for each in layers]
        for layers in (layers, layers if other is None else other)
    )
    if one != two:
        raise SettingError(
            "要比较的两个网络只可以有不同的激活函数，其余各层都应相同。",
            "Two networks to compare may differ in their activations alone.",
        )
