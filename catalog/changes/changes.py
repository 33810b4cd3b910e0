"""The differences between a working copy and its remote, as a caller sees and settles them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from catalog.errors import ReadOnlyError
from catalog.local.local_table import Status
from catalog.local.writer import Writer
from catalog.progress import Progress
from catalog.remote.head import StoredHead
from catalog.session import Session

from .change import METADATA, Change, Direction, Version
from .diff import all_changes
from .discard import discard
from .pull import PullResult, pull
from .push import HeldLease, PushOptions, PushResult, push
from .resolve import Side, resolve


@dataclass(frozen=True, slots=True)
class Summary:
    """How much differs: keys each way, and the bytes of the values that would move."""

    outgoing: int
    incoming: int
    conflicts: int
    bytes_up: int
    bytes_down: int


class Changes:
    """What `Database.changes` returns. The lists are made anew, from what is known locally, each time they are asked for.

    Asking for differences sends no request but for pieces of the index that are not here yet; `refresh` asks whether there is
    a newer commit.
    """

    def __init__(self, session: Session, lease: HeldLease | None, author: str, type_: str) -> None:
        self._session = session
        self._lease = lease
        self._author = author
        self._type = type_

    def refresh(self) -> None:
        """Ask the remote for its newest commit, in one small request; the working copy stays as it is."""
        self._session.refresh()

    def all(self) -> list[Change]:
        """Every difference: the metadata's first, then sorted by key."""
        return all_changes(self._session)

    def outgoing(self) -> list[Change]:
        """What a push would bring up."""
        return [change for change in self.all() if change.direction == Direction.OUTGOING]

    def incoming(self) -> list[Change]:
        """What a pull would bring."""
        return [change for change in self.all() if change.direction == Direction.INCOMING]

    def conflicts(self) -> list[Change]:
        """Keys changed on both sides; a push stops at them."""
        return [change for change in self.all() if change.direction == Direction.CONFLICT]

    def iter_changes(self) -> Iterator[Change]:
        """What was changed here since the last pull or push, conflicts too; each can be printed."""
        return (change for change in self.all() if change.direction != Direction.INCOMING)

    def summary(self) -> Summary:
        """Counts of all differences."""
        counts = dict.fromkeys(Direction, 0)
        up = down = 0
        for change in self.all():
            counts[change.direction] += 1
            if change.direction == Direction.INCOMING:
                down += change.remote.length if change.remote else 0
            else:
                up += change.local.length if change.local else 0
        return Summary(counts[Direction.OUTGOING], counts[Direction.INCOMING], counts[Direction.CONFLICT], up, down)

    def value(self, change: Change, side: Literal["base", "local", "remote"]) -> bytes | None:
        """The stored bytes of one side of a change, verified; None where the key is absent there."""
        version: Version | None = getattr(change, side)
        if version is None:
            return None
        if change.key == METADATA:
            return self._metadata(side)
        if version.entry is not None:
            return self._session.remote_value(change.key, version.entry)
        row = self._session.table.get(change.key)
        found = self._session.local_bytes(row) if row is not None and row.status in (Status.COPY, Status.EDITED) else None
        if found is None:
            held = self._session.find(change.key)
            return held.value if held is not None else None
        return found

    def _metadata(self, side: str) -> bytes | None:
        if side == "local":
            kept = self._session.metadata()
            return kept.value if kept is not None else None
        base = self._session.base.stored if self._session.base is not None else None
        stored: StoredHead | None = base if side == "base" else self._session.seen
        metadata = stored.head.metadata if stored is not None else None
        return bytes(metadata.value) if metadata is not None else None

    def _writer(self) -> Writer:
        if self._session.writer is None:
            raise ReadOnlyError(f"{self._session.copy.path} is open for reading.", hint="Open it with flag='w'.")
        return self._session.writer

    def push(self, *, message: str = "", progress: Progress | None = None, keys: Iterable[str] | None = None) -> PushResult:
        """Push local changes (of ``keys``, or all) in one commit.

        Raises ConflictError when someone else changed the same keys; nothing is then visible to anyone, and local changes stay.
        """
        chosen = None if keys is None else frozenset(keys)
        options = PushOptions(self._author, message, chosen, self._type)
        return push(self._session, self._writer(), options, self._lease, progress or Progress())

    def pull(self, *, progress: Progress | None = None) -> PullResult:
        """Build on the newest commit. Local edits stay; those that meet someone else's edit become conflicts."""
        writer = self._writer()
        self._session.refresh()
        return pull(self._session, writer, progress or Progress())

    def discard(self, keys: Iterable[str] | None = None) -> int:
        """Give up local changes (of ``keys``, or all) and see the last pulled state again; how many there were."""
        return discard(self._session, self._writer(), keys)

    def resolve(self, keys: str | Iterable[str], side: Side | Literal["mine", "theirs"]) -> None:
        """End conflicts: ``mine`` is pushed over theirs next, ``theirs`` takes the place of the local edit.

        What arrived and was not pulled yet is pulled first, so that theirs is the newest version seen.
        """
        chosen = [keys] if isinstance(keys, str) else list(keys)
        writer = self._writer()
        pull(self._session, writer, Progress())
        resolve(self._session, writer, chosen, Side(side))
