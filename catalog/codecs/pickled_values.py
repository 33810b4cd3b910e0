"""What a stranger's pickle may ask for by name, and how each of these is made from checked arguments."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import re
import uuid
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from catalog.codecs import pickled_arrays

_MOST_RANGE = 10_000_000
_MOST_EXPONENT = 100_000
_MOST_BITS = 16_000
_FRACTION = re.compile(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,3}")


class RefusedError(Exception):
    """The pickle asks for something that plain data does not need; ``what`` in words."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Work(Protocol):
    """The unpickler, as far as makers need it: it bounds their work."""

    def charge(self, work: int) -> None:
        """Count work; raises RefusedError when it is too much."""

    def check_keys(self, keys: Iterable[Any]) -> None:
        """Count the work of hashing ``keys``."""


@dataclass(frozen=True, slots=True, eq=False)
class Maker:
    """The one way in which a pickle can call something: a function of ours, told the work and the arguments."""

    make: Callable[..., Any]

    @staticmethod
    def of_type(kind: type) -> Maker:
        """The maker of values of a plain type."""
        make = _TYPES.get(kind)
        if make is None:
            raise RefusedError(f"a call of {kind.__name__}")
        return Maker(make)


def value_named(module: str, name: str) -> Any:
    """What a pickle means by a name: a plain type, a `Maker`, or RefusedError."""
    module, name = _today(module, name)
    found = _NAMED.get((module, name))
    if found is None:
        raise RefusedError(f"{module}.{name}")
    return found


def empty(kind: Any) -> Any:
    """An object of the two kinds that are made empty and filled later."""
    if kind is uuid.UUID:
        return uuid.UUID(int=0)
    if kind is object:
        return object()
    raise RefusedError("an object")


def restore_uuid(made: uuid.UUID, state: Any) -> None:
    """Give an empty UUID its number."""
    number, safe = state["int"], state.get("is_safe")
    if type(number) is not int or not (safe is None or type(safe) in (int, uuid.SafeUUID)):
        raise RefusedError("a UUID that is none")
    filled = uuid.UUID(int=number, is_safe=uuid.SafeUUID(safe))
    object.__setattr__(made, "int", filled.int)
    object.__setattr__(made, "is_safe", filled.is_safe)


def _today(module: str, name: str) -> tuple[str, str]:
    """Today's name of what old protocols and old numpy call otherwise."""
    if module == "__builtin__":
        return "builtins", {"xrange": "range", "unicode": "str", "long": "int"}.get(name, name)
    if module == "copy_reg":
        return "copyreg", name
    if module.startswith("numpy.core."):
        return "numpy._core." + module.removeprefix("numpy.core."), name
    return module, name


def _hashed(kind: Callable[[Any], Any]) -> Callable[..., Any]:
    def make(work: Work, items: Any) -> Any:
        if type(items) not in (list, tuple, dict):
            raise RefusedError("a set of what is no list")
        work.charge(len(items))
        if type(items) is not dict:
            work.check_keys(items)
        return kind(items)

    return make


def _ordered(work: Work, pairs: Any = ()) -> Any:
    if type(pairs) not in (list, tuple) or any(type(pair) not in (list, tuple) or len(pair) != 2 for pair in pairs):
        raise RefusedError("an OrderedDict of what is no list of pairs")
    work.charge(len(pairs))
    work.check_keys(pair[0] for pair in pairs)
    return collections.OrderedDict(pairs)


def _deque(_: Work, items: Any = (), most: int | None = None) -> Any:
    if items != () or not (most is None or type(most) is int):
        raise RefusedError("a deque of something")
    return collections.deque(maxlen=most)


def _defaultdict(_: Work, factory: Any = None) -> Any:
    if factory is not None and factory not in _FACTORIES:
        raise RefusedError("a defaultdict of something")
    return collections.defaultdict(factory)


def _bytes(work: Work, *arguments: Any) -> bytes:
    match arguments:
        case ():
            return b""
        case (bytes() as raw,) | (bytearray() as raw,):
            work.charge(len(raw))
            return bytes(raw)
        case (str() as text, "latin1" | "latin-1"):
            work.charge(len(text))
            return text.encode("latin1")
    raise RefusedError("bytes of something")


def _bytearray(work: Work, *arguments: Any) -> bytearray:
    return bytearray(_bytes(work, *arguments))


def _encode(work: Work, text: Any, encoding: Any = None) -> bytes:
    return _bytes(work, text, encoding)


def _plain_ints(arguments: tuple[Any, ...], most: int) -> bool:
    return all(argument is None or (type(argument) is int and -most <= argument <= most) for argument in arguments)


def _range(_: Work, *arguments: Any) -> range:
    if not _plain_ints(arguments, _MOST_RANGE):
        raise RefusedError("a very long range")
    return range(*arguments)


def _slice(_: Work, *arguments: Any) -> slice:
    if not _plain_ints(arguments, 1 << 63):
        raise RefusedError("a slice of something")
    return slice(*arguments)


def _complex(_: Work, *parts: Any) -> complex:
    if any(type(part) is not float for part in parts):
        raise RefusedError("a complex number of something")
    return complex(*parts)


def _decimal(work: Work, text: Any) -> decimal.Decimal:
    if type(text) is not str:
        raise RefusedError("a decimal of something")
    work.charge(len(text))
    made = decimal.Decimal(text)
    if made.is_finite() and abs(made.adjusted()) > _MOST_EXPONENT:
        raise RefusedError("a very large decimal")
    return made


def _fraction(_: Work, *arguments: Any) -> fractions.Fraction:
    match arguments:
        case (str() as text,) if _FRACTION.fullmatch(text):
            return fractions.Fraction(text)
        case (int() as over, int() as under) if max(over.bit_length(), under.bit_length()) <= _MOST_BITS:
            return fractions.Fraction(over, under)
    raise RefusedError("a fraction that is none")


def _moment(kind: type[Any]) -> Callable[..., Any]:
    def make(_: Work, *arguments: Any) -> Any:
        if not all(isinstance(argument, bytes | str | int | dt.tzinfo) for argument in arguments):
            raise RefusedError(f"a {kind.__name__} of something")
        # replace() checks what the packed bytes of a pickle can get past the constructor
        return kind(*arguments).replace()

    return make


def _safe_uuid(_: Work, value: Any) -> uuid.SafeUUID:
    if value is not None and type(value) is not int:
        raise RefusedError("a SafeUUID that is none")
    return uuid.SafeUUID(value)


def _timedelta(_: Work, *arguments: Any) -> dt.timedelta:
    if not _plain_ints(arguments, 1 << 63):
        raise RefusedError("a timedelta of something")
    return dt.timedelta(*arguments)


def _timezone(_: Work, *arguments: Any) -> dt.timezone:
    return dt.timezone(*arguments)


def _zone(_: Work, key: Any, from_cache: Any) -> zoneinfo.ZoneInfo:
    if type(key) is not str or not _ZONE.fullmatch(key):
        raise RefusedError("a time zone that is none")
    return zoneinfo.ZoneInfo(key) if from_cache else zoneinfo.ZoneInfo.no_cache(key)


_unpickle_zone = Maker(_zone)


def _getattr(_: Work, owner: Any, name: Any) -> Maker:
    if owner is not zoneinfo.ZoneInfo or name != "_unpickle":
        raise RefusedError("builtins.getattr")
    return _unpickle_zone


def _reconstructor(_: Work, kind: Any, base: Any, state: Any) -> Any:
    if base is not object or state is not None:
        raise RefusedError("copyreg._reconstructor")
    return empty(kind)


_FACTORIES: tuple[Any, ...] = (
    *(bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, set, str, tuple),
    *(collections.OrderedDict, collections.deque, collections.Counter),
)

_TYPES: dict[type, Callable[..., Any]] = {
    set: _hashed(set),
    frozenset: _hashed(frozenset),
    bytes: _bytes,
    bytearray: _bytearray,
    range: _range,
    slice: _slice,
    complex: _complex,
    collections.OrderedDict: _ordered,
    collections.deque: _deque,
    collections.Counter: _hashed(collections.Counter),
    collections.defaultdict: _defaultdict,
    dt.date: _moment(dt.date),
    dt.datetime: _moment(dt.datetime),
    dt.time: _moment(dt.time),
    dt.timedelta: _timedelta,
    dt.timezone: _timezone,
    decimal.Decimal: _decimal,
    fractions.Fraction: _fraction,
    uuid.SafeUUID: _safe_uuid,
}

_NAMED: dict[tuple[str, str], Any] = {
    **{(kind.__module__, kind.__qualname__): kind for kind in (*_FACTORIES, *_TYPES)},
    ("uuid", "UUID"): uuid.UUID,
    ("zoneinfo", "ZoneInfo"): zoneinfo.ZoneInfo,
    ("zoneinfo", "ZoneInfo._unpickle"): _unpickle_zone,
    ("builtins", "getattr"): Maker(_getattr),
    ("copyreg", "_reconstructor"): Maker(_reconstructor),
    ("_codecs", "encode"): Maker(_encode),
    ("numpy", "ndarray"): pickled_arrays.NDARRAY,
    ("numpy", "dtype"): Maker(pickled_arrays.dtype),
    ("numpy._core.multiarray", "_reconstruct"): Maker(pickled_arrays.reconstruct),
    ("numpy._core.multiarray", "scalar"): Maker(pickled_arrays.scalar),
    ("numpy._core.numeric", "_frombuffer"): Maker(pickled_arrays.from_buffer),
}
