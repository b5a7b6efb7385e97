"""A data set's files, good in every form and bad in every way: never a wrong batch.

Faults of a download have their tests in ``test_download.py``.
"""

import gzip
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lenet_helpers import DamagedFileError, SettingError, load_data
from lenet_helpers.data import places
from lenet_helpers.data.catalog import DATA_SETS, FILES
from lenet_helpers.data.files import AnotherDataSetError, read_idx
from lenet_helpers.words import Words
from tests.conftest import IDX_KINDS, assert_holds, idx_bytes

HTML = b"<!doctype html><title>Welcome to the hotel's Wi-Fi</title>"


@pytest.fixture(params=["plain", "gzip"])
def folder(request, tiny_sets, isolated):
    """The cache's folder with a whole tiny Fashion-MNIST, in the one form and in the other."""
    return tiny_sets["fashion_mnist"].write_below(isolated, compressed=request.param == "gzip")


def file_of(folder, stem):
    return next(path for path in folder.iterdir() if path.name.startswith(stem))


def read(file) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def write(file, content: bytes) -> None:
    """Let this be the file's content, packed as its name says."""
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


def assert_refused(*bad) -> None:
    """No batch comes out; the message names one of the files, and no file has been touched."""
    before = [file.read_bytes() for file in bad]
    for name in ("fashion_mnist", "auto"):  # "auto" does not pass it over in silence either
        with pytest.raises(DamagedFileError) as caught:
            load_data(name, device="cpu")
        for text, advice in zip(caught.value.words, ("请删除它", "Delete it"), strict=True):
            assert any(str(file) in text for file in bad)
            assert advice in text
    assert [file.read_bytes() for file in bad] == before


# What is good


def test_whole_files_are_read(folder, tiny_sets):
    assert_holds(load_data("fashion_mnist", device="cpu"), tiny_sets["fashion_mnist"].arrays)


def test_plain_and_compressed_files_may_be_mixed_and_misnamed(folder, tiny_sets):
    plain, _, misnamed, _ = (file_of(folder, stem) for stem in FILES)
    content = read(plain)
    plain.unlink()
    (folder / FILES[0]).write_bytes(content)
    misnamed.rename(folder / FILES[2])
    assert_holds(load_data("fashion_mnist", device="cpu"), tiny_sets["fashion_mnist"].arrays)


@given(st.sampled_from(sorted(IDX_KINDS)).flatmap(
    lambda kind: arrays(kind, array_shapes(max_dims=4, min_side=0))
))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_array_has_the_headers_shape_and_type_and_memory_of_its_own(tmp_path_factory, array):
    file, content = tmp_path_factory.getbasetemp() / "file", idx_bytes(array)
    file.write_bytes(content)
    found = read_idx(file, hashlib.sha256(content).hexdigest())
    np.testing.assert_array_equal(found.astype(array.dtype), array, strict=True)
    assert found.flags.writeable  # the images need not be copied before torch may hold them


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists what is mapped")
@pytest.mark.parametrize("mode", [0o444, 0o644])
def test_file_that_nobody_may_write_to_is_mapped_and_stays_as_it_is(tmp_path, mode):
    content = idx_bytes(np.ones((2, 28, 28), np.uint8))
    file = tmp_path / "file"
    file.write_bytes(content)
    file.chmod(mode)
    array = read_idx(file, hashlib.sha256(content).hexdigest())
    assert (str(file) in Path("/proc/self/maps").read_text()) == (mode == 0o444)
    array += 1
    assert file.read_bytes() == content


# What is bad

WHOLE = np.random.default_rng(0).integers(0, 256, (3, 5, 7), np.uint8)
CONTENT = idx_bytes(WHOLE)
FORMS = {"plain": CONTENT, "packed": gzip.compress(CONTENT, mtime=0)}


@given(st.sampled_from(sorted(FORMS)), st.integers(0, 150), st.integers(0, 150), st.binary())
@example("plain", 0, 150, b"")
@example("plain", 0, 150, HTML)
@example("plain", 0, 150, bytes(len(CONTENT)))  # what a crash can leave of a file
@example("plain", 20, 22, CONTENT[21:19:-1])  # same length, same sum
@example("packed", 50, 150, b"")
@settings(max_examples=300, deadline=None)
@pytest.mark.parametrize("known", [True, False], ids=["checksum", "length alone"])
def test_file_with_a_part_exchanged_is_read_right_or_refused(
    tmp_path_factory, known, form, start, stop, by
):
    """Of a packed one some bytes mean nothing; without a checksum only the length can be wrong."""
    file, whole = tmp_path_factory.getbasetemp() / "exchanged", FORMS[form]
    file.write_bytes(whole[:start] + by + whole[max(start, stop) :])
    try:
        array = read_idx(file, hashlib.sha256(CONTENT).hexdigest() if known else None)
    except DamagedFileError as error:
        assert all(str(file) in text for text in error.words)
        assert file.read_bytes() != whole
    else:
        assert np.array_equal(array, WHOLE) or not known


@pytest.mark.parametrize("stem", FILES[1:3])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:20] + bytes([content[20] ^ 4]) + content[21:],
        lambda content: HTML,
    ],
    ids=["cut", "flipped bit", "web page"],
)
def test_damaged_file_of_a_set_is_refused(folder, stem, damage):
    """Damaged before the file was packed, if it was, or after."""
    file = file_of(folder, stem)
    before = read(file), file.read_bytes()
    write(file, damage(before[0]))
    assert_refused(file)
    file.write_bytes(damage(before[1]))
    assert_refused(file)


def touch_read_only(path: Path) -> None:
    path.touch(0o444)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), touch_read_only])
def test_file_that_cannot_be_read_is_named(tmp_path, make):
    path = tmp_path / FILES[0]
    make(path)
    with pytest.raises(DamagedFileError, match="cannot be read") as caught:
        read_idx(path, "")
    assert all(str(path) in text for text in caught.value.words)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (2, 3), (0, 2), (1, 3)])
def test_swapped_files_are_refused(folder, one, other):
    """Images for labels, and training files for test files."""
    one, other = file_of(folder, FILES[one]), file_of(folder, FILES[other])
    contents = one.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    one.write_bytes(contents[1])
    assert_refused(one, other)


def test_files_of_the_other_data_set_are_refused(folder, tiny_sets):
    for stem, content in tiny_sets["mnist"].contents.items():
        write(file_of(folder, stem), content)
    for name in ("fashion_mnist", "auto"):
        with pytest.raises(AnotherDataSetError) as caught:
            load_data(name, device="cpu")
        zh, en = caught.value.words
        assert f"{folder} 里的文件是完好的，但不属于 Fashion-MNIST，而属于 MNIST。" in zh
        assert "whole, but they are not Fashion-MNIST's: they belong to MNIST." in en
        assert "damaged" not in en and "Delete" not in en


@pytest.mark.parametrize("side", [28, 16], ids=["EMNIST", "USPS"])
@pytest.mark.parametrize("parts", [((0, 60), (2, 40)), ((2, 40),)], ids=["both parts", "test part"])
def test_whole_files_of_an_unknown_set_are_called_another_one(folder, side, parts):
    for first, count in parts:
        images, labels = np.ones((count, side, side), np.uint8), np.arange(count, dtype=np.uint8)
        write(file_of(folder, FILES[first]), idx_bytes(images))
        write(file_of(folder, FILES[first + 1]), idx_bytes(labels))
    with pytest.raises(AnotherDataSetError, match="t10k-labels.*uint8") as caught:
        load_data("fashion_mnist", device="cpu")
    assert all(f"load_data({str(folder)!r})" in text for text in caught.value.words)
    file_of(folder, FILES[3]).write_bytes(b"half")  # one damaged file among them
    with pytest.raises(DamagedFileError):
        load_data("fashion_mnist", device="cpu")


def test_file_that_unpacks_without_end_is_refused(folder, monkeypatch):
    """A small gzip file can unpack to more than any memory holds."""
    asked = []

    class Endless(gzip.GzipFile):
        def read(self, size=-1):
            asked.append(size)
            return super().read(size)

    monkeypatch.setattr(gzip, "GzipFile", Endless)
    monkeypatch.setattr(places, "MOST_BYTES", 2**10)
    file = file_of(folder, FILES[0])
    file.write_bytes(gzip.compress(bytes(2**20)))
    assert_refused(file)
    assert set(asked) == {2**10}


@pytest.mark.parametrize(
    "error",
    [
        SettingError("坏", "bad"),
        DamagedFileError(Path("file"), "坏", "bad"),
        AnotherDataSetError(Path("folder"), DATA_SETS["mnist"], Words("衣服", "clothes")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_of_another_process_keeps_its_words(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.words, again.args) == (error.words, error.args)
