"""The contract of serializers: what they write says what the value says, or they refuse it; docs/values.md has the table.

Booklet's serializers change some values in silence: they cut microseconds, wrap numbers that are too large, forget shapes. Here
each is given only what it keeps.
"""

from __future__ import annotations

import io
import pickle
import re
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Literal

import zstandard

from catalog.codecs.frames import check_frame
from catalog.codecs.safe_pickle import MOST_STEPS, restricted_loads
from catalog.codecs.tree import check_packed_keys, check_text_keys, json_bytes, json_bytes_nan_null
from catalog.codecs.unfolded import grows_with_repeats
from catalog.errors import InvalidValueError, UntrustedValueError

Nan = Literal["refuse", "null"]
Dumps = Callable[[Any], bytes]
_LEVEL = 1
_TIMES = frozenset({datetime, date, time, timedelta, timezone})
_SHORT = 1_000
"""Bytes of a pickle; what shorter ones share is read."""
_REFERENCES = 5
"""How many there are to a part of a value that occurs once: its whole, the pickler, what it gives, and who looks."""
_NUMBERS = re.compile(r"u?int[0-9]")


def contracted(name: str, plain: Any, *, nan: Nan, trusted: bool) -> Dumps:
    """How the serializer ``name`` writes under the contract; ``plain`` is booklet's own of this name.

    Returns a function that raises InvalidValueError, or an error of the serializer, for what could not be given back. ``nan``
    says whether JSON has null for NaN and the infinities; pickles that are ``trusted`` may hold anything.
    """
    kind = name.removesuffix("_zstd")
    write: Dumps = plain.dumps
    if kind == "orjson":
        write_json = json_bytes if nan == "refuse" else json_bytes_nan_null
        return write_json if kind == name else lambda value: zstandard.compress(write_json(value), _LEVEL)
    if kind == "pickle":
        return write if trusted else _readable_pickle(kind != name)
    if kind in ("pd", "gpd"):
        return lambda value: check_frame(value, write(value), plain.loads)
    if kind == "wkb":
        return lambda value: _check_geometry(value, write(value), plain.loads)
    if kind in _KEYS:
        return lambda value: _with_keys(value, write(value), _KEYS[kind])
    check = _check_of(kind)

    def checked(value: Any) -> bytes:
        check(name, value)
        return write(value)

    return checked


def _check_of(kind: str) -> Callable[[str, Any], None]:
    """What is asked of a value before a serializer, which is given by its name, gets it."""
    if kind == "str":
        return _check_text
    if kind in ("bytes", "zstd"):
        return _check_bytes
    if kind.startswith("numpy_int"):
        return lambda name, value: _check_array(name, value, f"i{kind[-1]}")
    assert _NUMBERS.fullmatch(kind), kind
    return _check_number


def _with_keys(value: Any, raw: bytes, check: Callable[[Any], None]) -> bytes:
    # After writing, which refuses what contains itself.
    check(value)
    return raw


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidValueError(f"The serializer {name!r} takes text, not {type(value).__name__}.", hint=_OTHER)


def _check_bytes(name: str, value: Any) -> None:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise InvalidValueError(
            f"The serializer {name!r} takes bytes, not {type(value).__name__}.",
            hint="Encode the value, or make the database with another value_serializer, such as 'orjson'.",
        )


def _check_number(name: str, value: Any) -> None:
    numpy = sys.modules.get("numpy")
    is_whole = isinstance(value, int) or (numpy is not None and isinstance(value, numpy.integer))
    if not is_whole or isinstance(value, bool):
        raise InvalidValueError(
            f"The serializer {name!r} takes whole numbers, not {type(value).__name__}.",
            hint="Use int(value) if nothing is lost by that.",
        )


def _check_array(name: str, value: Any, stored: str) -> None:
    import numpy as np  # noqa: PLC0415 - only its own serializers need it

    if not isinstance(value, np.ndarray) or value.ndim != 1 or value.dtype.kind not in "iu":
        shown = f"{value.ndim}-dimensional array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise InvalidValueError(f"The serializer {name!r} takes arrays of whole numbers in one row, not a {shown}.", hint=_OTHER)
    limits = np.iinfo(stored)
    if value.size and not limits.min <= int(value.min()) <= int(value.max()) <= limits.max:
        place = int(np.flatnonzero((value < limits.min) | (value > limits.max))[0])
        raise InvalidValueError(
            f"$[{place}]: {value[place]} needs more than {limits.bits} bits.",
            path=f"$[{place}]",
            hint="Make the database with a wider serializer, or with 'pickle'.",
        )


def _readable_pickle(is_compressed: bool) -> Dumps:
    """Pickles that can be read here: what runs code is refused when it is set, not when it is needed again."""

    def write(value: Any) -> bytes:
        made = io.BytesIO()
        pickler = _Watched(made)
        pickler.dump(value)
        raw = made.getvalue()
        stored = zstandard.compress(raw, _LEVEL) if is_compressed else raw
        is_long = len(raw) > MOST_STEPS + len(stored)
        if pickler.met_more or is_long or (len(raw) >= _SHORT and _has_repeats(value, pickler)):
            try:
                restricted_loads(raw, len(stored))
            except UntrustedValueError as error:
                raise InvalidValueError(
                    f"This value could not be read again here. {error.message}",
                    hint="Open the database with value_serializer='pickle' or trust=True, if you trust all that is in it.",
                ) from None
        return stored

    return write


def _has_repeats(value: Any, pickler: pickle.Pickler) -> bool:
    """Whether there may be a part in a value that weighs much and occurs more than once: by who refers to it."""
    met = pickler.memo.copy().values()
    return any(sys.getrefcount(part) > _REFERENCES and part is not value and grows_with_repeats(part) for _, part in met)


class _Watched(pickle.Pickler):
    """A pickler that knows whether it met anything but plain containers and scalars."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 5)
        self.met_more = False

    def reducer_override(self, item: Any) -> Any:
        """Take note, and leave the rest to the pickler."""
        self.met_more = self.met_more or not _is_plain(item)
        return NotImplemented


def _is_plain(item: Any) -> bool:
    """Whether this, or what it is made by, is surely read again: times, and arrays of numbers. Reading to find out takes long."""
    numpy = sys.modules.get("numpy")
    if isinstance(item, type):
        return item in _TIMES or (numpy is not None and issubclass(item, numpy.dtype))
    if type(item) in _TIMES:
        return True
    if numpy is None:
        return False
    if type(item) is numpy.ndarray:
        return item.dtype.kind in "biuf"
    return isinstance(item, numpy.dtype) or getattr(item, "__module__", "") == "numpy._core.numeric"


def _check_geometry(value: Any, raw: Any, read: Callable[[bytes], Any]) -> bytes:
    from shapely import to_wkb  # noqa: PLC0415 - only geometries need it

    if isinstance(raw, bytes) and to_wkb(read(raw), include_srid=True) != to_wkb(value, include_srid=True):
        raise InvalidValueError(
            "WKB would forget a part of this geometry, such as its SRID.", hint="Keep the SRID in the metadata, or use 'pickle'."
        )
    checked: bytes = raw
    return checked


_OTHER = "Convert the value, or make the database with another value_serializer, such as 'orjson' or 'pickle'."
_KEYS: dict[str, Callable[[Any], None]] = {"json": check_text_keys, "msgpack": check_packed_keys}
