"""Databases and groups as ebooklet's programs expect them: the same methods, with the same answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.changes.change import Change as OurChange
from catalog.changes.change import Direction, Kind
from catalog.changes.changes import Changes as OurChanges
from catalog.changes.delete import delete_remote
from catalog.changes.pull import PullResult
from catalog.connection import S3Connection
from catalog.database.database import Database
from catalog.database.parallel import Function, apply
from catalog.ebooklet.errors import with_names_of_ebooklet
from catalog.format.timestamp import Timestamp, microseconds
from catalog.format.version import METADATA
from catalog.groups.group import ConnectionGroup
from catalog.local.compact import Pruned
from catalog.progress import Progress
from catalog.store.offline import OfflineStore


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did: whether the remote changed. ``failures`` is always empty: a push goes up as a whole, or raises."""

    updated: bool
    failures: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.updated and not self.failures


class Change(dict[str, Any]):
    """One key that was set here: ``key``, ``local_timestamp`` and ``remote_timestamp``, as items and as attributes."""

    def __init__(self, change: OurChange) -> None:
        super().__init__(
            key=change.key,
            remote_timestamp=change.remote.time if change.remote is not None else None,
            local_timestamp=change.local.time if change.local is not None else None,
        )
        self.change = change

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@with_names_of_ebooklet
class Changes:
    """What `EVariableLengthValue.changes` returns; ``ours`` are the same changes with all that `catalog` knows of them."""

    def __init__(self, ours: OurChanges) -> None:
        self.ours = ours

    def pull(self) -> PullResult:
        """See what others pushed since, in a session for reading too."""
        return self.ours.pull()

    def build_changelog(self) -> None:
        """Do nothing: the changes are looked up whenever they are asked for."""

    update = build_changelog

    def iter_changes(self) -> Iterator[Change]:
        """The keys that were set here and not pushed yet; deleted ones are in `pending_deletes`."""
        chosen = (change for change in self.ours.all() if change.direction != Direction.INCOMING and change.key != METADATA)
        return (Change(change) for change in chosen if change.kind != Kind.DELETED)

    @property
    def pending_deletes(self) -> frozenset[str]:
        """The keys that were deleted here, which the next push deletes in the remote."""
        return frozenset(
            change.key
            for change in self.ours.all()
            if change.direction != Direction.INCOMING and change.kind == Kind.DELETED and change.key != METADATA
        )

    def discard(self, keys: Iterable[str] | None = None) -> int:
        """Give up changes (of ``keys``, or all); how many there were."""
        return self.ours.discard(keys)

    def push(self, force_push: bool = False) -> PushResult:  # noqa: ARG002
        """Push all changes in one commit; ``force_push`` changes nothing, for nothing is ever half pushed.

        Raises ConflictError where someone else changed the same keys since they were last seen: ebooklet would write over that.
        """
        return PushResult(bool(self.ours.push()))


class _AsEbooklet(Database):
    """What a database and a group have in common."""

    group_bytes: int | None = None
    """How ebooklet would store the remote; what was asked for, and nothing depends on it."""

    @property
    def type(self) -> str:
        """Ebooklet's name of what this is."""
        return "RemoteConnGroup" if self._type == "group" else "EVariableLengthValue"

    @property
    def offline(self) -> bool:
        """Whether the remote is not asked."""
        return isinstance(self._session.remote.store, OfflineStore)

    @property
    def _n_buckets(self) -> int:
        return self._session.copy.header.n_buckets

    _write_buffer_size = 4 << 20

    def changes(self) -> Changes:  # type: ignore[override]
        """What was changed here and not pushed, and the ways to settle it."""
        return Changes(super().changes())

    def set(self, key: str, value: Any, timestamp: Timestamp = None, encode_value: bool = True, *, touch: bool = True) -> None:
        """Set a key; that is a change though it had this value already, for its time is another."""
        super().set(key, value, timestamp, encode_value, touch=touch)

    def prune(self, timestamp: Timestamp = None, reindex: bool | int | None = None) -> Pruned:  # noqa: ARG002
        """Give disk space back; ``reindex`` changes nothing, for a file that is too full is indexed anew by itself."""
        return super().prune(timestamp)

    def clear(self) -> None:
        """Delete every key, and the metadata."""
        super().clear()
        if self._session.metadata() is not None:
            self._writer().delete(METADATA, microseconds(None))

    def give_up_remote(self) -> None:
        """Delete the remote with its history, without fetching first what is only there."""
        with self._session.lock, self._held_lease(Progress()) as lease:
            delete_remote(self._session, self.author, lease, None, Progress())

    def map(  # type: ignore[override]
        self, func: Function, keys: Iterable[str] | None = None, n_workers: int | None = None
    ) -> Iterator[tuple[str, Any]]:
        """Apply ``func(key, value)`` to items in several processes, and give what it returns; nothing is stored."""
        chosen = list(self) if keys is None else list(keys)
        self._load_or_raise(chosen)
        return apply(func, ((key, self[key]) for key in chosen if key in self), None, n_workers)

    def load_items(self, keys: Iterable[str] | None = None, progress: Progress | None = None) -> dict[str, Any]:
        """Fetch values into the local file; the keys that failed, with their errors."""
        return dict(super().load_items(keys, progress))

    def get_timestamp(self, key: str, include_value: bool = False, decode_value: bool = True, default: Any = None) -> Any:
        """The timestamp of a key in microseconds, with its value if asked."""
        return super().get_timestamp(key, include_value, decode_value, default)

    def set_timestamp(self, key: str, timestamp: int | str | datetime) -> None:
        """Change the timestamp of a key."""
        super().set_timestamp(key, timestamp)


@with_names_of_ebooklet
class EVariableLengthValue(_AsEbooklet):
    """A database, made by `catalog.ebooklet.open_ebooklet`."""


@with_names_of_ebooklet
class RemoteConnGroup(_AsEbooklet, ConnectionGroup):
    """A group of connections, made by `catalog.ebooklet.open_rcg`."""

    def set(self, key: str, remote_conn: S3Connection) -> None:  # type: ignore[override]
        """Add a database under a key, or bring its entry up to date."""
        self.add(remote_conn, key)

    def __setitem__(self, key: str, remote_conn: Any) -> None:  # type: ignore[override]
        self.add(remote_conn, key)
