"""An object of a store as a seekable stream that never holds more than a window of it."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from catalog.errors import IntegrityError
from catalog.objectstore.interface import ByteRange, ObjectStore

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

WINDOW = 8 << 20


class ObjectStream(io.RawIOBase):
    """``size`` bytes of an object, fetched in windows of 8 MiB; IntegrityError when it has fewer."""

    def __init__(self, store: ObjectStore, name: str, size: int) -> None:
        self._store, self._name, self._size = store, name, size
        self._at = self._window_at = 0
        self._window = b""

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
        self._at = max({os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence] + offset, 0)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill ``buffer`` as far as the window goes."""
        view = memoryview(buffer).cast("B")
        if self._at >= self._size:
            return 0
        if not self._window_at <= self._at < self._window_at + len(self._window):
            self._fetch_window()
        start = self._at - self._window_at
        piece = memoryview(self._window)[start : start + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _fetch_window(self) -> None:
        length = min(WINDOW, self._size - self._at)
        self._window = b""
        self._window = self._store.get(self._name, ByteRange(self._at, length), most=length).body
        self._window_at = self._at
        if len(self._window) != length:
            raise IntegrityError(f"{self._store.where}: {self._name!r} is cut off.")
