"""numpy arrays, scalars and data types from a stranger's pickle, rebuilt from checked parts.

numpy's own ``__setstate__`` believes what it is told: a field that lies outside its array, raw bytes taken for objects. So
arrays and types are built here by the constructors, which check.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

_SPEC = re.compile(r"[?bBhHiIlLqQefdgFDGSUVOmMpPnNuca][0-9]{0,10}")
_UNIT = re.compile(rb"[YMWDhms]|ms|us|ns|ps|fs|as|generic")
_ALIGNED = 0x80
_DEEPEST_TYPE = 30
_LAST_CHARACTER = 0x10FFFF


class Charge(Protocol):
    """What bounds the work of one pickle."""

    def charge(self, work: int) -> None:
        """Count work; raises when it is too much."""


class Unfinished(ABC):
    """What a pickle has made but not filled yet; ``finished`` is the real thing, once there."""

    finished: Any = None

    @abstractmethod
    def finish(self, work: Charge, state: Any) -> Any:
        """Make the real thing from its state."""


class _Ndarray:
    """Stands for the class numpy.ndarray, which a pickle must not call."""


NDARRAY = _Ndarray()


class _Type(Unfinished):
    def __init__(self, spec: str) -> None:
        self._spec = spec

    def finish(self, work: Charge, state: Any) -> np.dtype[Any]:
        work.charge(_count_names(state[3]))
        made: np.dtype[Any] = _typed(self._spec, *state)
        _charge_fields(work, made)
        self.finished = made
        return made


class _Array(Unfinished):
    def finish(self, work: Charge, state: Any) -> np.ndarray[Any, Any]:
        _, shape, kind, fortran, data = state
        made: np.ndarray[Any, Any] = _filled(work, shape, kind, "F" if fortran else "C", data)
        self.finished = made
        return made


def dtype(_: Charge, spec: Any, align: Any = False, copy: Any = False) -> Unfinished:  # noqa: ARG001 - numpy's arguments
    """Begin a data type."""
    if type(spec) is not str or not _SPEC.fullmatch(spec):
        raise ValueError
    return _Type(spec)


def reconstruct(_: Charge, kind: Any, shape: Any, code: Any) -> Unfinished:  # noqa: ARG001 - numpy's arguments
    """Begin an array."""
    if kind is not NDARRAY or shape != (0,):
        raise ValueError
    return _Array()


def scalar(work: Charge, kind: Any, data: Any = b"") -> Any:
    """Make a scalar from its bytes."""
    array = _filled(work, (1,), kind, "C", data, objects=False)
    return array[0]


def from_buffer(work: Charge, data: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> Any:
    """Make an array over bytes, as protocol 5 does."""
    import numpy as np  # noqa: PLC0415 - slow to import, and needed only here

    if order == "K" and axes is not None:
        return _filled(work, shape, kind, "C", data, objects=False).transpose(axes)
    array = _filled(work, shape, kind, order, data, objects=False)
    if isinstance(data, bytes):
        array.setflags(write=False)
    return np.asarray(array)


def _count_names(names: Any) -> int:
    return len(names) if isinstance(names, tuple) else 0


def _charge_fields(work: Charge, kind: np.dtype[Any], depth: int = 0) -> None:
    """Count the fields of a type with those of their types: some may share bytes, so that no length bounds their number."""
    if depth > _DEEPEST_TYPE:
        raise ValueError
    for name in kind.names or ():
        work.charge(1)
        assert kind.fields is not None
        _charge_fields(work, kind.fields[name][0].base, depth + 1)


def _checked(kind: Any) -> np.dtype[Any]:
    import numpy as np  # noqa: PLC0415

    if not isinstance(kind, np.dtype):
        raise TypeError
    return kind


def _typed(
    spec: str, _version: Any, order: Any, sub: Any, names: Any, fields: Any, size: Any, _align: Any, flags: Any, extra: Any = None
) -> np.dtype[Any]:
    import numpy as np  # noqa: PLC0415

    if names is not None:
        if any(type(name) is not str for name in names):
            raise TypeError
        columns = [fields[name] for name in names]
        return np.dtype(
            {
                "names": list(names),
                "formats": [_checked(column[0]) for column in columns],
                "offsets": [column[1] for column in columns],
                "titles": [column[2] if len(column) > 2 else None for column in columns],
                "itemsize": size,
            },
            align=bool(flags & _ALIGNED),
        )
    if sub is not None:
        return np.dtype((_checked(sub[0]), _shape(sub[1])))
    if spec[0] in "mM" and extra is not None:
        unit, number, divisor, _event = extra[1]
        if not _UNIT.fullmatch(unit) or type(number) is not int or divisor != 1:
            raise ValueError
        made = np.dtype(spec if unit == b"generic" else f"{spec[0]}8[{number}{unit.decode()}]")
    else:
        made = np.dtype(spec)
    ordered = made.newbyteorder(order) if order in ("<", ">") else made
    return made if ordered == made else ordered


def _shape(shape: Any) -> tuple[int, ...]:
    if type(shape) is not tuple or len(shape) > 32 or any(type(length) is not int or length < 0 for length in shape):
        raise ValueError
    return shape


def _filled(work: Charge, shape: Any, kind: Any, order: Any, data: Any, *, objects: bool = True) -> np.ndarray[Any, Any]:
    import numpy as np  # noqa: PLC0415

    kind, count = _checked(kind), math.prod(_shape(shape))
    work.charge(count if kind.itemsize == 0 or kind.hasobject else len(data))
    _charge_fields(work, kind)
    if order not in ("C", "F"):
        raise ValueError
    if kind.hasobject:
        if not objects or kind.kind != "O" or type(data) is not list or len(data) != count:
            raise ValueError
        flat = np.empty(count, object)
        for position, item in enumerate(data):
            if isinstance(item, Unfinished):
                raise TypeError
            flat[position] = item
        return flat.reshape(shape, order=order)
    if isinstance(data, str):
        data = data.encode("latin1")
    if not isinstance(data, bytes | bytearray) or len(data) != count * kind.itemsize:
        raise ValueError
    if not data:
        return np.zeros(shape, kind, order)
    # bytes that are copied can be changed later, as those of numpy's own arrays
    flat = np.frombuffer(bytearray(data) if isinstance(data, bytes) else data, kind)
    _check_content(flat)
    return flat.reshape(shape, order=order)


def _check_content(array: np.ndarray[Any, Any]) -> None:
    """Refuse what numpy itself cannot show: characters beyond Unicode, and moments of no unit."""
    import numpy as np  # noqa: PLC0415

    kind = array.dtype
    if kind.names is not None:
        for name in kind.names:
            _check_content(array[name])
    elif kind.kind == "U" and kind.itemsize:
        points = np.ascontiguousarray(array).view(np.dtype("u4").newbyteorder(kind.byteorder))
        if points.size and int(points.max()) > _LAST_CHARACTER:
            raise ValueError
    elif kind.kind == "M" and np.datetime_data(kind)[0] == "generic" and not np.isnat(array).all():
        raise ValueError
