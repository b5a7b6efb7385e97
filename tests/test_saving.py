"""Taking a network home and bringing it back: exactly, or with a reason why not."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import SavedNetError, SettingError, lenet, load_net, save_net


def net_with(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sigmoid(), nn.Linear(4, 2))


def assert_same(net: nn.Module, other: nn.Module) -> None:
    mine, theirs = net.state_dict(), other.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "my net 网络.pt"


@pytest.fixture
def saved(path, digits):
    save_net(net_with(0), path, digits[0])
    return path


def assert_refused(path) -> tuple[str, str]:
    """Loading names the file in both languages; the net is as it was."""
    net = net_with(1)
    with pytest.raises(SavedNetError) as caught:
        load_net(net, path)
    assert_same(net, net_with(1))
    assert all(str(path) in text for text in caught.value.words)
    return caught.value.words


def test_lenet_and_what_is_noted_of_it_come_back(path, digits):
    train_iter, net, again = digits[0], lenet(), lenet()
    save_net(net, str(path), train_iter, lr=np.float32(0.5), epochs=10)
    about = load_net(again, str(path))
    assert_same(again, net)
    assert about == {
        "dataset": "digits", "classes": train_iter.classes, "standardize": True,
        "mean": train_iter.mean, "std": train_iter.std, "lr": 0.5, "epochs": 10,
    }  # fmt: skip
    assert about["classes"][3].zh == "3"


def test_running_statistics_come_back_and_mode_and_parameters_stay(path, digits):
    net, again = net_with(0), net_with(1).eval()
    net(torch.rand(10, 3))
    weight = again[0].weight
    save_net(net, path, digits[0])
    about = load_net(again, path)
    assert_same(again, net)
    assert again[0].weight is weight and not again.training
    assert about["lr"] is about["epochs"] is None


@pytest.mark.parametrize(
    ("net", "in_file", "in_net"),
    [
        (lenet("relu"), "1 Sigmoid", "1 ReLU"),
        (lenet(num_classes=5), "11.weight (10, 84)", "11.weight (5, 84)"),
        (lenet().append(nn.ReLU()), "0.weight (6, 1, 5, 5)", "12 ReLU"),
    ],
    ids=["activation", "classes", "longer"],
)
def test_other_network_is_explained_by_the_first_difference(path, digits, net, in_file, in_net):
    save_net(lenet(), path, digits[0])
    before = net[0].weight.clone()
    with pytest.raises(SettingError) as caught:
        load_net(net, path)
    assert torch.equal(net[0].weight, before)
    assert f"文件中为 {in_file}，你的网络中为 {in_net}。" in caught.value.words.zh
    assert f"{in_file} in the file, {in_net} in yours" in caught.value.words.en


def test_what_torch_saved_is_met_with_the_line_that_opens_it(path):
    torch.save(net_with(0), path)
    assert all(
        f"torch.load({str(path)!r}, weights_only=False)" in text for text in assert_refused(path)
    )
    torch.save(net_with(0).state_dict(), path)
    words = assert_refused(path)
    net = net_with(1)
    exec(words.en.splitlines()[-1], {"net": net, "torch": torch})
    assert_same(net, net_with(0))


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("I ran",)


def write_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: None,
        lambda path: path.mkdir(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\x89PNG\r\n"),
        lambda path: path.write_bytes(pickle.dumps(Harmful())),
        lambda path: torch.save({"layers": [Harmful()]}, path),
        write_archive,
    ],
    ids=["missing", "folder", "empty", "picture", "pickle", "harmful", "archive"],
)
def test_foreign_file_is_refused_and_runs_nothing(path, monkeypatch, write):
    monkeypatch.chdir(path.parent)
    write(path)
    assert all("save_net" in text for text in assert_refused(path))
    assert not Path("I ran").exists()


def test_half_a_file_and_a_changed_weight_are_refused(saved):
    content = saved.read_bytes()
    saved.write_bytes(content[: len(content) // 2])
    assert_refused(saved)
    damaged = bytearray(content)
    damaged[content.index(net_with(0)[0].weight.detach().numpy().tobytes())] ^= 0x10
    saved.write_bytes(damaged)
    assert_refused(saved)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_file_that_cannot_be_written_leaves_the_earlier_one(saved, digits, monkeypatch, error):
    def write_half(file, content):
        with file.open("wb") as opened:
            opened.write(content[:100])
        raise error

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises((SavedNetError, KeyboardInterrupt)) as caught:
        save_net(net_with(2), saved, digits[0])
    if isinstance(error, OSError):
        assert all(f"{saved}" in text and "No space" in text for text in caught.value.words)
    assert os.listdir(saved.parent) == [saved.name]
    again = net_with(1)
    load_net(again, saved)
    assert_same(again, net_with(0))


@pytest.mark.parametrize("name", ["gone/net.pt", ".", ""])
def test_path_that_is_no_file_is_explained(tmp_path, digits, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SavedNetError, match="Choose a folder"):
        save_net(net_with(0), name, digits[0])
    assert os.listdir(tmp_path) == []
