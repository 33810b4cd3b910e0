"""Reach: which objects some commits need, told by the commits themselves. What they reach is the truth about a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from catalog.format.head import Commit, StoredHead
from catalog.format.segment import DELETED, Entry, IndexPart, Segment
from catalog.format.table import SegmentRef
from catalog.progress import Progress
from catalog.remote.remote import Remote


@dataclass(slots=True)
class Reach:
    """The objects that some commits need, by name, with their sizes as far as they are known; and what of packs is needed."""

    objects: dict[str, int | None] = field(default_factory=dict)
    pack_sizes: dict[bytes, int] = field(default_factory=dict)
    values: dict[bytes, dict[int, int]] = field(default_factory=dict)
    """Of each pack, the lengths of its values by their offsets."""
    segments: set[bytes] = field(default_factory=set)

    def needed_bytes(self, pack: bytes) -> int:
        """How many bytes of a pack's values are needed."""
        return sum(self.values.get(pack, {}).values())


def read_commits(remote: Remote, newest: StoredHead, commits: Sequence[Commit], progress: Progress) -> list[StoredHead]:
    """What reads some commits, several at a time; GoneError where one is not there."""
    progress.begin("reading the history", 0, len(commits))

    def read(commit: Commit) -> StoredHead:
        progress.advance(0, 1)
        return remote.state_of(newest, commit.number, commit.id)

    with ThreadPoolExecutor(remote.threads, thread_name_prefix="history") as pool:
        return list(pool.map(read, commits))


def kept_commits(remote: Remote, newest: StoredHead, progress: Progress) -> list[StoredHead]:
    """Every commit of a database whose state is kept: the history from ``oldest`` on, and tagged ones."""
    kept = {commit.number: commit for commit in remote.kept(newest)}
    for tag in remote.tags(newest):
        if tag.number not in kept and (found := remote.log.at(newest, tag.number)) is not None:
            kept[tag.number] = remote.log.commit(newest, found)
    return read_commits(remote, newest, list(kept.values()), progress)


def reach(remote: Remote, newest: StoredHead, commits: Iterable[StoredHead], progress: Progress) -> Reach:
    """What some commits need, and the log and the tags of the newest; reads each segment once, however many have it."""
    found, names = Reach(), remote.names
    for bundle in newest.head.bundles:
        found.objects[names.bundle(bundle.last, bundle.id)] = bundle.size
    if newest.head.tags is not None:
        found.objects[names.tags(newest.head.tags.id)] = newest.head.tags.size
    refs: dict[bytes, SegmentRef] = {}
    met: set[bytes | None] = set()
    for stored in commits:
        found.objects[names.commit(stored.head.number, stored.commit_id)] = len(stored.commit_body)
        _add_held(found, stored)
        for run in stored.head.runs:
            if (identity := run.table or run.refs) in met:
                continue
            met.add(identity)
            if run.table is not None:
                found.objects[names.table(run.table)] = run.size
            for ref in remote.snapshot(stored).refs_of(run):
                refs.setdefault(ref.id, ref)
                found.objects[names.index_file(ref.file)] = None
    progress.begin("reading the index", 0, len(refs))
    for segment in remote.segments(refs.values()):
        _add_segment(found, segment)
        progress.advance(0, 1)
    found.segments = set(refs)
    found.objects.update((names.pack(pack), size) for pack, size in found.pack_sizes.items())
    return found


def packs_of(remote: Remote, stored: StoredHead) -> set[bytes]:
    """The packs that one commit names."""
    found = Reach()
    _add_held(found, stored)
    for segment in remote.segments(remote.snapshot(stored).all_refs()):
        found.pack_sizes.update(dict.fromkeys(segment.packs, 0))
    return set(found.pack_sizes)


def held_entries(stored: StoredHead) -> list[Entry]:
    """What a commit holds itself: the entries of its changes, and of the metadata."""
    entries = [entry for _, entry in stored.changes.items()] if stored.changes is not None else []
    return entries if stored.metadata is None else [*entries, stored.metadata]


def _add_held(found: Reach, stored: StoredHead) -> None:
    """Note the packs of what a commit holds itself."""
    for entry in held_entries(stored):
        if entry.pack != DELETED:
            found.pack_sizes[entry.pack] = entry.pack_size
            found.values.setdefault(entry.pack, {})[entry.offset] = entry.length


def _add_segment(found: Reach, segment: IndexPart) -> None:
    assert isinstance(segment, Segment)
    found.pack_sizes.update(zip(segment.packs, segment.pack_sizes, strict=True))
    of_pack = [found.values.setdefault(pack, {}) for pack in segment.packs]
    if len(of_pack) == 1 and min(segment.pack_numbers, default=0) == 0:
        of_pack[0].update(zip(segment.offsets, segment.lengths, strict=True))
        return
    for number, offset, length in zip(segment.pack_numbers, segment.offsets, segment.lengths, strict=True):
        if number >= 0:
            of_pack[number][offset] = length
