"""Batches: shapes, types, order, statistics, settings, and which data set ``auto`` stands for."""

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from lenet_helpers import (
    BatchIterator,
    DataUnavailableError,
    SettingError,
    datasets_at_hand,
    load_data,
    try_gpu,
)
from lenet_helpers.data import batches as data
from lenet_helpers.data import downloads
from lenet_helpers.data.batches import load_for_run, pixel_statistics


@pytest.fixture
def fashion(tiny_sets, isolated):
    """A tiny Fashion-MNIST, 70 + 30 images, in the cache."""
    tiny_sets["fashion_mnist"].write_below(isolated)
    return tiny_sets["fashion_mnist"]


@pytest.fixture
def no_network(monkeypatch):
    def refuse(dataset, watch):
        raise DataUnavailableError("没有网络", "no network")

    monkeypatch.setattr(downloads, "download", refuse)


def load(batch_size: int = 16, **options) -> tuple[BatchIterator, BatchIterator]:
    return load_data("fashion_mnist", batch_size, "cpu", **options)


def one_epoch(batches: BatchIterator) -> tuple[torch.Tensor, torch.Tensor]:
    """All images and labels of one pass, ``(n, 1, 28, 28)`` and ``(n,)``."""
    X, y = zip(*batches, strict=True)
    return torch.cat(X), torch.cat(y)


# Batches


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize(("size", "batches"), [(1, 70), (16, 5), (69, 2), (70, 1), (1000, 1)])
def test_batches_of_any_size_have_every_example_once_in_the_lessons_form(
    fashion, size, batches, standardize
):
    train_iter, test_iter = load(size, standardize=standardize)
    for X, y in [*train_iter, *test_iter]:
        assert (X.shape[1:], X.dtype, y.dtype) == ((1, 28, 28), torch.float32, torch.int64)
        assert X.stride() == (784, 1, 28, 1)  # channels last
    sizes = [len(y) for _, y in train_iter]
    assert len(train_iter) == len(sizes) == batches
    assert set(sizes[:-1]) <= {size}
    assert one_epoch(train_iter)[1].bincount().tolist() == [7] * 10


def test_test_set_is_exact_and_in_file_order_every_time(fashion):
    _, test_iter = load()
    for _ in range(2):
        X, y = one_epoch(test_iter)
        assert torch.equal(X[:, 0], torch.from_numpy(fashion.arrays[2]).float() / 255)
        assert y.tolist() == fashion.arrays[3].tolist()


def test_shuffled_images_stay_with_their_labels(fashion):
    X, y = one_epoch(load()[0])
    images, labels = fashion.arrays[:2]
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    found = [known[image.numpy().tobytes()] for image in (X[:, 0] * 255).round().to(torch.uint8)]
    assert found == y.tolist() != labels.tolist()
    assert len({image.numpy().tobytes() for image in X}) == 70


def test_batches_are_on_the_device_already(fashion):
    train_iter, test_iter = load_data("fashion_mnist")
    X, y = next(iter(train_iter))
    assert X.device.type == y.device.type == train_iter.device.type == try_gpu().type
    assert train_iter.batch_size == test_iter.batch_size == 256
    train_iter, test_iter = load_data("fashion_mnist", 16, torch.device("meta"))
    assert train_iter.images.is_meta and test_iter.labels.is_meta


def test_iterating_needs_no_other_process_and_no_thread(fashion, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(os, "fork", refuse, raising=False)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert len(one_epoch(load()[0])[1]) == 70


def test_iterator_says_what_it_holds(fashion, capsys):
    train_iter, _ = load(16)
    assert capsys.readouterr() == ("", "")
    assert repr(train_iter) == "<Fashion-MNIST: 70 images in 5 batches of 16 on cpu>"
    assert train_iter.name == "fashion_mnist"
    assert train_iter.classes[9] == ("短靴", "Ankle boot")


# Order


def test_seed_alone_decides_the_order_and_reseeding_begins_it_anew(fashion):
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    train_iter, _ = load(seed=5)
    before = [one_epoch(train_iter)[0] for _ in range(2)]
    assert torch.rand(1) == expected  # torch's own random numbers were left alone
    assert not torch.equal(*before)
    train_iter.reseed(5)
    assert all(map(torch.equal, before, [one_epoch(train_iter)[0] for _ in range(2)]))
    assert not torch.equal(before[0], one_epoch(load(seed=4)[0])[0])


# Mean and standard deviation


@given(st.binary(min_size=1, max_size=100))
@settings(max_examples=80, deadline=None)
def test_pixel_statistics_are_those_of_floating_point(raw):
    images = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(1, 1, -1)
    mean, std = pixel_statistics(images)
    exact = images.to(torch.float64) / 255
    assert mean == pytest.approx(exact.mean().item(), rel=1e-12, abs=1e-12)
    assert std == pytest.approx(exact.std(correction=0).item(), rel=1e-6, abs=1e-7)


def test_both_parts_are_standardised_with_the_training_statistics(fashion):
    train_iter, test_iter = load(standardize=True)
    assert (test_iter.mean, test_iter.std) == (train_iter.mean, train_iter.std)
    X, _ = one_epoch(train_iter)
    assert X.mean().item() == pytest.approx(0, abs=1e-5)
    assert X.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    pixels = torch.from_numpy(fashion.arrays[2]).double() / 255
    expected = (pixels - train_iter.mean) / train_iter.std
    torch.testing.assert_close(one_epoch(test_iter)[0][:, 0].double(), expected, rtol=0, atol=1e-5)


def test_digits_are_those_of_scikit_learn_and_always_standardised(digits):
    known = load_digits()
    is_test = torch.arange(len(known.target)) % 5 == 4
    for batches, chosen in zip(digits, (~is_test, is_test), strict=True):
        assert batches.labels.tolist() == known.target[chosen].tolist()
        grey = torch.from_numpy(known.images[chosen])[:, None] * (255 / 16)
        large = torch.nn.functional.interpolate(grey, (28, 28), mode="bilinear")[:, 0]
        assert torch.equal(batches.images, large.round().to(torch.uint8))
        assert batches.standardize
    assert one_epoch(digits[0])[0].mean().item() == pytest.approx(0, abs=1e-4)


# Many runs


@pytest.fixture
def reads(monkeypatch):
    """The names of the data sets that are read, with nothing kept from other tests."""
    names, read = [], data.load_data
    monkeypatch.setattr(data, "load_data", lambda name, **o: names.append(name) or read(name, **o))
    data.read_once.cache_clear()
    yield names
    data.read_once.cache_clear()


def test_runs_share_the_images_and_have_batches_of_their_own(fashion, reads):
    one, _ = load_for_run("fashion_mnist", 16, "cpu", seed=3)
    other, test_iter = load_for_run("fashion_mnist", 7, torch.device("cpu"), standardize=True)
    assert reads == ["fashion_mnist"]
    assert one.images is other.images
    assert (one.batch_size, other.batch_size, test_iter.batch_size) == (16, 7, 7)
    assert (one.standardize, other.standardize, test_iter.standardize) == (False, True, True)
    assert torch.equal(one_epoch(one)[0], one_epoch(load(seed=3)[0])[0])
    assert torch.equal(one_epoch(other)[0], one_epoch(load(7, standardize=True)[0])[0])
    assert all(part.standardize for part in load_for_run("digits", 32, "cpu"))


def test_two_runs_that_begin_at_once_read_once(fashion, reads):
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda size: load_for_run("fashion_mnist", size, "cpu"), range(1, 9)))
    assert reads == ["fashion_mnist"]
    assert [train_iter.batch_size for train_iter, _ in runs] == list(range(1, 9))


# Settings


@pytest.mark.parametrize("load", [load_data, load_for_run])
@pytest.mark.parametrize("batch_size", [0, -1, 2.5, 256.0, "32", True, None])
def test_batch_size_that_is_no_positive_integer_is_explained(load, batch_size):
    with pytest.raises(SettingError, match="must be a positive integer") as caught:
        load("digits", batch_size, "cpu")
    assert isinstance(caught.value, ValueError)
    assert "正整数" in caught.value.words.zh
    for text in caught.value.words:
        assert "batch_size" in text
        assert repr(batch_size) in text


@pytest.mark.parametrize("name", ["MNIST", "cifar10", "fashion-mnist"])
def test_unknown_name_is_explained_with_the_known_ones(monkeypatch, name):
    monkeypatch.setenv("LENET_DATASET", name)
    for asked in ((name,), ()):
        with pytest.raises(SettingError) as caught:
            load_data(*asked, device="cpu")
        for text in caught.value.words:
            assert f"{name!r}" in text and "fashion_mnist, mnist, digits, auto" in text
            assert asked or "LENET_DATASET" in text


# What "auto" stands for


def name_and_line(capsys, **options) -> tuple[str, str]:
    train_iter, _ = load_data(device="cpu", **options)
    captured = capsys.readouterr()
    assert captured.err == "" and captured.out.count("\n") == 1
    return train_iter.name, captured.out


def test_auto_falls_back_to_the_digits_and_says_so(no_network, monkeypatch, capsys):
    monkeypatch.setenv("LENET_DATASET", "fashion_mnist")
    name, line = name_and_line(capsys)
    assert name == "digits"
    assert "手写数字（scikit-learn 自带；没有 Fashion-MNIST）" in line
    assert "digits (comes with scikit-learn; Fashion-MNIST cannot be had)" in line
    with pytest.raises(DataUnavailableError):
        load_data("mnist", device="cpu")


def test_auto_downloads_what_is_not_at_hand(tiny_sets, isolated, monkeypatch, capsys):
    tiny = tiny_sets["fashion_mnist"]
    monkeypatch.setattr(downloads, "download", lambda *_: tiny.write_below(isolated))
    name, line = name_and_line(capsys)
    assert name == "fashion_mnist" and "（刚刚下载）" in line and "(just downloaded)" in line


@pytest.mark.parametrize(
    ("prefer", "chosen", "expected"),
    [
        ("fashion_mnist", None, "fashion_mnist"),
        ("fashion_mnist", "", "fashion_mnist"),
        ("fashion_mnist", "auto", "fashion_mnist"),
        ("fashion_mnist", "mnist", "mnist"),
        ("fashion_mnist", "digits", "digits"),
        ("mnist", None, "mnist"),
        ("mnist", "fashion_mnist", "mnist"),  # a lesson on handwriting shows no clothes
        ("mnist", "digits", "digits"),
        ("digits", None, "digits"),
    ],
)
def test_what_a_lesson_prefers_and_what_the_class_chose(
    tiny_sets, isolated, monkeypatch, capsys, prefer, chosen, expected
):
    for tiny in tiny_sets.values():
        tiny.write_below(isolated)
    if chosen is not None:
        monkeypatch.setenv("LENET_DATASET", chosen)
    name, line = name_and_line(capsys, prefer=prefer)
    assert name == expected
    if name == "fashion_mnist":
        assert line == (
            "数据集：Fashion-MNIST（本机缓存） / Data set: Fashion-MNIST (this user's cache)\n"
        )
    assert load()[0].name == "fashion_mnist"  # a name that is given stands


# The real data sets, where they are


@pytest.mark.parametrize(
    ("name", "mean", "std"), [("mnist", 0.1307, 0.3081), ("fashion_mnist", 0.2860, 0.3530)]
)
def test_real_data_set_is_whole_and_has_the_known_statistics(real_places, name, mean, std):
    if not datasets_at_hand()[name]:
        pytest.skip(f"{name} is not on this machine (LENET_DATA, Debian's package, the cache)")
    train_iter, test_iter = load_data(name, device="cpu")
    assert train_iter.images.shape == (60000, 28, 28)
    assert test_iter.images.shape == (10000, 28, 28)
    assert (len(train_iter), len(test_iter)) == (235, 40)
    assert train_iter.mean == pytest.approx(mean, abs=5e-5)
    assert train_iter.std == pytest.approx(std, abs=5e-5)
    if name == "fashion_mnist":
        assert train_iter.labels.bincount().tolist() == [6000] * 10
