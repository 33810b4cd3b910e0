"""The program behind a page: it ends when whoever serves it is gone."""

from __future__ import annotations

from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp


class ServedWebDriver(WebDriver):
    """Ends the program with its input; nobody else would."""

    def run_input_thread(self) -> None:
        """Read what the page sends until there is nobody to send it."""
        super().run_input_thread()
        self.send_message(ExitApp())
