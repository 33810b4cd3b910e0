"""The operating system's keyring, spoken through the library ``keyring``, here and nowhere else.

Everything here may block for ever or raise anything: it runs in the `KeyringThread`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from catalog.errors import CredentialsError, CredentialsKind

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_T = TypeVar("_T")

_ELSEWHERE = "Without a keyring: keys in the environment, or for this session only."
_IS_NONE = "is no keyring"
_FOREIGN_LOCKS = frozenset({"LockedException", "PromptDismissedException"})
_FOREIGN_GONE = "SecretServiceNotAvailableException"


def read(service: str, user: str) -> str | None:
    """Return the entry, or None when there is none."""

    def get(backend: KeyringBackend) -> str | None:
        text: str | None = backend.get_password(service, user)
        return text

    return _twice(get)


def write(service: str, user: str, text: str) -> None:
    """Store the entry, read it back, and raise CredentialsError (not kept) when it is not what was written."""

    def set_and_get(backend: KeyringBackend) -> str | None:
        backend.set_password(service, user, text)
        kept: str | None = backend.get_password(service, user)
        return kept

    if _twice(set_and_get) != text:
        raise CredentialsError(
            "The keyring took the keys and does not give them back: nothing was stored.",
            kind=CredentialsKind.NOT_KEPT,
            hint=f"Look at what `keyring --list-backends` names first. {_ELSEWHERE}",
        )


def remove(service: str, user: str) -> bool:
    """Delete the entry; False when there was none."""

    def delete_and_get(backend: KeyringBackend) -> tuple[bool, bool]:
        there = backend.get_password(service, user) is not None
        if there:
            backend.delete_password(service, user)
        return there, backend.get_password(service, user) is not None

    there, still_there = _twice(delete_and_get)
    if still_there:
        raise CredentialsError(
            "The keyring was told to delete the keys and still has them.",
            kind=CredentialsKind.BROKEN,
            hint="Delete the entry in the keyring's own program.",
        )
    return there


def translate(error: BaseException) -> CredentialsError:
    """Return an error of ours that says what to do; nothing of the text of another's error, which may quote a secret."""
    from keyring import errors  # noqa: PLC0415 - importing keyring takes 0.1 s

    if isinstance(error, CredentialsError):
        return error
    # The Secret Service's keyring reports a service that is gone as one that has no collection.
    service_gone = isinstance(error, errors.InitError) and type(error.__cause__).__name__ == _FOREIGN_GONE
    name = _FOREIGN_GONE if service_gone else type(error).__name__
    if isinstance(error, errors.KeyringLocked) or name in _FOREIGN_LOCKS:
        return CredentialsError(
            "The keyring is locked, and could not be unlocked or its prompt was dismissed.",
            kind=CredentialsKind.LOCKED,
            hint=f"Unlock it and try again; over SSH, docs/credentials.md has the command. {_ELSEWHERE}",
        )
    if isinstance(error, errors.InitError) and not service_gone:
        return CredentialsError(
            "The keyring has no default collection, and none could be made.",
            kind=CredentialsKind.LOCKED,
            hint=f"Create and unlock one in the keyring's own program, then try again. {_ELSEWHERE}",
        )
    if isinstance(error, errors.NoKeyringError):
        return _no_backend()
    return CredentialsError(
        f"The keyring failed ({name}).",
        kind=CredentialsKind.BROKEN,
        hint=f"Restart the keyring or log in again, then restart this program. {_ELSEWHERE}",
    )


def _twice(action: Callable[[KeyringBackend], _T]) -> _T:
    """Run an action that can be repeated, and repeat it once after a failure that no human could mend in between."""
    backend = _usable_backend()
    try:
        return action(backend)
    except Exception as error:
        if translate(error).kind is not CredentialsKind.BROKEN:
            raise
    return action(backend)


def _usable_backend() -> KeyringBackend:
    """Return the keyring to use: never a chainer itself, whose next link could be a plain file."""
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415

    chosen = _chosen_backend()
    links: list[KeyringBackend] = list(chosen.backends) if isinstance(chosen, ChainerBackend) else [chosen]
    reasons = [_reason_to_refuse(link) for link in links]
    for link, reason in zip(links, reasons, strict=True):
        if not reason:
            return link
    if not links or reasons == [_IS_NONE]:
        raise _no_backend()
    raise CredentialsError(
        f"The only keyring here, {_class_name(links[0])}, {reasons[0]}; it was not used.",
        kind=CredentialsKind.REFUSED_BACKEND,
        hint=f"Use a keyring that encrypts, or unset PYTHON_KEYRING_BACKEND if it names this one. {_ELSEWHERE}",
    )


def _chosen_backend() -> KeyringBackend:
    import keyring  # noqa: PLC0415

    with suppress(Exception):  # loading runs the code of whatever package was named
        return keyring.get_keyring()
    raise CredentialsError(
        "The keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg names could not be loaded.",
        kind=CredentialsKind.BROKEN,
        hint="Correct or remove that setting; `keyring --list-backends` shows what there is.",
    )


def _reason_to_refuse(backend: KeyringBackend) -> str:
    for base in type(backend).__mro__:
        if base.__module__ == "keyring.backends.fail":
            return _IS_NONE
        if base.__module__ == "keyring.backends.null":
            return "throws away what it is given"
        if base.__module__.startswith("keyrings.alt.") or "plaintext" in base.__name__.lower():
            return "keeps secrets in a readable file or asks for a password on the terminal"
    return ""


def _class_name(backend: KeyringBackend) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _no_backend() -> CredentialsError:
    return CredentialsError(
        "There is no keyring here.",
        kind=CredentialsKind.NO_BACKEND,
        hint=f"Start one (docs/credentials.md has the commands) and this program again. {_ELSEWHERE}",
    )
