"""A panel on what a network mixes up: its confusion matrix and the pictures in each cell."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import ipywidgets as widgets
import torch
from PIL import Image, ImageOps
from torch import nn

from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.figures import Picture
from lenet_helpers.language import say
from lenet_helpers.mistakes.matrix import ClickableTable, confusion_html, confusion_matrix
from lenet_helpers.panels import Choice, Message, Panel
from lenet_helpers.predictions import predict_all
from lenet_helpers.words import Words

MOST_PICTURES = 24
IS, NEXT = Words("应为 ", "is "), Words("其次 ", "next ")
HELP = Words(
    "点击一格（或用方向键、下方的列表选择），看看里面的图片。颜色越深，占该行的比例越大。",
    "Click on a cell (or use the arrow keys or the lists) to see its pictures. The deeper the "
    "colour, the larger the share of its row.",
)


class MistakesPanel(Panel):
    """The confusion matrix of a test set; choose a cell to see its pictures.

    The surest mistakes come first; on the diagonal, where the net is right, what it was least sure
    of. The whole test set is looked at once, when the panel is made.

    Args:
        net: the trained network; it maps ``(n, 1, 28, 28)`` to a score for each class.
        test_iter: the pictures, as `load_data` returns them.

    Attributes:
        predictions: what the network thinks of each picture (`Predictions`).
        matrix: the table of buttons; ``matrix.cell`` is the chosen row and column.
        truth, answer: drop-down lists for the same; their values are classes as text.

    Raises:
        SettingError: there is no picture, or the network does not fit the pictures.
    """

    style_sheet = Path(__file__).with_name("mistakes.css")

    def __init__(self, net: nn.Module, test_iter: BatchIterator) -> None:
        self.predictions, self._data = predict_all(net, test_iter), test_iter
        counts, classes = self.predictions.confusion, test_iter.classes
        self.matrix = ClickableTable(html=confusion_html(counts, classes))
        options = {str(number): name for number, name in enumerate(classes)}
        self.truth, self.answer = (Choice(options) for _ in range(2))
        self.message, self.pictures = Message(), widgets.HTML()
        for choice, words in (
            (self.truth, Words("真实类别", "True class")),
            (self.answer, Words("网络认为", "Taken for")),
        ):
            say(choice, "description", words)
            choice.style.description_width = "initial"  # in no language is the name cut
            choice.observe(self._listed, "value")
        self.matrix.on_msg(lambda _, heard, __: "cell" in heard and self.choose(*heard["cell"]))
        super().__init__(self._rows())
        mistakes = counts - counts.diag().diag()
        self.choose(*divmod(mistakes.argmax().item(), len(counts)))  # the most frequent one

    def choose(self, truth: int, answer: int) -> None:
        """Show the pictures of class ``truth`` that the network takes for ``answer``."""
        self.matrix.cell = [truth, answer]
        # Both lists change, and the pictures once.
        with self.truth.hold_trait_notifications(), self.answer.hold_trait_notifications():
            self.truth.value, self.answer.value = str(truth), str(answer)
        found = self.predictions.cell(truth, answer)
        shown = found[:MOST_PICTURES]
        self.message.say(self._summary(truth, answer, len(found)))
        images = self._data.images[shown.to(self._data.device)].cpu()
        self.pictures.value = gallery_html(images, map(self._caption, shown.tolist()))
        self.keep_still_soon()

    def still(self) -> Picture:
        """The confusion matrix."""
        return confusion_matrix(self.predictions.confusion, self._data.classes)

    def _rows(self) -> list[widgets.Widget]:
        correct = self.predictions.confusion.trace().item()
        total = len(self.predictions.labels)
        heading = Words(
            f"{total:,} 张测试图片中，网络答对 {correct:,} 张（{correct / total:.1%}）。",
            f"Of {total:,} test pictures the network gets {correct:,} right "
            f"({correct / total:.1%}).",
        )
        above = widgets.HTML(f"{heading.html('div')}<small>{HELP.html('div')}</small>")
        lists = widgets.HBox([self.truth, self.answer], layout={"flex_flow": "row wrap"})
        return [above, self.matrix, lists, self.message, self.pictures]

    def _listed(self, change: dict) -> None:
        cell = [int(self.truth.value), int(self.answer.value)]
        if cell != self.matrix.cell:
            self.choose(*cell)

    def _summary(self, truth: int, answer: int, count: int) -> Words:
        of, to = self._data.classes[truth], self._data.classes[answer]
        if count == 0:
            return Words(
                f"没有一张“{of.zh}”被当成“{to.zh}”：这一格是空的。",
                f"No {of.en} was taken for {to.en}: this cell is empty.",
            )
        first = Words("", "")
        if count > MOST_PICTURES:
            first = Words(f"前 {MOST_PICTURES} 张：", f"the first {MOST_PICTURES}, ")
        if truth == answer:
            return Words(
                f"{count:,} 张“{of.zh}”答对了。{first.zh}网络最没有把握的排在前面。",
                f"{count:,} of class {of.en} are right; {first.en}least sure first.",
            )
        return Words(
            f"{count:,} 张“{of.zh}”被当成“{to.zh}”。{first.zh}网络最有把握的错误排在前面。",
            f"{count:,} of class {of.en} were taken for {to.en}; {first.en}surest mistakes first.",
        )

    def _caption(self, number: int) -> list[Words]:
        """What the network thinks of a picture, how sure it is, and what else it might have said:
        the true class, or the next likely one if it is right."""
        shares, label = self.predictions.probabilities[number], self.predictions.labels[number]
        answer, second = shares.topk(2).indices
        name, lead = (label, IS) if answer != label else (second, NEXT)
        first, other = (
            Words(*(f"{text} {shares[which]:.0%}" for text in self._data.classes[which]))
            for which in (answer, name)
        )
        return [first, Words(lead.zh + other.zh, lead.en + other.en), Words(*[f"#{number}"] * 2)]


def gallery_html(images: torch.Tensor, captions: Iterable[Sequence[Words]]) -> str:
    """Pictures ``uint8 (n, h, w)``, most ink black, with lines of text below and as their names."""
    figures = []
    for image, lines in zip(images.numpy(), captions, strict=True):
        file = io.BytesIO()
        picture = ImageOps.autocontrast(ImageOps.invert(Image.fromarray(image)))
        picture.save(file, "PNG", compress_level=1)  # fast
        data = base64.b64encode(file.getvalue()).decode()
        alt = escape("; ".join(map(str, lines)))
        caption = "".join(f"<div>{line.html()}</div>" for line in lines)
        figures.append(
            f'<figure><img src="data:image/png;base64,{data}" alt="{alt}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return f"<div class=lenet-gallery>{''.join(figures)}</div>"
