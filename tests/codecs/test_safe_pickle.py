"""Plain data comes back from a stranger's pickle; nothing else does, whatever it tries."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import io
import os
import pickle
import random
import struct
import sys
import tracemalloc
import uuid
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.codecs.safe_pickle import restricted_loads
from catalog.errors import FormatError, IntegrityError, UntrustedValueError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
PLAIN: list[Any] = [
    *(None, True, -5, 1 << 200, 1.5, 2j, "x\0é😀", "", b"", b"a\xff", bytearray(), bytearray(b"x\xff"), (), (1, (2, (3,)))),
    *([], [1, [2]], {}, {1: {2: 3}, (1, "a"): b"x"}, {1, 2}, set(), frozenset([1, 2]), range(1, 9, 3), slice(1, None, 2)),
    collections.OrderedDict(b=1, a=2),
    collections.Counter("aab"),
    collections.defaultdict(list, {"a": [1]}),
    collections.defaultdict(dict),
    collections.deque([1, 2], 5),
    collections.deque([1, [2]]),
    dt.date(2020, 2, 29),
    dt.datetime(2020, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001
    dt.datetime(2020, 7, 2, fold=1, tzinfo=PARIS),
    dt.datetime(2020, 7, 2, tzinfo=dt.UTC),
    dt.time(23, 59, 59, 999_999, dt.timezone(dt.timedelta(hours=-3), "BRT")),
    dt.timedelta(-3, 4, 5),
    dt.timezone(dt.timedelta(minutes=90)),
    zoneinfo.ZoneInfo("America/Argentina/Buenos_Aires"),
    decimal.Decimal("-1.50"),
    decimal.Decimal("Infinity"),
    fractions.Fraction(-1, 3),
    uuid.UUID(int=7),
    uuid.UUID(int=9, is_safe=uuid.SafeUUID.safe),
]
ARRAYS: list[Any] = [
    np.arange(6).reshape(2, 3),
    np.arange(6.0).reshape(2, 3).T,
    np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    np.array(5),
    np.array([], "f4"),
    np.zeros((0, 3)),
    np.arange(5, dtype=">i4"),
    np.array([True, False]),
    np.array([1j]),
    np.array(["a", "bcd", ""]),
    np.array([b"a"]),
    np.zeros(3, "V4"),
    np.array([1, "x", None, [1]], object),
    np.array([[1, {}], [3, 4]], object),
    np.array(["2020-01-01"], "M8[D]"),
    np.array([1, 2], "M8[25s]"),
    np.array([1], "m8[ns]"),
    np.array([1], "m8"),
    np.array([(1, 2.5)], [("a", "i4"), ("b", ">f8")]),
    np.array([(1, (2, "é"))], [("a", "i4"), ("b", [("c", "u1"), ("d", "U3")])]),
    np.zeros(2, [("a", "u1", (2, 3))]),
    np.zeros(2, np.dtype({"names": ["a", "b"], "formats": ["i1", "i8"]}, align=True)),
    np.zeros(2, np.dtype([(("a title", "a"), "i4")])),
    np.array([1.5], "g"),
]
SCALARS: list[Any] = [
    *(np.float64(1.5), np.int8(-3), np.uint64(1 << 63), np.complex64(1j), np.bool_(True), np.str_("é"), np.bytes_(b"x")),
    *(np.datetime64("2020-01-01T00:00"), np.timedelta64(5, "s"), np.zeros(1, [("a", "i4")])[0]),
    *(np.dtype("f8"), np.dtype([("a", "i4"), ("b", "M8[s]")])),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", PLAIN + SCALARS, ids=repr)
def test_plain_values_come_back(value: Any, protocol: int) -> None:
    """Every plain value reads back equal and of the same type, in every protocol."""
    found = restricted_loads(pickle.dumps(value, protocol))

    assert type(found) is type(value)
    assert found == value
    assert repr(found) == repr(pickle.loads(pickle.dumps(value, protocol)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", ARRAYS, ids=repr)
def test_arrays_come_back(value: Any, protocol: int) -> None:
    """Every array reads back equal, with its data type, and can be changed as one of numpy's own unpickler."""
    found = restricted_loads(pickle.dumps(value, protocol))

    assert type(found) is np.ndarray
    assert (found.dtype, found.shape) == (value.dtype, value.shape)
    np.testing.assert_array_equal(found, value)
    assert found.flags.writeable


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sharing_and_cycles_come_back(protocol: int) -> None:
    """Objects that occur twice, or in themselves, do so after reading, arrays too."""
    array = np.arange(3)
    value: list[Any] = [array, array, {"again": array}]
    value.append(value)

    found = restricted_loads(pickle.dumps(value, protocol))

    assert found[0] is found[1] is found[2]["again"]
    assert found[3] is found


@pytest.mark.parametrize("value", [*PLAIN[10:14], ARRAYS[0], ARRAYS[12], SCALARS[0]], ids=repr)
def test_every_truncation_is_an_error(value: Any) -> None:
    """A pickle that is cut off anywhere is an IntegrityError."""
    raw = pickle.dumps(value, 5)
    for length in range(len(raw)):
        with pytest.raises(IntegrityError):
            restricted_loads(raw[:length])


def test_names_of_python_2_and_old_numpy_are_known() -> None:
    """Pickles of Python 2 and of numpy 1 read as well."""
    old = pickle.dumps([range(3), {1}], 2)
    array = pickle.dumps(np.arange(3), 4).replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
    array = array[:2] + array[11:]

    assert restricted_loads(old) == [range(3), {1}]
    assert restricted_loads(array).tolist() == [0, 1, 2]


SIMPLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=30,
)


@given(SIMPLE, st.sampled_from(PROTOCOLS))
def test_any_nesting_of_plain_values_comes_back(value: Any, protocol: int) -> None:
    """What Python's unpickler gives for plain data, ours gives too."""
    assert restricted_loads(pickle.dumps(value, protocol)) == value


def g(module: str, name: str) -> bytes:
    """The opcode that names something."""
    return f"c{module}\n{name}\n".encode()


def s(text: str) -> bytes:
    """The opcode of a short string."""
    return b"\x8c" + bytes([len(text.encode())]) + text.encode()


def b(raw: bytes) -> bytes:
    """The opcode of short bytes."""
    return b"C" + bytes([len(raw)]) + raw


def dtype(spec: str, state: bytes = b"") -> bytes:
    """The opcodes of a numpy type, of its usual state unless another is given."""
    usual = b"(K\x03" + s("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
    return g("numpy", "dtype") + s(spec) + b"\x89\x88\x87R" + (state or usual) + b"b"


def array(kind: bytes, data: bytes, shape: bytes = b"K\x01\x85") -> bytes:
    """The opcodes of a numpy array."""
    begun = g("numpy._core.multiarray", "_reconstruct") + g("numpy", "ndarray") + b"K\x00\x85" + b(b"b") + b"\x87R"
    return begun + b"(K\x01" + shape + kind + b"\x89" + data + b"tb"


def fields(kind: bytes, offset: bytes, size: bytes = b"K\x08", flags: bytes = b"K\x00") -> bytes:
    """A structured type of 8 bytes that says it has one field ``a``."""
    state = b"(K\x03" + s("|") + b"N" + s("a") + b"\x85}" + s("a") + kind + offset + b"\x86s" + size + b"K\x01" + flags + b"t"
    return dtype("V8", state)


class Exploit:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


RUN = s("touch marked") + b"\x85R"
# each tries to run code, to change something in this process, or to read or write memory that is not its own
HOSTILE: dict[str, bytes] = {
    "os.system": g("os", "system") + RUN,
    "posix.system": g("posix", "system") + RUN,
    "subprocess": g("subprocess", "call") + RUN,
    "eval": g("builtins", "eval") + s("open('marked','w')") + b"\x85R",
    "python 2 eval": g("__builtin__", "eval") + s("open('marked','w')") + b"\x85R",
    "exec": g("builtins", "exec") + s("open('marked','w')") + b"\x85R",
    "import": g("builtins", "__import__") + s("os") + b"\x85R",
    "open": g("builtins", "open") + s("marked") + s("w") + b"\x86R",
    "getattr of a type": g("builtins", "getattr") + g("builtins", "object") + s("__subclasses__") + b"\x86R)R",
    "getattr of a zone": g("builtins", "getattr") + g("zoneinfo", "ZoneInfo") + s("from_file") + b"\x86R",
    "dotted name": s("builtins") + s("list.__class__") + b"\x93",
    "dotted getattr": s("zoneinfo") + s("ZoneInfo.no_cache.__self__") + b"\x93",
    "dotted module": s("collections") + s("abc.sys.modules") + b"\x93",
    "submodule of numpy": g("numpy.f2py.crackfortran", "myeval") + s("1") + b"\x85R",
    "numpy.load": g("numpy", "load") + s("x") + b"\x85R",
    "numpy.core array": g("numpy.core.multiarray", "array") + s("x") + b"\x85R",
    "codecs": g("codecs", "decode") + s("x") + s("rot13") + b"\x86R",
    "encode elsewise": g("_codecs", "encode") + s("x") + s("idna") + b"\x86R",
    "copyreg": g("copyreg", "add_extension") + s("os") + s("system") + b"K\x01\x87R",
    "reconstructor": g("copyreg", "_reconstructor") + g("builtins", "list") + g("builtins", "list") + b"]\x87R",
    "type": g("builtins", "type") + s("X") + b")}\x87R",
    "functools": g("functools", "partial") + g("os", "system") + b"\x85R",
    "operator": g("operator", "attrgetter") + s("x") + b"\x85R",
    "call of a class": g("builtins", "list") + b")R",
    "call of a string": s("os") + b")R",
    "call of a list": b"])R",
    "arguments that are no tuple": g("builtins", "set") + b"]R",
    "newobj of another class": g("collections", "Counter") + b")\x81",
    "newobj of no class": s("x") + b")\x81",
    "newobj_ex": g("builtins", "object") + b")}\x92",
    "inst": b"(ios\nsystem\n",
    "obj": b"(" + g("builtins", "list") + b"o",
    "persistent id": s("x") + b"Q",
    "persistent id in text": b"Px\n",
    "extension": b"\x82\x01",
    "long extension": b"\x84\xff\xff\x00\x00",
    "buffer": b"\x97",
    "build on a class": g("collections", "Counter") + b"N}" + s("update") + g("builtins", "list") + b"s\x86b",
    "build on a function": g("decimal", "Decimal") + b"N}" + s("__init__") + g("builtins", "list") + b"s\x86b",
    "build on a maker": g("_codecs", "encode") + b"}" + s("make") + g("builtins", "list") + b"sb",
    "build on a dict": g("collections", "OrderedDict") + b")R}" + s("items") + g("builtins", "list") + b"sb",
    "class of an instance": g("collections", "OrderedDict") + b")RN}" + s("__class__") + g("builtins", "dict") + b"s\x86b",
    "number of a uuid": g("uuid", "UUID") + b")\x81}" + s("int") + s("x") + b"sb",
    "size of a uuid": g("uuid", "UUID") + b")\x81}" + s("int") + b"\x8a\x14" + b"\x7f" * 20 + b"sb",
    "state of a list": b"]}" + s("x") + b"K\x01sb",
    "items of an array": array(dtype("f8"), b(bytes(8))) + b"K\x00K\x01s",
    "items of a list": b"](K\x00K\x01u",
    "append to a dict": b"}K\x01a",
    "append to bytes": g("builtins", "bytearray") + b")R(K\x01e",
    "additems of a dict": b"}(K\x01\x90",
    "object scalar": g("numpy._core.multiarray", "scalar") + dtype("O") + b(bytes(8)) + b"\x86R",
    "object from a buffer": g("numpy._core.numeric", "_frombuffer")
    + b"("
    + b(b"A" * 8)
    + dtype("O")
    + b"K\x01\x85"
    + s("C")
    + b"tR",
    "objects from bytes": array(dtype("O"), b(b"A" * 8)),
    "objects behind a field": array(fields(dtype("O"), b"K\x00"), b(b"A" * 8)),
    "objects behind a flagged field": array(fields(dtype("O"), b"K\x00", flags=b"K\x3f"), b(b"A" * 8)),
    "objects behind a subarray": array(
        dtype("V8", b"(K\x03" + s("|") + dtype("O") + b"K\x01\x85\x86NNK\x08K\x01K\x00t"), b(b"A" * 8)
    ),
    "a field outside": array(fields(dtype("i8"), b"J\x00\x00\x00\x10"), b(bytes(8))),
    "a field before": array(fields(dtype("i8"), b"J\x00\x00\x00\xf0"), b(bytes(8))),
    "a type of no size": array(fields(dtype("i8"), b"K\x00", size=b"K\x00"), b(b"")),
    "a type of negative size": array(fields(dtype("i8"), b"K\x00", size=b"J\xff\xff\xff\xff"), b(bytes(8))),
    "a field that is no type": fields(b"K\x08", b"K\x00"),
    "a name that is no text": dtype("V8", b"(K\x03" + s("|") + b"N" + b"K\x07\x85}K\x08" + b"K\x01sK\x08K\x01K\x00t"),
    "too few bytes": array(dtype("i8"), b(bytes(7))),
    "too many bytes": array(dtype("i8"), b(bytes(9))),
    "characters beyond Unicode": array(dtype("U1", b"(K\x03" + s("<") + b"NNNK\x04K\x04K\x08t"), b(b"\xff\xff\xff\x7f")),
    "a moment of no unit": array(
        dtype(
            "M8", b"(K\x04" + s("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00N(" + b(b"generic") + b"K\x01K\x01K\x01t\x86t"
        ),
        b(b"A" * 8),
    ),
    "a vast array": array(dtype("i8"), b(bytes(8)), b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"),
    "a vast array of nothing": array(dtype("V0"), b(b""), b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"),
    "a negative shape": array(dtype("i8"), b(bytes(8)), b"J\xff\xff\xff\xffJ\xff\xff\xff\xff\x86"),
    "an array that calls": g("numpy", "ndarray") + b"K\x01\x85R",
    "an array that is not filled": g("numpy._core.multiarray", "_reconstruct")
    + g("numpy", "ndarray")
    + b"K\x00\x85"
    + b(b"b")
    + b"\x87R",
    "a large first shape": g("numpy._core.multiarray", "_reconstruct")
    + g("numpy", "ndarray")
    + b"J\xff\xff\xff\x7f\x85"
    + b(b"b")
    + b"\x87R",
    "a type by its class": g("numpy.dtypes", "Float64DType") + b")R",
    "a type from a text": g("numpy", "dtype") + s("i8,(9999,9999)f8") + b"\x89\x88\x87R",
    "a type with code": g("numpy", "dtype") + g("builtins", "list") + b"\x89\x88\x87R",
    "a zone elsewhere": g("zoneinfo", "ZoneInfo._unpickle") + s("../../etc/passwd") + b"\x89\x86R",
    "an impossible date": g("datetime", "date") + b(b"\x07\xe4\x02\xff") + b"\x85R",
    "an impossible moment": g("datetime", "datetime") + b(b"\x07\xe4\x02\x01\xff\xff\xff\xff\xff\xff") + b"\x85R",
    "no pickle": b"hello",
    "a newer protocol": b"\x80\x63N",
}


def _snapshot() -> list[object]:
    kinds = (collections.Counter, collections.OrderedDict, decimal.Decimal, uuid.UUID, zoneinfo.ZoneInfo, dt.datetime)
    return [*(sorted(vars(kind)) for kind in kinds), collections.Counter.update, np.dtype("f8").str, os.environ.copy()]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_run_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle that wants more than plain data is refused, has run nothing and has changed nothing."""
    raw = HOSTILE[name]
    before = _snapshot()
    monkeypatch.chdir(tmp_path)

    for proto in (b"", b"\x80\x04"):
        with pytest.raises((UntrustedValueError, IntegrityError)):
            restricted_loads(proto + raw + b".")

    assert not list(tmp_path.iterdir())
    assert _snapshot() == before


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "function", [os.system, eval, getattr, __import__, io.open, np.load, pickle.loads], ids=lambda found: found.__qualname__
)
def test_pickled_calls_are_refused(function: Any, protocol: int) -> None:
    """A call that Python's pickler writes is refused by name, and the error says what to do."""
    raw = pickle.dumps(Exploit(function, list, "x"), protocol)

    with pytest.raises(UntrustedValueError, match="trust=True"):
        restricted_loads(raw)


def test_types_of_numpy_are_not_changed_for_everyone() -> None:
    """A state for a data type that all arrays share changes only the one that is read."""
    raw = g("numpy", "dtype") + s("f8") + b"\x85R(K\x03" + s(">") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb."

    found = restricted_loads(raw)

    assert found == np.dtype(">f8")
    assert np.dtype("f8").isnative


def _doubling(opcode: bytes, times: int) -> bytes:
    return b")" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + opcode for i in range(times))


RANGE = g("builtins", "range") + b"J\x80\x96\x98\x00\x85R"
MEGA = b"X" + struct.pack("<I", 1 << 20) + b"x" * (1 << 20)
# each asks for memory or time that its length does not explain
BOMBS: dict[str, bytes] = {
    "memo": b"Nr\xff\xff\xff\xff.",
    "memo in text": b"Np4000000000\n.",
    "bytearray": b"\x96" + struct.pack("<Q", 1 << 40) + b".",
    "bytes": b"\x8e" + struct.pack("<Q", 1 << 40) + b".",
    "text": b"\x8d" + struct.pack("<Q", 1 << 40) + b".",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"N.",
    "long": b"\x8b\xff\xff\xff\x7f.",
    "digits": b"I" + b"9" * 1_000_000 + b"\n.",
    "bytes of a number": g("builtins", "bytes") + b"J\xff\xff\xff\x7f\x85R.",
    "bytearray of a number": g("builtins", "bytearray") + b"J\xff\xff\xff\x7f\x85R.",
    "range": g("builtins", "range") + b"J\xff\xff\xff\x7f\x85R.",
    "set of a range": g("builtins", "set") + RANGE + b"\x85R.",
    "deque of a range": g("collections", "deque") + RANGE + b"\x85R.",
    "counter of a range": g("collections", "Counter") + RANGE + b"\x85R.",
    "list of a range": g("builtins", "list") + RANGE + b"\x85R.",
    "tuple of a range": g("builtins", "tuple") + RANGE + b"\x85R.",
    "copies of a text": MEGA + b"q\x000]" + (g("_codecs", "encode") + b"h\x00" + s("latin1") + b"\x86Ra") * 2_000 + b".",
    "copies of bytes": b"B" + MEGA[1:] + b"q\x000]" + (g("builtins", "bytearray") + b"h\x00\x85Ra") * 2_000 + b".",
    "decimal": g("decimal", "Decimal") + s("1e999999999") + b"\x85R.",
    "fraction": g("fractions", "Fraction") + s("1e999999999") + b"\x85R.",
    "doubling a list": b"]q\x00(K\x01K\x02e" + (g("builtins", "slice") + b"K\x00K\x00\x86Rh\x00s") * 40 + b".",
    "hash of a dict key": b"}(" + _doubling(b"\x86", 60) + b"Nu.",
    "hash of one dict key": b"}" + _doubling(b"\x86", 60) + b"Ns.",
    "hash of a pair in text": b"(" + _doubling(b"\x86", 60) + b"Nd.",
    "hash of a member": b"\x8f(" + _doubling(b"\x86", 60) + b"\x90.",
    "hash of a frozen member": b"(" + _doubling(b"\x86", 60) + b"\x91.",
    "hash of an old member": g("builtins", "set") + b"]" + _doubling(b"\x86", 60) + b"a\x85R.",
    "hash of an ordered key": g("collections", "OrderedDict") + b"]]" + _doubling(b"\x86", 60) + b"aNaa\x85R.",
    "hash of a call": _doubling(b"\x86", 60) + b")R.",
    "hash of a safe uuid": g("uuid", "SafeUUID") + _doubling(b"\x86", 60) + b"\x85R.",
    "hash of a uuid": b"}" + g("uuid", "UUID") + b")\x81}" + s("int") + _doubling(b"\x86", 60) + b"sbNs.",
    "hash of a slice": b"}" + g("builtins", "slice") + _doubling(b"\x86", 60) + b"\x85RNs.",
    "hash of a field": dtype("V8", b"(K\x03" + s("|") + b"N" + _doubling(b"\x86", 60) + b"\x85}K\x08K\x01K\x00t") + b".",
    "hash of a deep key": b"})" + b"\x85" * 300_000 + b"Ns.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_stay_small_and_quick(name: str) -> None:
    """A pickle that asks for unbounded memory or time is read or refused at once, within a few times its length."""
    raw = BOMBS[name]
    tracemalloc.start()
    try:
        restricted_loads(raw)
    except FormatError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    # an unbounded read takes hours, which no test has, or all memory
    assert peak < 40 * len(raw) + (16 << 20)


def test_very_deep_nesting_is_survived() -> None:
    """Data nested 300,000 deep is read or refused, and can be given up again, without a crash."""
    raw = b"\x80\x04" + b"]" * 300_000 + b"a" * 299_999 + b"."

    found = restricted_loads(raw)

    assert type(found) is list
    del found


def _sharing(level: Callable[[Any], Any], levels: int = 60) -> bytes:
    """Containers in each of which the one before stands twice."""
    value: Any = []
    for _ in range(levels):
        value = level(value)
    return pickle.dumps(value)


@pytest.mark.parametrize(
    "raw",
    [
        _sharing(lambda value: [value, value]),
        _sharing(lambda value: (value, value)),
        _sharing(lambda value: {1: value, 2: value}),
        _sharing(lambda value: collections.deque([value, value])),
        _sharing(lambda value: np.array([None, value, value], object)),
        b"]" + b"2\x86" * 60 + b".",
        pickle.dumps(["x" * 1_000_000] * 1_000),
        pickle.dumps([np.zeros(1_000_000)] * 1_000),
    ],
    ids=["lists", "tuples", "dicts", "deques", "arrays", "doubled", "long texts", "large arrays"],
)
def test_what_would_fill_the_memory_once_written_out_is_refused(raw: bytes) -> None:
    """A value that names itself so often that no screen and no file could hold it is refused, although it is small."""
    with pytest.raises(UntrustedValueError, match="written out"):
        restricted_loads(raw)


def test_what_is_shared_within_reason_is_read() -> None:
    """A row that stands a thousand times in a list is read."""
    row = {"name": "x" * 200, "values": list(range(100))}

    assert restricted_loads(pickle.dumps([row] * 1_000)) == [row] * 1_000


def _tower() -> Any:
    """A set of sets that is compared with another of its kind in 2 to the 40th steps."""
    one: Any = frozenset([1])
    other: Any = frozenset([2])
    for _ in range(40):
        one, other = frozenset([one, other]), frozenset([one, other, 1])
    return one


_SAME_HASH = [number * sys.hash_info.modulus for number in range(1, 50_000)]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x80\x04(" + pickle.dumps(_tower(), 2)[2:-1] * 2 + b"\x91.",
        pickle.dumps(_SAME_HASH).replace(b"]", b"\x8f", 1).replace(b"e", b"\x90"),
        pickle.dumps([(number,) for number in _SAME_HASH]).replace(b"]", b"\x8f", 1).replace(b"e", b"\x90"),
        b"}(" + b"".join(b"\x8a\x0b" + number.to_bytes(11, "little") + b"N" for number in _SAME_HASH) + b"u.",
        b"}" + b"".join(b"\x8a\x0b" + number.to_bytes(11, "little") + b"Ns" for number in _SAME_HASH) + b".",
        b"(" + b"".join(b"\x8a\x0b" + number.to_bytes(11, "little") for number in _SAME_HASH) + b"\x91.",
    ],
    ids=["sets of sets", "a set", "a set of tuples", "a dict", "a dict item by item", "a frozen set"],
)
def test_keys_that_are_slow_to_compare_are_refused(raw: bytes) -> None:
    """Keys that were made to have one hash, or to be compared without end, are refused and not compared."""
    with pytest.raises(UntrustedValueError):
        restricted_loads(raw)


def _nested_type(levels: int, fields: int) -> bytes:
    """A type in whose fields, which all have the same place, stands the type before."""
    names = [s(f"f{number}") for number in range(fields)]
    raw = dtype("i8") + b"q\x070"
    for _ in range(levels):
        items = b"".join(name + b"h\x07K\x00\x86" for name in names)
        state = b"(K\x03" + s("|") + b"N(" + b"".join(names) + b"t}(" + items + b"uK\x08K\x01K\x00t"
        raw += dtype("V8", state) + b"q\x070"
    return raw


@pytest.mark.parametrize(
    "raw",
    [
        _nested_type(60, 2) + b"h\x07.",
        _nested_type(20_000, 1) + b"h\x07.",
        _nested_type(1, 5_000) + b"](" + array(b"h\x07", b(bytes(8))) * 500 + b"e.",
    ],
    ids=["doubling", "deep", "wide, often"],
)
def test_types_of_very_many_fields_are_refused(raw: bytes) -> None:
    """Types that hold one another, or that many arrays have, cost no more than the length of the pickle."""
    with pytest.raises((UntrustedValueError, IntegrityError)):
        restricted_loads(raw)


def test_what_was_compressed_to_nothing_is_bounded_by_that() -> None:
    """More objects than the stored bytes explain are refused; a large array, which is one, is read."""
    with pytest.raises(UntrustedValueError, match="many more objects"):
        restricted_loads(b"(" + b"N" * 4_100_000 + b"l.", 1_000)
    assert restricted_loads(pickle.dumps(np.zeros(2_000_000)), 1_000).size == 2_000_000


TEMPLATES = [pickle.dumps(value, protocol) for value in PLAIN + ARRAYS + SCALARS for protocol in (0, 2, 5)]


@given(st.data())
def test_damaged_pickles_give_a_value_or_a_typed_error(data: st.DataObject) -> None:
    """Whatever bytes are changed, the outcome is plain data that can be looked at, or a FormatError."""
    raw = bytearray(data.draw(st.sampled_from(TEMPLATES)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(min_size=0, max_size=3))
        raw = raw or bytearray(b".")
    try:
        found = restricted_loads(bytes(raw))
    except FormatError:
        return
    repr(found)


def test_spliced_opcodes_give_a_value_or_a_typed_error() -> None:
    """Pieces of hostile and of good pickles, joined at random, give plain data or a FormatError and never a crash."""
    chance = random.Random(7)
    pieces = [*HOSTILE.values(), *TEMPLATES, *(bytes([code]) for code in range(256))]
    for _ in range(3_000):
        chosen = [chance.choice(pieces) for _ in range(chance.randint(1, 6))]
        raw = b"".join(piece[chance.randint(0, len(piece)) :][: chance.randint(1, 60)] for piece in chosen) + b"."
        try:
            repr(restricted_loads(raw))
        except FormatError:
            continue
        except RecursionError:
            continue
