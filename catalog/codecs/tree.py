"""Values that are trees, of mappings, lists and what hangs in them: what JSON and MessagePack keep of these, and where not."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from enum import Enum
from math import isfinite, isnan
from typing import Any
from uuid import UUID

import orjson

from catalog.errors import InvalidValueError

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
_MOMENTS = (datetime, date, time)
_DEEPEST = 250
_LONGEST_PATH = 200
MOST_METADATA = 4 << 20
NAN_HINT = "Pass nan=\"null\" to store null in its place, or make the database with another value_serializer, such as 'pickle'."
_ANOTHER = "Convert it, or make the database with another value_serializer, such as 'pickle'."


class _UnfitError(ValueError):
    """What is wrong with one item: said by its text, with the way out, and where in an array it is."""

    def __init__(self, what: str, hint: str = _ANOTHER, place: str = "") -> None:
        super().__init__(what)
        self.hint, self.place = hint, place


def json_bytes(value: Any) -> bytes:
    """Write JSON that says what the value says; InvalidValueError, which names the path, for what JSON cannot say.

    Tuples become lists, as numpy arrays do; UUIDs, dates and times become text, members of an Enum their values, data classes
    objects of all of their fields.
    """
    try:
        raw = orjson.dumps(value, _foreign, _OPTIONS)
    except TypeError as error:
        raw = _explained(value, error, _strict)
    # Only what became null can have been a NaN, so that most values are not looked through; of the others, those that come
    # back equal hold none. Both are much faster than going through a value in Python.
    if b"null" in raw and not _comes_back(value, raw) and has_nan(value):
        _refuse(value, _strict)
    return raw


def encode_metadata(value: Any) -> bytes:
    """Encode the metadata of a database as JSON, at most 4 MiB; InvalidValueError when they cannot be."""
    encoded = json_bytes(value)
    if len(encoded) > MOST_METADATA:
        raise InvalidValueError(
            f"This metadata takes {len(encoded):,} bytes; at most {MOST_METADATA:,} are accepted.",
            hint="Store it under a key instead.",
        )
    return encoded


def json_bytes_nan_null(value: Any) -> bytes:
    """Write JSON as `json_bytes` does, with null for NaN and the infinities."""
    try:
        return orjson.dumps(value, _foreign_or_null, _OPTIONS)
    except TypeError as error:
        return _explained(value, error, _lenient)


def nan_as_null(value: Any) -> Any:
    """The same mappings, lists and numbers, with None for NaN and the infinities."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: nan_as_null(content) for name, content in value.items()}
    return [nan_as_null(content) for content in value] if isinstance(value, list) else value


def check_text_keys(value: Any) -> None:
    """Raise InvalidValueError when a mapping in a value has a key that is no text: Python's JSON writes it as text, unsaid.

    The value does not contain itself.
    """
    if not _keys_are(value, str):
        _refuse(value, _any_leaf)


def check_packed_keys(value: Any) -> None:
    """Raise InvalidValueError when a mapping in a value has a key that is neither text nor bytes, which could not be read.

    The value does not contain itself.
    """
    if not _keys_are(value, (str, bytes)):
        _refuse(value, _any_leaf, (str, bytes))


def _keys_are(value: Any, kinds: type | tuple[type, ...]) -> bool:
    waiting = [value]
    for item in waiting:
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, kinds):
                    return False
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return True


def _comes_back(value: Any, raw: bytes) -> bool:
    try:
        return (orjson.loads(raw) == value) is True
    except ValueError:
        return False


def has_nan(value: Any) -> bool:
    """Whether there is a NaN or an infinity in a value that does not contain itself; arrays are not looked into."""
    waiting = [value]
    for item in waiting:
        kind = type(item)
        if kind is float:
            if not isfinite(item):
                return True
        elif kind is dict:
            waiting.extend(item.values())
        elif kind is list or kind is tuple:
            waiting.extend(item)
        elif kind is not str and kind is not int and item is not None and (inner := _children(item)) is not None:
            waiting.extend(inner)
    return False


def _children(item: Any) -> Iterable[Any] | None:
    if isinstance(item, dict):
        return item.values()
    if isinstance(item, list):
        return item
    if isinstance(item, Enum):
        return (item.value,)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return _fields(item).values()
    return None


def _fields(item: Any) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}


def _foreign(item: Any) -> Any:
    """What orjson makes of what it does not know, or would change."""
    # Times not by orjson: it leaves out the seconds of an offset.
    if type(item) in _MOMENTS:
        return item.isoformat()
    if isinstance(item, _MOMENTS):
        return _moment(item)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return _fields(item)
    if isinstance(item, float):
        return _finite(float(item))
    return _from_numpy(item)


def _foreign_or_null(item: Any) -> Any:
    return float(item) if isinstance(item, float) else _from_numpy(item, may_be_nan=True) if _is_numpy(item) else _foreign(item)


def _finite(number: float) -> float:
    if isfinite(number):
        return number
    raise _UnfitError(f"{_shown(number)} is nothing that JSON has", NAN_HINT)


def _shown(number: float) -> str:
    return "NaN" if isnan(number) else "inf" if number > 0 else "-inf"


def _moment(item: date | time) -> str:
    # Of pandas, whose times are subclasses of Python's.
    if str(item) == "NaT":
        raise _UnfitError("NaT is no time")
    return item.isoformat()


def _is_numpy(item: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(item, numpy.ndarray | numpy.generic)


def _from_numpy(item: Any, *, may_be_nan: bool = False) -> Any:
    """The JSON of an array or scalar of numpy."""
    if not _is_numpy(item):
        raise _UnfitError(f"a {type(item).__name__} is nothing that JSON has")
    numpy = sys.modules["numpy"]
    array = numpy.asarray(item)
    if array.dtype.kind == "f" and not may_be_nan:
        _check_all(array, numpy.isfinite(array), lambda found: f"{_shown(float(found))} is nothing that JSON has", NAN_HINT)
    elif array.dtype.kind == "M":
        earliest, latest = numpy.datetime64("0001-01-01", "us"), numpy.datetime64("9999-12-31T23:59:59.999999", "us")
        micros = array.astype("M8[us]")
        fits = (micros == array) & (micros >= earliest) & (micros <= latest)
        _check_all(array, fits, lambda found: f"the time {found} cannot be written to the microsecond")
    elif array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise _UnfitError(f"an array of {array.dtype} is nothing that JSON has")
    if array.ndim == 0:
        return orjson.Fragment(orjson.dumps(array.reshape(1), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1])
    if not (array.flags.c_contiguous and array.dtype.isnative):
        array = numpy.ascontiguousarray(array, array.dtype.newbyteorder("="))
    return orjson.Fragment(orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY))


def _check_all(array: Any, fits: Any, say: Callable[[Any], str], hint: str = _ANOTHER) -> None:
    if fits.all():
        return
    place = next(zip(*(~fits).nonzero(), strict=True)) if array.ndim else ()
    raise _UnfitError(say(array[place]), hint, "".join(f"[{index}]" for index in place))


def _explained(value: Any, error: TypeError, judge: Callable[[Any], None]) -> bytes:
    """What orjson refuses: with the path where it is found, or written after all when only a key is more than plain text."""
    _refuse(value, judge)
    try:
        return orjson.dumps(value, _foreign if judge is _strict else _foreign_or_null, _OPTIONS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        raise error from None


def _strict(item: Any) -> None:
    """Raise _UnfitError for a leaf that JSON cannot say."""
    if isinstance(item, float):
        _finite(item)
    else:
        _lenient(item)


def _lenient(item: Any) -> None:
    if item is None or isinstance(item, bool | float | UUID):
        return
    if isinstance(item, str):
        try:
            item.encode()
        except UnicodeEncodeError:
            raise _UnfitError("half a surrogate pair is no text") from None
    elif isinstance(item, int):
        if not _SMALLEST <= item <= _LARGEST:
            raise _UnfitError("an integer beyond 64 bits would lose digits")
    else:
        _foreign(item)


def _any_leaf(item: Any) -> None:
    """Leave leaves to the serializer itself."""


def _refuse(value: Any, judge: Callable[[Any], None], keys: type | tuple[type, ...] = str) -> None:
    """Raise InvalidValueError for the first item that does not fit, if there is one."""
    waiting: list[tuple[str, int, Any]] = [("$", 0, value)]
    while waiting:
        path, depth, item = waiting.pop()
        if depth > _DEEPEST:
            raise _error(path, f"it is nested more than {_DEEPEST} levels deep, or contains itself", "Store it flatter.")
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            item = _fields(item)
        elif isinstance(item, Enum):
            item = item.value
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, keys):
                    raise _error(path, f"the key {str(key)[:40]} ({type(key).__name__}) is no text", "Use str(key) for each key.")
                if isinstance(key, str):
                    _check_leaf(path, key, _lenient if judge is not _any_leaf else judge)
            waiting.extend((path + path_step(key), depth + 1, inner) for key, inner in reversed(item.items()))
        elif isinstance(item, list) or type(item) is tuple or (isinstance(item, tuple) and judge is _any_leaf):
            waiting.extend((f"{path}[{number}]", depth + 1, item[number]) for number in reversed(range(len(item))))
        else:
            _check_leaf(path, item, judge)


def _check_leaf(path: str, item: Any, judge: Callable[[Any], None]) -> None:
    try:
        judge(item)
    except _UnfitError as unfit:
        raise _error(path + unfit.place, str(unfit), unfit.hint) from None


def path_step(key: Any) -> str:
    """A key as a part of a path: ``.name``, or ``["any text"]``."""
    return (
        f".{key}"
        if isinstance(key, str) and key.isidentifier()
        else f"[{json.dumps(key) if isinstance(key, str) else repr(key)}]"
    )


def _error(path: str, what: str, hint: str) -> InvalidValueError:
    shown = path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + "…"
    return InvalidValueError(f"{shown}: {what}.", path=path, hint=hint)
