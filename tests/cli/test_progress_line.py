"""Progress on one line of a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from catalog.cli.progress_line import ProgressLine, describe, progress_line
from catalog.progress import Report


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (Report("uploading", 3_100_000, 10_000_000, 0, 0), "uploading 3.1 MB of 10.0 MB (31%)"),
        (Report("uploading", 12, 10, 0, 0), "uploading 12 B of 10 B (100%)"),
        (Report("comparing", 0, 0, 1200, 5000), "comparing 1,200 of 5,000"),
        (Report("waiting for eve\x1b[2J", 0, 0, 0, 0), "waiting for eve\\x1b[2J"),
    ],
)
def test_describe(report: Report, words: str) -> None:
    """A report says as much as is known, and holders' names cannot control the terminal."""
    assert describe(report) == words


def test_reports_replace_one_another() -> None:
    """A new phase is painted at once over the last one, a quick repetition is not, and nothing is left at the end."""
    stream = io.StringIO()
    line = ProgressLine(stream)

    line.paint(Report("reading", 0, 0, 1, 10))
    line.paint(Report("reading", 0, 0, 2, 10))
    line.paint(Report("uploading", 0, 0, 1, 10))
    line.clear()

    assert stream.getvalue().split("\r\x1b[2K") == ["", "reading 1 of 10", "uploading 1 of 10", ""]


def test_nothing_is_painted_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """When stderr is no terminal, an operation reports to nobody."""
    with progress_line() as progress:
        progress.begin("uploading", 10)
        progress.advance(10)

    assert capsys.readouterr().err == ""


def test_a_terminal_sees_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the line appears while the operation runs, and is cleared after it."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)

    with progress_line() as progress:
        progress.begin("uploading", 10)

    assert stream.getvalue() == "\r\x1b[2Kuploading 0 B of 10 B (0%)\r\x1b[2K"
