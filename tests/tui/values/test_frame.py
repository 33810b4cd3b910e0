"""Tables and series of pandas, where it is installed."""

from __future__ import annotations

from typing import Any

import pytest
from textual.content import Content

from tui.values import Document, contents, describe

pandas: Any = pytest.importorskip("pandas")


def _text(document: Document) -> str:
    lines: list[Content] = [line for part in (*document.preface, document.body) for line in part.fit(90)]
    return "\n".join(line.plain for line in lines)


def test_a_frame_is_summed_up() -> None:
    """Rows, columns, memory and missing values come first, then types, then the first rows."""
    frame = pandas.DataFrame({"day": ["mon", "tue", "wed"], "mm": [1.5, None, 3.25]})
    document = describe(frame, json=False, most=2)
    text = _text(document)

    assert document.kind == "pandas table, 3 rows × 2 columns"
    assert document.left_out == 1
    for fact in ("rows    3", "missing 1", "mm: float64", "mon", "1.5", "nan"):
        assert fact in text
    assert "wed" not in text


def test_a_series_has_a_picture() -> None:
    """A series of numbers is drawn; one of text is listed."""
    numbers = describe(pandas.Series(range(100), name="mm"), json=False)
    words = describe(pandas.Series(["a", "b\x1b"]), json=False)

    assert "█" in _text(numbers)
    assert "max     99" in _text(numbers)
    assert "b\\x1b" in _text(words)


@pytest.mark.parametrize("frame", [pandas.DataFrame(), pandas.DataFrame({"a": []}), pandas.DataFrame({"a": [{"x": 1}]})])
def test_odd_frames(frame: Any) -> None:
    """Empty ones and those of objects can be shown too."""
    assert describe(frame, json=False).kind.startswith("pandas table")
    assert contents.of(frame, json=False).ending == ".csv"


def test_an_odd_series() -> None:
    """A series of nothing but missing numbers can be shown too."""
    assert "missing 2" in _text(describe(pandas.Series([None, None], dtype=float), json=False))
