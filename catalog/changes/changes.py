"""The differences between a working copy and its remote, as a caller sees and settles them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from catalog.changes.blame import blame
from catalog.changes.change import Change, Direction
from catalog.changes.diff import all_changes
from catalog.changes.discard import discard
from catalog.changes.drafts import Draft, prepare, push_drafts
from catalog.changes.estimate import estimate
from catalog.changes.finalize import finalize_attempts
from catalog.changes.options import HeldLease, PushOptions, PushResult
from catalog.changes.pull import PullResult, look_ahead, pull
from catalog.changes.push import push
from catalog.changes.resolve import Conflict, Decision, Merged, Side, check_decision, conflicting, replace, resolve
from catalog.codecs.codec import Codec
from catalog.codecs.tree import encode_metadata
from catalog.errors import ConflictError, InvalidInputError, ReadOnlyError
from catalog.format.head import Commit
from catalog.format.timestamp import microseconds
from catalog.format.version import METADATA, Version, name_of_key
from catalog.progress import Progress
from catalog.session.past import PastSession
from catalog.session.session import Session, WriteSession

_NOTHING: Any = object()


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

    def __init__(self, session: Session, codec: Codec, lease: HeldLease | None, author: str, type_: str) -> None:
        self._session = session
        self._codec = codec
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
        for entry in (change.entries.base, change.entries.remote):
            if entry is not None and entry.version == version:
                return self._session.remote_value(change.key, entry)
        row = self._session.table.get(change.key)
        found = self._session.local_bytes(row) if row is not None and row.held else None
        if found is None:
            held = self._session.find(change.key)
            return held.value if held is not None else None
        return found

    def _writing(self) -> WriteSession:
        return self._session.for_writing()

    def push(
        self,
        *,
        message: str = "",
        progress: Progress | None = None,
        keys: Iterable[str] | None = None,
        skip_conflicts: bool = False,
        dry_run: bool = False,
        drafts: Sequence[Draft] = (),
    ) -> PushResult:
        """Push local changes (of ``keys``, or all) in one commit.

        Raises ConflictError when someone else changed the same keys; nothing is then visible to anyone, and local changes stay.
        With ``skip_conflicts`` those keys are left for later, and the rest is pushed. With ``dry_run`` nothing is sent, and the
        answer, whose commit is None, says how many keys, bytes and requests it would be.

        With ``drafts``, which `prepare` made here or elsewhere, these are committed together, and nothing else.
        """
        watched = progress or Progress()
        if drafts:
            if keys is not None or skip_conflicts or dry_run:
                raise InvalidInputError("Drafts are pushed whole, by themselves.", hint="Give nothing but message and progress.")
            options = PushOptions(self._author, message, None, self._type)
            return push_drafts(self._writing(), drafts, options, self._lease, watched)
        chosen = None if keys is None else frozenset(keys)
        while True:
            taken = self._without_conflicts(chosen) if skip_conflicts else chosen
            options = PushOptions(self._author, message, taken, self._type)
            try:
                if dry_run:
                    return estimate(self._writing(), options, watched)
                return push(self._writing(), options, self._lease, watched)
            except ConflictError as error:
                # The push has asked for the newest commit: what clashed is a conflict from now on, and left out.
                if not skip_conflicts or not set(error.keys) & self._known_conflicts():
                    raise

    def prepare(self, *, keys: Iterable[str] | None = None, progress: Progress | None = None) -> Draft:
        """Bring local changes (of ``keys``, or all) up without a commit; the small draft of them can be pickled and sent.

        ``push(drafts=[…])`` commits any number of drafts together, from any working copy of the database. The changes stay
        unpushed here until a pull brings that commit. Raises as `push`, and InvalidInputError when there is nothing to bring up.
        """
        options = PushOptions(self._author, "", None if keys is None else frozenset(keys), self._type)
        return prepare(self._writing(), options, progress or Progress())

    def _known_conflicts(self) -> set[str]:
        return {name_of_key(change.key) for change in self.conflicts()}

    def _without_conflicts(self, chosen: frozenset[str] | None) -> frozenset[str] | None:
        changes = self.all()
        if not any(change.direction == Direction.CONFLICT for change in changes):
            return chosen
        outgoing = frozenset(change.key for change in changes if change.direction == Direction.OUTGOING)
        return outgoing if chosen is None else outgoing & chosen

    def pull(self, *, progress: Progress | None = None) -> PullResult:
        """Build on the newest commit. Local edits stay; those that meet someone else's edit become conflicts.

        A reader sees the newest commit too; while somebody else writes to the file, it does so for itself alone. Raises
        ReadOnlyError for an earlier version, which never changes.
        """
        session, watched = self._session, progress or Progress()
        if isinstance(session, PastSession):
            raise ReadOnlyError(f"{session.remote.where}: an earlier version was opened.", hint="Open it without version=.")
        session.refresh()
        with session.writing(watched) as writing:
            if writing is not None:
                finalize_attempts(writing)
                return pull(writing, watched)
        return look_ahead(session)

    def discard(self, keys: Iterable[str] | None = None) -> int:
        """Give up local changes (of ``keys``, or all) and see the last pulled state again; how many there were."""
        return discard(self._writing(), keys)

    def commits_of(self, changes: Iterable[Change]) -> dict[str, Commit]:
        """Who made the remote's versions of some changes, by key: found by going back in the history only as far as needed.

        A key is left out when its version is older than the history that is kept.
        """
        seen = self._session.seen
        return blame(self._session.remote, seen, changes) if seen is not None else {}

    def resolve(
        self, keys: str | Iterable[str], side: Side | Literal["mine", "theirs"] | None = None, *, value: Any = _NOTHING
    ) -> int:
        """End conflicts: ``mine`` is pushed over theirs next, ``theirs`` takes the place of the local edit, a value that of both.

        What arrived and was not pulled yet is pulled first, so that theirs is the newest version seen. Keys that are in no
        conflict stay as they are; how many conflicts it ended.
        """
        chosen = [keys] if isinstance(keys, str) else list(keys)
        session = self._writing()
        if (side is None) == (value is _NOTHING):
            raise InvalidInputError("A conflict ends with a side or with a value.", hint="Give 'mine', 'theirs' or value=….")
        decision = check_decision(Merged(value) if side is None else side)
        finalize_attempts(session)
        pull(session, Progress())
        if len(conflicting(session, chosen)) < len(set(chosen)):
            self.pull()
        ended = conflicting(session, chosen)
        self._apply(session, dict.fromkeys(ended, decision))
        return len(ended)

    def resolve_all(self, choose: Callable[[Conflict], Decision], *, progress: Progress | None = None) -> int:
        """Pull, and let ``choose`` end each conflict by 'mine', 'theirs' or ``Merged(value)``; None leaves it. How many it ended.

        All are decided first: an error of ``choose`` leaves every conflict as it was.
        """
        session = self._writing()
        self.pull(progress=progress)
        conflicts = self.conflicts()
        commits = self.commits_of(conflicts)
        decisions = {
            change.key: check_decision(choose(Conflict(change, self._decoded, commits.get(change.key)))) for change in conflicts
        }
        self._apply(session, decisions)
        return sum(decision is not None for decision in decisions.values())

    def _apply(self, session: WriteSession, decisions: Mapping[str, Side | Merged | None]) -> None:
        merged = {key: self._encoded(key, found.value) for key, found in decisions.items() if isinstance(found, Merged)}
        replace(session, merged, microseconds(None))
        for side in Side:
            resolve(session, [key for key, found in decisions.items() if found is side], side)

    def _decoded(self, change: Change, side: Literal["base", "local", "remote"]) -> Any:
        stored = self.value(change, side)
        if stored is None:
            return None
        return orjson.loads(stored) if change.key == METADATA else self._codec.decode(stored)

    def _encoded(self, key: str, value: Any) -> bytes:
        return encode_metadata(value) if key == METADATA else self._codec.encode(value)
