"""One line on stderr that says how far an operation is, when stderr is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from catalog.cli.listing import size
from catalog.cli.terminal import cut_to_width
from catalog.progress import Progress, Report
from catalog.text import escape

_ROOM = 78
_EVERY = 0.1


class ProgressLine:
    """Paints reports over one another on one line of a terminal, ten times a second at most."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._painted_at = 0.0
        self._phase = ""

    def paint(self, report: Report) -> None:
        """Show ``report``, unless another was shown just now."""
        now = time.monotonic()
        if report.phase == self._phase and now - self._painted_at < _EVERY:
            return
        self._phase, self._painted_at = report.phase, now
        self._write(cut_to_width(describe(report), _ROOM))

    def clear(self) -> None:
        """Leave an empty line."""
        if self._painted_at:
            self._write("")

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\x1b[2K{text}")
        self._stream.flush()


def describe(report: Report) -> str:
    """``uploading 3.1 MB of 10.0 MB (31%)``, as far as the numbers are known."""
    words = escape(report.phase)
    if report.total_bytes:
        share = min(100, 100 * report.done_bytes // report.total_bytes)
        return f"{words} {size(report.done_bytes)} of {size(report.total_bytes)} ({share}%)"
    if report.total_items:
        return f"{words} {report.done_items:,} of {report.total_items:,}"
    return words


@contextmanager
def progress_line() -> Iterator[Progress]:
    """A progress to pass to one operation; what it reports is shown when stderr is a terminal."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    line = ProgressLine(sys.stderr)
    try:
        yield Progress(line.paint)
    finally:
        line.clear()
