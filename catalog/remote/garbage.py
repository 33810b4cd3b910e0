"""Garbage: the objects of a remote that no kept commit needs, found without deleting anything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from catalog.format.head import Commit, StoredHead
from catalog.remote.objects import check_listing, list_objects, unfinished_uploads
from catalog.remote.remote import Remote
from catalog.store.interface import ListedObject, UnfinishedUpload

GRACE = timedelta(days=7)
"""No object younger than this is deleted, so that running pushes and readers are safe."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Which commits stay: the newest ``commits`` of them, those of the last ``days``, and every tagged one."""

    days: float
    commits: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The commits that stay: the unbroken row of the newest ones, and older ones that have a tag."""

    row: list[Commit]
    tagged: list[Commit]

    @property
    def all(self) -> list[Commit]:
        """All of them."""
        return self.row + self.tagged

    @property
    def oldest(self) -> int:
        """The number of the oldest commit of the row."""
        return self.row[-1].number


@dataclass(frozen=True, slots=True)
class Garbage:
    """Objects that no kept commit needs and uploads that nobody finished, all old enough, and how many are too young."""

    objects: tuple[ListedObject, ...]
    uploads: tuple[UnfinishedUpload, ...]
    young: int

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(found.size for found in self.objects)

    def before(self, moment: datetime) -> Garbage:
        """What of it is older than a moment."""
        objects = tuple(found for found in self.objects if found.modified is not None and found.modified < moment)
        uploads = tuple(upload for upload in self.uploads if upload.started is not None and upload.started < moment)
        spared = len(self.objects) - len(objects) + len(self.uploads) - len(uploads)
        return Garbage(objects, uploads, self.young + spared)


def choose_commits(remote: Remote, newest: StoredHead, keep: Keep) -> Kept:
    """Decide by the log which commits stay; the newest always does."""
    since = datetime.now(UTC) - timedelta(days=keep.days)
    row: list[Commit] = []
    for position, commit in enumerate(remote.kept(newest)):
        if position and position >= keep.commits and commit.time < since:
            break
        row.append(commit)
    numbers = {commit.number for commit in row}
    tagged: dict[int, Commit] = {}
    for tag in remote.tags(newest):
        if tag.number not in numbers and (found := remote.log.at(newest, tag.number)) is not None:
            tagged[tag.number] = remote.log.commit(newest, found)
    return Kept(row, list(tagged.values()))


def find_garbage(remote: Remote, needed: Collection[str], grace: timedelta) -> Garbage:
    """The objects below a database's prefix that are not needed, and unfinished uploads, that are older than ``grace``.

    Raises StoreError where a listing cannot be right, GoneError where something needed is gone.
    """
    listed = list(list_objects(remote.place))
    check_listing(remote.place, {found.name for found in listed}, needed)
    unneeded = tuple(found for found in listed if found.name not in needed)
    return Garbage(unneeded, unfinished_uploads(remote.place), 0).before(datetime.now(UTC) - grace)
