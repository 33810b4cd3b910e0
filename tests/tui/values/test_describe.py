"""How values of every type are shown."""

from __future__ import annotations

import datetime as dt
import sys
import tracemalloc
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from textual.content import Content

from catalog import UntrustedValueError
from tui.values import Document, describe, explain


def _text(document: Document, width: int = 80) -> str:
    parts = [*document.preface, document.body]
    return "\n".join(line.plain for part in parts for line in part.fit(width))


@pytest.mark.parametrize(
    ("value", "json", "kind", "shown"),
    [
        ({"a": 1}, True, "JSON object, 1 member", '"a": 1'),
        ([1, 2], True, "JSON list, 2 items", "[1, 2]"),
        (None, True, "JSON null", "null"),
        ("hello", True, "JSON str", '"hello"'),
        ("two\nlines", False, "text, 2 lines", "two\nlines"),
        (b"\x00\xff", False, "bytes", "00 ff"),
        (b"plain, text\n", False, "bytes that are text, 2 lines", "plain, text"),
        ({"at": dt.date(2026, 3, 2)}, False, "Python dict", "datetime.date(2026, 3, 2)"),
        (np.int16(7), False, "numpy int16 value", "7"),
    ],
)
def test_a_value_is_shown_as_what_it_is(value: Any, json: bool, kind: str, shown: str) -> None:
    """JSON, text, bytes and Python values are each shown in their own way."""
    document = describe(value, json=json)

    assert document.kind == kind
    assert shown in _text(document)


def test_an_array_is_summed_up() -> None:
    """Shape, type and statistics come first, then a picture, then values."""
    text = _text(describe(np.linspace(1.0, 3.0, 100), json=False))

    for fact in ("shape   100", "type    float64", "min     1", "max     3", "mean    2", "█", "1.02020202"):
        assert fact in text


@pytest.mark.parametrize(
    "array",
    [
        np.array([]),
        np.array([np.nan, np.nan, np.nan]),
        np.array([np.inf, 1.0, 2.0, 3.0]),
        np.zeros((3, 4, 5)),
        np.array([True, False]),
        np.array(["a\x1bb"]),
        np.array([1 + 2j]),
        np.array(["2026-01-01"], dtype="M8[D]"),
        np.array([(1, 2.5)], dtype=[("n", "i4"), ("x", "f8")]),
        np.array([{"a": 1}], dtype=object),
        np.array(5),
    ],
    ids=lambda array: str(array.dtype),
)
def test_every_kind_of_array_is_shown(array: np.ndarray[Any, Any]) -> None:
    """Empty, missing, endless, complex, structured: none is too odd, none emits a control character."""
    text = _text(describe(array, json=False))

    assert text
    assert "\x1b" not in text


def test_a_list_of_numbers_gets_a_picture() -> None:
    """A series in JSON is drawn above its values; a constant one is not."""
    assert "█" in _text(describe([1, 5, 2, 8, 3, 4, 9, 1], json=True))
    assert "█" not in _text(describe([1] * 8, json=True))
    assert "█" not in _text(describe([10**400] * 8, json=False))


def test_a_long_value_is_shown_by_piece() -> None:
    """Only the first lines are made, and the document says that there is more."""
    text = describe("line\n" * 5_000, json=False, most=100)
    many = describe([{"a": number} for number in range(5_000)], json=True, most=100)

    assert (len(text.body.fit(80)), text.left_out) == (100, 4_901)
    assert (len(many.body.fit(80)), many.left_out) == (100, -1)


def test_one_endless_line_is_broken() -> None:
    """A line of a megabyte becomes many, none longer than a screen can take."""
    lines = describe("x" * 1_000_000, json=False).body.fit(80)

    assert max(len(line) for line in lines) <= 4_000


def test_a_big_dump_makes_only_the_rows_that_are_looked_at() -> None:
    """The last row of a hundred megabytes is made without the others."""
    rows = describe(bytes(100_000_000), json=False).body.fit(80)

    assert len(rows) == 6_250_000
    assert rows[-1].plain.startswith("05f5e0f0  00 00")


@pytest.mark.parametrize(("width", "columns"), [(160, 32), (80, 16), (50, 8), (20, 4)])
def test_a_dump_fits_the_width(width: int, columns: int) -> None:
    """As many bytes stand in a row as there is room for."""
    [first, *_] = describe(bytes(range(64)), json=False).body.fit(width)

    assert first.plain.count(" ") >= columns
    assert first.plain.endswith(describe_letters(columns))


def describe_letters(columns: int) -> str:
    """The characters that the first row shows for the bytes 0, 1, 2…"""
    return "·" * columns


def test_an_untrusted_value_is_explained_and_shown_as_bytes() -> None:
    """What is not opened says why and what to do, above its bytes."""
    document = explain(UntrustedValueError("It names os.system.", hint="Pass trust=True."), b"\x80\x04cos")

    assert document.warning == "It names os.system.\nWhoever trusts who made this database can read it with Python."
    assert "80 04 63 6f" in _text(document)


def test_what_a_screen_gets_is_harmless() -> None:
    """Control characters in any kind of value are escapes by the time they are lines."""
    hostile = "\x1b]0;title\x07\u202e"
    documents = [
        describe(hostile, json=False),
        describe({hostile: hostile}, json=True),
        describe({hostile: (hostile,)}, json=False),
        describe(hostile.encode(), json=False),
    ]

    assert not [char for document in documents for char in _text(document) if char in "\x1b\x07\u202e"]


def test_lines_keep_their_colours_apart() -> None:
    """Every span lies within its line."""
    lines: list[Content] = list(describe({"a": ["x", 1, None]}, json=False).body.fit(80))

    assert all(0 <= span.start < span.end <= len(line.plain) for line in lines for span in line.spans)


def test_a_library_that_is_still_being_loaded_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """While another thread loads pandas, half of its names are missing; a value is shown all the same."""
    half = ModuleType("pandas")
    half.__spec__ = ModuleSpec("pandas", None)
    half.__spec__._initializing = True  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", half)

    assert "1" in _text(describe({"a": 1}, json=False))


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("item", [_nested(50_000), 10**5_000, "x" * 1_000_000], ids=["deep", "a large number", "a long text"])
def test_objects_in_an_array_cannot_break_the_screen(item: Any) -> None:
    """An item that Python cannot write, or that is very long, is shown in a few characters."""
    array = np.empty(3, object)
    array[:] = [item] * 3 if not isinstance(item, list) else None
    array[1] = item

    shown = _text(describe(array, json=False))

    assert "numpy object" not in shown
    assert len(shown) < 2_000


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5, [(f"f{number}", "i1") for number in range(20_000)]),
        np.zeros(5, [("x" * 1_000_000, "i1")]),
        np.array([b"x" * 1_000_000] * 5),
        np.array(["x" * 1_000_000] * 5),
        np.zeros(3, "V1000000"),
    ],
    ids=["fields", "a long name", "bytes", "text", "void"],
)
def test_an_array_of_long_items_has_no_long_line(array: Any) -> None:
    """However long an item or the name of its type is, no line is too long to be laid out at once."""
    document = describe(array, json=False)

    assert len(document.kind) < 200
    assert all(len(line.plain) <= 4_000 for part in (*document.preface, document.body) for line in part.fit(80))


def test_only_the_lines_that_are_shown_are_parted() -> None:
    """A text of ten million empty lines takes no list of ten million lines, and they are counted all the same."""
    tracemalloc.start()
    document = describe("\n" * 10_000_000, json=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert document.kind == "text, 10,000,001 lines"
    assert document.left_out == 10_000_001 - 2_000
    assert peak < 40_000_000
