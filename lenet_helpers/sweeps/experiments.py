"""One experiment of plain values, all of which can be pickled: a LeNet, trained and measured."""

from collections.abc import Sequence

from torch import nn

from lenet_helpers.cores import one_thread
from lenet_helpers.data.batches import load_for_run
from lenet_helpers.models import lenet_like, xavier
from lenet_helpers.seeding import seeded
from lenet_helpers.training import train
from lenet_helpers.words import Words, require_known


def normal(module: nn.Module) -> None:
    """Weights drawn from N(0, 0.01²), biases 0; for ``net.apply``."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)


def _anew(module: nn.Module) -> None:
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()


INITS = {"xavier": xavier, "default": lambda module: None, "normal": normal}


def train_lenet(
    *,
    dataset: str = "fashion_mnist",
    standardize: bool = False,
    activation: str = "sigmoid",
    pooling: str = "average",
    kernel_size: int = 5,
    channels: Sequence[int] = (6, 16),
    hidden: Sequence[int] = (120, 84),
    init: str = "xavier",
    lr: float = 0.9,
    batch_size: int = 256,
    epochs: int = 5,
    seed: int = 0,
) -> dict[str, int | float | list[float]]:
    """Build a network from plain values, train it, and say how it went.

    Runs on the CPU in one thread, so that the same settings give the same numbers in this process,
    in a worker, and beside other runs. The random numbers of the caller are left alone.

    Args:
        dataset, standardize, batch_size: as in `load_data`.
        activation, pooling, kernel_size, channels, hidden: as in `lenet_like`.
        init: ``"xavier"``; ``"normal"``, which is N(0, 0.01²); ``"default"``, PyTorch's own.
        lr, epochs: as in `train`, whose errors these are.
        seed: decides the initial weights and the order of the examples.

    Returns:
        ``parameters``; ``loss`` (nats), ``train_acc`` and ``test_acc`` at the end; ``losses``, the
        mean loss of the epoch so far at each fifth of an epoch, and ``test_accs``, the test
        accuracy after each epoch. Rounded to five decimals.
    """
    initialise = require_known(INITS, init, Words("初始化方法", "initialisation"))
    with one_thread():
        with seeded(seed):  # it draws weights, which are not used
            net = lenet_like(activation, pooling, kernel_size, channels, hidden)
        net = net.to_empty(device="cpu").float()  # whatever the defaults of this process
        with seeded(seed):
            net.apply(_anew).apply(initialise)
        data = load_for_run(dataset, batch_size, "cpu", standardize=standardize, seed=seed)
        reports = list(train(net, *data, epochs, lr, "cpu", init=None))
    last = reports[-1]
    return {
        "parameters": sum(p.numel() for p in net.parameters()),
        "loss": round(last.loss, 5),
        "train_acc": round(last.train_acc, 5),
        "test_acc": round(last.test_acc, 5),
        "losses": [round(report.loss, 5) for report in reports if report.test_acc is None],
        "test_accs": [round(r.test_acc, 5) for r in reports if r.test_acc is not None],
    }
