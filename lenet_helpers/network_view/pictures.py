"""What the living view is given to show: pictures to choose from, and a training's checkpoints."""

import base64
import math
from collections.abc import Sequence
from numbers import Integral

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn

from lenet_helpers.checkpoints import Checkpoint, net_at, to_bytes
from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.grey import grey_of
from lenet_helpers.handwriting.digit import digit_of
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.network_view.describe import weights_of
from lenet_helpers.predictions import predict_all
from lenet_helpers.words import SettingError, Words

MISTAKES, MOST = 8, 20
PAD_SIDE = 280  # pixels, ten for each of the network's 28


def choose_pictures(net: nn.Module, data: BatchIterator) -> dict[int, Words | None]:
    """At most 20 pictures, with words: the first right one of each class, the surest mistakes."""
    found = predict_all(net, data)
    chosen: dict[int, Words | None] = {}
    right = found.predicted == found.labels
    for label in found.labels.unique().tolist():
        chosen |= dict.fromkeys((right & (found.labels == label)).nonzero()[:1].flatten().tolist())
    for number in found.mistakes()[:MISTAKES].tolist():
        name = data.classes[found.predicted[number].item()]
        share = f"{found.sureness[number]:.0%}"
        chosen[number] = Words(f"却被读作 {name.zh}（{share}）", f"read as {name.en} ({share})")
    return dict(list(chosen.items())[:MOST])


def as_picture(data: BatchIterator, number: int, note: Words | None = None) -> dict:
    """One picture of the data set as `view.js` takes it."""
    inks = data.images[number].cpu().numpy().tobytes()
    return {"inks": inks, "label": int(data.labels[number]), "note": note and note._asdict()}


def as_drawing(picture) -> tuple[dict | None, torch.Tensor]:
    """A picture as a drawing that fits ``pad.js``, and in MNIST's form, ``uint8 (28, 28)``.

    The drawing is ``None`` if there is nothing to see or to say. ``picture`` and errors are as in
    `grey_of`; a table of one number above 0 is a blackened sheet.
    """
    values, remarks = _values_and_remarks(picture)
    levels = np.clip(np.round(values), 0, 255).astype(np.uint8)
    image = ImageOps.pad(Image.fromarray(levels), (PAD_SIDE, PAD_SIDE), Image.Resampling.BILINEAR)
    drawn, inks = np.array(image), base64.b64encode(image.tobytes()).decode()
    scan = {"height": PAD_SIDE, "width": PAD_SIDE, "inks": inks}
    if remarks:
        scan["remarks"] = [remark._asdict() for remark in remarks]
    drawing = {"strokes": [], "scan": scan} if drawn.any() or remarks else None
    return drawing, normalize_digit(drawn).clamp(max=255).round().to(torch.uint8)


def _values_and_remarks(picture) -> tuple[np.ndarray, tuple[Words, ...]]:
    """A table of one number is a sheet that is blank, or blackened all over."""
    if isinstance(picture, np.ndarray | torch.Tensor | list | tuple):
        table = np.asarray(grey_of(picture))
        if table.min() == table.max():
            return np.full(table.shape, 255.0 * (table.max() > 0)), ()
    digit = digit_of(picture)
    return digit.values, digit.remarks


def as_checkpoints(net: nn.Sequential, checkpoints: Sequence[Checkpoint]) -> dict:
    """A training as ``widget.js`` takes it, in 8 bits a weight; a `SettingError` if it is none."""
    shapes = [parameter.shape for parameter in net.parameters()]
    fitting = [[weights.shape for weights in each.weights] == shapes for each in checkpoints]
    if not fitting or not all(fitting):
        raise SettingError(
            "checkpoints 应是训练这个网络时用 train(..., checkpoints=...) 收集到的。",
            "checkpoints must be what train(..., checkpoints=...) collected from this network.",
        )
    return {
        "at": [each.batch for each in checkpoints],
        "epochs": [each.epoch for each in checkpoints],
        "losses": [each.loss if math.isfinite(each.loss) else None for each in checkpoints],
        "moments": [_moment(net, each) for each in checkpoints],
    }


def _moment(net: nn.Sequential, checkpoint: Checkpoint) -> dict:
    parameters = (parameter.detach().cpu() for parameter in net.parameters())
    if all(map(torch.equal, parameters, checkpoint.weights)):
        return {}  # the network itself
    packed = [(*to_bytes(part), part.numel()) for part in weights_of(net_at(net, checkpoint))]
    scales = [[least, step, count] for least, step, _, count in packed]
    return {"scales": scales, "levels": b"".join(levels for _, _, levels, _ in packed)}


def require_within(value: object, size: int, what: Words) -> None:
    """Refuse what is no integer from 0 to ``size - 1``."""
    if isinstance(value, Integral) and not isinstance(value, bool) and 0 <= value < size:
        return
    raise SettingError(
        f"{what.zh}应为 0 到 {size - 1} 的整数，而不是 {value!r}。",
        f"{what.en} must be an integer from 0 to {size - 1}, not {value!r}.",
    )
