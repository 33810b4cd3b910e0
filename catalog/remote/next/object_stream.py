"""An object of a store as a seekable stream that never holds more than a window of it."""

from __future__ import annotations

from typing_extensions import override

from catalog.errors import IntegrityError
from catalog.store.interface import ByteRange, ObjectStore
from catalog.store.sized_stream import SizedStream

WINDOW = 8 << 20


class ObjectStream(SizedStream):
    """``size`` bytes of an object, fetched in windows of 8 MiB; IntegrityError when it has fewer."""

    def __init__(self, store: ObjectStore, name: str, size: int) -> None:
        super().__init__(size)
        self._store, self._name = store, name
        self._window_at = 0
        self._window = b""

    @override
    def bytes_at(self, position: int, most: int) -> memoryview:
        if not self._window_at <= position < self._window_at + len(self._window):
            self._fetch_window(position)
        start = position - self._window_at
        return memoryview(self._window)[start : start + most]

    def _fetch_window(self, position: int) -> None:
        length = min(WINDOW, self._size - position)
        self._window = b""
        self._window = self._store.get(self._name, ByteRange(position, length), most=length).body
        self._window_at = position
        if len(self._window) != length:
            raise IntegrityError(f"{self._store.where}: {self._name!r} is cut off.")
