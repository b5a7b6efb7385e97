"""Read the digit of a photo, a scan or a drawing, and say so where the answer is not sure."""

from typing import NamedTuple

from lenet_helpers.data.batches import load_data
from lenet_helpers.handwriting.digit import digit_of
from lenet_helpers.handwriting.ink import Step
from lenet_helpers.handwriting.strip import strip
from lenet_helpers.network_view.stored import seen_as_by, stored_network
from lenet_helpers.predictions import probabilities
from lenet_helpers.words import Words

SURE = 0.97  # a probability; not yet calibrated (benchmarks/photos.py --training measures it)


class Reading(NamedTuple):
    """What a network makes of a picture; a notebook shows its steps and `words`.

    Attributes:
        digit, guess: the answer, ``None`` where there are remarks; ``None`` only without ink.
        probabilities: of each class, from 0 to 1; empty if there is no ink.
        steps: how what the network saw was made.
        remarks: why there is no answer, in both languages.
    """

    digit: int | None
    guess: int | None
    probabilities: tuple[float, ...]
    steps: tuple[Step, ...]
    remarks: tuple[Words, ...]
    words: Words

    def _ipython_display_(self) -> None:
        strip(self.steps, self.words)._ipython_display_()


def read_drawing(picture) -> Reading:
    """Read one digit with the course's own LeNet, trained on MNIST.

    ``picture`` is a photo, a scan or a drawing, dark on light or the reverse; what it may be, and
    errors, are as in `grey_of`.
    """
    digit = digit_of(picture)
    remarks = digit.remarks
    if not digit.image.any():
        return Reading(None, None, (), digit.steps, remarks, _words(remarks))
    stored = stored_network()
    data = seen_as_by(stored, load_data("digits", device="cpu")[1])
    X = digit.image[None]
    shares = probabilities(stored.net, data, X)[0]
    (share, _), (guess, second) = (each.tolist() for each in shares.topk(2))
    if stored.refusal.refuses(stored.net, data, X).item():
        remarks += (Words("不像数字", "not like a digit"),)
    elif share < SURE:
        remarks += (Words(f"也可能是 {second}", f"it might be {second} as well"),)
    words = _words(remarks, Words(f"{guess}（{share:.1%}）", f"{guess} ({share:.1%})"))
    answer = None if remarks else guess
    return Reading(answer, guess, tuple(shares.tolist()), digit.steps, remarks, words)


def _words(remarks: tuple[Words, ...], guess: Words | None = None) -> Words:
    why = Words("；".join(each.zh for each in remarks), "; ".join(each.en for each in remarks))
    if guess is None:
        return Words(f"没有读数：{why.zh}", f"no answer: {why.en}")
    if remarks:
        return Words(
            f"不确定，或许是 {guess.zh}：{why.zh}", f"not sure, perhaps {guess.en}: {why.en}"
        )
    return Words(f"读作 {guess.zh}", f"reads {guess.en}")
