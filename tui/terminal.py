"""A terminal that may go away: its window is closed, its connection is lost. Unix only."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver
from textual.messages import ExitApp

if TYPE_CHECKING:
    from textual.app import App


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

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:
            self.send_message(ExitApp())
