"""Taking a trained network home: its weights in a file that holds numbers and nothing else."""

from __future__ import annotations

import os
import secrets
import zipfile
import zlib
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lenet_helpers.words import LessonError, SettingError

LAYERS = "layers"
MOST_EXTRA_BYTES = 2**17  # of one array's description beside its numbers
_DAMAGE = (
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class SavedNetError(LessonError):
    """A file with a network's weights that cannot be written, read or used."""


def save_net(net: nn.Module, path: str | os.PathLike) -> Path:
    """Save a network's weights, and of which layers it is made, for `load_net`.

    The file is numpy's ``.npz``: a zip archive of plain arrays, each with a checksum, that
    ``numpy.load`` opens as well. It can hold no code. It is written beside its place and moved
    there when it is whole: a crash or a full disk leaves an earlier file as it was.

    Args:
        net: the network, on any device.
        path: the file, ``"my_lenet.npz"`` say; one that is there already is replaced.

    Returns:
        The path.

    Raises:
        SavedNetError: the file cannot be written.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}") if path.name else path
    try:
        try:
            with beside.open("xb") as file:
                np.savez(file, **{LAYERS: np.array(_layers(net))}, **_arrays(net))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SavedNetError(
            f"无法写入文件 {path}（{reason}）。请换一个可以写入、有剩余空间的文件夹。",
            f"The file {path} cannot be written ({reason}). Choose a folder that you may write "
            "into and that has room.",
        ) from error
    return path


def load_net(net: nn.Module, path: str | os.PathLike) -> nn.Module:
    """Load into ``net`` the weights that `save_net` wrote: all of them, or none.

    Only arrays of numbers are read and no code is run: a stranger's file can do no harm.

    Args:
        net: a network of the same layers, ``lenet()`` say, on any device.
        path: the file.

    Returns:
        The net itself.

    Raises:
        SavedNetError: the file is missing, damaged, or was not written by `save_net`.
        SettingError: it holds another network; the message names the first difference.
    """
    path = Path(path)
    if not path.exists():
        raise SavedNetError(
            f"没有文件 {path}。请检查文件名和文件夹；这样的文件由 save_net 写出。",
            f"There is no file {path}. Check its name and folder; save_net writes such files.",
        )
    arrays = _read(net, path)
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return net


def _read(net: nn.Module, path: Path) -> dict[str, np.ndarray]:
    """The arrays for ``net``, everything about them checked."""
    try:
        with zipfile.ZipFile(path) as archive:
            layers = _array(archive, LAYERS, 0)
            if layers.dtype.kind != "U" or layers.ndim != 1:
                raise ValueError(LAYERS)
            _require_same_layers(path, layers.tolist(), _layers(net))
            return {name: _like(archive, name, own) for name, own in _arrays(net).items()}
    except SettingError:
        raise
    except _DAMAGE as error:
        reason = f"{type(error).__name__}: {error}"
        raise SavedNetError(
            f"文件 {path} 已损坏，或不是 save_net 写出的（{reason}）。请重新保存，或换一份副本。",
            f"The file {path} is damaged, or save_net did not write it ({reason}). Save the "
            "network again, or take another copy.",
        ) from error


def _like(archive: zipfile.ZipFile, name: str, own: np.ndarray) -> np.ndarray:
    array = _array(archive, name, own.nbytes)
    if (array.shape, array.dtype) != (own.shape, own.dtype):
        raise ValueError(f"{name}: {array.dtype} {array.shape}")
    return array


def _array(archive: zipfile.ZipFile, name: str, nbytes: int) -> np.ndarray:
    """One array of about so many bytes, its checksum compared."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > nbytes + MOST_EXTRA_BYTES:
        raise ValueError(f"{name}: {entry.file_size:,} bytes")
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        if file.read():  # only what is read to its end has been compared with its checksum
            raise ValueError(name)
    return array


def _arrays(net: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().cpu().numpy() for name, value in net.state_dict().items()}


def _layers(net: nn.Module) -> list[str]:
    """A line for each layer: where it stands, what it is, and the numbers that it owns."""
    return [
        f"{name} {type(layer).__name__} "
        + ", ".join(
            f"{part} {str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
            for part, value in (*layer.named_parameters("", False), *layer.named_buffers("", False))
        )
        for name, layer in net.named_modules()
    ]


def _require_same_layers(path: Path, saved: list[str], own: list[str]) -> None:
    for theirs, ours in zip_longest(saved, own, fillvalue="—"):
        if theirs != ours:
            theirs, ours = theirs.strip(), ours.strip()
            raise SettingError(
                f"文件 {path} 里是另一种网络：文件中为 {theirs}，你的网络中为 {ours}。"
                "请用与保存时相同的层来构造网络。",
                f"The file {path} holds another network: {theirs} in the file, {ours} in yours. "
                "Make the network of the same layers as the one that was saved.",
            )
