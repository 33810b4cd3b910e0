"""Tables of strangers come back, or are refused; none makes the process read what is not its own."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from catalog.codecs.codec import codec_of
from catalog.errors import FormatError

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")

PD_ZSTD = 25


def _file(column: Any, compression: str | None = None, notes: Any = None) -> bytes:
    table = pa.table({"a": column})
    if notes is not None:
        table = table.replace_schema_metadata({b"pandas": orjson.dumps(notes)})
    made = io.BytesIO()
    with pa.ipc.new_file(made, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return made.getvalue()


def _spoiled(column: Any, shape: str, right: list[int], wrong: list[int]) -> bytes:
    """A file in which some numbers of Arrow's own are others."""
    raw = _file(column)
    known = struct.pack(shape, *right)
    assert raw.count(known) == 1
    return raw.replace(known, struct.pack(shape, *wrong))


def _views(count: int, length: int, number: int = 0, start: int = 0, text: bytes = b"y" * 1_000_000) -> Any:
    """Texts that all name one piece of memory."""
    view = struct.pack("<i4sii", length, text[:4], number, start)
    return pa.Array.from_buffers(pa.string_view(), count, [None, pa.py_buffer(view * count), pa.py_buffer(text)])


TEXTS = ["sixteen letters!"] * 3
CODES = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, 0], pa.int32()), pa.array(["zzz", "yyy"]))
SIZED = {"name": None, "field_name": None, "pandas_type": "S1000000000", "numpy_type": "S1000000000", "metadata": None}
# made when they are tried: some take a second
HOSTILE: dict[str, Callable[[], bytes]] = {
    "text beyond": lambda: _spoiled(TEXTS, "<4i", [0, 16, 32, 48], [0, 16, 32, 2**31 - 1]),
    "text in between": lambda: _spoiled(TEXTS, "<4i", [0, 16, 32, 48], [0, 2**30, 2**30 + 16, 48]),
    "text before": lambda: _spoiled(TEXTS, "<4i", [0, 16, 32, 48], [0, -(2**30), 32, 48]),
    "list beyond": lambda: _spoiled([[1, 2], [3, 4]], "<3i", [0, 2, 4], [0, 2**29, 2**30]),
    "code beyond": lambda: _spoiled(CODES, "<4i", [0, 1, 1, 0], [0, 2**29, 1, 0]),
    "code before": lambda: _spoiled(CODES, "<4i", [0, 1, 1, 0], [0, -(2**29), 1, 0]),
    "view beyond": lambda: _file(_views(3, 100, start=2**30)),
    "view of no buffer": lambda: _file(_views(3, 100, number=77)),
    "one text a million times": lambda: _file(_views(1_000_000, 1_000_000), "zstd"),
    "one list many times": lambda: _file(pa.ListViewArray.from_arrays(pa.array([0] * 9), pa.array([9] * 9), pa.array([0.5] * 9))),
    "runs": lambda: _file(pa.RunEndEncodedArray.from_arrays(pa.array([2_000_000_000], pa.int32()), pa.array([1.5]))),
    "nothing, often": lambda: _file(pa.nulls(2_000_000_000)),
    "zeros": lambda: _file(pa.array(memoryview(bytes(1 << 27)).cast("q")), "zstd"),
    "codes within lists": lambda: _file(pa.ListArray.from_arrays(pa.array([0, 4], pa.int32()), CODES)),
    "a sized type": lambda: _file([1], notes={"index_columns": [], "columns": [], "column_indexes": [SIZED]}),
    "the old kind": lambda: b"FEA1" + bytes(200) + b"FEA1",
    "no table": lambda: b"ARROW1" + bytes(200),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tables_are_refused(name: str) -> None:
    """A table that names memory which is not its own, or much more than its length, is an error and not a crash."""
    with pytest.raises(FormatError):
        codec_of(PD_ZSTD).decode(HOSTILE[name]())


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2], "b": [1.5, None], "c": ["x", None], "d": [True, False]}),
        pd.DataFrame({"t": pd.to_datetime(["2026-01-02"], utc=True), "c": pd.Categorical(["x"]), "l": [[1, 2]], "m": [{"n": 1}]}),
        pd.DataFrame({"é": []}),
        pd.DataFrame({"x": [0.0] * 2_000_000}),
    ],
    ids=["plain", "times, categories, lists", "empty", "zeros"],
)
def test_tables_come_back(frame: Any) -> None:
    """What pandas writes reads back as pandas itself reads it."""
    raw = codec_of(PD_ZSTD).encode(frame)

    pd.testing.assert_frame_equal(codec_of(PD_ZSTD).decode(raw), codec_of(PD_ZSTD, trusted=True).decode(raw))


def test_damaged_tables_are_read_or_refused() -> None:
    """No flipped bit makes the decoder crash or raise anything else than a FormatError."""
    raw = codec_of(PD_ZSTD).encode(pd.DataFrame({"a": [1, 2], "b": ["x", None]}))
    for at in range(0, len(raw), 3):
        try:
            codec_of(PD_ZSTD).decode(raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :])
        except FormatError:
            continue
