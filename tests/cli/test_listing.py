"""Tables, JSON and numbers in words."""

from __future__ import annotations

import json

import pytest

from catalog.cli.listing import count, print_json, print_table, size


def test_print_table_aligns_and_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are aligned by what a terminal shows, and control characters in cells are escaped."""
    print_table(("KEY", "STATE"), [("東京", "in step"), ("a\x1b[2J", "ahead")])

    assert capsys.readouterr().out.splitlines() == ["KEY       STATE", "東京      in step", "a\\x1b[2J  ahead"]


def test_print_json_is_plain_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON is exact for programs and has nothing that a terminal obeys."""
    value = {"key": "a\x1b\x7f\x9b\u202e東\ud800"}
    print_json(value)
    out = capsys.readouterr().out

    assert json.loads(out) == value
    assert out.replace("\n", "").isascii()
    assert out.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_250_000, "1.2 MB"), (999_960, "1.0 MB"), (10**13, "10.0 TB")],
)
def test_size(number: int, text: str) -> None:
    """Bytes are rounded to a tenth of the unit that keeps the number short."""
    assert size(number) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "key", "1 key"), (2000, "key", "2,000 keys"), (2, "entry", "2 entries"), (0, "more line", "0 more lines")],
)
def test_count(number: int, noun: str, text: str) -> None:
    """A number and its noun agree."""
    assert count(number, noun) == text
