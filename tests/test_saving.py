"""Taking a network home and bringing it back: exactly, or with a reason why not."""

from __future__ import annotations

import errno
import os
import pickle
import stat
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from lenet_helpers import LessonError, SettingError, lenet, saving
from lenet_helpers.saving import SavedNetError, load_net, save_net


def small_net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sigmoid(), nn.Linear(4, 2))


def numbers(net: nn.Module) -> list[torch.Tensor]:
    return [value.clone() for value in net.state_dict().values()]


def assert_same(one: list[torch.Tensor], other: list[torch.Tensor]) -> None:
    assert len(one) == len(other)
    assert all(torch.equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "my net 网络.npz"


@pytest.fixture
def saved(path):
    return save_net(small_net(), path)


def assert_refused(path, reason: str = "") -> LessonError:
    """Loading says in both languages which file and what to do; the net is as it was."""
    net = small_net(1)
    before = numbers(net)
    with pytest.raises(SavedNetError) as caught:
        load_net(net, path)
    assert_same(numbers(net), before)
    for text in caught.value.words:
        assert str(path) in text
        assert reason in text
        assert "save_net" in text
    return caught.value


# What goes well


def test_lenet_comes_back_exactly(path):
    torch.manual_seed(0)
    net, X = lenet(), torch.rand(5, 1, 28, 28)
    assert save_net(net, path) == path
    again = lenet()
    assert load_net(again, path) is again
    assert torch.equal(again(X), net(X))
    assert path.stat().st_size < 61_706 * 4 + 10_000


def test_running_statistics_come_back_too(path):
    net = small_net()
    net(torch.rand(10, 3))
    save_net(net, path)
    assert_same(numbers(load_net(small_net(1), path)), numbers(net))


def test_nets_own_layout_mode_and_gradients_stay(saved):
    net = small_net(1).eval()
    weight = net[0].weight
    load_net(net, saved)
    assert net[0].weight is weight
    assert weight.requires_grad
    assert not net.training


def test_path_may_be_text_and_needs_no_suffix(tmp_path):
    path = save_net(small_net(), str(tmp_path / "mine"))
    assert os.listdir(tmp_path) == ["mine"]
    load_net(small_net(1), str(path))


def test_numpy_opens_it_and_finds_nothing_but_plain_arrays(saved):
    with np.load(saved, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["0.weight"], small_net()[0].weight.detach())
        assert arrays["layers"][1] == "0 Linear weight float32 (4, 3), bias float32 (4,)"
        assert not any(array.dtype.hasobject for array in arrays.values())


def test_saving_again_replaces_the_file(saved):
    save_net(small_net(2), saved)
    assert_same(numbers(load_net(small_net(), saved)), numbers(small_net(2)))
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_file_has_the_permissions_of_any_other(saved, tmp_path):
    (tmp_path / "other").touch()
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
def test_weights_cross_between_gpu_and_cpu(path):
    save_net(small_net().cuda(), path)
    assert_same(numbers(load_net(small_net(1), path)), numbers(small_net()))
    assert load_net(small_net(1).cuda(), path)[0].weight.is_cuda


# Another network


@pytest.mark.parametrize(
    ("net", "in_file", "in_net"),
    [
        (lenet("relu"), "1 Sigmoid", "1 ReLU"),
        (lenet(pooling="max"), "2 AvgPool2d", "2 MaxPool2d"),
        (lenet(num_classes=5), "11 Linear weight float32 (10, 84)", "11 Linear weight float32 (5,"),
        (lenet().double(), "0 Conv2d weight float32", "0 Conv2d weight float64"),
        (lenet()[:-1], "11 Linear", "—"),
        (lenet().append(nn.ReLU()), "—", "12 ReLU"),
        (nn.Linear(2, 2), "Sequential", "Linear weight"),
    ],
    ids=["activation", "pooling", "classes", "type", "shorter", "longer", "no stack"],
)
def test_other_network_is_explained_by_the_first_difference(path, net, in_file, in_net):
    save_net(lenet(), path)
    before = numbers(net)
    with pytest.raises(SettingError) as caught:
        load_net(net, path)
    assert_same(numbers(net), before)
    zh, en = caught.value.words
    assert f"文件中为 {in_file}" in zh
    assert f"你的网络中为 {in_net}" in zh
    assert str(path) in zh
    assert f"holds another network: {in_file}" in en
    assert f"in the file, {in_net}" in en


# Damaged and foreign files


def test_missing_file_is_named(path):
    assert_refused(path)


def test_folder_is_no_file(tmp_path):
    assert_refused(tmp_path)


@pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.99])
def test_half_a_file_is_refused(saved, part):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    assert_refused(saved)


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_flipped_bits_are_seen_or_change_nothing(saved, data):
    """A bit of a date or a permission in the archive may flip; one of a weight may not."""
    content = saved.read_bytes()
    damaged = bytearray(content)
    positions = st.integers(0, 8 * len(content) - 1)
    for position in data.draw(st.lists(positions, min_size=1, max_size=3, unique=True)):
        damaged[position // 8] ^= 1 << position % 8
    file = saved.with_name("damaged")
    file.write_bytes(damaged)
    net = small_net(1)
    before = numbers(net)
    try:
        load_net(net, file)
    except LessonError as error:
        assert_same(numbers(net), before)
        assert str(file) in error.words.zh
    else:
        assert_same(numbers(net), numbers(small_net()))


def test_every_byte_of_a_weight_is_guarded(saved):
    content = saved.read_bytes()
    weight = small_net()[3].weight.detach().numpy().tobytes()
    start = content.index(weight)
    for position in range(start, start + len(weight)):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        saved.write_bytes(damaged)
        assert_refused(saved, "CRC")


class Harmful:
    """What unpickling would run."""

    def __reduce__(self):
        return os.mkdir, ("I ran",)


def pickled(path):
    path.write_bytes(pickle.dumps(Harmful()))


def saved_by_torch(path):
    torch.save(small_net().state_dict(), path)


def object_array(path):
    with open(path, "wb") as file:
        np.savez(file, layers=np.array([Harmful()], dtype=object))


def object_array_as_a_weight(path):
    change(save_net(small_net(), path), {"0.weight": np.array([[Harmful()]], dtype=object)})


def numbers_for_layers(path):
    change(save_net(small_net(), path), {"layers": np.arange(5)})


def other_shape(path):
    change(save_net(small_net(), path), {"0.weight": np.zeros((3, 4), np.float32)})


def other_byte_order(path):
    change(save_net(small_net(), path), {"0.weight": np.zeros((4, 3), ">f4")})


def weight_left_out(path):
    change(save_net(small_net(), path), {"3.bias": None})


def weight_without_end(path):
    """A few kilobytes that unpack to a hundred megabytes."""
    change(save_net(small_net(), path), {"0.weight": np.zeros(2**24)}, zipfile.ZIP_DEFLATED)


def weight_with_a_tail(path):
    """More in an entry than its array: whoever stops reading there compares no checksum."""
    save_net(small_net(), path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content + b"tail" * (name == "0.weight.npy"))


def png(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))


def web_page(path):
    path.write_text("<!doctype html><title>Welcome to the hotel's Wi-Fi</title>")


def other_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def locked_archive(path):
    """An archive that says it needs a password."""
    content = bytearray(save_net(small_net(), path).read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)


def change(path, arrays: dict[str, np.ndarray | None], compression=zipfile.ZIP_STORED) -> None:
    """Put other arrays, or none, in the place of some."""
    with np.load(path) as file:
        kept = dict(file) | arrays
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, array in kept.items():
            if array is not None:
                with archive.open(f"{name}.npy", "w") as entry:
                    np.lib.format.write_array(entry, array)


@pytest.mark.parametrize(
    "write",
    [
        pickled,
        saved_by_torch,
        object_array,
        object_array_as_a_weight,
        numbers_for_layers,
        other_shape,
        other_byte_order,
        weight_left_out,
        weight_without_end,
        weight_with_a_tail,
        png,
        web_page,
        other_archive,
        locked_archive,
    ],
    ids=lambda write: write.__name__,
)
def test_foreign_file_is_refused_and_runs_nothing(path, monkeypatch, write):
    monkeypatch.chdir(path.parent)
    write(path)
    assert_refused(path)
    assert not os.path.exists("I ran")


# Writing that fails


def assert_not_written(path, reason: str) -> None:
    """The error names the file, and the folder is as it was."""
    before = {name: (path.parent / name).read_bytes() for name in os.listdir(path.parent)}
    with pytest.raises(SavedNetError) as caught:
        save_net(small_net(2), path)
    assert {name: (path.parent / name).read_bytes() for name in os.listdir(path.parent)} == before
    for text in caught.value.words:
        assert str(path) in text
        assert reason in text


def full_disk(after: int):
    """A stand-in for writing arrays that fails in the middle of the file."""

    def savez(file, **arrays):
        file.write(bytes(after))
        raise OSError(errno.ENOSPC, "No space left on device")

    return savez


@pytest.mark.parametrize("after", [0, 1000])
def test_full_disk_leaves_the_earlier_file(saved, monkeypatch, after):
    monkeypatch.setattr(saving.np, "savez", full_disk(after))
    assert_not_written(saved, "No space left on device")
    monkeypatch.undo()
    assert_same(numbers(load_net(small_net(1), saved)), numbers(small_net()))


def test_full_disk_leaves_no_half_file(path, monkeypatch):
    monkeypatch.setattr(saving.np, "savez", full_disk(1000))
    assert_not_written(path, "No space left on device")


def test_interruption_leaves_the_earlier_file(saved, monkeypatch):
    def interrupted(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(saving.np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_net(small_net(2), saved)
    assert os.listdir(saved.parent) == [saved.name]
    assert_same(numbers(load_net(small_net(1), saved)), numbers(small_net()))


def test_file_that_another_program_holds_is_left(saved, monkeypatch):
    """As on Windows, where an open file cannot be replaced."""

    def held(source, target):
        raise PermissionError(errno.EACCES, "The file is used by another process")

    monkeypatch.setattr(saving.os, "replace", held)
    assert_not_written(saved, "used by another process")


def test_read_only_folder_is_explained(path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(saving.Path, "open", refuse)
    assert_not_written(path, "Read-only file system")


def test_missing_folder_is_explained(tmp_path):
    with pytest.raises(SavedNetError, match="No such file or directory") as caught:
        save_net(small_net(), tmp_path / "gone" / "net.npz")
    assert "请换一个" in caught.value.words.zh


@pytest.mark.parametrize("name", ["", "."])
def test_folder_in_the_place_of_the_file_is_explained(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SavedNetError):
        save_net(small_net(), name)
    assert os.listdir(tmp_path) == []


def test_folder_of_that_name_is_explained_and_kept(path):
    path.mkdir()
    with pytest.raises(SavedNetError):
        save_net(small_net(), path)
    assert os.listdir(path.parent) == [path.name]
