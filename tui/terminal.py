"""A terminal that may go away: its window is closed, its connection is lost. Unix only."""

from __future__ import annotations

import os
import select
from codecs import getincrementaldecoder
from typing import IO, TYPE_CHECKING, Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.messages import ExitApp

if TYPE_CHECKING:
    from textual.app import App

_LOOK_EVERY = 0.1
_MOST_AT_ONCE = 4096


class LastingFile:
    """A file that takes what is written also when nobody is there to see it: whoever waits for it would wait for ever."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        try:
            return self._file.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        try:
            self._file.flush()
        except (OSError, ValueError):
            return

    def fileno(self) -> int:
        """The number of the file."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()


class TerminalDriver(LinuxDriver):
    """Ends the program when its terminal is gone."""

    def __init__(self, app: App[Any], **more: Any) -> None:
        super().__init__(app, **more)
        self._file: Any = LastingFile(self._file)

    def run_input_thread(self) -> None:
        """Read what is typed, until the end of the program or of the terminal.

        Textual's own would read the nothing that comes from a closed terminal again and again.
        """
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _LOOK_EVERY)[0]:
                if not (typed := self._read()):
                    self.send_message(ExitApp())
                    return
                for event in parser.feed(decode(typed)):
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)

    def _read(self) -> bytes:
        """What was typed; nothing when the terminal is gone."""
        try:
            return os.read(self.fileno, _MOST_AT_ONCE)
        except OSError:
            return b""
