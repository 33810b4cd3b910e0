"""Pickles of strangers: plain data is read, anything that could run code or take unbounded memory is refused."""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable
from typing import Any, NoReturn

from catalog.errors import IntegrityError, UntrustedValueError

_MOST_RANGE = 10_000_000
_MOST_EXPONENT = 100_000
_FRACTION = re.compile(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?")

_PLAIN: dict[str, str] = {
    "builtins": "bool complex dict float frozenset int list object set slice str tuple",
    "collections": "OrderedDict deque Counter defaultdict",
    "datetime": "date datetime time timedelta timezone",
    "uuid": "UUID SafeUUID",
    "zoneinfo": "ZoneInfo",
    "numpy": "dtype ndarray",
}
_ARRAYS = ("multiarray", "numeric")


def restricted_loads(raw: bytes) -> Any:
    """Unpickle plain containers and scalars, times, decimals, UUIDs, and numpy arrays and scalars.

    Raises UntrustedValueError when the pickle asks for anything else, IntegrityError when it is no pickle.
    """
    try:
        return _Unpickler(io.BytesIO(raw)).load()
    except UntrustedValueError:
        raise
    except RecursionError:
        raise UntrustedValueError("This pickled value is nested too deeply; it was not read.") from None
    except MemoryError:
        raise UntrustedValueError("This pickled value asks for more memory than there is; it was not read.") from None
    except Exception as error:  # noqa: BLE001 - a hostile pickle can raise anything
        raise IntegrityError(f"This value is no readable pickle ({type(error).__name__}).") from None


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Give what plain data needs; refuse the rest."""
        module, name = _today(module, name)
        special = _SPECIAL.get((module, name))
        if special is not None:
            return special
        if name in _PLAIN.get(module, "").split():
            return super().find_class(module, name)
        package, _, leaf = module.rpartition(".")
        if package in ("numpy.core", "numpy._core") and leaf in _ARRAYS and name in ("_reconstruct", "scalar", "_frombuffer"):
            found = super().find_class(module, name)
            return _reconstruct_with(found) if name == "_reconstruct" else found
        _refuse(f"{module}.{name}")


def _refuse(what: str) -> NoReturn:
    raise UntrustedValueError(
        f"This pickled value asks for {what[:100]!a}, which could run code or take unbounded memory; it was not read.",
        hint="If you trust who made this database, open it with value_serializer='pickle' or trust=True.",
    )


def _today(module: str, name: str) -> tuple[str, str]:
    """Today's name of what old protocols call otherwise."""
    if module == "__builtin__":
        return "builtins", {"xrange": "range", "unicode": "str", "long": "int"}.get(name, name)
    return module, name


def _bytes(kind: type[bytes] | type[bytearray]) -> Callable[..., Any]:
    def make(*arguments: Any) -> Any:
        if arguments and isinstance(arguments[0], int | range):
            _refuse(f"{kind.__name__}({arguments[0]!r})")
        return kind(*arguments)

    return make


def _range(*arguments: Any) -> range:
    made = range(*arguments)
    if not -_MOST_RANGE < made.start < _MOST_RANGE or not -_MOST_RANGE < made.stop < _MOST_RANGE:
        _refuse("a very long range")
    return made


def _decimal(text: Any) -> Any:
    from decimal import Decimal  # noqa: PLC0415

    made = Decimal(text)
    if made.is_finite() and abs(made.adjusted()) > _MOST_EXPONENT:
        _refuse("a very large decimal")
    return made


def _fraction(*arguments: Any) -> Any:
    from fractions import Fraction  # noqa: PLC0415

    if any(isinstance(argument, str) and not _FRACTION.fullmatch(argument) for argument in arguments):
        _refuse("a fraction that is none")
    return Fraction(*arguments)


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding != "latin1":
        _refuse(f"the codec {encoding!r}")
    return text.encode("latin1")


def _getattr(owner: Any, name: str) -> Any:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    if owner is not ZoneInfo or name != "_unpickle":
        _refuse("builtins.getattr")
    return ZoneInfo._unpickle  # type: ignore[attr-defined]  # noqa: SLF001 - how a time zone pickles itself


def _reconstruct_with(make: Callable[..., Any]) -> Callable[..., Any]:
    def reconstruct(kind: Any, shape: Any, code: Any) -> Any:
        if shape != (0,):
            _refuse("an array of unbounded size")
        return make(kind, shape, code)

    return reconstruct


_SPECIAL: dict[tuple[str, str], Any] = {
    ("builtins", "bytes"): _bytes(bytes),
    ("builtins", "bytearray"): _bytes(bytearray),
    ("builtins", "range"): _range,
    ("builtins", "getattr"): _getattr,
    ("decimal", "Decimal"): _decimal,
    ("fractions", "Fraction"): _fraction,
    ("_codecs", "encode"): _encode,
}
