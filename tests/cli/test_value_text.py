"""Values as text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from catalog.cli.value_text import difference, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"low": 1.5, "sky": "rain"}, '{\n  "low": 1.5,\n  "sky": "rain"\n}'),
        ([1, None, True], "[\n  1,\n  null,\n  true\n]"),
        ("two\nlines\x1b[0m", "two\nlines\\x1b[0m"),
        (b"a,b\n1,2\n", "a,b\n1,2\n"),
        (b"\x00\xffA", "00000000  00 ff 41                                         ..A"),
        (np.arange(3, dtype="i2"), "int16 array of 3: 0 1 2"),
        (np.zeros((2, 5)), "float64 array of 2 × 5: 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0 …"),
        (np.float64(2.5), "float64 array of scalar: 2.5"),
        ({"at": date(2005, 8, 23)}, '{\n  "at": "2005-08-23"\n}'),
        (datetime(2005, 8, 23, 18, tzinfo=UTC), '"2005-08-23T18:00:00+00:00"'),
        ({"d": Decimal("1.10"), "t": timedelta(hours=1)}, '{\n  "d": "1.10",\n  "t": "1:00:00"\n}'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ({"s": {3, 1}}, '{\n  "s": [\n    1,\n    3\n  ]\n}'),
        (2**70, "1180591620717411303424"),
        ({"key\u202e": "\x9b"}, '{\n  "key\\u202e": "\\x9b"\n}'),
        ("\ud800", "\\ud800"),
        ({"lone": "\ud800"}, "{'lone': '\\ud800'}"),
        (None, "null"),
        ({"a": [float("nan"), None]}, '{\n  "a": [\n    NaN,\n    null\n  ]\n}'),
    ],
)
def test_value_text(value: object, text: str) -> None:
    """Each type of value has its own text, and no text has a character that a terminal obeys."""
    assert value_text(value) == text


def test_a_value_that_contains_itself_is_shown() -> None:
    """A list in itself is named as such instead of never ending."""
    value: list[object] = [1]
    value.append(value)

    assert "Recursion" in value_text(value)


def test_long_binary_values_are_cut() -> None:
    """Only the first 512 bytes are shown, and how many there are more."""
    lines = value_text(b"\xfe" * 600).splitlines()

    assert len(lines) == 33
    assert lines[-1] == "… 88 more bytes"


def test_difference_names_the_lines_that_differ() -> None:
    """Equal lines are left out; changed ones come with their old and new form."""
    old, new = value_text({"a": 1, "b": 2}), value_text({"a": 1, "b": 3})

    assert difference(old, new) == [("-", '  "b": 2'), ("+", '  "b": 3')]
    assert difference("", "x\ny") == [("+", "x"), ("+", "y")]
    assert difference("same", "same") == []


def test_difference_of_huge_values_is_a_summary() -> None:
    """Thousands of lines are counted, not compared."""
    assert difference("\n".join("abc" * 400), "x") == [("-", "1,200 lines"), ("+", "1 line")]
