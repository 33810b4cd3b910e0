"""Expunging: values removed from a remote's whole history, for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from msgspec.structs import replace

from catalog.changes.collect import delete_together
from catalog.changes.options import HeldLease
from catalog.changes.rewrite import new_salt, rewrite
from catalog.changes.versions import commit_over
from catalog.errors import EntryMissingError, GoneError, IntegrityError, ObjectMissingError, StoreError, name_some
from catalog.format.head import StoredHead
from catalog.format.segment import Entry
from catalog.local.table import KnownBase
from catalog.progress import Progress
from catalog.remote.objects import check_listing, list_objects
from catalog.remote.reach import kept_commits, reach
from catalog.remote.remote import Remote
from catalog.remote.verify import read_directory
from catalog.session.session import Session, WriteSession
from catalog.store.interface import ListedObject


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed: keys of the newest state, versions in all, packs, commits given up, and tags that went with them."""

    keys: int
    versions: int
    packs: int
    commits_given_up: int
    tags: tuple[str, ...]


@dataclass(slots=True)
class _Traces:
    """What a store holds of some keys: which of them, in which packs and index files, in which versions."""

    packs: set[bytes] = field(default_factory=set)
    files: set[bytes] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    versions: set[tuple[str, int, bytes]] = field(default_factory=set)

    def note(self, key: str, entry: Entry) -> None:
        """Note what was found of a key."""
        self.keys.add(key)
        if not entry.deleted:
            self.versions.add((key, entry.timestamp, entry.checksum))
            if entry.inline is None:
                self.packs.add(entry.pack)


def purge(
    session: Session, newest: StoredHead, keys: Collection[str], author: str, lease: HeldLease | None, progress: Progress
) -> tuple[Purged, StoredHead]:
    """Remove every version of ``keys`` from the remote: from the newest state, the history, and packs that nobody needs.

    Other values of the same packs are written anew. All earlier commits are given up, since they would refer to what is gone; so
    are their tags. At last the store is asked for what held the values, so that nothing of it is served any more. What others
    fetched before stays with them, and an upload that is under way now is not seen. One that was cut short is finished by
    repeating it. Raises EntryMissingError, and does nothing, when nothing holds any of the keys; StoreError for a store that does
    not list what is there, or still serves what was deleted.
    """
    remote, wanted = session.remote, set(keys)
    commits = kept_commits(remote, newest, progress)
    listed = list(list_objects(remote.place))
    check_listing(remote.place, {found.name for found in listed}, reach(remote, newest, commits, progress).objects)
    traces = _look(remote, commits, listed, wanted, progress)
    if not traces.keys:
        raise EntryMissingError(f"{remote.where}: no version holds {name_some(sorted(wanted))}. Nothing was changed.")
    snapshot = remote.snapshot(newest)
    current = {key: entry for key in sorted(wanted) if (entry := snapshot.find(key)) is not None}
    salt, tags = new_salt(), remote.tags(newest)
    index, metadata = rewrite(session, newest, traces.packs, wanted, salt, progress, files=traces.files)
    made = commit_over(
        session,
        newest,
        author,
        lease,
        progress,
        tables=dict(index.tables),
        changes=index.changes,
        runs=index.runs,
        metadata=metadata,
        salt=salt,
        oldest=newest.head.number + 1,
        tags=None,
        keys=newest.head.keys - len(current),
        value_bytes=newest.head.value_bytes - sum(entry.length for entry in current.values()),
        deleted=len(current),
        message=f"Forget {len(wanted):,} {'key' if len(wanted) == 1 else 'keys'}",
    )
    progress.begin("deleting")
    _delete(remote, listed, reach(remote, made, [made], progress).objects, traces.packs)
    given_up = newest.head.number - newest.head.oldest + 1
    return Purged(len(current), len(traces.versions), len(traces.packs), given_up, tuple(tag.name for tag in tags)), made


def purge_local(session: WriteSession, keys: Collection[str], progress: Progress) -> None:
    """Write the local file and its caches anew, without values that are in the remote no more; edits of the keys stay."""
    rows = session.table.get_many(list(keys)).values()
    session.table.put(
        replace(row, base=KnownBase.of(None)) for row in rows if row.base is not None and row.base.entry is not None
    )
    session.writer.compact(progress)
    session.cache.prune()


def _look(
    remote: Remote, commits: Collection[StoredHead], listed: Collection[ListedObject], keys: set[str], progress: Progress
) -> _Traces:
    """Look for the keys in all commits and in the directories of all packs, needed or not."""
    found = _Traces()
    kept = {remote.names.commit(stored.head.number, stored.commit_id) for stored in commits}
    prefix = remote.names.commits
    for name in sorted(item.name for item in listed if item.name.startswith(prefix) and item.name not in kept):
        number, _, commit_id = name.removeprefix(prefix).partition("-")
        with suppress(GoneError):
            _look_in(remote.commit(int(number), commit_id), keys, found)
    seen: set[tuple[str, bytes]] = set()
    for stored in commits:
        _look_in(stored, keys, found)
        for key, ref, entry in remote.snapshot(stored).traces(keys, seen):
            found.note(key, entry)
            found.files.add(ref.file)
    packs = [item for item in listed if item.name.startswith(remote.names.packs)]
    progress.begin("looking for the keys in the history", 0, len(packs))
    with ThreadPoolExecutor(remote.threads, thread_name_prefix="forget") as pool:
        for entries in pool.map(lambda item: _in_pack(remote, item, keys), packs):
            progress.advance(0, 1)
            for key, entry in entries:
                found.note(key, entry)
    return found


def _look_in(stored: StoredHead, keys: set[str], found: _Traces) -> None:
    """Look for the keys in what a commit holds itself."""
    for key in keys:
        if stored.changes is not None and (entry := stored.changes.find(key)) is not None:
            found.note(key, entry)


def _in_pack(remote: Remote, found: ListedObject, keys: set[str]) -> list[tuple[str, Entry]]:
    """What a pack has of some keys; nothing where it went meanwhile."""
    try:
        directory = read_directory(remote.place, found.name, found.size, _id(found.name))
    except ObjectMissingError:
        return []
    return [(key, entry) for key in keys if (entry := directory.find(key)) is not None]


def _delete(remote: Remote, listed: Iterable[ListedObject], needed: Collection[str], packs: Collection[bytes]) -> None:
    """Delete what named the keys and what held them, the packs last: a repetition finds by them what is left to do."""
    names = remote.names
    unneeded = [found.name for found in listed if found.name not in needed]
    indexes = [name for name in unneeded if not name.startswith(names.packs)]
    held = [name for name in unneeded if name.startswith(names.packs) and _id(name) in packs]
    delete_together(remote, indexes)
    delete_together(remote, held)
    still_needed = [names.pack(pack) for pack in packs if names.pack(pack) in needed]
    if still_needed:
        raise IntegrityError(f"{remote.where}: {still_needed[0]!r} is still needed, though its values were written anew.")
    for name in _still_there(remote, [*held, *(name for name in indexes if name.startswith((names.commits, names.index)))]):
        raise StoreError(
            f"{remote.where}: {name!r} was deleted and is still served: what it holds can still be read.",
            hint="Ask whoever runs the store why deleted objects stay; then repeat the command.",
        )


def _still_there(remote: Remote, names: Iterable[str]) -> Iterator[str]:
    def ask(name: str) -> str | None:
        try:
            remote.store.head(name)
        except ObjectMissingError:
            return None
        return name

    with ThreadPoolExecutor(remote.threads, thread_name_prefix="forget") as pool:
        yield from (name for name in pool.map(ask, names) if name is not None)


def _id(name: str) -> bytes:
    return bytes.fromhex(name.rpartition("/")[2])
