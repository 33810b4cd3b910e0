"""Keyrings that cannot be had here, or not on demand: the library's own interface over simulated systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


def made(kind: Callable[[], KeyringBackend]) -> KeyringBackend:
    """Make a keyring of a class whose constructor has no types."""
    return kind()


class MemoryKeyring(KeyringBackend):
    """A keyring that works; ``calls`` records what was asked of it."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.calls: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        """Return an entry."""
        self.calls.append("get")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        self.calls.append("set")
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Delete an entry."""
        self.calls.append("delete")
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError(service)


class GarblingKeyring(MemoryKeyring):
    """A keyring that gives back something else than it was given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the entry without its last character."""
        super().set_password(service, username, password[:-1])


class UndeletableKeyring(MemoryKeyring):
    """A keyring that says it deleted an entry and has not."""

    def delete_password(self, service: str, username: str) -> None:
        """Do nothing."""


class FailingKeyring(MemoryKeyring):
    """A keyring whose calls raise what ``failure`` makes of the text of the entry, ``times`` times."""

    def __init__(self, failure: Callable[[str], BaseException], times: int = 1_000) -> None:
        super().__init__()
        self.failure = failure
        self.times = times

    def _fail(self, text: str) -> None:
        if self.times:
            self.times -= 1
            raise self.failure(text)

    def get_password(self, service: str, username: str) -> str | None:
        """Fail, or return an entry."""
        self._fail(self.entries.get((service, username), ""))
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail, or keep an entry."""
        self._fail(password)
        super().set_password(service, username, password)


class WindowsError(Exception):
    """What pywin32 raises; it has no relation to the errors of keyring."""

    def __init__(self, winerror: int, funcname: str) -> None:
        super().__init__(winerror, funcname)
        self.winerror, self.funcname = winerror, funcname


class CredentialManager:
    """The part of ``win32cred`` that keyring uses: targets without regard to case, 2,560 bytes of UTF-16 at most."""

    CRED_TYPE_GENERIC = 1
    CRED_PERSIST_ENTERPRISE = 3
    error = WindowsError

    def __init__(self) -> None:
        self._credentials: dict[str, dict[str, Any]] = {}

    def blob(self, target: str) -> bytes:
        """Return the bytes of a credential, as counted against the limit."""
        found: bytes = self._credentials[target.casefold()]["CredentialBlob"]
        return found.removeprefix(b"\xff\xfe")

    def CredRead(self, Type: int, TargetName: str) -> dict[str, Any]:
        """Return a credential."""
        found = self._credentials.get(TargetName.casefold())
        if found is None:
            raise WindowsError(1168, "CredRead")
        return found

    def CredWrite(self, credential: dict[str, Any], flags: int) -> None:
        """Keep a credential."""
        blob = credential["CredentialBlob"].encode("utf-16-le")
        if len(blob) > 2560:
            raise WindowsError(1783, "CredWrite")
        self._credentials[credential["TargetName"].casefold()] = {**credential, "CredentialBlob": b"\xff\xfe" + blob}

    def CredDelete(self, Type: int, TargetName: str) -> None:
        """Delete a credential."""
        if self._credentials.pop(TargetName.casefold(), None) is None:
            raise WindowsError(1168, "CredDelete")


class Keychain:
    """The part of keyring's macOS ``api`` that its keyring uses; ``denies`` acts as a user who dismisses the prompt."""

    class Error(Exception):
        """Root of the API's errors."""

    class NotFound(Error):
        """No such item."""

    class KeychainDenied(Error):
        """The user said no."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], str] = {}
        self.denies = False

    def find_generic_password(self, keychain: str | None, service: str, username: str) -> str:
        """Return an item."""
        self._ask_user()
        if (service, username) not in self.items:
            raise self.NotFound(-25300, "not found")
        return self.items[service, username]

    def set_generic_password(self, keychain: str | None, service: str, username: str, password: str) -> None:
        """Keep an item."""
        self._ask_user()
        self.items[service, username] = password

    def delete_generic_password(self, keychain: str | None, service: str, username: str) -> None:
        """Delete an item."""
        self._ask_user()
        if self.items.pop((service, username), None) is None:
            raise self.NotFound(-25300, "not found")

    def _ask_user(self) -> None:
        if self.denies:
            raise self.KeychainDenied(-128, "user canceled")
