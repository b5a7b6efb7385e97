"""Where data sets are looked for, and what is checked before they are used."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace

import numpy as np
import pytest

from lenet_helpers import DamagedFileError, SettingError, datasets_at_hand
from lenet_helpers.data import places as sources
from lenet_helpers.data.catalog import DATA_SETS, FILES, data_set
from lenet_helpers.data.places import find, read_digits, read_folder

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES


@pytest.fixture
def lenet_data(monkeypatch, tmp_path):
    """A folder that LENET_DATA names."""
    folder = tmp_path / "my data"
    folder.mkdir()
    monkeypatch.setenv("LENET_DATA", str(folder))
    return folder


def with_contents(tiny, folder, contents):
    """Write other files, and make their checksums the right ones, so that only content is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, content in contents.items():
        (folder / stem).write_bytes(content)
    sums = tuple(hashlib.sha256(contents[stem]).hexdigest() for stem in FILES)
    return replace(tiny.dataset, sha256=sums)


# Where they are looked for


def test_nothing_at_hand_but_the_digits():
    assert datasets_at_hand() == {
        "fashion_mnist": None,
        "mnist": None,
        "digits": sources.FROM_SKLEARN,
    }


def test_order_is_lenet_data_then_debian_then_cache(tiny_sets, lenet_data, isolated):
    tiny = tiny_sets["fashion_mnist"]
    places = {
        sources.FROM_LENET_DATA: tiny.write_below(lenet_data),
        sources.FROM_DEBIAN: tiny.write(sources.DEBIAN_FOLDER, compressed=True),
        sources.FROM_CACHE: tiny.write_below(isolated),
    }
    for place, folder in places.items():
        assert find("fashion_mnist") == (folder, place)
        assert datasets_at_hand()["fashion_mnist"] == place
        next(folder.iterdir()).unlink()  # three of four files are no data set
    assert find("fashion_mnist") is None


def test_debian_folder_is_not_searched_for_mnist(tiny_sets):
    tiny_sets["mnist"].write(sources.DEBIAN_FOLDER)
    assert find("mnist") is None


def test_mnist_and_fashion_mnist_lie_side_by_side(tiny_sets, lenet_data):
    for tiny in tiny_sets.values():
        tiny.write_below(lenet_data)
    for name, tiny in tiny_sets.items():
        images = read_folder(find(name).folder, tiny.dataset)
        np.testing.assert_array_equal(images.train_images, tiny.arrays[0])


def test_finding_reads_nothing(lenet_data):
    folder = lenet_data / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for stem in FILES:
        (folder / stem).write_bytes(b"rubbish")
    assert find("mnist").folder == folder


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_lenet_data_that_is_no_folder_is_explained(monkeypatch, tmp_path, kind):
    path = tmp_path / "not a folder"
    if kind == "file":
        path.write_text("data")
    monkeypatch.setenv("LENET_DATA", str(path))
    with pytest.raises(SettingError) as caught:
        find("mnist")
    for text in caught.value.words:
        assert str(path) in text
        assert "LENET_DATA" in text


def test_empty_lenet_data_counts_as_unset(monkeypatch):
    monkeypatch.setenv("LENET_DATA", "")
    assert find("mnist") is None


@pytest.mark.parametrize("name", ["MNIST", "cifar10", "", "fashion-mnist"])
def test_unknown_name_is_explained_with_the_known_ones(name):
    with pytest.raises(SettingError) as caught:
        data_set(name)
    for text in caught.value.words:
        assert repr(name) in text
        assert all(known in text for known in DATA_SETS)


# What is read


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_four_files_are_read(tiny_sets, tmp_path, compressed):
    tiny = tiny_sets["fashion_mnist"]
    images = read_folder(tiny.write(tmp_path, compressed=compressed), tiny.dataset)
    for read, written in zip(images, tiny.arrays, strict=True):
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, written)


def test_plain_and_compressed_files_may_be_mixed(tiny_sets, tmp_path):
    tiny = tiny_sets["mnist"]
    tiny.write(tmp_path)
    plain = tmp_path / TEST_IMAGES
    (tmp_path / f"{TEST_IMAGES}.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert read_folder(tmp_path, tiny.dataset).test_images.shape == (20, 28, 28)


def test_other_files_than_the_published_ones_are_refused(tiny_sets, tmp_path):
    tiny_sets["mnist"].write(tmp_path)
    with pytest.raises(DamagedFileError, match="checksum"):
        read_folder(tmp_path, tiny_sets["fashion_mnist"].dataset)


@pytest.mark.parametrize("stem", FILES)
def test_each_of_the_four_files_is_checked(tiny_sets, tmp_path, stem):
    tiny = tiny_sets["mnist"]
    content = tiny.write(tmp_path).joinpath(stem).read_bytes()
    (tmp_path / stem).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedFileError) as caught:
        read_folder(tmp_path, tiny.dataset)
    assert str(tmp_path / stem) in caught.value.words.en


def test_swapped_images_and_labels_are_refused(tiny_sets, tmp_path):
    tiny = tiny_sets["mnist"]
    contents = tiny.contents | {
        TRAIN_IMAGES: tiny.contents[TRAIN_LABELS],
        TRAIN_LABELS: tiny.contents[TRAIN_IMAGES],
    }
    dataset = with_contents(tiny, tmp_path, contents)
    with pytest.raises(DamagedFileError, match="no 28×28 images"):
        read_folder(tmp_path, dataset)


def test_images_in_the_place_of_labels_are_refused(tiny_sets, tmp_path):
    tiny = tiny_sets["mnist"]
    contents = tiny.contents | {TEST_LABELS: tiny.contents[TEST_IMAGES]}
    dataset = with_contents(tiny, tmp_path, contents)
    with pytest.raises(DamagedFileError, match="no labels from 0 to 9"):
        read_folder(tmp_path, dataset)


def test_label_above_nine_is_refused(tiny_sets, tmp_path, idx_bytes):
    tiny = tiny_sets["mnist"]
    labels = tiny.arrays[3].copy()
    labels[7] = 10
    dataset = with_contents(tiny, tmp_path, tiny.contents | {TEST_LABELS: idx_bytes(labels)})
    with pytest.raises(DamagedFileError, match="no labels from 0 to 9"):
        read_folder(tmp_path, dataset)


def test_images_of_another_size_are_refused(tiny_sets, tmp_path, idx_bytes):
    tiny = tiny_sets["mnist"]
    other = idx_bytes(np.zeros((20, 32, 32), np.uint8))
    dataset = with_contents(tiny, tmp_path, tiny.contents | {TEST_IMAGES: other})
    with pytest.raises(DamagedFileError, match="no 28×28 images"):
        read_folder(tmp_path, dataset)


@pytest.mark.parametrize("part", ["train", "test"])
def test_counts_that_differ_are_refused(tiny_sets, tmp_path, idx_bytes, part):
    tiny = tiny_sets["mnist"]
    stem, array = (FILES[1], tiny.arrays[1]) if part == "train" else (FILES[3], tiny.arrays[3])
    dataset = with_contents(tiny, tmp_path, tiny.contents | {stem: idx_bytes(array[:-1])})
    with pytest.raises(DamagedFileError, match="counts of images and labels differ") as caught:
        read_folder(tmp_path, dataset)
    assert "数目不符" in caught.value.words.zh


def test_files_without_any_image_are_refused(tiny_sets, tmp_path, idx_bytes):
    nothing = idx_bytes(np.zeros((0, 28, 28), np.uint8)), idx_bytes(np.zeros(0, np.uint8))
    contents = dict(zip(FILES, nothing * 2, strict=True))
    dataset = with_contents(tiny_sets["mnist"], tmp_path, contents)
    with pytest.raises(DamagedFileError):
        read_folder(tmp_path, dataset)


# The digits and the names of classes


@pytest.fixture(scope="module")
def digit_images():
    return read_digits()


def test_digits_have_their_counts_shapes_and_types(digit_images):
    train_images, train_labels, test_images, test_labels = digit_images
    assert train_images.shape == (1438, 28, 28)
    assert test_images.shape == (359, 28, 28)
    assert train_labels.shape == (1438,)
    assert test_labels.shape == (359,)
    assert {array.dtype for array in digit_images} == {np.dtype(np.uint8)}


def test_digits_use_the_whole_range_of_grey(digit_images):
    for images in (digit_images.train_images, digit_images.test_images):
        assert images.min() == 0
        assert images.max() > 240


def test_both_parts_of_the_digits_hold_all_ten_classes(digit_images):
    for labels in (digit_images.train_labels, digit_images.test_labels):
        counts = np.bincount(labels, minlength=10)
        assert len(counts) == 10
        assert counts.min() > len(labels) / 10 / 2  # at least half of an even share


def test_digits_are_split_without_overlap_in_scikit_learns_order(digit_images):
    from sklearn.datasets import load_digits

    target = load_digits().target
    np.testing.assert_array_equal(digit_images.test_labels, target[4::5])
    together = np.empty_like(target)
    together[4::5] = digit_images.test_labels
    together[np.arange(1797) % 5 != 4] = digit_images.train_labels
    np.testing.assert_array_equal(together, target)


def test_a_resized_digit_still_is_that_digit(digit_images):
    """Averaged back to a coarse grid, an image correlates with the 8×8 original."""
    from sklearn.datasets import load_digits

    original = load_digits().images[4::5]
    coarse = digit_images.test_images.reshape(-1, 4, 7, 4, 7).mean(axis=(2, 4)).reshape(359, -1)
    halved = original.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(359, -1)
    assert np.corrcoef(coarse.ravel(), halved.ravel())[0, 1] > 0.98


def test_classes_have_names_in_both_languages():
    for dataset in DATA_SETS.values():
        assert len(dataset.classes) == 10
        assert len({name.zh for name in dataset.classes}) == 10
        assert len({name.en for name in dataset.classes}) == 10


def test_fashion_mnist_classes_are_the_published_ones():
    names = [(words.zh, words.en) for words in data_set("fashion_mnist").classes]
    assert names == [
        ("T恤", "T-shirt/top"),
        ("裤子", "Trouser"),
        ("套衫", "Pullover"),
        ("连衣裙", "Dress"),
        ("外套", "Coat"),
        ("凉鞋", "Sandal"),
        ("衬衫", "Shirt"),
        ("运动鞋", "Sneaker"),
        ("包", "Bag"),
        ("短靴", "Ankle boot"),
    ]


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_digit_classes_are_zero_to_nine(name):
    assert [words.en for words in data_set(name).classes] == list("0123456789")
