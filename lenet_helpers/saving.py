"""Keeping a trained network, with what another lesson must know to use it."""

import io
import pickle
import zipfile
from itertools import zip_longest
from pathlib import Path

import torch
from torch import nn

from lenet_helpers.data.batches import BatchIterator
from lenet_helpers.inputs.batches import net_for, pixels_of, say_if_other_data
from lenet_helpers.inputs.networks import as_net, sized
from lenet_helpers.words import LessonError, SettingError, Words

WEIGHTS = ("model", "model_state_dict", "state_dict", "net", "weights")  # where others keep them
WRAPPED = ("module.", "_orig_mod.")  # by DataParallel and torch.compile
MAGIC = bytes.fromhex("6cfc9c46f9206aa85019")  # of torch.save before 2020


class SavedNetError(LessonError):
    """A file with a network's weights that cannot be written, read or used."""


def save_net(
    net: nn.Module,
    path: str | Path,
    data: BatchIterator,
    lr: float | None = None,
    epochs: int | None = None,
) -> None:
    """Save a network's weights, what it was trained on and, if given, how; for `load_net`.

    An earlier file is replaced once the new one is whole; a wrapped network is saved without its
    wrapper. Raises `SavedNetError`: the file cannot be written; `SettingError`: ``net`` has no
    weights yet, or ``data`` is not as `load_data` returns it.
    """
    net, about = net_for(net, data), pixels_of(data)
    about |= {"lr": lr and float(lr), "epochs": epochs and int(epochs)}  # no numbers of numpy
    content, beside = io.BytesIO(), Path(f"{path}.part")
    torch.save({"layers": _layers(net), "weights": net.state_dict(), "about": about}, content)
    try:
        beside.write_bytes(content.getvalue())
        beside.replace(path)
    except OSError as error:
        raise SavedNetError(
            f"无法写入文件 {path}（{error.strerror}）。请换一个可以写入、有剩余空间的文件夹。",
            f"The file {path} cannot be written ({error.strerror}). Choose a folder that you may "
            "write into and that has room.",
        ) from error
    finally:
        if beside.exists():
            beside.unlink()


def load_net(net: nn.Module, path: str | Path, data: BatchIterator | None = None) -> dict:
    """Load into ``net`` the weights that `save_net` wrote: all, or none. Runs no code of the file.

    The network remembers, as ``net.learned_from``, what this returns: if it then meets other data
    (``data``, say), in training, evaluation or a panel, a line says so.

    Returns:
        ``dataset``, the ``size`` of its images, ``classes`` (`Words`), ``standardize`` with the
        pixels' ``mean`` and ``std`` as in `BatchIterator`, ``lr`` and ``epochs`` (``None`` if they
        were not given).

    Raises:
        SavedNetError: the file is missing, damaged, or was not written by `save_net`.
        SettingError: it holds another network; the message names the first difference.
    """
    saved = _read(path)
    size = saved["about"].get("size", (28, 28))
    net = sized(as_net(net), lambda: torch.zeros(1, 1, *size, device="cpu"))
    for theirs, ours in zip_longest(saved["layers"], _layers(net), fillvalue="—"):
        if theirs != ours:
            raise SettingError(
                f"文件 {path} 里是另一种网络：文件中为 {theirs}，你的网络中为 {ours}。"
                "请用与保存时相同的层来构造网络。",
                f"The file {path} holds another network: {theirs} in the file, {ours} in yours. "
                "Make the network of the same layers as the one that was saved.",
            )
    _require_room(saved["weights"], net)
    net.load_state_dict(saved["weights"])
    names = tuple(Words(*name) for name in saved["about"]["classes"])
    net.learned_from = saved["about"] | {"classes": names}
    say_if_other_data(net, data)
    return dict(net.learned_from)


def _require_room(weights: dict[str, torch.Tensor], net: nn.Module) -> None:
    """Weights must not lose digits on the way, into half precision say."""
    for name, ours in net.state_dict().items():
        theirs = weights[name].dtype
        if torch.promote_types(theirs, ours.dtype) != ours.dtype:
            raise SettingError(
                f"文件中的 {name} 是 {theirs}，网络中是 {ours.dtype}，放不下。"
                f"请用：net = net.to({theirs})",
                f"In the file {name} is {theirs}, which does not fit into the {ours.dtype} of "
                f"the network. Use: net = net.to({theirs})",
            )


def _layers(net: nn.Module) -> list[str]:
    """What the net is made of: a line for each layer, then one for each group of its numbers."""
    layers = [f"{name} {type(layer).__name__}".strip() for name, layer in net.named_modules()]
    return layers + [f"{name} {tuple(value.shape)}" for name, value in net.state_dict().items()]


def _read(path: str | Path) -> dict:
    try:
        is_zip = zipfile.is_zipfile(path)  # before 2020 torch wrote other files
        if is_zip:
            with zipfile.ZipFile(path) as archive:
                if damaged := archive.testzip():  # torch itself compares no checksums
                    raise zipfile.BadZipFile(damaged)
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a foreign file can fail in any way
        refused = isinstance(error, pickle.UnpicklingError)
        if not refused or not (is_zip or MAGIC in Path(path).read_bytes()[:32]):
            reason = str(error).split("\n")[0]
            raise SavedNetError(
                f"无法打开文件 {path}（{reason}）：没有它，它已损坏，或不是 save_net 写的。",
                f"The file {path} cannot be opened ({reason}): it is not there, is damaged, or was "
                "not written by save_net.",
            ) from error
        line = f'net = torch.load({str(path)!r}, map_location="cpu", weights_only=False)'
    else:
        if isinstance(saved, dict) and "layers" in saved:
            return saved
        line = _line_for(saved, path)
    raise SavedNetError(
        f"文件 {path} 是 torch.save 写的，不是 save_net。如果信任它，请用这一行打开：\n{line}",
        f"The file {path} was written by torch.save, not by save_net. If you trust it, open it "
        f"with this line:\n{line}",
    )


def _line_for(saved: object, path: str | Path) -> str:
    """What loads into ``net`` what torch.save wrote: weights, alone or among other things."""
    line = f'torch.load({str(path)!r}, map_location="cpu")'
    while isinstance(saved, dict) and not any(isinstance(v, torch.Tensor) for v in saved.values()):
        inner = [key for key, value in saved.items() if isinstance(value, dict)]
        key = next((key for key in inner if key in WEIGHTS), inner[0] if inner else None)
        if key is None:
            return f"saved = {line}"
        saved, line = saved[key], f"{line}[{key!r}]"
    if not isinstance(saved, dict):
        return f"saved = {line}"
    for prefix in WRAPPED:
        if all(str(name).startswith(prefix) for name in saved):
            line = f'{{name.removeprefix("{prefix}"): w for name, w in {line}.items()}}'
    return f"net.load_state_dict({line})"
