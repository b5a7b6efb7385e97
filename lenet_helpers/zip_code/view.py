"""A whole line of digits read in a notebook: drawn, photographed or chosen."""

import base64

import numpy as np
import torch
from torch import nn

from lenet_helpers.figures import Picture
from lenet_helpers.handwriting.form import crop
from lenet_helpers.handwriting.ink import ink_of
from lenet_helpers.language import follow
from lenet_helpers.modes import evaluating
from lenet_helpers.panels import Panel
from lenet_helpers.words import Words
from lenet_helpers.zip_code.browser import FieldBrowser, describe_sliding, pictures_of
from lenet_helpers.zip_code.fields import DIGITS, HEIGHT, WIDTH, Fields, to_field
from lenet_helpers.zip_code.pictures import scores_over_field
from lenet_helpers.zip_code.reading import FieldReading, read_field, slide_over

# Of 3,000 validation fields at +3 this refuses 36 %, and reads 0.8 % of the others wrong.
REFUSE_BELOW = 0.9


class FieldView(Panel):
    """A window slides over a field of digits: what it sees, the scores, the answer, how sure it is.

    All is computed in the browser, with the weights as they are when the view is made. Photos are
    read in Python, as in `ink_of`.

    Args:
        net: lesson 13's sliding network, from ``(n, 1, 32, w)`` to ``(n, 11, 1, positions)``.
        fields: fields to choose from, as `compose` returns them.

    Attributes:
        view: the widget; ``view.state`` is what it shows, ``count`` (of digits) and ``threshold``
            (refuse below) among it.

    Raises:
        SettingError: ``net`` or ``fields`` is something else.
    """

    def __init__(self, net: nn.Sequential, fields: Fields | None = None) -> None:
        description, weights = describe_sliding(net)
        pictures = pictures_of(fields)
        self._net = evaluating(net)
        self.view = FieldBrowser(
            networks=[{"description": description, "weights": weights}],
            pictures=pictures,
            state={
                "picture": 0 if pictures else None, "drawing": None, "chosen": 0,
                "count": DIGITS, "threshold": REFUSE_BELOW,
            },
        )  # fmt: skip
        super().__init__([self.view])
        follow(self.view, lambda view, language: view.set_trait("language", language))
        self.view.observe(lambda _: self.keep_still_soon(), "state")
        self.view.on_photo(self.draw)
        self._drawn: tuple[dict | None, torch.Tensor | None] = (None, None)

    def draw(self, picture) -> None:
        """Put a photo, a scan or a drawing of a line on the pad; errors are as in `grey_of`."""
        ink = ink_of(picture)
        levels = np.round(ink.values).astype(np.uint8)
        box = crop(levels)
        if box.size:
            levels = np.pad(box, max(2, len(box) // 8))
        height, width = levels.shape
        scan = {"height": height, "width": width, "inks": base64.b64encode(levels).decode()}
        if ink.remarks:
            scan["remarks"] = [each._asdict() for each in ink.remarks]
        drawing = {"strokes": [], "scan": scan}
        self._drawn = (drawing, to_field(levels) if box.size else None)
        self.view.state = {**self.view.state, "picture": None, "drawing": drawing}

    @property
    def field(self) -> torch.Tensor | None:
        """What the network sees, ``float32 (32, w)``, 0 to 1; ``None`` while there is no ink."""
        state = self.view.state
        if state["picture"] is not None:
            inks = bytearray(self.view.pictures[state["picture"]]["inks"])
            return torch.frombuffer(inks, dtype=torch.uint8).reshape(HEIGHT, WIDTH) / 255
        if state["drawing"] is None:
            return None
        if state["drawing"] == self._drawn[0]:
            return self._drawn[1]
        sent = torch.frombuffer(bytearray(self.view.image), dtype=torch.float32)
        return sent.reshape(HEIGHT, -1) / 255 if len(sent) else None

    @property
    def reading(self) -> FieldReading | None:
        """The digits, their places and the sureness; ``None`` while there is no ink."""
        field = self.field
        if field is None:
            return None
        return read_field(slide_over(self._net, field), self.view.state["count"])

    @property
    def remarks(self) -> tuple[Words, ...]:
        """Why a photo can't be read for sure."""
        scan = (self.view.state["drawing"] or {}).get("scan", {})
        return tuple(Words(**each) for each in scan.get("remarks", ()))

    @property
    def refused(self) -> bool | None:
        """Whether there is no answer to give: remarks, or too little sureness."""
        reading = self.reading
        if reading is None or self.remarks:
            return True if self.remarks else None
        return not reading.digits or reading.sureness < self.view.state["threshold"]

    def still(self) -> Picture:
        """The field, the probabilities at all positions, and what is read."""
        field = self.field
        if field is None:
            field = torch.zeros(HEIGHT, WIDTH)
        log_p, reading = slide_over(self._net, field), self.reading
        chosen = [] if reading is None else zip(reading.places, reading.digits, strict=True)
        return scores_over_field(field, log_p.exp(), self._words(), list(chosen))

    def _words(self) -> Words:
        reading = self.reading
        why = Words(
            "".join(f"{each.zh}。" for each in self.remarks),
            "".join(f" Not sure: {each.en}." for each in self.remarks),
        )
        if reading is None:
            return Words(f"画板还是空的。{why.zh}", f"The pad is blank.{why.en}")
        digits, sure = " ".join(map(str, reading.digits)), f"{reading.sureness:.2f}"
        if self.refused:
            least = f"{self.view.state['threshold']:.2f}"
            return Words(
                f"拒绝：把握 {sure}（阈值 {least}）；或许是 {digits}。{why.zh}",
                f"Refused: sureness {sure} (threshold {least}); perhaps {digits}.{why.en}",
            )
        return Words(
            f"字段，窗口滑过时各类的概率；读作 {digits}（把握 {sure}）。",
            f"A field, the probabilities as the window slides; reads {digits} (sureness {sure}).",
        )
