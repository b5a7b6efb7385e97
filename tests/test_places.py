"""Where data sets are looked for, and what the catalogue says of them."""

import pytest

from lenet_helpers import DataUnavailableError, SettingError, datasets_at_hand, load_data
from lenet_helpers.data import downloads, places
from lenet_helpers.data.catalog import DATA_SETS, FILES
from lenet_helpers.data.places import find, looked_in
from lenet_helpers.words import Words
from tests.conftest import assert_holds

FASHION, MNIST = DATA_SETS["fashion_mnist"], DATA_SETS["mnist"]


@pytest.fixture
def lenet_data(monkeypatch, tmp_path):
    """A folder that LENET_DATA names."""
    folder = tmp_path / "my data"
    folder.mkdir()
    monkeypatch.setenv("LENET_DATA", str(folder))
    return folder


def test_nothing_at_hand_but_the_digits(monkeypatch):
    place = DATA_SETS["digits"].comes_with
    monkeypatch.setenv("LENET_DATA", "")  # counts as unset
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


@pytest.mark.parametrize("around", ["{}", "{} ", " {}", '"{}"', "{}\t"])
def test_blanks_and_quotes_around_lenet_data_are_said_and_it_is_explained_if_no_folder(
    tiny_sets, monkeypatch, tmp_path, around
):
    folder = tiny_sets["mnist"].write_below(tmp_path)
    monkeypatch.setenv("LENET_DATA", around.format(tmp_path))
    found, place = find(MNIST)
    assert found == folder
    assert ("without the blanks or quotes" in place.en) == (around != "{}")
    assert ("空格或引号" in place.zh) == (around != "{}")
    for wrong in (tmp_path / "missing", folder / FILES[0]):
        monkeypatch.setenv("LENET_DATA", around.format(wrong))
        with pytest.raises(SettingError) as caught:
            find(MNIST)
        for text in caught.value.words:
            assert around.format(wrong) in text and "LENET_DATA" in text


# The names of classes


def test_classes_are_the_published_ones_in_both_languages():
    names = [words.en for words in FASHION.classes]
    assert names[:5] == ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
    assert names[5:] == ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    assert len({words.zh for words in FASHION.classes}) == 10
    for name in ("mnist", "digits"):
        assert list(DATA_SETS[name].classes) == [Words.same(digit) for digit in "0123456789"]


# What counts as the files, and what is said where they are not


@pytest.mark.parametrize("spell", [str, lambda name: f"{name.upper()}.gz"], ids=["dots", "LOUD.gz"])
@pytest.mark.parametrize("folder", [".", "raw", "MNIST", "mnist/raw"])
def test_flat_folders_and_other_spellings_of_the_names_are_found(
    tiny_sets, lenet_data, spell, folder
):
    for file in list(tiny_sets["mnist"].write(lenet_data / folder).iterdir()):
        file.rename(file.with_name(spell(file.name.replace("-idx", ".idx"))))
    assert find(MNIST) == (lenet_data / folder, places.FROM_LENET_DATA)
    assert find(FASHION) is None
    assert_holds(load_data("mnist", device="cpu"), tiny_sets["mnist"].arrays)


def test_flat_folder_is_of_the_set_that_it_holds(tiny_sets, lenet_data):
    tiny_sets["fashion_mnist"].write(lenet_data)
    assert find(FASHION).folder == lenet_data
    assert find(MNIST) is None
    zh, en = looked_in(MNIST)
    assert "有四个文件，所属数据集是：Fashion-MNIST" in zh
    assert "has four files, of Fashion-MNIST" in en


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
    def refuse(dataset, watch):
        raise DataUnavailableError("没有网络", "no network")

    monkeypatch.setattr(downloads, "download", refuse)
    assert load_data(device="cpu")[0].name == "digits"
    (line,) = capsys.readouterr().out.splitlines()
    assert "Fashion-MNIST cannot be had: the folder in LENET_DATA" in line
    assert str(lenet_data) in line and "没有 Fashion-MNIST：LENET_DATA 指定的文件夹" in line
