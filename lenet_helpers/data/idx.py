"""The IDX file format, in which MNIST and Fashion-MNIST are published.

An IDX file is a header (two zero bytes, the type of a number, the number of axes, then each
axis's length as a big-endian 32-bit integer) followed by the numbers themselves. Source: the
description on the MNIST page by LeCun, Cortes and Burges.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lenet_helpers.words import LessonError

UNSIGNED_BYTE = 8
MAX_AXES = 32
GZIP_MAGIC = b"\x1f\x8b"
PIECE = 2**20
MOST_BYTES = 2**28  # five times the largest file of MNIST; a few damaged bytes can unpack to more


class DamagedFileError(LessonError):
    """A data file that is unreadable, truncated, or not what its name says."""

    @classmethod
    def of(cls, path: Path, zh: str, en: str) -> DamagedFileError:
        """The error for one file or folder, with the reason in both languages."""
        return cls(
            f"数据文件 {path} 已损坏：{zh}。请删除它，然后重新运行这个单元格。",
            f"The data file {path} is damaged: {en}. Delete it, then run this cell again.",
        )


def read_idx(path: Path, sha256: str | None = None) -> np.ndarray:
    """Read one IDX file of unsigned bytes, plain or gzip-compressed.

    Args:
        path: the file; whether it is compressed is seen from its content, not from its name.
        sha256: the checksum that the uncompressed content must have, if known.

    Returns:
        A ``uint8`` array with the shape that the header gives: ``(n, 28, 28)`` for the images,
        ``(n,)`` for the labels. Nobody else holds its memory, so that it need not be copied.

    Raises:
        DamagedFileError: the file cannot be read, is truncated, or has another checksum.
    """
    content = _content(path)
    shape, start = _header(path, content)
    expected = start + prod(shape)
    if len(content) != expected:
        raise DamagedFileError.of(
            path,
            f"应有 {expected:,} 字节，实有 {len(content):,} 字节",
            f"it should hold {expected:,} bytes and holds {len(content):,}",
        )
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedFileError.of(path, "校验和不符", "its checksum is wrong")
    try:
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    except ValueError as error:  # an axis of 0 beside axes whose product no machine can count
        raise DamagedFileError.of(
            path, f"没有形状为 {shape} 的数组", f"no array has the shape {shape}"
        ) from error


def _content(path: Path) -> bytearray:
    """The uncompressed content, read in pieces: at no time is it in memory twice."""
    content = bytearray()
    try:
        with _opened(path) as file:
            while piece := file.read(PIECE):
                content += piece
                if len(content) > MOST_BYTES:
                    raise DamagedFileError.of(
                        path,
                        f"其内容超过 {MOST_BYTES:,} 字节",
                        f"its content is larger than {MOST_BYTES:,} bytes",
                    )
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DamagedFileError.of(
            path, f"无法读取（{reason}）", f"it cannot be read ({reason})"
        ) from error
    return content


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if file.peek(2).startswith(GZIP_MAGIC):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked
        else:
            yield file


def _header(path: Path, content: bytearray) -> tuple[tuple[int, ...], int]:
    """The shape that the header gives, and where the numbers start."""
    axes = content[3] if len(content) > 3 else 0
    start = 4 + 4 * axes
    if (
        content[:3] != bytes([0, 0, UNSIGNED_BYTE])
        or not 1 <= axes <= MAX_AXES
        or len(content) < start
    ):
        raise DamagedFileError.of(
            path, "不是由无符号字节组成的 IDX 文件", "it is no IDX file of unsigned bytes"
        )
    return tuple(int(n) for n in np.frombuffer(content, ">u4", axes, offset=4)), start
