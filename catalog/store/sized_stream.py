"""A stream that knows its size, as `Source` needs one: it can be read from any position."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class SizedStream(io.RawIOBase):
    """``size`` bytes; a subclass says which."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0

    @abstractmethod
    def bytes_at(self, position: int, most: int) -> bytes | memoryview:
        """The bytes at a position before the end: at least one, and at most ``most``."""

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._at

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    @override
    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        piece = self.bytes_at(self._at, len(view)) if self._at < self._size else b""
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
