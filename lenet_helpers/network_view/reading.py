"""Read the digit of a photo, a scan or a drawing, and say so where the answer is not sure."""

from dataclasses import dataclass

import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator, load_data
from lenet_helpers.figures import Picture
from lenet_helpers.handwriting.digit import digit_of
from lenet_helpers.handwriting.ink import Step
from lenet_helpers.handwriting.strip import strip
from lenet_helpers.network_view.refuse import Refusal
from lenet_helpers.network_view.stored import stored_network
from lenet_helpers.predictions import probabilities
from lenet_helpers.words import SettingError, Words

SURE = 0.97  # a probability; not yet calibrated (benchmarks/photos.py --training measures it)


@dataclass(frozen=True)
class Reading:
    """What a network makes of a picture; a notebook shows its steps and `words`.

    Attributes:
        digit, guess: the answer, ``None`` where there are remarks; ``None`` only without ink.
        probabilities: of each class, from 0 to 1; empty if there is no ink.
        image, steps: what the network saw, ``uint8 (28, 28)``, and how it was made.
        remarks: why there is no answer, in both languages.
    """

    digit: int | None
    guess: int | None
    probabilities: tuple[float, ...]
    image: torch.Tensor
    steps: tuple[Step, ...]
    remarks: tuple[Words, ...]
    words: Words

    def strip(self) -> Picture:
        """The steps side by side, and what was read."""
        return strip(self.steps, self.words)

    def _ipython_display_(self) -> None:
        self.strip()._ipython_display_()


def read_drawing(
    picture,
    net: nn.Module | None = None,
    data: BatchIterator | None = None,
    refusal: Refusal | None = None,
) -> Reading:
    """Read one digit with a network; by default with the course's own LeNet, trained on MNIST.

    Args:
        picture: a photo, a scan or a drawing, as `grey_of` takes it, dark on light or the reverse.
        net, data: a network and the data set it was trained on, as `load_data` returns it.
        refusal: the rule by which ``net`` may say "not a digit".

    Raises:
        SettingError: it is no picture; a network came without its data set, or the reverse.
    """
    if (net is None) != (data is None):
        raise SettingError(
            "net 和 data 要一起给出：read_drawing(picture, net, test_iter)。",
            "net and data belong together: read_drawing(picture, net, test_iter).",
        )
    if net is None:
        stored, data = stored_network(), load_data("digits", device="cpu")[1]
        data.mean, data.std, data.standardize = stored.mean, stored.std, True
        net, refusal = stored.net, stored.refusal
    digit = digit_of(picture)
    remarks = list(digit.remarks)
    if not digit.image.any():
        return Reading(None, None, (), digit.image, digit.steps, tuple(remarks), _words(remarks))
    X = digit.image[None]
    shares = probabilities(net, data, X.to(data.device))[0]
    guess, share = int(shares.argmax()), float(shares.max())
    name = data.classes[guess]
    if refusal is not None and refusal.refuses(net, data, X).item():
        remarks.append(Words("不像数字", "not like a digit"))
    elif share < SURE:
        second = data.classes[int(shares.topk(2).indices[1])]
        remarks.append(Words(f"也可能是 {second.zh}", f"it might be {second.en} as well"))
    words = _words(remarks, Words(f"{name.zh}（{share:.1%}）", f"{name.en} ({share:.1%})"))
    answer = None if remarks else guess
    every = tuple(shares.tolist())
    return Reading(answer, guess, every, digit.image, digit.steps, tuple(remarks), words)


def _words(remarks: list[Words], guess: Words | None = None) -> Words:
    why = Words("；".join(each.zh for each in remarks), "; ".join(each.en for each in remarks))
    if guess is None:
        return Words(f"没有读数：{why.zh}", f"no answer: {why.en}")
    if remarks:
        return Words(
            f"不确定，或许是 {guess.zh}：{why.zh}", f"not sure, perhaps {guess.en}: {why.en}"
        )
    return Words(f"读作 {guess.zh}", f"reads {guess.en}")
