"""Opening as ebooklet does: the arguments of all its versions, of which those that say how a remote is stored change nothing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any, Literal, cast

from catalog.connection import S3Connection
from catalog.database.open import default_author, open_parts
from catalog.database.options import Flag, Options
from catalog.ebooklet.database import EVariableLengthValue, RemoteConnGroup
from catalog.ebooklet.errors import by_names_of_ebooklet
from catalog.ebooklet_format import identity
from catalog.errors import InvalidInputError
from catalog.progress import Progress

_KINDS = {"database": EVariableLengthValue, "group": RemoteConnGroup}
DEFAULT_GROUP_BYTES = identity.DEFAULT_GROUP_BYTES
_UNSET: Any = object()
_BUCKETS = 12_007

Place = S3Connection | str | Mapping[str, Any]


def _open(
    remote_conn: Place,
    file_path: str | os.PathLike[str],
    options: Options,
    group_bytes: int | None,
) -> EVariableLengthValue | RemoteConnGroup:
    """Open, with a warning where the remote cannot be reached and what is here is read instead."""
    opened = open_parts(remote_conn, file_path, options, _KINDS, Progress())
    found = cast("EVariableLengthValue | RemoteConnGroup", opened)
    found.group_bytes = DEFAULT_GROUP_BYTES if group_bytes is _UNSET else group_bytes
    if options.offline == "auto" and found.offline:
        warnings.warn(
            f"The remote is unreachable; opening offline and serving the local data at {os.fspath(file_path)} as it is.",
            UserWarning,
            stacklevel=4,
        )
    return found


def _options(
    flag: Flag,
    value_serializer: Any,
    n_buckets: int,
    buffer_size: int,
    kind: Literal["database", "group"] | None,
    more: dict[str, Any],
) -> tuple[Options, int | None]:
    """How a database is to be opened, and the ``group_bytes`` that was asked for."""
    group_bytes, groups = more.pop("group_bytes", _UNSET), more.pop("num_groups", None)
    more.pop("push_packers", None)
    offline = more.pop("offline", False)
    if offline not in (False, True, "auto") or (offline and flag != "r"):
        raise InvalidInputError("offline is False, True or 'auto', and offline mode is read-only: open with flag='r'.")
    if (
        group_bytes is not _UNSET
        and group_bytes is not None
        and (isinstance(group_bytes, bool) or not isinstance(group_bytes, int))
    ):
        raise TypeError("group_bytes must be an int (bytes per group) or None.")
    if groups is not None and (isinstance(groups, bool) or not isinstance(groups, int)):
        raise TypeError("num_groups must be an int or None.")
    timeout, force = more.pop("lock_timeout", 300), more.pop("force_lock", False)
    if more:
        raise TypeError(f"open() got an unexpected keyword argument {sorted(more)[0]!r}")
    options = Options(
        flag=flag,
        value_serializer="orjson" if kind == "group" else value_serializer,
        n_buckets=n_buckets,
        buffer_size=buffer_size,
        lock="session",
        lock_timeout=timeout,
        force_lock=force,
        offline=offline,
        pull=True,
        trust=False,
        author=default_author(),
        type=kind,
        version=None,
        trust_connection=True,
        as_booklet=True,
    )
    return options, group_bytes


@by_names_of_ebooklet
def open(
    remote_conn: Place,
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    value_serializer: Any = None,
    n_buckets: int = _BUCKETS,
    buffer_size: int = 4 << 20,
    remote_conn_group: bool = False,
    **more: Any,
) -> EVariableLengthValue | RemoteConnGroup:
    """Open a database or a group: an existing one is what it is; ``remote_conn_group`` says what a new one becomes.

    ``lock_timeout``, ``force_lock`` and ``offline`` are as in ebooklet; ``group_bytes``, ``num_groups`` and ``push_packers`` are
    accepted, and nothing depends on them.
    """
    kind: Literal["group"] | None = "group" if remote_conn_group else None
    options, group_bytes = _options(flag, value_serializer, n_buckets, buffer_size, kind, more)
    return _open(remote_conn, file_path, options, group_bytes)


@by_names_of_ebooklet
def open_ebooklet(
    remote_conn: Place,
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    value_serializer: Any = None,
    n_buckets: int = _BUCKETS,
    buffer_size: int = 4 << 20,
    **more: Any,
) -> EVariableLengthValue:
    """Open a database; TypeError for a group. See `open` for the other arguments."""
    options, group_bytes = _options(flag, value_serializer, n_buckets, buffer_size, "database", more)
    return cast("EVariableLengthValue", _open(remote_conn, file_path, options, group_bytes))


@by_names_of_ebooklet
def open_rcg(
    remote_conn: Place,
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    n_buckets: int = _BUCKETS,
    buffer_size: int = 4 << 20,
    **more: Any,
) -> RemoteConnGroup:
    """Open a group of connections; TypeError for a database. See `open` for the other arguments."""
    options, group_bytes = _options(flag, None, n_buckets, buffer_size, "group", more)
    return cast("RemoteConnGroup", _open(remote_conn, file_path, options, group_bytes))
