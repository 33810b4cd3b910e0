"""What the terminal is like."""

from __future__ import annotations

import pytest

from catalog.cli.terminal import cell_width, cut_to_width, wants_color


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("", 0), ("🌍", 2)])
def test_cell_width(text: str, width: int) -> None:
    """Wide characters take two columns, combining ones none."""
    assert cell_width(text) == width


@pytest.mark.parametrize(("text", "width", "cut"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("東京都", 4, "東…")])
def test_cut_to_width(text: str, width: int, cut: str) -> None:
    """What is cut never takes more columns than allowed."""
    assert cut_to_width(text, width) == cut
    assert cell_width(cut) <= width


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_wants_color(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], wanted: bool) -> None:
    """NO_COLOR and a dumb terminal turn colours off; an empty NO_COLOR does not count, as its standard says."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert wants_color() is wanted
