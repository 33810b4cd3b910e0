"""Garbage: the objects of a remote that no kept commit needs, found without deleting anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from catalog.format.head import SegmentRef, StoredHead
from catalog.progress import Progress
from catalog.remote.objects import list_objects
from catalog.remote.remote import Remote
from catalog.store.interface import ListedObject

GRACE = timedelta(days=7)
"""No object younger than this is deleted, so that running pushes and readers are safe."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Which commits stay: the newest ``commits`` of them, those of the last ``days``, and every tagged one."""

    days: float
    commits: int


@dataclass(slots=True)
class Kept:
    """The commits that stay: the unbroken row of the newest ones, and older ones that have a tag."""

    row: list[StoredHead] = field(default_factory=list)
    tagged: list[StoredHead] = field(default_factory=list)

    @property
    def all(self) -> list[StoredHead]:
        """All of them."""
        return self.row + self.tagged

    @property
    def oldest(self) -> int:
        """The number of the oldest commit of the row."""
        return self.row[-1].head.number


@dataclass(frozen=True, slots=True)
class Garbage:
    """Objects that no kept commit needs and that are old enough, and how many are too young to be touched."""

    objects: tuple[ListedObject, ...]
    young: int

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(found.size for found in self.objects)


def choose_commits(remote: Remote, newest: StoredHead, keep: Keep) -> Kept:
    """Walk the history and decide which commits stay; the newest always does."""
    since = datetime.now(UTC) - timedelta(days=keep.days)
    kept = Kept()
    for position, stored in enumerate(remote.history(newest)):
        if position and position >= keep.commits and stored.commit.time < since:
            break
        kept.row.append(stored)
    numbers = {stored.head.number for stored in kept.row}
    for tag in newest.head.tags:
        if tag.number not in numbers:
            numbers.add(tag.number)
            kept.tagged.append(remote.commit(tag.number, tag.id))
    return kept


def needed_names(remote: Remote, commits: Iterable[StoredHead], progress: Progress) -> set[str]:
    """The names of all objects that these commits need; reads every segment of theirs once."""
    names, needed, seen = remote.names, set[str](), set[str]()
    for stored in commits:
        needed.add(names.commit(stored.head.number, stored.commit_id))
        fresh = [ref for ref in _refs(stored) if ref.id not in seen]
        remote.prefetch_segments(fresh)
        for ref in fresh:
            seen.add(ref.id)
            needed.add(names.segment(ref.id))
            needed.update(names.pack(pack) for pack in remote.load_segment(ref).packs)
            progress.advance(0, 1)
    return needed


def find_garbage(remote: Remote, needed: set[str], grace: timedelta) -> Garbage:
    """The objects below a database's key that are not needed and older than ``grace``."""
    before = datetime.now(UTC) - grace
    unneeded = [found for found in list_objects(remote.place) if found.name not in needed]
    old = tuple(found for found in unneeded if found.modified is not None and found.modified < before)
    return Garbage(old, len(unneeded) - len(old))


def _refs(stored: StoredHead) -> list[SegmentRef]:
    return [ref for run in stored.head.runs for ref in run]
