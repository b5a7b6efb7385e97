"""Training, as a lesson writes it out; draws nothing and knows no widget."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from lenet_helpers.checkpoints import Checkpoints
from lenet_helpers.checks import memory_explained, require_finite, require_learning_rate
from lenet_helpers.cores import free_cores
from lenet_helpers.devices import require_device, try_gpu
from lenet_helpers.evaluation import accuracy_until
from lenet_helpers.inputs.batches import as_batch, learns_from, require_batches
from lenet_helpers.inputs.networks import (
    as_net,
    require_gradient,
    require_trainable,
    scores_of,
    sized,
)
from lenet_helpers.inputs.tensors import as_labels
from lenet_helpers.models import xavier
from lenet_helpers.modes import mode
from lenet_helpers.words import SettingError, Words, require_positive_integer

REPORTS_PER_EPOCH = 5


@dataclass(frozen=True)
class Progress:
    """Where a training run stands.

    ``epoch`` and ``batch`` count what is finished (``epoch`` as a fraction, ``batch`` within the
    epoch, of ``num_batches``); ``loss`` (mean cross-entropy, in nats) and ``train_acc`` (0 to 1)
    are means over the epoch so far, ``recent_loss`` and ``recent_acc`` over the batches since the
    report before: drawn, they do not jump where an epoch begins. ``test_acc`` (0 to 1) is there
    only at the end of an epoch, in a report of its own; ``examples_per_sec`` is over the whole run,
    loading and evaluation included; ``elapsed`` is in seconds.
    """

    epoch: float
    batch: int
    num_batches: int
    num_epochs: int
    loss: float
    train_acc: float
    recent_loss: float
    recent_acc: float
    test_acc: float | None
    examples_per_sec: float
    elapsed: float


def train(
    net: nn.Module,
    train_iter: Collection,
    test_iter: Iterable,
    num_epochs: int,
    lr: float,
    device: torch.device | str | None = None,
    *,
    init: Callable[[nn.Module], None] | None = xavier,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoints: Checkpoints | None = None,
    one_hot: bool = False,
) -> Iterator[Progress]:
    """Train with mini-batch stochastic gradient descent and report progress on the way.

    A generator: each step of ``for progress in train(...)`` trains on until the next report, five
    times an epoch and once more when the test accuracy is known. Leave the loop or interrupt the
    kernel whenever you like: the net keeps what it has learned, and the reports are yours.

    Args:
        net: maps ``(n, 1, 28, 28)`` to scores ``(n, classes)``; it is moved to ``device`` and
            trained in place. Between two reports its train/eval modes are as they were.
        train_iter, test_iter: yield ``(X, y)`` as `load_data` or a ``DataLoader`` does, anew in
            each epoch; the first has a length. Labels are whole numbers of any type.
        num_epochs: how many times to go through the training set, at least 1.
        lr: learning rate, above 0.
        device: where to train; by default the fastest at hand.
        init: applied to every module first; ``None`` keeps the weights and goes on from them.
        should_stop: asked before every batch; ``True`` ends the run after a last report.
        checkpoints: collects the weights at the moments that it names.
        one_hot: whether labels are rows ``(n, classes)`` of 0s with one 1 instead.

    Raises:
        SettingError: ``num_epochs``, ``lr``, ``device``, the net or a batch cannot be used.
        DivergedError: the loss is no longer finite; raised after the report that shows it.
        NoMemoryError: a batch does not fit into the device's memory.
    """
    num_epochs = require_positive_integer(num_epochs, Words("轮数 num_epochs ", "num_epochs"))
    require_learning_rate(lr)
    device = try_gpu() if device is None else require_device(device)
    require_batches(train_iter, "train_iter", counted=True)
    require_batches(test_iter, "test_iter")
    require_trainable(sized(as_net(net), lambda: as_batch(next(iter(train_iter)))[0]), device)
    learns_from(as_net(net), train_iter, afresh=init is not None)
    steps = num_epochs, lr, device, one_hot
    return _run(net, train_iter, test_iter, steps, init, should_stop, checkpoints)


def _run(net, train_iter, test_iter, steps, init, should_stop, checkpoints):
    num_epochs, lr, device, one_hot = steps
    if init is not None:
        net.apply(init)
    with memory_explained():
        net.to(device)
    start, seen, num_batches = time.perf_counter(), 0, len(train_iter)
    fifths = range(1, REPORTS_PER_EPOCH + 1)  # fewer if there are fewer batches
    points = sorted({math.ceil(num_batches * fifth / REPORTS_PER_EPOCH) for fifth in fifths})
    checkpoints = Checkpoints() if checkpoints is None else checkpoints

    def report(epoch: int, done: int, recent, test_acc: float | None = None) -> Progress:
        elapsed = time.perf_counter() - start
        return Progress(
            epoch + done / num_batches, done, num_batches, num_epochs,
            *sums.means(), *recent, test_acc, (seen + sums.examples) / elapsed, elapsed,
        )  # fmt: skip

    with free_cores() as adjust_threads:
        for epoch in range(num_epochs):
            batches, sums, done = iter(train_iter), _Sums(device), 0
            for point in points:
                reported, before = done, sums.totals()
                with mode(net, training=True):
                    while done < point and not should_stop():
                        adjust_threads()
                        X, y = _next_batch(batches, done, num_batches)
                        number = epoch * num_batches + done
                        checkpoints.before_batch(net, number, number / num_batches)
                        step = _step(net, X, y, lr, device, one_hot, look=done == 0)
                        sums.add(*step)
                        checkpoints.after_batch(step[0])
                        done += 1
                if done > reported:
                    recent = sums.means(before)
                    progress = report(epoch, done, recent)
                    yield progress
                    require_finite(progress.loss, lr)
                if done < point:
                    return
            test_acc = accuracy_until(net, test_iter, device, should_stop, one_hot)
            if test_acc is None:
                return
            if epoch == num_epochs - 1:
                checkpoints.before_batch(net, num_epochs * num_batches, num_epochs)
            yield report(epoch, done, recent, test_acc)
            seen += sums.examples


def _next_batch(batches: Iterator, done: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    for batch in batches:
        return as_batch(batch)
    raise SettingError(
        f"train_iter 的长度是 {count}，却只给出 {done} 个批量。请用：train_iter = list(train_iter)",
        f"The length of train_iter is {count}, but it gave {done} batches. Use: "
        "train_iter = list(train_iter)",
    )


@memory_explained()
def _step(net, X, y, lr, device, one_hot, look):
    """One step of gradient descent; returns the batch's loss, scores and labels."""
    net.zero_grad()
    look = look or X.device.type == "cpu"  # on a GPU, reading a number waits for its work
    y_hat = scores_of(net, X, device=device, look=look)
    y = as_labels(y, len(X), y_hat.shape[1], one_hot=one_hot, look=look).to(device)
    if y_hat.dtype.itemsize < 4:  # a sum in half precision would be wrong
        y_hat = y_hat.float()
    loss = nn.functional.cross_entropy(y_hat, y)
    require_gradient(loss)
    loss.backward()
    with torch.no_grad():
        for p in net.parameters():
            if p.grad is not None:  # as torch.optim.SGD, whose first use takes a second to load
                p.sub_(p.grad, alpha=lr)
    return loss.detach(), y_hat.detach(), y


class _Sums:
    """Sums over the examples so far. They stay on the device: reading one would wait for it."""

    def __init__(self, device: torch.device | str) -> None:
        self.loss = torch.zeros((), device=device)
        self.correct = torch.zeros((), device=device, dtype=torch.int64)
        self.examples = 0

    def add(self, loss: torch.Tensor, y_hat: torch.Tensor, y: torch.Tensor) -> None:
        self.loss += loss * len(y)
        self.correct += (y_hat.argmax(dim=1) == y).sum()
        self.examples += len(y)

    def totals(self) -> tuple[float, int, int]:
        return self.loss.item(), self.correct.item(), self.examples

    def means(self, before: tuple[float, int, int] = (0.0, 0, 0)) -> tuple[float, float]:
        loss, correct, examples = (
            now - then for now, then in zip(self.totals(), before, strict=True)
        )
        return loss / examples, correct / examples
