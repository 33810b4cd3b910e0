"""Staging: what a push brings up before its commit. Nothing refers to it, so that it can be made apart and is rubbish otherwise.

A few small changes go into the commit itself; others become packs and a run of the index. Both can be put on top of any commit
that has the same salt, so that a push that loses a race sends them no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, starmap
from typing import Any

from catalog.changes.diff import Edit, edits, replacing_rows, says_the_same
from catalog.changes.options import PushOptions
from catalog.changes.pack_plan import Deletion, Kept, Outgoing, plan_entries
from catalog.changes.pack_upload import value_bytes, with_blocks
from catalog.format import runs as index
from catalog.format.head import CHECKSUM, MOST_INLINE_METADATA, Head, Metadata, StoredHead
from catalog.format.pack import PlannedPack, PlannedValue, plan_pack
from catalog.format.segment import DELETED, Entry
from catalog.format.table import SegmentRef
from catalog.format.version import METADATA
from catalog.local.table import Row, Status
from catalog.remote.commit_time import commit_time
from catalog.remote.index_writer import MOST_CHANGES, MOST_INLINE_VALUE, Index, IndexWriter
from catalog.remote.snapshot import Snapshot
from catalog.session.session import WriteSession

Items = Sequence[tuple[str, Entry]]


@dataclass(frozen=True, slots=True)
class Sink:
    """Where what is staged goes: objects by name, and packs whose values are still in the local file."""

    put: Callable[[str, bytes], object]
    put_pack: Callable[[PlannedPack], object]


@dataclass(slots=True)
class Tally:
    """What a push does to the totals of the commit that it builds on, and the metadata if it changes them."""

    keys: int = 0
    value_bytes: int = 0
    set: int = 0
    deleted: int = 0
    pushed: int = 0
    metadata: Metadata | None = None
    metadata_set: bool = False
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Own:
    """The changes of a push without those of anyone else: a few, or a run of segments. ``salt`` is that of their names."""

    salt: int
    items: Items = ()
    run: Sequence[SegmentRef] = ()


def salt_of(target: StoredHead | None) -> int:
    """The salt of what is brought up for a commit on top of ``target``."""
    return target.head.salt if target is not None else 0


def index_writer(session: WriteSession, target: StoredHead | None, sink: Sink) -> IndexWriter:
    """What makes the index of a commit on top of ``target``."""
    return session.remote.index_writer(sink.put, salt_of(target))


def chosen_edits(session: WriteSession, options: PushOptions) -> Iterator[Edit]:
    """The edits that a push is told to take."""
    found = edits(session, keys_only=True)
    return found if options.keys is None else (edit for edit in found if edit.row.key in options.keys)


def outgoing_values(
    session: WriteSession,
    options: PushOptions,
    target: StoredHead | None,
    arriving: Mapping[str, Entry | None],
    tally: Tally,
    sink: Sink,
) -> Iterator[Outgoing]:
    """The keys of the new commit that are not simply the target's, in order, counting what they do to its totals.

    Where everything is replaced these are all keys, those too that stay as they were.
    """
    whole, on_top_of = session.replacing, _on_top_of(session, target)
    for row, entry in replacing_rows(session, on_top_of) if whole else _chosen_rows(session, options):
        if row.key in arriving and not whole:
            continue
        if options.keys is not None:
            tally.names.append(row.key)
        if row.key == METADATA:
            tally.metadata_set, tally.metadata = True, _metadata_of(session, row, salt_of(target), sink)
            continue
        unchanged = whole and says_the_same(row, entry)
        there = None if whole or on_top_of is None else on_top_of.outline(row.key)
        alive = row.status != Status.DELETED
        tally.pushed += not unchanged
        tally.keys += alive - (there is not None)
        tally.value_bytes += row.length - (there.length if there is not None else 0)
        tally.set += alive and not unchanged
        tally.deleted += not alive
        if unchanged and entry is not None:
            yield Kept(row.key, entry)
        elif alive:
            yield with_blocks(session, PlannedValue(row.key, row.timestamp, row.offset, row.length, row.checksum))
        elif not whole:
            yield Deletion(row.key, row.timestamp)


def _on_top_of(session: WriteSession, target: StoredHead | None) -> Snapshot | None:
    if target is None:
        return None
    return session.base if session.base_id == target.commit_id else session.remote.snapshot(target)


def _chosen_rows(session: WriteSession, options: PushOptions) -> Iterator[tuple[Row, None]]:
    return ((edit.row, None) for edit in chosen_edits(session, options))


def _metadata_of(session: WriteSession, row: Row, salt: int, sink: Sink) -> Metadata | None:
    """What the head says of the metadata; larger ones go into a pack of their own."""
    value = session.local_bytes(row) if row.status != Status.DELETED else None
    if value is None:
        return None
    if len(value) <= MOST_INLINE_METADATA:
        return Metadata(row.timestamp, len(value), row.checksum, value)
    pack = plan_pack([PlannedValue(METADATA, row.timestamp, 0, len(value), row.checksum, value)], salt)
    sink.put_pack(pack)
    return Metadata.of(next(pack.entries())[1])


def first_index(
    session: WriteSession, outgoing: Iterator[Outgoing], target: StoredHead | None, sink: Sink, expected: int
) -> tuple[Index, Own | None]:
    """The index of a commit on top of ``target``, in few objects; and the changes by themselves, where they are few."""
    base, salt = None if session.replacing else target, salt_of(target)
    few = list(islice(outgoing, MOST_CHANGES + 1))
    if len(few) <= MOST_CHANGES:
        own = Own(salt, _few_entries(session, few, salt, sink))
        return index_on(session, own, target, sink), own
    entries = plan_entries(map(movable, chain(few, outgoing)), sink.put_pack, salt)
    return _extended(session, entries, base, target, sink, expected), None


def own_changes(session: WriteSession, outgoing: Iterator[Outgoing], target: StoredHead | None, sink: Sink, expected: int) -> Own:
    """The changes of a push by themselves, so that they can be put on top of any commit with the same salt."""
    salt = salt_of(target)
    few = list(islice(outgoing, MOST_CHANGES + 1))
    if len(few) <= MOST_CHANGES:
        return Own(salt, _few_entries(session, few, salt, sink))
    entries = plan_entries(map(movable, chain(few, outgoing)), sink.put_pack, salt)
    return Own(salt, (), index_writer(session, target, sink).write_run(entries, _total(target, expected)))


def index_on(session: WriteSession, own: Own, target: StoredHead | None, sink: Sink) -> Index:
    """The index of a commit on top of ``target`` with the changes of a push by themselves."""
    base = None if session.replacing else target
    writer = index_writer(session, target, sink)
    if own.run:
        if base is not None and base.head.runs:
            return writer.put_on_top(base, own.run)
        return _extended(session, writer.read_run(own.run), base, target, sink, sum(ref.keys for ref in own.run))
    found = writer.hold(base, own.items)
    if found is not None:
        return found
    merged = list(index.newest([own.items, _held(base)]))
    entries = plan_entries(map(movable, starmap(Kept, merged)), sink.put_pack, own.salt)
    return writer.extend(base, entries, len(merged), _total(base, len(merged)))


def _extended(
    session: WriteSession,
    entries: Iterable[tuple[str, Entry]],
    base: StoredHead | None,
    target: StoredHead | None,
    sink: Sink,
    expected: int,
) -> Index:
    """The index of ``base`` with a run of entries, and what ``base`` held itself below them in the same run."""
    held = plan_entries(map(movable, starmap(Kept, _held(base))), sink.put_pack, salt_of(target))
    writer = index_writer(session, target, sink)
    return writer.extend(base, index.newest([entries, held]), expected, _total(base, expected))


def _few_entries(session: WriteSession, few: Iterable[Outgoing], salt: int, sink: Sink) -> Items:
    """The entries of a few changes: of small values these themselves, of others where they lie in packs."""

    def planned() -> Iterator[Outgoing]:
        for change in few:
            if isinstance(change, PlannedValue) and change.length <= MOST_INLINE_VALUE:
                value = value_bytes(session, change)
                yield Kept(change.key, Entry(change.timestamp, DELETED, 0, len(value), change.checksum, value))
            else:
                yield change

    return list(plan_entries(planned(), sink.put_pack, salt))


def _held(base: StoredHead | None) -> Items:
    """The changes that a commit holds itself."""
    return list(base.changes.items()) if base is not None and base.changes is not None else []


def movable(change: Outgoing) -> Outgoing:
    """What becomes of a change in a run, which holds no values: these go into a pack."""
    if not isinstance(change, Kept):
        return change
    entry = change.entry
    if entry.deleted:
        return Deletion(change.key, entry.timestamp)
    if entry.inline is not None:
        return PlannedValue(change.key, entry.timestamp, 0, entry.length, entry.checksum, entry.inline)
    return change


def _total(base: StoredHead | None, expected: int) -> int:
    return (base.head.keys if base is not None else 0) + expected


def head_of(
    session: WriteSession,
    options: PushOptions,
    target: StoredHead | None,
    made: Index,
    tally: Tally,
    put: Callable[[str, bytes], object],
) -> Head:
    """The head that a push is to make; a bundle of the log may go to ``put``."""
    header = session.writer.data.header
    previous = target.head if target is not None else None
    counted = previous if not session.replacing else None
    members: dict[str, Any] = {**session.remote.follow(target, put)}
    if previous is None:
        members |= {"copied_from": options.copied_from, "continues": session.state.continues}
    else:
        members |= {"tags": previous.tags, "oldest": previous.oldest, "salt": previous.salt, "branch": previous.branch}
        members |= {"copied_from": previous.copied_from, "continues": previous.continues, "metadata": previous.metadata}
    if tally.metadata_set:
        members["metadata"] = tally.metadata
    return Head(
        uuid=header.uuid.bytes,
        type=previous.type if previous else options.type,
        header=header.portable,
        time=commit_time(session.remote.store),
        author=options.author,
        message=options.message,
        keys=(counted.keys if counted else 0) + tally.keys,
        value_bytes=(counted.value_bytes if counted else 0) + tally.value_bytes,
        set=tally.set,
        deleted=tally.deleted,
        checksum=CHECKSUM,
        changes=made.changes,
        runs=made.runs,
        **members,
    )
