"""The living network in a notebook."""

from collections.abc import Sequence
from contextlib import suppress

import torch
from torch import nn

from lenet_helpers.checkpoints import Checkpoint, net_at
from lenet_helpers.checks import DivergedError
from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.figures import Picture
from lenet_helpers.inputs.batches import net_for
from lenet_helpers.language import follow
from lenet_helpers.layers import field_of
from lenet_helpers.modes import evaluating
from lenet_helpers.network_view.browser import BrowserView
from lenet_helpers.network_view.describe import as_networks
from lenet_helpers.network_view.pictures import (
    as_checkpoints,
    as_drawing,
    as_picture,
    choose_pictures,
    require_within,
)
from lenet_helpers.network_view.refuse import Refusal
from lenet_helpers.network_view.still import caption_of, stages_of, still_picture
from lenet_helpers.network_view.stored import pictures_for, stored_network
from lenet_helpers.panels import Panel
from lenet_helpers.predictions import probabilities
from lenet_helpers.words import SettingError, Words, require_known

PLACE = ("channel", "row", "column")


class NetworkView(Panel):
    """A network on one screen: a picture goes in on the left, ten probabilities come out at the
    right; whatever is pointed at shows where it comes from.

    All is computed in the browser, with the weights as they are when the view is made. Attributes
    and methods do from code what one can do by hand; ``view.state`` is what the widget shows.

    Args:
        net: as `describe` takes it: convolutions, poolings, activations, ``Flatten``, ``Linear``.
        test_iter: pictures, as `load_data` returns them; without both, the course's own LeNet.
        other: a second network to compare with; it may differ in its activations.
        checkpoints: of ``net``'s training, as ``train(..., checkpoints=...)`` collects them.
        draw: whether there is a pad to draw on.
        refusal: the rule by which ``net`` may say "not a digit". ``other``, and a checkpoint before
            the last, is another network, and has none.

    Raises:
        SettingError: a network cannot be shown, or does not fit the pictures or the other one.
    """

    def __init__(
        self,
        net: nn.Sequential | None = None,
        test_iter: BatchIterator | None = None,
        other: nn.Sequential | None = None,
        checkpoints: Sequence[Checkpoint] | None = None,
        draw: bool = True,
        refusal: Refusal | None = None,
    ) -> None:
        if net is None and test_iter is None:
            stored = stored_network()
            net, refusal, test_iter = stored.net, stored.refusal, pictures_for(stored)
        if not isinstance(refusal, Refusal | None):
            raise SettingError(
                "refusal 应是 Refusal.fit(...) 的结果。",
                "refusal must be what Refusal.fit(...) returns.",
            )
        nets = [net_for(each, test_iter) for each in [net] + [other] * (other is not None)]
        networks, notes = as_networks(nets, test_iter), choose_pictures(nets[0], test_iter)
        self._nets = [evaluating(each) for each in nets]
        self._data, self._numbers = test_iter, list(notes)
        self._checkpoints = None if checkpoints is None else list(checkpoints)
        self._refusal = refusal
        self._drawn: tuple[dict | None, torch.Tensor | None] = (None, None)
        self.view = BrowserView(
            networks=networks,
            pictures=[as_picture(test_iter, number, note) for number, note in notes.items()],
            checkpoints=None if checkpoints is None else as_checkpoints(nets[0], self._checkpoints),
            refusals=[refusal and list(refusal.describe())],
            draw=draw,
            state={"picture": 0 if notes else None, "drawing": None, "chosen": None},
        )
        super().__init__([self.view])
        follow(self.view, lambda view, language: view.set_trait("language", language))
        self.view.observe(lambda _: self.keep_still_soon(), "state")
        self.view.on_photo(self.draw)

    @property
    def image_number(self) -> int | None:
        """Which picture of ``test_iter.images`` is shown; ``None`` if it is a drawing."""
        picture = self.view.state.get("picture")
        return None if picture is None else self._numbers[picture]

    @image_number.setter
    def image_number(self, number: int) -> None:
        require_within(number, len(self._data.labels), Words("图像的编号", "The picture's number"))
        with self.view.hold_sync():
            if number not in self._numbers:
                self._numbers.append(number)
                self.view.pictures = [*self.view.pictures, as_picture(self._data, number)]
            self._show(picture=self._numbers.index(number), drawing=None)

    @property
    def image(self) -> torch.Tensor:
        """What the network sees, ``uint8 (28, 28)``; blank where nothing is drawn."""
        state, shape, (drawing, image) = self.view.state, self._data.images.shape[1:], self._drawn
        if self.image_number is not None:
            return self._data.images[self.image_number].cpu()
        if state.get("drawing") is None:
            return torch.zeros(shape, dtype=torch.uint8, device="cpu")
        if state["drawing"] == drawing:
            return image
        return torch.frombuffer(bytearray(self.view.image), dtype=torch.uint8).reshape(shape)

    def draw(self, picture) -> None:
        """Put a drawing, or a photo's or scan's digit, on the pad; errors are as in `grey_of`."""
        self._drawn = as_drawing(picture)
        self._show(picture=None, drawing=self._drawn[0])

    def choose(self, layer: str | None, channel: int = 0, row: int = 0, column: int = 0) -> None:
        """Choose a number, so that it shows where it comes from; ``choose(None)`` lets it go.

        A ``layer`` is ``"input"``, ``"conv1"``, ``"pool1"``, …, ``"fc1"``, …; places count from 0,
        and in a fully connected layer ``column`` is the unit. Raises `SettingError`: there is no
        such layer, or no such number in it.
        """
        if layer is None:
            self._show(chosen=None)
            return
        stages = self._stages()
        sizes = require_known(stages, layer, Words("层", "layer")).numbers.shape
        place = dict(zip(PLACE, (channel, row, column), strict=True))
        for (name, at), size in zip(place.items(), sizes, strict=True):
            require_within(at, size, Words(f"{layer} 的 {name} ", f"{layer}'s {name}"))
        stage = list(stages).index(layer)
        self._show(chosen={"network": self._shown(), "stage": stage, **place})

    @property
    def probabilities(self) -> list[float] | None:
        """Of each class, 0 to 1; ``None`` without ink. Raises `DivergedError`: not finite."""
        image = self.image
        if not image.any():
            return None
        return probabilities(self._net(), self._data, image[None].to(self._data.device))[0].tolist()

    @property
    def remarks(self) -> tuple[Words, ...]:
        """Why the picture on the pad can't be read for sure; none for what was drawn there."""
        scan = (self.view.state.get("drawing") or {}).get("scan", {})
        return tuple(Words(each["zh"], each["en"]) for each in scan.get("remarks", ()))

    @property
    def refused(self) -> bool | None:
        """Whether there is no answer to give; ``None`` without a rule, remarks, or ink."""
        if self.remarks:
            return True
        judged = self._judged()
        return None if judged is None else judged[0] > judged[1]

    def still(self) -> Picture:
        """The image, the maps of all layers and the bars, with the chosen number framed."""
        stages, data, number = self._stages(), self._data, self.image_number
        truth = None if number is None else data.classes[data.labels[number].item()]
        place, likely, chosen, field = self.view.state.get("chosen"), None, None, None
        with suppress(DivergedError):  # the view says so
            likely = self.probabilities
        if place is not None and place["stage"] < len(stages):  # after them come the bars
            name = list(stages)[place["stage"]]
            chosen = (name, *(place[key] for key in PLACE))
            field = field_of(self._nets[0], stages[name].layer, place["row"], place["column"])
        words = caption_of(stages, likely, data.classes, number, truth, chosen, self._judged())
        for remark in self.remarks:
            words = Words(f"{words.zh}{remark.zh}。", f"{words.en} Not sure: {remark.en}.")
        return still_picture(stages, likely, data.classes, words, chosen, field)

    def _show(self, **changes: object) -> None:
        self.view.state = {**self.view.state, **changes}

    def _shown(self) -> int:
        """Which network is shown, or shown first."""
        number = self.view.state.get("network", 0)
        return 0 if number == "both" else number

    def _net(self) -> nn.Sequential:
        moment = self._moment()
        if moment is None:
            return self._nets[self._shown()]
        return net_at(self._nets[0], self._checkpoints[moment])

    def _moment(self) -> int | None:
        """Which checkpoint is shown; ``None`` if it is a network as it is."""
        moment = self.view.state.get("checkpoint")
        return None if self._shown() or self._checkpoints is None else moment

    def _judged(self) -> tuple[float, float] | None:
        """The picture's score for refusing, and the threshold."""
        is_earlier = self._moment() not in (None, len(self._checkpoints or ()) - 1)
        if self._refusal is None or self._shown() or is_earlier or not self.image.any():
            return None
        scores = self._refusal.scores(self._nets[0], self._data, self.image[None])
        return scores.item(), self._refusal.threshold

    def _stages(self):
        return stages_of(self._net(), self._data.prepare(self.image[None].to(self._data.device)))
