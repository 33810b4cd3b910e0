"""The errors of ebooklet by its names: each is also the error of ours that it stands for, and the built-in that it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

import urllib3

from catalog import errors

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Error(Exception):
    """Whatever this package raises on purpose."""


class ReadOnlyError(Error, errors.ReadOnlyError, ValueError):
    """Writing was asked of something that only reads."""


class UUIDMismatchError(Error, errors.DatabaseMismatchError, ValueError):
    """A local file and a remote are not the same database."""


class RemoteMissingError(Error, errors.RemoteMissingError, ValueError):
    """There is no database at this address."""


class UnsupportedFormatError(Error, errors.UnsupportedFormatError, ValueError):
    """Made by a newer version or another program, or in a format that is only read."""


class RemoteIntegrityError(Error, errors.IntegrityError, urllib3.exceptions.HTTPError):
    """What is stored is not what was written, or is not there."""


class LockLostError(Error, errors.LeaseLostError):
    """The lock of this session is someone else's now; nothing was pushed."""


class OfflineError(Error, errors.UnreachableError, urllib3.exceptions.HTTPError):
    """The remote is needed, and this session is offline."""


class TransportError(errors.UnreachableError, urllib3.exceptions.HTTPError):
    """No network, no server, or no answer in time."""


class StatusError(errors.StoreError, urllib3.exceptions.HTTPError):
    """The store answered, but not with what was asked for."""


class DeniedError(errors.AccessDeniedError, urllib3.exceptions.HTTPError):
    """The store refuses these credentials, or refuses them this action."""


class CredentialsError(errors.CredentialsError, ValueError):
    """There are no usable credentials for this endpoint."""


class ConflictError(Error, errors.ConflictError):
    """Someone else changed the same keys; nothing was pushed. ebooklet has no such error: the later push wins there."""


class GroupTooLargeError(Error, ValueError):
    """Never raised here: there are no groups of values that could grow too large."""


class PushInProgressError(Error, RuntimeError):
    """Never raised here: a push and a compaction do not disturb each other."""


class ConcurrentCompactionError(Error, RuntimeError):
    """Never raised here: a push and a compaction do not disturb each other."""


_NAMES: dict[type[errors.CatalogError], type[errors.CatalogError]] = {
    errors.ReadOnlyError: ReadOnlyError,
    errors.DatabaseMismatchError: UUIDMismatchError,
    errors.RemoteMissingError: RemoteMissingError,
    errors.UnsupportedFormatError: UnsupportedFormatError,
    errors.IntegrityError: RemoteIntegrityError,
    errors.LeaseLostError: LockLostError,
    errors.ConflictError: ConflictError,
    errors.UnreachableError: TransportError,
    errors.AccessDeniedError: DeniedError,
    errors.StoreError: StatusError,
    errors.CredentialsError: CredentialsError,
}


def _named(kind: type[errors.CatalogError]) -> type[errors.CatalogError]:
    """The error by ebooklet's name, of the nearest kind that has one; what it never knew is one of its errors all the same."""
    for known in kind.__mro__:
        if known in _NAMES:
            return _NAMES[known]
    made = cast("type[errors.CatalogError]", type(kind.__name__, (Error, kind), {"__doc__": kind.__doc__}))
    return _NAMES.setdefault(kind, made)


def named(error: errors.CatalogError, *, offline: bool = False) -> BaseException:
    """An error under ebooklet's name for it; one that has such a name already stays as it is."""
    if isinstance(error, (Error, *_NAMES.values(), errors.InvalidInputError, TimeoutError)):
        return error
    kind = OfflineError if offline and isinstance(error, errors.UnreachableError) else _named(type(error))
    found = kind.__new__(kind)
    found.args = error.args
    found.__dict__.update(error.__dict__)
    return found.with_traceback(error.__traceback__)


def by_names_of_ebooklet(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, whose errors have ebooklet's names; those of an iterator that it gives too."""

    @wraps(function)
    def do(*args: P.args, **more: P.kwargs) -> R:
        offline = bool(args) and getattr(args[0], "offline", False) is True
        try:
            found = function(*args, **more)
        except errors.CatalogError as error:
            raise named(error, offline=offline) from error.__cause__
        return cast("R", _named_while(found, offline=offline)) if isinstance(found, Iterator) else found

    return do


def _named_while(found: Iterator[T], *, offline: bool) -> Iterator[T]:
    try:
        yield from found
    except errors.CatalogError as error:
        raise named(error, offline=offline) from error.__cause__


_SPECIAL = ("__getitem__", "__setitem__", "__delitem__", "__contains__", "__iter__", "__len__", "__exit__")


def with_names_of_ebooklet(kind: type[T]) -> type[T]:
    """A class all of whose methods raise errors by ebooklet's names, inherited ones too."""
    for name in dir(kind):
        found: Any = getattr(kind, name)
        if (not name.startswith("_") or name in _SPECIAL) and isinstance(found, FunctionType):
            setattr(kind, name, by_names_of_ebooklet(found))
    return kind
