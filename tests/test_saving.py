"""Taking a network home and bringing it back: exactly, or with a reason why not."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import (
    SavedNetError,
    SettingError,
    datasets_at_hand,
    evaluate_accuracy_gpu,
    lenet,
    load_data,
    load_net,
    save_net,
)
from web.train_lesson_07 import RECIPES, RESULTS


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


def assert_refused(path) -> str:
    """Loading names the file in both languages; the net is as it was."""
    net = net_with(1)
    with pytest.raises(SavedNetError) as caught:
        load_net(net, path)
    assert_same(net, net_with(1))
    assert all(str(path) in text and "save_net" in text for text in caught.value.words)
    return caught.value.words.en


def test_net_and_what_is_noted_of_it_come_back(path, digits):
    net, again = net_with(0), net_with(1).eval()
    net(torch.rand(10, 3))  # its running statistics come back too
    save_net(net, str(path), digits[0], lr=np.float32(0.5), epochs=10)
    about = load_net(again, str(path))
    assert_same(again, net)
    assert not again.training
    assert about == {
        "dataset": "digits", "size": [28, 28], "classes": digits[0].classes, "standardize": True,
        "mean": digits[0].mean, "std": digits[0].std, "lr": 0.5, "epochs": 10,
    }  # fmt: skip
    assert about["classes"][3].zh == "3"


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


WAYS = {  # in which networks and their weights are saved elsewhere
    "net": lambda net: net,
    "weights": nn.Module.state_dict,
    "checkpoint": lambda net: {"epoch": 3, "optimizer": {"state": {}}, "model": net.state_dict()},
    "own name": lambda net: {"lr": 0.1, "lenet": net.state_dict()},
    "nested": lambda net: {"all": {"state_dict": net.state_dict(), "args": {"lr": 0.1}}},
    "DataParallel": lambda net: nn.DataParallel(net).state_dict(),
    "compiled": lambda net: {"net": {f"_orig_mod.{k}": w for k, w in net.state_dict().items()}},
}


@pytest.mark.parametrize("save", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("is_zip", [True, False], ids=["today", "before 2020"])
@pytest.mark.parametrize("device", ["cpu", "cuda:7"])
def test_what_torch_saved_is_met_with_the_line_that_opens_it(
    path, monkeypatch, save, is_zip, device
):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(torch.serialization, "location_tag", lambda storage: device)
        torch.save(save(net_with(0)), path, _use_new_zipfile_serialization=is_zip)
    found = {"net": net_with(1), "torch": torch}
    exec(assert_refused(path).splitlines()[-1], found)
    assert_same(found["net"], net_with(0))


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("I ran",)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: None,
        Path.mkdir,
        lambda path: path.write_bytes(b"\x89PNG\r\n"),
        lambda path: np.savez(path.open("wb"), layers=np.array([Harmful()], dtype=object)),
        lambda path: torch.save({"layers": [Harmful()]}, path),
    ],
    ids=["missing", "folder", "picture", "numpy", "harmful"],
)
def test_foreign_file_is_refused_and_runs_nothing(path, monkeypatch, write):
    monkeypatch.chdir(path.parent)
    write(path)
    assert_refused(path)
    assert not Path("I ran").exists()


def test_half_a_file_and_a_changed_weight_are_refused(path, digits):
    save_net(net_with(0), path, digits[0])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert_refused(path)
    damaged = bytearray(content)
    damaged[content.index(net_with(0)[0].weight.detach().numpy().tobytes())] ^= 0x10
    path.write_bytes(damaged)
    assert_refused(path)


@pytest.mark.parametrize("step", ["write_bytes", "replace"])  # a full disk; a file in use
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_file_that_cannot_be_written_leaves_the_earlier_one(path, digits, monkeypatch, error, step):
    def fail(file, _):
        file.write_text("half")
        raise error

    save_net(net_with(0), path, digits[0])
    monkeypatch.setattr(Path, step, fail)
    with pytest.raises((SavedNetError, KeyboardInterrupt)) as caught:
        save_net(net_with(2), path, digits[0])
    if isinstance(error, OSError):
        assert all(f"{path}" in text and "No space" in text for text in caught.value.words)
    assert os.listdir(path.parent) == [path.name]
    again = net_with(1)
    load_net(again, path)
    assert_same(again, net_with(0))


@pytest.mark.parametrize("name", ["gone/net.pt", ".", ""])
def test_path_that_is_no_file_is_explained(tmp_path, digits, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SavedNetError, match="Choose a folder"):
        save_net(net_with(0), name, digits[0])
    assert os.listdir(tmp_path) == []


# The networks that lesson 09 opens where there is none of the reader's own


@pytest.mark.parametrize("name", RECIPES)
def test_stored_network_of_lesson_07_is_there_and_has_learned(name, real_places):
    if not datasets_at_hand()[name]:
        pytest.skip(f"{name} is not at hand")
    net, (_, test_iter) = lenet(), load_data(name, device="cpu")
    about = load_net(net, RESULTS / f"lenet_{name}.pt")
    assert about["dataset"] == name
    assert about["standardize"] == test_iter.standardize
    assert evaluate_accuracy_gpu(net, test_iter) > 0.75
