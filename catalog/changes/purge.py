"""Expunging: values removed from a remote's whole history, for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from catalog.changes.collect import delete_together
from catalog.changes.push import HeldLease
from catalog.changes.rewrite import new_salt, rewrite
from catalog.changes.versions import commit_over, following
from catalog.errors import EntryMissingError, ObjectMissingError, name_some
from catalog.format.head import Head, StoredHead
from catalog.format.names import ObjectNames
from catalog.format.pack import TRAILER_BYTES, decode_directory, directory_range
from catalog.format.segment import Entry, Segment, decode_segment
from catalog.progress import Progress
from catalog.remote.garbage import needed_names
from catalog.remote.objects import list_objects
from catalog.remote.remote import Remote
from catalog.session.session import Session
from catalog.store.interface import ByteRange, ListedObject


@dataclass(frozen=True, slots=True)
class Expunged:
    """What was removed: keys of the newest state, versions in all, packs, commits given up, and tags that went with them."""

    keys: int
    versions: int
    packs: int
    commits_given_up: int
    tags: tuple[str, ...]


@dataclass(slots=True)
class _Traces:
    """What a store holds of some keys: which of them, in which packs, in which versions."""

    packs: set[bytes] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    versions: set[tuple[str, int, bytes]] = field(default_factory=set)


def expunge(
    session: Session, newest: StoredHead, keys: Collection[str], author: str, lease: HeldLease | None, progress: Progress
) -> tuple[Expunged, StoredHead]:
    """Remove every version of ``keys`` from the remote: from the newest state, the history, and packs that nobody needs.

    Other values of the same packs are written anew. All earlier commits are given up, since they would refer to what is gone; so
    are their tags. What others fetched before stays with them, and an upload that is under way now is not seen. One that was cut
    short is finished by repeating it. Raises EntryMissingError, and does nothing, when nothing holds any of the keys.
    """
    remote, wanted = session.remote, set(keys)
    listed = list(list_objects(remote.place))
    traces = _look(remote, listed, wanted, progress)
    if not traces.keys:
        raise EntryMissingError(f"{remote.where}: no version holds {name_some(sorted(wanted))}. Nothing was changed.")
    snapshot = remote.snapshot(newest)
    current = {key: entry for key in sorted(wanted) if (entry := snapshot.find(key)) is not None}
    salt = new_salt()
    cleaned = msgspec.structs.replace(
        newest.head,
        runs=rewrite(session, newest, traces.packs, wanted, salt, progress),
        salt=salt,
        oldest=newest.head.number + 1,
        tags=(),
        message=f"Forget {len(wanted):,} {'key' if len(wanted) == 1 else 'keys'}",
        **_totals(newest.head, current),
        **following(newest.head, newest.commit_id, author),
    )
    made = commit_over(session, cleaned, newest, lease, progress)
    progress.begin("deleting")
    _delete(remote, listed, needed_names(remote, [made], progress), traces.packs)
    given_up = newest.head.number - newest.head.oldest + 1
    tags = tuple(tag.name for tag in newest.head.tags)
    return Expunged(len(current), len(traces.versions), len(traces.packs), given_up, tags), made


def _totals(newest: Head, removed: dict[str, Entry]) -> dict[str, int]:
    size = sum(entry.length for entry in removed.values())
    return {"keys": newest.keys - len(removed), "value_bytes": newest.value_bytes - size}


def _look(remote: Remote, listed: Collection[ListedObject], keys: set[str], progress: Progress) -> _Traces:
    """Read the directories of all packs and all segments, needed or not, for the keys."""
    found = _Traces()
    progress.begin("looking for the keys in the history", 0, len(listed))
    with ThreadPoolExecutor(remote.threads, thread_name_prefix="forget") as pool:
        for segment, pack in pool.map(lambda item: _read(remote, item), _readable(remote.names, listed)):
            progress.advance(0, 1)
            named = [(key, entry) for key in keys if (entry := segment.find(key)) is not None]
            if not named:
                continue
            found.keys.update(key for key, _ in named)
            found.versions.update((key, entry.timestamp, entry.checksum) for key, entry in named if not entry.deleted)
            if pack is not None:
                found.packs.add(pack)
    return found


def _readable(names: ObjectNames, listed: Iterable[ListedObject]) -> Iterator[ListedObject]:
    return (found for found in listed if not found.name.startswith(names.commits))


_EMPTY = Segment((), (), (), (), (), (), b"")


def _read(remote: Remote, found: ListedObject) -> tuple[Segment, bytes | None]:
    """The keys of a segment, or of a pack with its id; none where it went meanwhile or was never whole."""
    what = f"{remote.where}: {found.name}"
    object_id = found.name.rpartition("/")[2]
    try:
        if found.name.startswith(remote.names.segments):
            return decode_segment(remote.store.get(found.name).body, object_id, what), None
        trailer = remote.store.get(found.name, ByteRange(max(found.size - TRAILER_BYTES, 0), TRAILER_BYTES)).body
        start, length = directory_range(trailer, found.size, what)
        pack = bytes.fromhex(object_id)
        return decode_directory(remote.store.get(found.name, ByteRange(start, length), most=length).body, pack, what), pack
    except ObjectMissingError:
        return _EMPTY, None


def _delete(remote: Remote, listed: Iterable[ListedObject], needed: set[str], packs: Collection[bytes]) -> None:
    """Delete what named the keys and what held them, the packs last: a repetition finds by them what is left to do."""
    names = remote.names
    unneeded = [found.name for found in listed if found.name not in needed]
    delete_together(remote, [name for name in unneeded if not name.startswith(names.packs)])
    delete_together(remote, [name for name in unneeded if name.startswith(names.packs) and _id(name) in packs])


def _id(name: str) -> bytes:
    return bytes.fromhex(name.rpartition("/")[2])
