"""A region of the data file followed by a few bytes, as one stream: the body of a pack too large for memory."""

from __future__ import annotations

import io
import os
from hashlib import blake2b
from typing import TYPE_CHECKING

from catalog.checksum import CHECKSUM_BYTES
from catalog.errors import IntegrityError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_STEP = 8 << 20


class RegionStream(io.RawIOBase):
    """``length`` bytes at ``offset`` of a file, then ``tail``; seekable, with a file descriptor of its own."""

    def __init__(self, fd: int, offset: int, length: int, tail: bytes) -> None:
        self._fd = os.dup(fd)
        self._offset, self._length, self._tail = offset, length, tail
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length + len(self._tail)}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill ``buffer`` as far as there are bytes."""
        view = memoryview(buffer).cast("B")
        if self._at < self._length:
            piece = os.pread(self._fd, min(len(view), self._length - self._at), self._offset + self._at)
        else:
            start = self._at - self._length
            piece = self._tail[start : start + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        """Close the file descriptor."""
        if not self.closed:
            os.close(self._fd)
        super().close()


def check_region(fd: int, offset: int, length: int, expected: bytes, what: str) -> None:
    """Verify a large value in the file without holding it in memory; IntegrityError names ``what``."""
    digest = blake2b(digest_size=CHECKSUM_BYTES)
    at, end = offset, offset + length
    while 0 <= at < end and (piece := os.pread(fd, min(_STEP, end - at), at)):
        digest.update(piece)
        at += len(piece)
    if at < end or digest.digest() != expected:
        raise IntegrityError(f"{what} is damaged: its bytes do not match their checksum. Nothing was pushed.")
