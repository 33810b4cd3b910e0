"""Text from strangers on a screen."""

from __future__ import annotations

import pytest

from tui.kit.plain import key_name, plain, plain_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rain/2012", "rain/2012"),
        ("Zürich 東京 ✓", "Zürich 東京 ✓"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("gnp.\u202eexe", "gnp.\\u202eexe"),
        ("a\u200bb", "a\\u200bb"),
        ("two\u2028lines", "two\\u2028lines"),
        ("\ud800", "\\ud800"),
    ],
)
def test_nothing_that_acts_on_a_terminal_is_left(text: str, shown: str) -> None:
    """Control, direction, invisible and broken characters are written as escapes; letters stay."""
    assert plain(text) == shown


def test_lines_are_split_and_tabs_are_spaces() -> None:
    """A text keeps its lines; a tab takes four cells; a carriage return alone is shown."""
    assert plain_lines("a\tb\r\nc\rd") == ["a   b", "c\\rd"]


def test_the_empty_key_is_the_metadata() -> None:
    """The change of a database's metadata, which has an empty key, has a name on the screen."""
    assert [key_name(""), key_name("rain")] == ["(metadata)", "rain"]
