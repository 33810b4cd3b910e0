"""JSON that people and programs give is kept as it is written, or refused with its place."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.codecs.json_text import read_json
from catalog.errors import InvalidJsonError

_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(_TREES, st.sampled_from([None, 2]))
def test_what_is_written_is_read(value: Any, indent: int | None) -> None:
    """Whatever JSON says comes back with every digit, however it is laid out, as text and as bytes."""
    for text in (json.dumps(value, indent=indent), json.dumps(value, ensure_ascii=False, separators=(",", ":"))):
        for given_text in (text, text.encode()):
            assert repr(read_json(given_text)) == repr(value)


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_numbers_keep_their_digits(text: str) -> None:
    """A number is the one that was written, to as many digits as it was written with, or it is refused."""
    try:
        found = read_json(f"[{text}]")[0]
    except InvalidJsonError:
        return
    if isinstance(found, int):
        assert found == int(text)
    else:
        digits = len(Decimal(text).as_tuple().digits)
        assert Decimal(f"{found:.{digits - 1}e}") == Decimal(text)


@pytest.mark.parametrize(
    "text", ["1.10", "1E5", "0.10000000000000001", "-0.0", "5e-324", "0e999", "123456789012345678901234567890"]
)
def test_numbers_that_are_kept(text: str) -> None:
    """Other ways of writing a number are read: seventeen digits, exponents, zeros, long whole numbers."""
    assert Decimal(str(read_json(text))) == Decimal(text) or float(text) == read_json(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('{"a": 1,\n "a": 2}', 2, 2, "the field 'a' comes twice"),
        ('[{"a": 1}, {"a": {"b": "a", "c": [":"],\n"b" : 3}}]', 2, 1, "the field 'b' comes twice"),
        ('{"\\u0061": 1, "a": 2}', 1, 15, "comes twice"),
        ("[1,\n 9007199254740993.0]", 2, 2, "more digits than are kept"),
        ('{"n": 0.1234567890123456789}', 1, 7, "more digits"),
        ("[1e400]", 1, 2, "more digits"),
        ("[1e-400]", 1, 2, "more digits"),
        (f"[{'9' * 5000}]", 1, 2, "5,000 digits"),
        ("[1, NaN]", 1, 5, "NaN is nothing that JSON has"),
        ("[-Infinity]", 1, 2, "-Infinity"),
        ('["\\ud800"]', 1, 2, "surrogate"),
        ("[1,]", 1, 4, "no JSON"),
        ("", 1, 1, "no JSON"),
        ("[" * 100_000, 1, 1, "nested"),
        (b'["a",\n"\xff"]', 2, 1, "UTF-8"),
    ],
)
def test_what_is_refused(text: str | bytes, line: int, column: int, words: str) -> None:
    """What no value could say is an error with its line and column; nothing is dropped, rounded or chosen."""
    with pytest.raises(InvalidJsonError, match=words) as refused:
        read_json(text)

    assert refused.value.line == line
    assert refused.value.column == column or words in ("no JSON", "surrogate", "nested")


def test_it_reads_no_less_than_orjson() -> None:
    """Text of other programs is read as orjson reads it."""
    text = b' {"a" : [1, 2.5e0, "\\u00e9\\n", null, true], "b": {}}\n'

    assert read_json(text) == orjson.loads(text)
