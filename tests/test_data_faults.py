"""A data set's files, good in every form and bad in every way: never a wrong batch.

Faults of a download have their tests in ``test_download.py``.
"""

import gzip
import hashlib
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

from lenet_helpers import DamagedFileError, SettingError, load_data
from lenet_helpers.data import places
from lenet_helpers.data.catalog import DATA_SETS, FILES
from lenet_helpers.data.files import AnotherDataSetError, read_idx
from lenet_helpers.words import Words
from tests.conftest import assert_holds, idx_bytes


def with_two_bytes_exchanged(content: bytes) -> bytes:
    """Same length, same sum: only a checksum sees it."""
    position = next(i for i in range(len(content) - 2, 0, -1) if content[i] != content[i + 1])
    swapped = content[position + 1 : position + 2] + content[position : position + 1]
    return content[:position] + swapped + content[position + 2 :]


DAMAGES = {
    "truncated": lambda content: content[: len(content) // 2],
    "last byte missing": lambda content: content[:-1],
    "a byte too many": lambda content: content + b"\0",
    "flipped bit": lambda content: content[:20] + bytes([content[20] ^ 4]) + content[21:],
    "bytes exchanged": with_two_bytes_exchanged,
    "other magic": lambda content: b"\0\0\x0d" + content[3:],
    "other count": lambda content: content[:7] + bytes([content[7] - 1]) + content[8:],
    "no axes": lambda content: b"\0\0\x08\0" + content[4:],
    "empty": lambda content: b"",
    "web page": lambda content: b"<!doctype html><title>Welcome to the hotel's Wi-Fi</title>",
    "noise": lambda content: random.Random(0).randbytes(len(content)),
    "zeros": lambda content: bytes(len(content)),  # what a crash can leave of a file
}


@pytest.fixture(params=["plain", "gzip"])
def folder(request, tiny_sets, isolated):
    """The cache's folder with a whole tiny Fashion-MNIST, in the one form and in the other."""
    return tiny_sets["fashion_mnist"].write_below(isolated, compressed=request.param == "gzip")


def file_of(folder, stem):
    return next(path for path in folder.iterdir() if path.name.startswith(stem))


def write(file, content: bytes) -> None:
    """Let this be the file's content, packed as its name says."""
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


def read(file) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def assert_refused(*bad) -> str:
    """No batch comes out; the message names one of the files, and no file has been touched."""
    before = [file.read_bytes() for file in bad]
    for name in ("fashion_mnist", "auto"):  # "auto" does not pass it over in silence either
        with pytest.raises(DamagedFileError) as caught:
            load_data(name, device="cpu")
        for text, advice in zip(caught.value.words, ("请删除它", "Delete it"), strict=True):
            assert any(str(file) in text for file in bad)
            assert advice in text
    assert [file.read_bytes() for file in bad] == before
    return caught.value.words.en


# What is good


def test_whole_files_are_read(folder, tiny_sets):
    both = load_data("fashion_mnist", device="cpu")
    assert_holds(both, tiny_sets["fashion_mnist"].arrays)


def test_plain_and_compressed_files_may_be_mixed_and_misnamed(folder):
    plain, packed, misnamed, _ = (file_of(folder, stem) for stem in FILES)
    content = read(plain)
    plain.unlink()
    (folder / FILES[0]).write_bytes(content)
    if misnamed.suffix:
        misnamed.rename(folder / FILES[2])
    assert len(load_data("fashion_mnist", device="cpu")[0].labels) == 70


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 28, 28), (1, 2, 3, 4), (0, 28, 28)])
def test_array_has_the_headers_shape_and_memory_of_its_own(tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    content = idx_bytes(array)
    (tmp_path / "file").write_bytes(content)
    found = read_idx(tmp_path / "file", hashlib.sha256(content).hexdigest())
    np.testing.assert_array_equal(found, array, strict=True)
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


@pytest.mark.parametrize("stem", FILES[1:3])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_content_is_refused(folder, stem, damage):
    """The damage came before the file was packed, if it was: the packing is in order."""
    file = file_of(folder, stem)
    write(file, damage(read(file)))
    assert_refused(file)


@pytest.mark.parametrize("folder", ["gzip"], indirect=True)
@pytest.mark.parametrize("name", ["truncated", "last byte missing", "flipped bit", "zeros"])
def test_damaged_packing_is_refused(folder, name):
    file = file_of(folder, FILES[2])
    file.write_bytes(DAMAGES[name](file.read_bytes()))
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
