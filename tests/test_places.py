"""Where data sets are looked for, and what the catalogue says of them."""

from __future__ import annotations

import numpy as np
import pytest

from lenet_helpers import DataUnavailableError, SettingError, datasets_at_hand, load_data
from lenet_helpers.data import choice, places
from lenet_helpers.data.catalog import DATA_SETS, FILES, data_set, read_digits
from lenet_helpers.data.places import find, looked_in

FASHION, MNIST = DATA_SETS["fashion_mnist"], DATA_SETS["mnist"]


@pytest.fixture
def lenet_data(monkeypatch, tmp_path):
    """A folder that LENET_DATA names."""
    folder = tmp_path / "my data"
    folder.mkdir()
    monkeypatch.setenv("LENET_DATA", str(folder))
    return folder


def test_nothing_at_hand_but_the_digits():
    place = DATA_SETS["digits"].comes_with
    assert datasets_at_hand() == {"fashion_mnist": None, "mnist": None, "digits": place}


def test_order_is_lenet_data_then_debian_then_cache(tiny_sets, lenet_data, isolated):
    tiny = tiny_sets["fashion_mnist"]
    debian = places.DEBIAN_FOLDER / "fashion-mnist"
    folders = {
        places.FROM_LENET_DATA: tiny.write_below(lenet_data),
        places.FROM_DEBIAN: tiny.write(debian, compressed=True),
        places.FROM_CACHE: tiny.write_below(isolated),
    }
    for place, folder in folders.items():
        assert find(FASHION) == (folder, place)
        assert datasets_at_hand()["fashion_mnist"] == place
        next(folder.iterdir()).unlink()  # three of four files are no data set
    assert find(FASHION) is None


def test_mnist_is_looked_for_beside_fashion_mnist_but_not_in_debian(tiny_sets, lenet_data):
    tiny_sets["fashion_mnist"].write_below(lenet_data)
    for folder in (".", "mnist", "fashion-mnist"):
        tiny_sets["mnist"].write(places.DEBIAN_FOLDER / folder)
    assert find(MNIST) is None
    folder = tiny_sets["mnist"].write_below(lenet_data)
    assert find(MNIST) == (folder, places.FROM_LENET_DATA)


def test_finding_reads_nothing(lenet_data):
    folder = lenet_data / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for stem in FILES:
        (folder / stem).write_bytes(b"rubbish")
    assert find(MNIST).folder == folder


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_lenet_data_that_is_no_folder_is_explained(monkeypatch, tmp_path, kind):
    path = tmp_path / "not a folder"
    if kind == "file":
        path.write_text("data")
    monkeypatch.setenv("LENET_DATA", str(path))
    with pytest.raises(SettingError) as caught:
        find(MNIST)
    for text in caught.value.words:
        assert str(path) in text
        assert "LENET_DATA" in text


def test_empty_lenet_data_counts_as_unset(monkeypatch):
    monkeypatch.setenv("LENET_DATA", "")
    assert find(MNIST) is None


# The digits and the names of classes


def test_digits_have_their_counts_types_and_range():
    images = read_digits()
    assert [array.shape[0] for array in images] == [1438, 1438, 359, 359]
    assert images.train_images.shape[1:] == images.test_images.shape[1:] == (28, 28)
    assert {array.dtype for array in images} == {np.dtype(np.uint8)}
    assert images.train_images.min() == 0
    assert images.train_images.max() > 240


def test_digits_are_split_without_overlap_in_scikit_learns_order():
    from sklearn.datasets import load_digits

    images, original = read_digits(), load_digits()
    np.testing.assert_array_equal(images.test_labels, original.target[4::5])
    together = np.delete(original.target, np.s_[4::5])
    np.testing.assert_array_equal(images.train_labels, together)
    # Averaged back to a coarse grid, an image correlates with the 8×8 original.
    coarse = images.test_images.reshape(-1, 4, 7, 4, 7).mean(axis=(2, 4)).ravel()
    halved = original.images[4::5].reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).ravel()
    assert np.corrcoef(coarse, halved)[0, 1] > 0.98


def test_classes_have_names_in_both_languages():
    for dataset in DATA_SETS.values():
        for names in zip(*dataset.classes, strict=True):
            assert len(set(names)) == len(dataset.classes) == 10


def test_classes_are_the_published_ones():
    names = [words.en for words in data_set("fashion_mnist").classes]
    assert names[:5] == ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
    assert names[5:] == ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    for name in ("mnist", "digits"):
        assert [words.en for words in data_set(name).classes] == list("0123456789")


# What counts as the files, and what is said where they are not


NAMES = {
    "dotted": lambda stem: stem.replace("-idx", ".idx"),
    "capitals": str.upper,
    "dotted and packed": lambda stem: f"{stem.replace('-idx', '.idx')}.gz",
}
FOLDERS = (".", "raw", "MNIST", "mnist/raw", "mnist", "MNIST/raw")


@pytest.mark.parametrize("rename", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_flat_folders_and_other_spellings_of_the_names_are_found(
    tiny_sets, lenet_data, rename, folder
):
    tiny_sets["mnist"].write(lenet_data / folder)
    for file in (lenet_data / folder).iterdir():
        file.rename(file.with_name(rename(file.name)))
    assert find(MNIST).folder == lenet_data / folder
    assert load_data("mnist", device="cpu")[0].place == places.FROM_LENET_DATA
    assert find(FASHION) is None


def test_flat_folder_is_of_the_set_that_it_holds(tiny_sets, lenet_data):
    tiny_sets["fashion_mnist"].write(lenet_data)
    assert find(FASHION).folder == lenet_data
    assert find(MNIST) is None
    zh, en = looked_in(MNIST)
    assert (
        "有四个文件，所属数据集是：Fashion-MNIST" in zh and "has four files, of Fashion-MNIST" in en
    )


@pytest.mark.parametrize("around", ["{} ", " {}", '"{}"', "{}\t"])
def test_blanks_and_quotes_around_lenet_data_are_seen_and_said(
    tiny_sets, monkeypatch, tmp_path, around
):
    tiny_sets["mnist"].write_below(tmp_path)
    monkeypatch.setenv("LENET_DATA", around.format(tmp_path))
    place = load_data("mnist", device="cpu")[0].place
    assert "without the blanks or quotes" in place.en and "空格或引号" in place.zh
    monkeypatch.setenv("LENET_DATA", around.format(tmp_path / "none"))
    with pytest.raises(SettingError) as caught:
        find(MNIST)
    assert all(around.format(tmp_path / "none") in text for text in caught.value.words)


def test_message_lists_each_place_what_was_there_and_what_was_missing(
    tiny_sets, lenet_data, monkeypatch, isolated
):
    (lenet_data / "holiday.jpg").write_bytes(b"")
    (lenet_data / "archive").mkdir()
    folder = tiny_sets["mnist"].write_below(isolated)
    (folder / FILES[2]).unlink()
    zh, en = looked_in(MNIST)
    for text in (zh, en):
        assert f"{lenet_data}" in text and "archive/, holiday.jpg" in text and "MNIST/raw" in text
        assert all(stem in text for stem in FILES)
        assert f"{folder}" in text and text.rstrip().endswith(FILES[2])
    monkeypatch.delenv("LENET_DATA")
    zh, en = looked_in(FASHION)
    assert "LENET_DATA is not set" in en and "LENET_DATA 没有设置" in zh
    assert f"Debian's package, {places.DEBIAN_FOLDER / 'fashion-mnist'}: no such folder" in en


def test_auto_says_where_it_looked_if_somebody_expects_the_data_there(
    lenet_data, monkeypatch, capsys
):
    def refuse(_):
        raise DataUnavailableError("没有网络", "no network")

    monkeypatch.setattr(choice, "download", refuse)
    assert load_data(device="cpu")[0].name == "digits"
    (line,) = capsys.readouterr().out.splitlines()
    assert "Fashion-MNIST cannot be had: the folder in LENET_DATA" in line
    assert str(lenet_data) in line and "没有 Fashion-MNIST：LENET_DATA 指定的文件夹" in line
