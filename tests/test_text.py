"""Text made harmless for a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.text import escape, escape_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("seattle/2012-01-01", "seattle/2012-01-01"),
        ("Zürich · 東京 · 🌍", "Zürich · 東京 · 🌍"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b2J", "\\x9b2J"),
        ("title\x1b]0;owned\x07", "title\\x1b]0;owned\\x07"),
        ("two\nlines\r\tthen", "two\\nlines\\r\\tthen"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("lone \udc80 surrogate", "lone \\udc80 surrogate"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("filler\u3164\u115f\uffa0", "filler\\u3164\\u115f\\uffa0"),
        ("key\ufe0f key\ufe00 key\U000e0101", "key\\ufe0f key\\ufe00 key\\U000e0101"),
        ("\u2066\ufe0f", "\\u2066\\ufe0f"),
        ("\u2600\ufe0f sun", "\u2600\ufe0f sun"),
        ("", ""),
    ],
)
def test_escape_shows_what_a_terminal_would_obey(text: str, shown: str) -> None:
    """Controls, direction overrides, invisible characters and lone surrogates become visible; other text stays."""
    assert shown == escape(text)


@given(st.text(st.characters()))
def test_nothing_unsafe_is_left(text: str) -> None:
    """The result never has a control or format character, encodes as UTF-8, and escaping it again changes nothing."""
    shown = escape(text)

    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert shown == shown.encode().decode()
    assert shown == escape(shown)


def test_escape_lines_keeps_line_breaks_only() -> None:
    """Lines stay lines, whether they ended by LF or CRLF; everything else is escaped."""
    assert escape_lines("a\x1b\r\nb\n\rc") == "a\\x1b\nb\n\\rc"
