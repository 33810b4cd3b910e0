"""Every error that this package raises on purpose, in one tree, grouped by what a caller would do about it.

::

    CatalogError
    ├── ConflictError             someone else changed the same keys: pull, choose, push again
    ├── LockTimeoutError          someone holds the file or the lease: wait or ask them  (TimeoutError)
    ├── LineageError              the remote's newest commit does not come after ours: put_on_top(), follow() or keep_as()
    │   ├── RemoteWentBackError   it is an earlier one: a restored bucket, a stale answer, a late write
    │   └── ForkedError           it is of another line
    ├── LeaseLostError            our lease was broken or ran out: open again, nothing is lost
    ├── OutcomeUnknownError       a commit may or may not have happened: look before trying again
    ├── CancelledError            the caller asked to stop
    ├── ReadOnlyError             not open for writing, or the store only reads  (PermissionError)
    │   └── WrongProcessError     opened for writing by another process, which was forked since
    ├── NotFoundError             (LookupError)
    │   ├── RemoteMissingError    no database at this address yet
    │   ├── BucketMissingError    no such bucket
    │   ├── ObjectMissingError    one object of a store is not there
    │   └── EntryMissingError     no such group, database or entry in a catalog
    ├── StoreError                the store did not do what was asked
    │   ├── UnreachableError      no network, no server, no answer  (ConnectionError)
    │   ├── AccessDeniedError     the store knows these keys and refuses  (PermissionError)
    │   └── PreconditionFailedError  a conditional request met another state
    │       └── UnseenCommitsError   others committed what was not seen here; ``commits`` are theirs
    ├── CredentialsError          no usable keys for this endpoint; ``kind`` says why
    │   └── NotApprovedError      a group's connection that was not yet approved on this machine
    ├── FormatError               what was read cannot be used
    │   ├── IntegrityError        bytes differ from what was written
    │   ├── UnsupportedFormatError   made by a newer or a different program
    │   ├── UntrustedValueError   a value that could run code
    │   └── DatabaseMismatchError the local file belongs to another database
    ├── InvalidInputError         an argument that cannot be accepted  (ValueError)
    │   ├── InvalidKeyError       a key that is no usable string  (TypeError too)
    │   ├── InvalidValueError     a value that its serializer refuses  (TypeError too)
    │   ├── EntryExistsError      a group has this database already, at another place
    │   ├── WrongTypeError     a group where a database was asked for, or the other way round  (TypeError too)
    │   ├── InvalidJsonError      text that is no JSON, or that JSON cannot keep
    │   └── InvalidConnectionError   connection parameters that do not fit together
    └── LocalFileError            the disk or the local file failed us  (OSError)

Each message says what happened, to what, and what to do next; the values are attributes.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Protocol

from catalog.text import escape


class CatalogError(Exception):
    """Root of the tree.

    ``message`` says what happened and to what, ``hint`` what to do next; ``str()`` gives both. Each is one line that a
    terminal can show: names, authors and messages in it may be a stranger's.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = escape(message)
        self.hint = escape(hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[CatalogError], args: tuple[Any, ...], attributes: dict[str, Any]) -> CatalogError:
    """Unpickle an error of any kind, whatever its constructor asks for."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error


_MOST_COMMITS_NAMED = 5
_MOST_MESSAGE_SHOWN = 80


def name_some(names: Iterable[str], most: int = 5) -> str:
    """Name a few of many things for a message: ``'a', 'b' and 3 more``."""
    listed = list(names)
    shown = ", ".join(ascii(name) if not name.isprintable() else repr(name) for name in listed[:most])
    return f"{shown} and {len(listed) - most:,} more" if len(listed) > most else shown


class _Commit(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def author(self) -> str: ...
    @property
    def message(self) -> str: ...


class ConflictError(CatalogError):
    """Someone else changed keys that were changed here too; nothing was written."""

    def __init__(self, keys: Iterable[str], where: str) -> None:
        self.keys = tuple(keys)
        self.where = where
        what = "1 key was" if len(self.keys) == 1 else f"{len(self.keys):,} keys were"
        super().__init__(
            f"{where}: {what} also changed by someone else since your last pull: {name_some(self.keys)}. Nothing was pushed.",
            hint="Look at changes().conflicts(), keep or discard your edit of each key, then push again.",
        )


class LineageError(CatalogError):
    """The remote's newest commit does not come after the one that is built on here; ``here`` and ``there`` are the two.

    Nothing is changed here, and what is here can be read.
    """

    _WHAT = "is of another line than"

    def __init__(self, where: str, here: _Commit, there: _Commit) -> None:
        self.where, self.here, self.there = where, here, there
        super().__init__(
            f"{where}: the newest commit there ({there.number} by {there.author[:_MOST_MESSAGE_SHOWN]}, {there.id[:8]}) "
            f"{self._WHAT} the one that is built on here ({here.number} by {here.author[:_MOST_MESSAGE_SHOWN]}, {here.id[:8]}). "
            "Nothing here was changed.",
            hint="What is here may be nowhere else. Put it on top (put_on_top()), follow the remote (follow(), which keeps aside "
            "what would be dropped), or keep it as a new database (keep_as()); each first shows what it would do.",
        )


class RemoteWentBackError(LineageError):
    """The remote is at an earlier commit than the one that is built on here: it was restored, or an old answer came."""

    _WHAT = "comes before"


class ForkedError(LineageError):
    """The remote is at a commit of another line than the one that is built on here."""


class LockTimeoutError(CatalogError, TimeoutError):
    """A lock was not free in time; ``holder`` says who has it."""

    def __init__(self, what: str, holder: str, seconds: float) -> None:
        self.what, self.holder, self.seconds = what, holder, seconds
        super().__init__(
            f"{what} is locked by {holder}; waited {seconds:g} s.",
            hint="Close it there, wait longer (lock_timeout=), or break a dead holder's lock (force_lock=True).",
        )


class LeaseLostError(CatalogError):
    """The lease that this writer held on a remote is someone else's now; nothing was committed."""

    def __init__(self, where: str, holder: str) -> None:
        self.where, self.holder = where, holder
        super().__init__(
            f"{where}: the write lease was lost; it is now held by {holder}. Nothing was pushed.",
            hint="Your changes are kept in the local file. Close the database, open it again and push.",
        )


class OutcomeUnknownError(CatalogError):
    """A commit was sent, no answer came, and it could not be read back: it may have happened."""

    def __init__(self, where: str, commit_id: str) -> None:
        self.where, self.commit_id = where, commit_id
        super().__init__(
            f"{where}: no answer to the commit {commit_id[:8]}, and the store could not be asked. "
            "It may or may not have been made.",
            hint="Your changes are kept. When the network is back, open the database again: it finds out by itself.",
        )


class CancelledError(CatalogError):
    """The caller asked to stop; nothing half-done is visible to anyone."""

    def __init__(self, what: str = "The operation") -> None:
        super().__init__(f"{what} was cancelled.", hint="Nothing half-done is visible; it can be started again.")


class ReadOnlyError(CatalogError, PermissionError):
    """Writing was asked of something that only reads."""


class WrongProcessError(ReadOnlyError):
    """A forked child wanted to write through an opening of its parent; ``what`` was opened there."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"{what} was opened by the process that this one was forked from, and only that one may write to it.",
            hint="Open it in this process, after the fork, or hand the values to the process that opened it, as map() does.",
        )


class NotFoundError(CatalogError, LookupError):
    """Something that was named is not there."""


class RemoteMissingError(NotFoundError):
    """There is no database at this address."""


class BucketMissingError(NotFoundError):
    """There is no bucket of this name at this endpoint."""


class ObjectMissingError(NotFoundError):
    """One object of a store is not there."""

    def __init__(self, where: str, name: str) -> None:
        self.where, self.name = where, name
        super().__init__(f"{where}: there is no object {name!r}.")


class EntryMissingError(NotFoundError):
    """A catalog or a group has no such entry."""


class StoreError(CatalogError):
    """The store answered, but not with what was asked for."""


class UnreachableError(StoreError, ConnectionError):
    """No network, no server, or no answer in time."""


class AccessDeniedError(StoreError, PermissionError):
    """The store refuses these credentials, or refuses them this action."""


class PreconditionFailedError(StoreError):
    """A conditional request found another state than the one it named."""

    def __init__(self, where: str, name: str) -> None:
        self.where, self.name = where, name
        super().__init__(f"{where}: {name!r} was changed by someone else in the meantime.")


class UnseenCommitsError(PreconditionFailedError):
    """Others committed since the state that a command was to build on; ``commits`` are the newest of theirs, newest first."""

    def __init__(self, where: str, commits: Iterable[_Commit], count: int) -> None:
        self.where, self.name, self.commits, self.count = where, "", tuple(commits), count
        named = "; ".join(_say(commit) for commit in self.commits[:_MOST_COMMITS_NAMED])
        more = f"; and {count - _MOST_COMMITS_NAMED:,} before" if count > _MOST_COMMITS_NAMED else ""
        CatalogError.__init__(
            self,
            f"{where}: {f'{count:,} commits that were' if count > 1 else 'a commit that was'} not seen here came in between: "
            f"{named}{more}. Nothing was done.",
            hint="Look at what it brings and pull(), or give over= the newest commit that it may go on top of.",
        )


def _say(commit: _Commit) -> str:
    message = " ".join(commit.message.split())
    shown = message if len(message) <= _MOST_MESSAGE_SHOWN else f"{message[:_MOST_MESSAGE_SHOWN]}…"
    return f"commit {commit.number} by {commit.author[:_MOST_MESSAGE_SHOWN]}" + (f" (“{shown}”)" if shown else "")


class CredentialsKind(StrEnum):
    """Why credentials could not be had or kept; equal to its text."""

    MISSING = "missing"
    INCOMPLETE = "incomplete"
    MALFORMED = "malformed"
    TOO_LONG = "too long"
    LOCKED = "locked"
    TIMED_OUT = "timed out"
    NO_BACKEND = "no backend"
    REFUSED_BACKEND = "refused backend"
    BROKEN = "broken"
    NOT_KEPT = "not kept"
    UNREADABLE = "unreadable"
    MISMATCH = "mismatch"
    NOT_APPROVED = "not approved"


class CredentialsError(CatalogError):
    """There are no usable credentials for this endpoint, or the keyring could not be asked."""

    def __init__(
        self,
        message: str,
        *,
        kind: CredentialsKind = CredentialsKind.MISSING,
        endpoint: str = "",
        profile: str = "",
        hint: str = "",
    ) -> None:
        self.kind, self.endpoint, self.profile = kind, endpoint, profile
        super().__init__(message, hint=hint)


class NotApprovedError(CredentialsError):
    """A group suggests a connection whose first signed request was not yet approved on this machine."""

    def __init__(self, message: str, *, endpoint: str = "", bucket: str = "", profile: str = "", origin: str = "") -> None:
        self.bucket, self.origin = bucket, origin
        super().__init__(
            message,
            kind=CredentialsKind.NOT_APPROVED,
            endpoint=endpoint,
            profile=profile,
            hint="If you know the place, approve it once (catalog.credentials.approve) or pass trust_connection=True.",
        )


class FormatError(CatalogError):
    """What was read cannot be used."""


class IntegrityError(FormatError):
    """Bytes differ from what was written; never returned as data."""

    def __init__(self, message: str, *, key: str | None = None, hint: str = "") -> None:
        self.key = key
        super().__init__(message, hint=hint)


class GoneError(IntegrityError):
    """What a history or an index names is not in the store any more: garbage collection removed it, or someone's hand."""


class UnsupportedFormatError(FormatError):
    """Made by a newer version of this program, or by a different one."""


class EbookletFormatError(UnsupportedFormatError):
    """A database or group in ebooklet's own format, which is read, and copied into ours, but not written to."""


class UntrustedValueError(FormatError):
    """A pickled value from someone else would have to run code to be read."""


class DatabaseMismatchError(FormatError):
    """A local file and a remote are not the same database."""


class InvalidInputError(CatalogError, ValueError):
    """An argument that cannot be accepted."""


class InvalidKeyError(InvalidInputError, TypeError):
    """A key that is not a string, or not one that can be stored."""


class InvalidValueError(InvalidInputError, TypeError):
    """A value that its serializer refuses, as it could not give it back; ``path`` is where in it, as in ``$.rain[3]``."""

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        self.path = path
        super().__init__(message, hint=hint)


class InvalidJsonError(InvalidInputError):
    """Text that is no JSON, or says what no value can keep: ``what``, in ``line`` and ``column``, which count from 1."""

    def __init__(self, what: str, *, line: int = 1, column: int = 1, hint: str = "") -> None:
        self.what, self.line, self.column = what, line, column
        super().__init__(f"In line {line:,}, column {column:,}: {what}.", hint=hint)


class EntryExistsError(InvalidInputError):
    """A group describes this database already, at another place: what was to be added is a copy of it, or it has moved."""

    def __init__(self, key: str, there: str, added: str) -> None:
        self.key, self.there, self.added = key, there, added
        super().__init__(
            f"The group has the database {key} already, at {there}; at {added} is a copy of it.",
            hint=f"Add a copy with a key of its own (key='…'). If the database has moved there, replace its entry (key='{key}').",
        )


class WrongTypeError(InvalidInputError, TypeError):
    """A group where a database was asked for, or the other way round."""


class InvalidConnectionError(InvalidInputError):
    """Connection parameters that are missing, malformed, or hold a secret where it would be written down."""


class LocalFileError(CatalogError, OSError):
    """The disk is full, the file is damaged, or the system refused."""

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        CatalogError.__init__(self, message, hint=hint)
        self.path = path
