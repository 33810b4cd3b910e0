"""A region of the data file followed by a few bytes, as one stream: the body of a pack too large for memory."""

from __future__ import annotations

import os
from hashlib import blake2b

from typing_extensions import override

from catalog.errors import IntegrityError
from catalog.format.checksum import CHECKSUM_BYTES
from catalog.store.sized_stream import SizedStream

_STEP = 8 << 20


class RegionStream(SizedStream):
    """``length`` bytes at ``offset`` of a file, then ``tail``; with a file descriptor of its own."""

    def __init__(self, fd: int, offset: int, length: int, tail: bytes) -> None:
        super().__init__(length + len(tail))
        self._fd = os.dup(fd)
        self._offset, self._length, self._tail = offset, length, tail

    @override
    def bytes_at(self, position: int, most: int) -> bytes:
        if position < self._length:
            return os.pread(self._fd, min(most, self._length - position), self._offset + position)
        start = position - self._length
        return self._tail[start : start + most]

    @override
    def close(self) -> None:
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
