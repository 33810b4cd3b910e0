"""What each serializer does with each kind of value; run as a program it writes the table in docs/values.md."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import shapely
from booklet import serializers
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from catalog.codecs.codec import Codec, codec_of
from catalog.errors import InvalidValueError

PAGE = Path(__file__).parents[2] / "docs" / "values.md"
_BEGIN, _END = "<!-- what is kept: written by tests/codecs/kept.py -->", "<!-- end -->"


class Colour(enum.Enum):
    """Members whose values are JSON."""

    RED = "red"
    THREE = 3


@dataclass
class Point:
    """A data class with a field that orjson leaves out."""

    x: float
    _note: str = "kept"


@dataclass(frozen=True)
class Kind:
    """A kind of values: examples that reach its extremes, any others, and what a serializer may make of one."""

    examples: list[Any]
    others: st.SearchStrategy[Any]
    conversions: dict[str, Callable[[Any], Any]] = dataclasses.field(default_factory=dict)


_OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
_MOMENTS = st.datetimes(timezones=st.none() | _OFFSETS) | st.dates() | st.times()
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
_LARGE = st.integers(min_value=1 << 64) | st.integers(max_value=-(1 << 63) - 1)
_FRAME = pd.DataFrame({"n": [1, 2], "x": [0.5, math.nan], "t": ["é", None], "at": pd.to_datetime(["2020-01-01", None], utc=True)})

KINDS: dict[str, Kind] = {
    "None, true, false": Kind([None, True, False], st.none() | st.booleans()),
    "text": Kind(["", "é\0", "null", "🌧"], st.text()),
    "bytes": Kind([b"", b"\x00\xff"], st.binary()),
    "bytearray": Kind([bytearray(b"\xff")], st.binary().map(bytearray), {"bytes": bytes}),
    "whole numbers to 64 bits": Kind([0, -1, 100, 70_000, -(1 << 63), (1 << 64) - 1], st.integers(-(1 << 63), (1 << 64) - 1)),
    "larger whole numbers": Kind([1 << 64, -(1 << 63) - 1, 10**40], _LARGE),
    "numbers": Kind([0.0, -0.0, 0.1, 1e22, 5e-324, 1.7976931348623157e308], st.floats(allow_nan=False, allow_infinity=False)),
    "NaN, inf, -inf": Kind(
        [math.nan, math.inf, -math.inf, [1.0, math.nan], {"a": {"b": -math.inf}}], st.sampled_from([math.nan, [math.inf]])
    ),
    "lists, and mappings with text for keys": Kind(
        [[], {}, [1, None, "x", [{"é": [0.5, True]}]], {"": {"a": []}}], _TREES.filter(lambda tree: isinstance(tree, list | dict))
    ),
    "mappings with other keys": Kind(
        [{1: "a", "1": "b"}, {None: 1}, {True: 1}, {1.5: 2}, [{"a": {(1, 2): 3}}]],
        st.dictionaries(st.integers() | st.none() | st.booleans(), st.integers(0, 9), min_size=1, max_size=3),
    ),
    "tuples": Kind([(), (1, "a")], st.tuples(st.integers(0, 99), st.text()), {"list": list}),
    "sets": Kind([set(), {1, 2}], st.sets(st.integers(0, 99))),
    "dates and times": Kind(
        [
            *map(datetime.fromisoformat, ("0001-01-01", "2020-02-29T23:59:59.999999Z", "2020-01-01T00:00:00.000001")),
            *(datetime(1900, 1, 1, tzinfo=timezone(timedelta(seconds=3208))), date(9999, 12, 31), time(1, 2, 3, 4)),
        ],
        _MOMENTS,
        {"text": lambda moment: moment.isoformat()},
    ),
    "UUIDs": Kind([UUID(int=1)], st.uuids(), {"text": str}),
    "decimals": Kind([Decimal("1.10")], st.decimals(allow_nan=False)),
    "members of an Enum": Kind(list(Colour), st.sampled_from(Colour), {"its value": lambda member: member.value}),
    "data classes": Kind(
        [Point(0.5)],
        st.builds(Point, st.floats(allow_nan=False, allow_infinity=False), st.text()),
        {"mapping": dataclasses.asdict},
    ),
    "numpy scalars": Kind(
        [np.float64(0.1), np.float32(0.1), np.int16(-5), np.bool_(True)],
        st.integers(0, 99).map(np.int64) | st.floats(width=32, allow_nan=False, allow_infinity=False).map(np.float32),
        {"number": lambda scalar: scalar.item()},
    ),
    "numpy arrays": Kind(
        [
            np.zeros((2, 3)),
            np.array([0.1, 3e38], "f4"),
            np.arange(6).reshape(2, 3).T,
            np.array([True]),
            np.array([1.0], ">f8"),
            np.zeros((0, 3)),
            np.array(5),
        ],
        st_numpy.arrays(
            st.sampled_from(["f8", "f4", "f2"]),
            st_numpy.array_shapes(max_dims=2, max_side=3),
            elements={"allow_nan": False, "allow_infinity": False},
        ),
        {"list": np.ndarray.tolist},
    ),
    "numpy arrays with NaN": Kind([np.array([[1.0, np.nan]]), np.array([np.inf], "f4")], st.just(np.array([np.nan]))),
    "numpy times": Kind(
        [np.array(["2020-01-01T00:00:00.000001"], "M8[us]"), np.array(["NaT"], "M8[us]"), np.array([1], "M8[ns]")],
        st_numpy.arrays("M8[ns]", 1, elements=st_numpy.from_dtype(np.dtype("M8[ns]"))),
        {"text": lambda array: [_numpy_text(moment) for moment in array]},
    ),
    "one row of whole numbers": Kind(
        [np.arange(-3, 3), np.array([200], "u2"), np.array([], "i8"), np.array([1 << 40])],
        st_numpy.arrays(st.sampled_from(["i1", "u2", "i8"]), st.integers(0, 3)),
        {"list": np.ndarray.tolist, "array of its width": lambda array: array},
    ),
    "tables of pandas": Kind(
        [
            _FRAME,
            pd.DataFrame({"o": pd.Series([1, "a"], dtype=object)}),
            pd.DataFrame({"o": pd.Series([(1 << 60) + 1, None], dtype=object)}),
        ],
        st.just(_FRAME),
    ),
    "geometries": Kind(
        [shapely.Point(1, 2, 3), shapely.set_srid(shapely.Point(1, 2), 4326)], st.just(shapely.LineString([(0, 0), (1, 1)]))
    ),
}
SERIALIZERS: dict[str, list[tuple[Any, bool]]] = {
    "bytes, zstd": [(name, False) for name in (None, "bytes", "zstd")],
    "str": [("str", False)],
    "pickle": [("pickle", True), ("pickle_zstd", True)],
    "pickle, not trusted": [("pickle", False), ("pickle_zstd", False)],
    "orjson": [("orjson", False), ("orjson_zstd", False)],
    "json": [("json", False)],
    "msgpack": [("msgpack", False), ("msgpack_zstd", False)],
    "int, uint": [(f"{sign}{size}", False) for sign in ("int", "uint") for size in (1, 2, 4, 5, 8)],
    "numpy_int": [(f"numpy_int{size}", False) for size in (1, 2, 4, 8)]
    + [(f"numpy_int{size}_zstd", False) for size in (2, 4, 8)],
    "pd_zstd": [("pd_zstd", False)],
    "wkb": [("wkb", False), ("wkb_zstd", False)],
}
"""Serializers that do the same, by booklet's names, and whether what they read is trusted."""
_ORDER = ("kept", "bytes", "list", "text", "number", "its value", "mapping", "array of its width", "refused")


def codec(name: Any, trusted: bool) -> Codec:
    """The codec of a serializer."""
    return codec_of(serializers.serial_name_dict[name], trusted=trusted)


def outcome(kind: Kind, value: Any, made: Codec) -> str:
    """What became of a value: kept, refused, or one of the conversions of its kind; ValueError when it is none of these."""
    try:
        raw = made.encode(value)
    except InvalidValueError:
        return "refused"
    back = made.decode(raw)
    if same(back, value):
        return "kept"
    for name, convert in kind.conversions.items():
        if _alike(back, convert(value), value):
            return name
    raise ValueError(f"{made.name} made {back!r} of {value!r}")


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same, by type and content."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one.items(), other.items(), strict=True))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, np.ndarray):
        return (one.dtype.str, one.shape, one.tobytes()) == (other.dtype.str, other.shape, other.tobytes())
    if isinstance(one, pd.DataFrame):
        return bool(one.equals(other))
    if isinstance(one, shapely.Geometry):
        return bool(shapely.to_wkb(one, include_srid=True) == shapely.to_wkb(other, include_srid=True))
    return bool(one == other)


def _alike(back: Any, wanted: Any, value: Any) -> bool:
    """Whether what came back is a conversion; numbers of numpy are compared in their own width."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        if isinstance(back, np.ndarray) is not isinstance(wanted, np.ndarray):
            return False
        again = np.asarray(back, value.dtype)
        return again.size == value.size and again.ravel().tolist() == value.ravel().tolist()
    if isinstance(value, np.floating):
        return type(back) is float and bool(type(value)(back) == value)
    return same(back, wanted)


def _numpy_text(moment: Any) -> str:
    return str(moment.astype("M8[us]").item().isoformat()) if not np.isnat(moment) else "NaT"


@cache
def outcomes(group: str, kind: str) -> list[str]:
    """What a group of serializers does with the examples of a kind, in a fixed order."""
    met = {outcome(KINDS[kind], value, codec(*one)) for value in KINDS[kind].examples for one in SERIALIZERS[group]}
    return sorted(met, key=_ORDER.index)


def cell(met: list[str]) -> str:
    """What the table says."""
    if met == ["refused"]:
        return "–"
    done = " or ".join(name for name in met if name != "refused")
    return f"{done}; else –" if "refused" in met else done


def table() -> str:
    """The table as Markdown."""
    lines = [f"| | {' | '.join(SERIALIZERS)} |", "|---" * (len(SERIALIZERS) + 1) + "|"]
    lines += [f"| {kind} | {' | '.join(cell(outcomes(group, kind)) for group in SERIALIZERS)} |" for kind in KINDS]
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table that the page has."""
    return PAGE.read_text("utf-8").partition(_BEGIN + "\n")[2].partition(_END)[0]


if __name__ == "__main__":
    before, begin, rest = PAGE.read_text("utf-8").partition(_BEGIN + "\n")
    PAGE.write_text(before + begin + table() + _END + rest.partition(_END)[2], "utf-8")
