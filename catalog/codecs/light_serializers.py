"""The serializers of booklet that need none of the large libraries, read and written as booklet does.

Importing booklet imports numpy, pandas and pyarrow wherever they are installed: half a second and 100 MB that a database of
JSON, text or bytes has no use for.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import orjson
import zstandard

TEXT = 2
"""Booklet's number of the serializer of text, which is also that of keys."""
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_SERIALIZE_NUMPY
_LEVEL = 1


class Bytes:
    """Bytes as they are."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Give the bytes."""
        return value  # type: ignore[no-any-return]

    @staticmethod
    def loads(raw: bytes) -> bytes:
        """Give the bytes."""
        return raw


class Text:
    """Text in UTF-8."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Encode the text."""
        return value.encode()  # type: ignore[no-any-return]

    @staticmethod
    def loads(raw: bytes) -> str:
        """Decode the text."""
        return raw.decode()


class Json:
    """JSON by Python's own library."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Write JSON."""
        return json.dumps(value).encode()

    @staticmethod
    def loads(raw: bytes) -> Any:
        """Read JSON."""
        return json.loads(raw.decode())


class Orjson:
    """JSON by orjson."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Write JSON."""
        return orjson.dumps(value, option=_OPTIONS)

    @staticmethod
    def loads(raw: bytes) -> Any:
        """Read JSON."""
        return orjson.loads(raw)


class Pickle:
    """Python's own format; whoever reads a stranger's takes `safe_pickle` instead."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Write a pickle."""
        return pickle.dumps(value, 5)

    @staticmethod
    def loads(raw: bytes) -> Any:
        """Read a pickle that is trusted."""
        return pickle.loads(raw)  # noqa: S301 - only where the caller trusts the database


class Compressed:
    """What another serializer writes, compressed by Zstandard."""

    def __init__(self, dumps: Callable[[Any], bytes], loads: Callable[[bytes], Any]) -> None:
        self._dumps, self._loads = dumps, loads

    def dumps(self, value: Any) -> bytes:
        """Write and compress."""
        return zstandard.compress(self._dumps(value), _LEVEL)

    def loads(self, raw: bytes) -> Any:
        """Decompress and read."""
        return self._loads(zstandard.decompress(raw))


LIGHT: dict[int, tuple[str, Bytes | Text | Json | Orjson | Pickle | Compressed]] = {
    1: ("bytes", Bytes()),
    TEXT: ("str", Text()),
    3: ("pickle", Pickle()),
    4: ("json", Json()),
    5: ("orjson", Orjson()),
    16: ("pickle_zstd", Compressed(Pickle.dumps, Pickle.loads)),
    17: ("orjson_zstd", Compressed(Orjson.dumps, Orjson.loads)),
    27: ("zstd", Compressed(Bytes.dumps, Bytes.loads)),
    32: ("bytes", Bytes()),
}
"""Booklet's number of each serializer, its name and what it does."""
