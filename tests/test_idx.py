"""Reading IDX files: what is right is read exactly, what is wrong is named."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lenet_helpers.data import idx
from lenet_helpers.data.idx import DamagedFileError, read_idx

PICTURES = np.arange(2 * 28 * 28, dtype=np.uint32).reshape(2, 28, 28).astype(np.uint8)
byte_arrays = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=6))


@pytest.fixture
def good(idx_bytes) -> bytes:
    return idx_bytes(PICTURES)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "train-images-idx3-ubyte"


def assert_explains(error: DamagedFileError, path) -> None:
    """The message names the file and says in both languages what to do."""
    assert str(path) in error.words.zh
    assert str(path) in error.words.en
    assert "请删除它" in error.words.zh
    assert "Delete it" in error.words.en
    assert str(error) == f"{error.words.zh}\n{error.words.en}"


def test_reads_a_plain_file(file, good):
    file.write_bytes(good)
    read = read_idx(file)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, PICTURES)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"])
def test_reads_a_gzip_file_whatever_its_name(tmp_path, good, name):
    (tmp_path / name).write_bytes(gzip.compress(good))
    np.testing.assert_array_equal(read_idx(tmp_path / name), PICTURES)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_checksum_is_of_the_uncompressed_content(file, good, pack):
    file.write_bytes(pack(good))
    np.testing.assert_array_equal(read_idx(file, hashlib.sha256(good).hexdigest()), PICTURES)


def test_array_has_memory_of_its_own(file, good):
    """The images need not be copied before torch may hold them."""
    file.write_bytes(good)
    read = read_idx(file)
    read[0, 0, 0] = 77
    assert read.flags.writeable
    np.testing.assert_array_equal(read_idx(file), PICTURES)


def test_content_is_in_memory_once(file, idx_bytes):
    content = idx_bytes(np.arange(2**23, dtype=np.uint32).astype(np.uint8))
    for pack in (bytes, partial(gzip.compress, compresslevel=0)):
        file.write_bytes(pack(content))
        tracemalloc.start()
        read = read_idx(file, hashlib.sha256(content).hexdigest())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert read.nbytes == 2**23
        assert peak < 1.6 * 2**23  # room for a growing buffer and one piece


def test_file_that_unpacks_without_end_is_refused(file, good, monkeypatch):
    """A small gzip file can unpack to more than any memory holds."""
    monkeypatch.setattr(idx, "MOST_BYTES", 2**21)
    file.write_bytes(gzip.compress(good + bytes(2**24)))
    tracemalloc.start()
    with pytest.raises(DamagedFileError, match="larger than 2,097,152 bytes") as caught:
        read_idx(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert_explains(caught.value, file)
    assert peak < 2**23


@given(array=byte_arrays, compressed=st.booleans())
@settings(max_examples=60, deadline=None)
def test_round_trip(tmp_path_factory, idx_bytes, array, compressed):
    path = tmp_path_factory.getbasetemp() / "round-trip"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if compressed else content)
    read = read_idx(path, hashlib.sha256(content).hexdigest())
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


@given(
    start=st.sampled_from([b"", b"\0\0\x08\x01", b"\x1f\x8b\x08\0"]),
    rest=st.binary(max_size=40),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, idx_bytes, start, rest):
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(start + rest)
    try:
        array = read_idx(path)
    except DamagedFileError as error:
        assert_explains(error, path)
    else:
        assert idx_bytes(array) == start + rest


@pytest.mark.parametrize("size", [0, 1, 3, 4, 8, 15, 16, 17, -1])
def test_truncated_file_is_refused(file, good, size):
    file.write_bytes(good[:size])
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file)
    assert_explains(caught.value, file)


def test_message_of_a_truncated_file_says_how_much_is_missing(file, good):
    file.write_bytes(good[:-68])
    with pytest.raises(DamagedFileError, match=r"1,584 bytes and holds 1,516") as caught:
        read_idx(file)
    assert "应有 1,584 字节，实有 1,516 字节" in caught.value.words.zh


def test_file_with_bytes_too_many_is_refused(file, good):
    file.write_bytes(good + b"\0")
    with pytest.raises(DamagedFileError):
        read_idx(file)


@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.99])
def test_truncated_gzip_file_is_refused(file, good, part):
    packed = gzip.compress(good)
    file.write_bytes(packed[: max(2, int(len(packed) * part))])
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file)
    assert_explains(caught.value, file)


@pytest.mark.parametrize(
    "start",
    [
        b"\0\0\x0c\x03",  # 32-bit integers
        b"\0\0\x0d\x03",  # floating point
        b"\x01\0\x08\x03",
        b"\0\x01\x08\x03",
        b"\0\0\x08\0",  # no axes
        b"\x89PNG",
        b"PK\x03\x04",
        b"<!doctype html>",
    ],
)
def test_wrong_magic_number_is_refused(file, good, start):
    file.write_bytes(start + good[len(start) :])
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file)
    assert_explains(caught.value, file)


@pytest.mark.parametrize(
    "header",
    [
        b"\0\0\x08\x04" + 4 * b"\0\1\0\0",  # (65536,) * 4: the product is 0 in 64 bits
        b"\0\0\x08\x41" + 65 * b"\0\0\0\1" + b"\0",  # 65 axes: more than numpy has
        b"\0\0\x08\x02" + 2 * b"\xff\xff\xff\xff",
        b"\0\0\x08\x04" + 3 * b"\x7f\0\0\0" + b"\0\0\0\0",  # found by fuzzing
    ],
    ids=["product overflows", "too many axes", "huge", "huge but empty"],
)
def test_header_that_no_array_can_have_is_refused(file, header):
    file.write_bytes(header)
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file)
    assert_explains(caught.value, file)


@pytest.mark.parametrize("position", [4, 15, 16, 800, -1])
def test_flipped_bit_is_seen_by_the_checksum(file, good, position):
    damaged = bytearray(good)
    damaged[position] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file, hashlib.sha256(good).hexdigest())
    assert_explains(caught.value, file)


def test_message_of_a_wrong_checksum_says_so(file, good):
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(DamagedFileError, match="its checksum is wrong") as caught:
        read_idx(file, hashlib.sha256(good).hexdigest())
    assert "校验和不符" in caught.value.words.zh


@pytest.mark.parametrize("position", [2, 30, 200, -8, -5, -1])
def test_flipped_bit_in_a_gzip_file_is_seen_without_a_checksum(file, good, position):
    damaged = bytearray(gzip.compress(good))
    damaged[position] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file)
    assert_explains(caught.value, file)


def test_missing_file_is_named(file):
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file)
    assert_explains(caught.value, file)


def test_folder_instead_of_a_file_is_named(file):
    file.mkdir()
    with pytest.raises(DamagedFileError) as caught:
        read_idx(file)
    assert_explains(caught.value, file)
