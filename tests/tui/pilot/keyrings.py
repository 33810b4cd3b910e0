"""Keyrings of every kind, without an operating system behind them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """A keyring that works, until ``failure`` says what it raises or ``answering`` is cleared."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.failure: Callable[[], Exception] | None = None
        self.answering = threading.Event()
        self.answering.set()

    def _answer(self) -> None:
        self.answering.wait()
        if self.failure:
            raise self.failure()

    def get_password(self, service: str, username: str) -> str | None:
        """Return an entry."""
        self._answer()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        self._answer()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Delete an entry."""
        self._answer()
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError(service)
