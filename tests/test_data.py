"""Batches: shapes, types, order, statistics, settings, and which data set ``auto`` stands for."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet_helpers import (
    BatchIterator,
    DamagedFileError,
    DataUnavailableError,
    SettingError,
    load_data,
    try_gpu,
)
from lenet_helpers.data import batches as data
from lenet_helpers.data import places as sources
from lenet_helpers.data.batches import pixel_statistics


@pytest.fixture
def fashion(tiny_sets, isolated):
    """A tiny Fashion-MNIST, 70 + 30 images, in the cache."""
    tiny_sets["fashion_mnist"].write_below(isolated)
    return tiny_sets["fashion_mnist"]


@pytest.fixture
def no_network(monkeypatch):
    def refuse(dataset):
        raise DataUnavailableError("没有网络", "no network")

    monkeypatch.setattr(data, "download", refuse)


def load(batch_size: int = 16, **options) -> tuple[BatchIterator, BatchIterator]:
    return load_data("fashion_mnist", batch_size, "cpu", **options)


def one_epoch(batches: BatchIterator) -> tuple[torch.Tensor, torch.Tensor]:
    """All images and labels of one pass, ``(n, 1, 28, 28)`` and ``(n,)``."""
    X, y = zip(*batches, strict=True)
    return torch.cat(X), torch.cat(y)


# Batches


def test_batches_have_the_lessons_shapes_and_types(fashion):
    for batches in load():
        for X, y in batches:
            assert X.shape[1:] == (1, 28, 28)
            assert X.dtype == torch.float32
            assert y.shape == X.shape[:1]
            assert y.dtype == torch.int64


def test_length_counts_the_smaller_last_batch(fashion):
    train_iter, test_iter = load(16)
    assert [len(y) for _, y in train_iter] == [16, 16, 16, 16, 6]
    assert [len(y) for _, y in test_iter] == [16, 14]
    assert (len(train_iter), len(test_iter)) == (5, 2)


@pytest.mark.parametrize(("batch_size", "batches"), [(1, 70), (69, 2), (70, 1), (71, 1), (1000, 1)])
def test_any_batch_size_gives_every_example_once(fashion, batch_size, batches):
    train_iter, _ = load(batch_size)
    assert len(train_iter) == batches
    _, y = one_epoch(train_iter)
    assert y.bincount().tolist() == [7] * 10


def test_batch_size_is_256_by_default(fashion):
    assert {batches.batch_size for batches in load_data("fashion_mnist", device="cpu")} == {256}


def test_pixels_are_from_zero_to_one_and_exact(fashion):
    _, test_iter = load()
    X, _ = one_epoch(test_iter)
    expected = torch.from_numpy(fashion.arrays[2].copy()).float() / 255
    assert torch.equal(X[:, 0], expected)


def test_images_stay_with_their_labels(fashion):
    train_iter, _ = load()
    X, y = one_epoch(train_iter)
    known = {
        image.tobytes(): int(label)
        for image, label in zip(fashion.arrays[0], fashion.arrays[1], strict=True)
    }
    found = [known[image.numpy().tobytes()] for image in (X[:, 0] * 255).round().to(torch.uint8)]
    assert found == y.tolist()
    assert len({image.numpy().tobytes() for image in X}) == 70


def test_batches_are_on_the_device_already(fashion):
    train_iter, _ = load_data("fashion_mnist", 16)
    X, y = next(iter(train_iter))
    assert X.device.type == y.device.type == train_iter.device.type == try_gpu().type


def test_device_may_be_chosen(fashion):
    train_iter, test_iter = load_data("fashion_mnist", 16, torch.device("meta"))
    assert train_iter.images.is_meta
    assert test_iter.labels.is_meta


@pytest.mark.parametrize("standardize", [False, True])
def test_images_are_laid_out_channels_last(fashion, standardize):
    X, _ = next(iter(load(standardize=standardize)[0]))
    assert X.stride() == (784, 1, 28, 1)
    assert X.is_contiguous(memory_format=torch.channels_last)


def test_convolution_of_the_layout_gives_the_same_numbers(fashion):
    X, _ = next(iter(load()[0]))
    convolution = torch.nn.Conv2d(1, 6, 5, padding=2)
    torch.testing.assert_close(convolution(X), convolution(X.contiguous()))


def test_iterating_needs_no_other_process_and_no_thread(fashion, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(os, "fork", refuse, raising=False)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    train_iter, _ = load()
    assert len(one_epoch(train_iter)[1]) == 70


def test_iterator_says_what_it_holds(fashion):
    train_iter, _ = load(16)
    assert repr(train_iter) == "<Fashion-MNIST: 70 images in 5 batches of 16 on cpu>"
    assert train_iter.name == "fashion_mnist"
    assert train_iter.place == sources.FROM_CACHE
    assert train_iter.classes[9] == ("短靴", "Ankle boot")


# Order


def test_test_set_comes_in_file_order_every_time(fashion):
    _, test_iter = load()
    for _ in range(2):
        assert one_epoch(test_iter)[1].tolist() == fashion.arrays[3].tolist()


def test_each_epoch_has_another_order(fashion):
    train_iter, _ = load()
    first, second = one_epoch(train_iter)[0], one_epoch(train_iter)[0]
    assert not torch.equal(first, second)
    assert torch.equal(first.sum(0, dtype=torch.float64), second.sum(0, dtype=torch.float64))


def test_training_order_is_not_file_order(fashion):
    assert one_epoch(load()[0])[1].tolist() != fashion.arrays[1].tolist()


def test_same_seed_gives_the_same_orders(fashion):
    one, other = load(seed=3)[0], load(seed=3)[0]
    for _ in range(2):
        assert torch.equal(one_epoch(one)[0], one_epoch(other)[0])


def test_another_seed_gives_another_order(fashion):
    assert not torch.equal(one_epoch(load(seed=3)[0])[0], one_epoch(load(seed=4)[0])[0])


def test_reseeding_begins_the_orders_anew(fashion):
    train_iter, _ = load(seed=5)
    before = [one_epoch(train_iter)[0] for _ in range(2)]
    train_iter.reseed(5)
    after = [one_epoch(train_iter)[0] for _ in range(2)]
    assert all(map(torch.equal, before, after))


def test_order_does_not_depend_on_torchs_own_seed(fashion):
    torch.manual_seed(1)
    before = one_epoch(load(seed=5)[0])[0]
    torch.manual_seed(2)
    assert torch.equal(before, one_epoch(load(seed=5)[0])[0])


def test_shuffling_leaves_torchs_own_random_numbers_alone(fashion):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one_epoch(load()[0])
    assert torch.equal(torch.rand(3), expected)


def test_epoch_left_early_does_not_shorten_the_next(fashion):
    train_iter, _ = load()
    next(iter(train_iter))
    assert len(one_epoch(train_iter)[1]) == 70


# Mean and standard deviation


@given(
    images=st.integers(1, 12).flatmap(
        lambda n: st.binary(min_size=12 * n, max_size=12 * n).map(
            lambda raw: torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(n, 3, 4)
        )
    )
)
@settings(max_examples=80, deadline=None)
def test_pixel_statistics_are_those_of_floating_point(images):
    mean, std = pixel_statistics(images)
    exact = images.to(torch.float64) / 255
    assert mean == pytest.approx(exact.mean().item(), rel=1e-12, abs=1e-12)
    assert std == pytest.approx(exact.std(correction=0).item(), rel=1e-6, abs=1e-7)


def test_pixel_statistics_of_more_images_than_one_piece():
    images = torch.full((9000, 28, 28), 255, dtype=torch.uint8)
    images[:4500] = 0
    assert pixel_statistics(images) == pytest.approx((0.5, 0.5), rel=1e-12)


def test_standardised_training_pixels_have_mean_0_and_deviation_1(fashion):
    train_iter, _ = load(standardize=True)
    X, _ = one_epoch(train_iter)
    assert X.mean().item() == pytest.approx(0, abs=1e-5)
    assert X.std(correction=0).item() == pytest.approx(1, abs=1e-5)


def test_test_pixels_are_standardised_with_the_training_statistics(fashion):
    train_iter, test_iter = load(standardize=True)
    assert (test_iter.mean, test_iter.std) == (train_iter.mean, train_iter.std)
    X, _ = one_epoch(test_iter)
    pixels = torch.from_numpy(fashion.arrays[2].copy()).double() / 255
    expected = (pixels - train_iter.mean) / train_iter.std
    torch.testing.assert_close(X[:, 0].double(), expected, rtol=0, atol=1e-5)


def test_standardising_changes_neither_images_nor_order(fashion):
    plain, standardised = load()[0], load(standardize=True)[0]
    assert torch.equal(plain.images, standardised.images)
    X, Z = one_epoch(plain)[0], one_epoch(standardised)[0]
    torch.testing.assert_close((X - plain.mean) / plain.std, Z)


def test_digits_are_always_standardised(digits):
    train_iter, _ = digits
    assert train_iter.standardize
    X, _ = one_epoch(train_iter)
    assert X.mean().item() == pytest.approx(0, abs=1e-4)
    assert X.std().item() == pytest.approx(1, abs=1e-3)
    assert (len(train_iter.labels), len(digits[1].labels)) == (1438, 359)


# Settings


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, 256.0, "32", True, None])
def test_batch_size_that_is_no_positive_integer_is_explained(batch_size):
    with pytest.raises(SettingError) as caught:
        load_data("digits", batch_size, "cpu")
    for text in caught.value.words:
        assert "batch_size" in text
        assert repr(batch_size) in text
    assert "正整数" in caught.value.words.zh
    assert "positive integer" in caught.value.words.en


def test_setting_errors_are_value_errors_too():
    with pytest.raises(ValueError, match="batch_size"):
        load_data("digits", 0)


def test_unknown_name_is_explained():
    with pytest.raises(SettingError, match="fashion_mnist, mnist, digits, auto") as caught:
        load_data("cifar10")
    assert "未知的数据集 'cifar10'" in caught.value.words.zh


def test_damaged_file_at_hand_is_named_and_not_passed_over(fashion, isolated):
    file = isolated / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    for name in ("fashion_mnist", "auto"):
        with pytest.raises(DamagedFileError) as caught:
            load_data(name, device="cpu")
        assert str(file) in str(caught.value)


def test_data_set_that_cannot_be_had_is_explained(no_network):
    with pytest.raises(DataUnavailableError):
        load_data("mnist", device="cpu")


# What "auto" stands for


def name_and_line(capsys, **options) -> tuple[str, str]:
    train_iter, _ = load_data(device="cpu", **options)
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.count("\n") == 1
    assert train_iter.title.zh in captured.out
    assert train_iter.place.zh in captured.out
    assert train_iter.place.en in captured.out
    return train_iter.name, captured.out


def test_auto_takes_fashion_mnist_at_hand_and_says_so(fashion, capsys):
    name, line = name_and_line(capsys)
    assert name == "fashion_mnist"
    assert line == (
        "数据集：Fashion-MNIST（本机缓存） / Data set: Fashion-MNIST (this user's cache)\n"
    )


def test_auto_falls_back_to_the_digits_and_says_so_in_both_languages(no_network, capsys):
    name, line = name_and_line(capsys)
    assert name == "digits"
    assert "没有 Fashion-MNIST" in line
    assert "Fashion-MNIST cannot be had" in line
    assert "手写数字" in line
    assert "scikit-learn digits" in line


def test_auto_downloads_what_is_not_at_hand(tiny_sets, monkeypatch, capsys):
    tiny = tiny_sets["fashion_mnist"]
    monkeypatch.setattr(data, "download", lambda dataset: sources.Images(*tiny.arrays))
    name, line = name_and_line(capsys)
    assert name == "fashion_mnist"
    assert "刚刚下载" in line
    assert "just downloaded" in line


def test_name_given_says_nothing(fashion, capsys):
    load()
    assert capsys.readouterr() == ("", "")


def test_lenet_dataset_overrides_auto(fashion, monkeypatch, capsys):
    monkeypatch.setenv("LENET_DATASET", "digits")
    monkeypatch.setenv("LENET_DATA", "/no/such/folder")  # not looked at for the digits
    assert name_and_line(capsys)[0] == "digits"


def test_lenet_dataset_does_not_override_a_name(fashion, monkeypatch):
    monkeypatch.setenv("LENET_DATASET", "digits")
    assert load()[0].name == "fashion_mnist"


def test_lenet_dataset_that_cannot_be_had_falls_back(no_network, monkeypatch, capsys):
    monkeypatch.setenv("LENET_DATASET", "mnist")
    name, line = name_and_line(capsys)
    assert name == "digits"
    assert "MNIST cannot be had" in line


@pytest.mark.parametrize("value", ["", "auto"])
def test_lenet_dataset_without_a_choice_counts_as_unset(fashion, monkeypatch, capsys, value):
    monkeypatch.setenv("LENET_DATASET", value)
    assert name_and_line(capsys)[0] == "fashion_mnist"


def test_unknown_lenet_dataset_is_explained_by_its_name(monkeypatch):
    monkeypatch.setenv("LENET_DATASET", "fashion")
    with pytest.raises(SettingError) as caught:
        load_data(device="cpu")
    for text in caught.value.words:
        assert "'fashion'" in text
        assert "LENET_DATASET" in text


@pytest.mark.parametrize(
    ("prefer", "chosen", "expected"),
    [
        ("fashion_mnist", None, "fashion_mnist"),
        ("mnist", None, "mnist"),
        ("fashion_mnist", "mnist", "mnist"),
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
    if chosen:
        monkeypatch.setenv("LENET_DATASET", chosen)
    assert name_and_line(capsys, prefer=prefer)[0] == expected


# The real data sets, where they are


@pytest.mark.parametrize(
    ("name", "mean", "std"), [("mnist", 0.1307, 0.3081), ("fashion_mnist", 0.2860, 0.3530)]
)
def test_real_data_set_is_whole_and_has_the_known_statistics(real_places, name, mean, std):
    if sources.find(name) is None:
        pytest.skip(f"{name} is not on this machine (LENET_DATA, Debian's package, the cache)")
    train_iter, test_iter = load_data(name, device="cpu")
    assert train_iter.images.shape == (60000, 28, 28)
    assert test_iter.images.shape == (10000, 28, 28)
    assert (len(train_iter), len(test_iter)) == (235, 40)
    assert train_iter.mean == pytest.approx(mean, abs=5e-5)
    assert train_iter.std == pytest.approx(std, abs=5e-5)
    if name == "fashion_mnist":
        assert train_iter.labels.bincount().tolist() == [6000] * 10
