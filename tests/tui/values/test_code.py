"""Source text in colours."""

from __future__ import annotations

import pytest

from tui.values import describe
from tui.values.code import coloured


def test_the_ending_of_a_key_says_the_language() -> None:
    """A text whose key ends in a known way has colours; the text itself is unchanged."""
    text = "def rain(mm):\n\treturn mm  # \x1b[31m\n"
    lines = describe(text, json=False, name="x/rain.py").body.fit(80)

    assert [line.plain for line in lines] == ["def rain(mm):", "    return mm  # \\x1b[31m", ""]
    assert lines[0].spans


@pytest.mark.parametrize("name", ["", "rain", "rain.txt", "rain.unknown", "folder.py/rain", "\x00.py\x1b", "a." + "x" * 300])
def test_other_keys_leave_a_text_plain(name: str) -> None:
    """Without a known ending there are no colours."""
    lines = describe("def rain(): pass", json=False, name=name).body.fit(80)

    assert [line.plain for line in lines] == ["def rain(): pass"]
    assert not lines[0].spans


def test_a_text_that_is_json_is_shown_as_json() -> None:
    """A text or bytes with a JSON object can be folded like one."""
    for value in ('{"a": {"b": [1, 2]}}', b'[{"a": 1}]'):
        document = describe(value, json=False)
        assert "that is JSON" in document.kind
        assert document.folds
    assert not describe("{no json", json=False).folds


@pytest.mark.parametrize(("name", "piece"), [("a.c", " "), ("a.java", "a\n"), ("a.mk", "_"), ("a.ini", " \t")])
def test_text_that_is_slow_to_colour_stays_plain(name: str, piece: str) -> None:
    """A text on which a lexer would spend minutes, holding up the program, is shown without colours."""
    assert coloured(("int" + piece * 40_000).split("\n"), name) is None
