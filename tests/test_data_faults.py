"""Every way in which a data set's files can be bad: never a batch, always what to do.

Faults of a download have their tests in ``test_download.py``.
"""

from __future__ import annotations

import gzip
import random

import pytest

from lenet_helpers import DamagedFileError, load_data
from lenet_helpers.data.catalog import FILES

WEB_PAGE = b"<!doctype html><title>Welcome to the hotel's Wi-Fi</title>"


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without_its_last_byte(content: bytes) -> bytes:
    return content[:-1]


def with_a_byte_too_many(content: bytes) -> bytes:
    return content + b"\0"


def with_a_flipped_bit(content: bytes) -> bytes:
    position = len(content) * 2 // 3
    return content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :]


def with_two_bytes_exchanged(content: bytes) -> bytes:
    """Same length, same sum: only a checksum sees it."""
    position = next(i for i in range(len(content) - 2, 0, -1) if content[i] != content[i + 1])
    swapped = content[position + 1 : position + 2] + content[position : position + 1]
    return content[:position] + swapped + content[position + 2 :]


def with_wrong_magic(content: bytes) -> bytes:
    return b"\0\0\x0d" + content[3:]


def with_another_count(content: bytes) -> bytes:
    return content[:7] + bytes([content[7] - 1]) + content[8:]


def empty(content: bytes) -> bytes:
    return b""


def web_page(content: bytes) -> bytes:
    return WEB_PAGE


def noise(content: bytes) -> bytes:
    return random.Random(0).randbytes(len(content))


def zeros(content: bytes) -> bytes:
    """What a crash of the machine can leave of a file."""
    return bytes(len(content))


DAMAGES = [
    truncated,
    without_its_last_byte,
    with_a_byte_too_many,
    with_a_flipped_bit,
    with_two_bytes_exchanged,
    with_wrong_magic,
    with_another_count,
    empty,
    web_page,
    noise,
    zeros,
]


@pytest.fixture(params=["plain", "gzip"])
def folder(request, tiny_sets, isolated):
    """The cache's folder with a whole tiny Fashion-MNIST, in the one form and in the other."""
    return tiny_sets["fashion_mnist"].write_below(isolated, compressed=request.param == "gzip")


def file_of(folder, stem):
    return next(path for path in folder.iterdir() if path.name.startswith(stem))


def assert_refused(*files) -> None:
    """No batch comes out; the message names one of the files, and no file has been touched."""
    before = [file.read_bytes() for file in files]
    for name in ("fashion_mnist", "auto"):  # "auto" does not pass it over in silence either
        with pytest.raises(DamagedFileError) as caught:
            load_data(name, device="cpu")
        for text in caught.value.words:
            assert any(str(file) in text for file in files)
        assert "请删除它" in caught.value.words.zh
        assert "Delete it" in caught.value.words.en
    assert [file.read_bytes() for file in files] == before


def test_whole_files_are_read(folder):
    assert [len(batches.labels) for batches in load_data("fashion_mnist", device="cpu")] == [70, 30]


@pytest.mark.parametrize("stem", FILES)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damaged_content_is_refused(folder, stem, damage):
    """The damage came before the file was packed, if it was: the packing is in order."""
    file = file_of(folder, stem)
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.compress(damage(gzip.decompress(content)))
    else:
        content = damage(content)
    file.write_bytes(content)
    assert_refused(file)


@pytest.mark.parametrize("stem", FILES)
@pytest.mark.parametrize(
    "damage",
    [truncated, without_its_last_byte, with_a_flipped_bit, empty, web_page, noise, zeros],
    ids=lambda damage: damage.__name__,
)
def test_damaged_packing_is_refused(tiny_sets, isolated, stem, damage):
    folder = tiny_sets["fashion_mnist"].write_below(isolated, compressed=True)
    file = file_of(folder, stem)
    file.write_bytes(damage(file.read_bytes()))
    assert_refused(file)


@pytest.mark.parametrize(
    ("one", "other"),
    [(0, 1), (2, 3), (0, 2), (1, 3), (0, 3), (1, 2)],
    ids=lambda index: FILES[index].removesuffix("-ubyte"),
)
def test_swapped_files_are_refused(folder, one, other):
    """Images for labels, and training files for test files."""
    one, other = file_of(folder, FILES[one]), file_of(folder, FILES[other])
    contents = one.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    one.write_bytes(contents[1])
    assert_refused(one, other)


def test_files_of_the_other_data_set_are_refused(folder, tiny_sets):
    for stem, content in tiny_sets["mnist"].contents.items():
        file = file_of(folder, stem)
        file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    assert_refused(*folder.iterdir())


def test_damaged_file_is_mended_by_doing_what_the_message_says(folder, tiny_sets):
    """Delete it and bring it again: nothing of the bad file has been kept anywhere."""
    file = file_of(folder, FILES[0])
    file.write_bytes(truncated(file.read_bytes()))
    assert_refused(file)
    file.unlink()
    tiny_sets["fashion_mnist"].write(folder, compressed=file.suffix == ".gz")
    assert len(load_data("fashion_mnist", device="cpu")[0].labels) == 70
