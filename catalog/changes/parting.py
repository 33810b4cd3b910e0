"""The ways out where the remote parted from a working copy: put what is here on top, or follow and keep aside what is dropped.

What differs is found first and told; nothing is changed before it is all known.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path

from msgspec.structs import replace

from catalog.changes.diff import is_left
from catalog.changes.options import HeldLease, PushOptions
from catalog.changes.pull import pull, spell_out
from catalog.changes.push import push
from catalog.errors import DatabaseMismatchError, GoneError, InvalidInputError, ObjectMissingError
from catalog.format.head import Commit, StoredHead
from catalog.format.segment import Entry
from catalog.format.timestamp import microseconds
from catalog.format.version import Version
from catalog.local.booklet_header import Header, buckets_for
from catalog.local.data_file import DataFile, Record
from catalog.local.table import Row, Status, block_key, count_keys
from catalog.progress import Progress
from catalog.remote.fetch import Failure
from catalog.session.session import Session, WriteSession

_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class WayOut:
    """What a way out of a parting does, or did: the keys that it adds, changes and removes; metadata is the key ``""``.

    `put_on_top` and `keep_as` change the remote, `follow` the working copy. ``missing`` are keys whose values are neither
    here nor in the remote any more, so that they cannot be kept. ``aside`` is the booklet that got what `follow` drops,
    ``commit`` what was made; both None while nothing was done yet.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    missing: tuple[str, ...]
    aside: Path | None = None
    commit: Commit | None = None


@dataclass(frozen=True, slots=True)
class _Difference:
    """A key that differs: what is here (a row, or else an entry of the base), and what the remote's newest commit has."""

    key: str
    row: Row | None
    mine: Entry | None
    theirs: Entry | None

    @property
    def edited(self) -> bool:
        return self.row is not None and self.row.edited

    @property
    def held(self) -> bool:
        """Whether the value that counts here is in the data file."""
        return self.row is not None and self.row.held

    @property
    def version(self) -> Version | None:
        """The version that is here."""
        if self.row is not None and self.row.status != Status.LEAVING:
            return self.row.version
        return self.mine.version if self.mine is not None else None

    @property
    def is_one(self) -> bool:
        return self.version != (self.theirs.version if self.theirs is not None else None)


def _differences(session: Session, newest: StoredHead) -> list[_Difference]:
    """What is here otherwise than in ``newest``, sorted by key; where the base's index is gone, all rows are compared."""
    theirs = session.remote.snapshot(newest)
    base = session.base
    arriving: dict[str, tuple[Entry | None, Entry | None]] = {}
    known = base is not None and is_left(session, base, theirs)
    if base is not None and known:
        arriving = {key: (before, after) for key, before, after in base.differing(theirs)}
        rows = session.table.edited()
    else:
        theirs.prefetch_all()
        rows = session.table.all()
    found = {}
    for row in rows:
        if row.key not in arriving:
            mine = base.find(row.key) if base is not None and known else None
            found[row.key] = _Difference(row.key, row, mine, mine if known else theirs.find(row.key))
    keys = list(arriving)
    for start in range(0, len(keys), _BATCH):
        rows_of = session.table.get_many(keys[start : start + _BATCH])
        for key in keys[start : start + _BATCH]:
            found[key] = _Difference(key, rows_of.get(key), *arriving[key])
    return [found[key] for key in sorted(found) if found[key].is_one]


def _to_fetch(differences: Iterable[_Difference]) -> list[tuple[str, Entry]]:
    """What is here only as an entry of the base, and has to be fetched to be kept."""
    return [(found.key, found.mine) for found in differences if not found.held and not found.edited and found.mine is not None]


def _lost(session: Session, wanted: Iterable[tuple[str, Entry]]) -> set[str]:
    """The keys of which the remote has not even the pack any more; one request for each pack."""
    there: dict[bytes, bool] = {}
    lost = set()
    for key, entry in wanted:
        if entry.inline is not None or session.cached_value(entry) is not None:
            continue
        if entry.pack not in there:
            try:
                session.remote.store.head(session.remote.names.pack(entry.pack))
                there[entry.pack] = True
            except ObjectMissingError:
                there[entry.pack] = False
        if not there[entry.pack]:
            lost.add(key)
    return lost


def elsewhere(session: Session) -> StoredHead:
    """The remote's newest commit, which parted from the base; InvalidInputError where it did not."""
    session.look()
    if session.elsewhere is None:
        raise InvalidInputError(
            f"{session.remote.where} is in line with {session.copy.path}: there is no way out to take.", hint="Pull or push."
        )
    return session.elsewhere


def _sorted_out(differences: Iterable[_Difference], lost: set[str], *, outward: bool) -> WayOut:
    """The keys of differences, as what happens to the remote (``outward``), or to what is here."""
    added: list[str] = []
    changed: list[str] = []
    removed: list[str] = []
    for found in differences:
        if (found.key in lost and outward) or (found.edited and not outward):
            continue
        before = found.theirs.version if found.theirs is not None else None
        after = found.version
        if not outward:
            before, after = after, before
        (added if before is None else removed if after is None else changed).append(found.key)
    return WayOut(tuple(added), tuple(changed), tuple(removed), tuple(sorted(lost)))


def plan_on_top(session: Session) -> WayOut:
    """What `put_on_top` would do to the remote."""
    newest = elsewhere(session)
    with session.lock:
        session.flush()
        differences = _differences(session, newest)
        return _sorted_out(differences, _lost(session, _to_fetch(differences)), outward=True)


def put_on_top(session: WriteSession, options: PushOptions, lease: HeldLease | None, progress: Progress) -> WayOut:
    """Make what is here the newest commit, on top of the remote's; keys whose values are nowhere any more stay as they are there.

    Raises as a push, after which it is an ordinary one: what differs is unpushed changes then. Raises DatabaseMismatchError where
    the remote has another kind of values by now.
    """
    newest = elsewhere(session)
    with session.lock:
        theirs = Header.parse(newest.head.header, session.remote.where)
        if theirs.value_serializer != session.writer.data.header.value_serializer:
            raise DatabaseMismatchError(
                f"{session.remote.where} has another kind of values than {session.copy.path} by now.",
                hint="Keep what is here as a new database (keep_as()).",
            )
        progress.begin("comparing")
        spell_out(session)
        session.flush()
        differences = _differences(session, newest)
        lost = _bring_here(session, _to_fetch(differences), progress)
        with session.writer.held():
            session.flush()
            _claim(session, newest, [found for found in differences if found.key not in lost])
        session.writer.sync()
        made = push(session, options, lease, progress)
        found = _sorted_out(differences, lost, outward=True)
        return WayOut(found.added, found.changed, found.removed, found.missing, None, made.commit)


def _bring_here(session: WriteSession, wanted: Iterable[tuple[str, Entry]], progress: Progress) -> set[str]:
    """Fetch values into the data file; the keys of those that are gone. Raises what else goes wrong."""
    lost: set[str] = set()
    cached, rest = [], []
    for key, entry in wanted:
        value = session.cached_value(entry)
        (cached.append((key, entry, value)) if value is not None else rest.append((key, entry)))
    session.writer.keep((key, entry.timestamp, value, entry.checksum) for key, entry, value in cached)
    for fetched in session.remote.values(rest, progress):
        if isinstance(fetched, Failure):
            if not isinstance(fetched.error, GoneError):
                raise fetched.error
            lost.update(fetched.keys)
        else:
            session.writer.keep((key, entry.timestamp, value, entry.checksum) for key, entry, value in fetched)
    return lost


def _claim(session: WriteSession, newest: StoredHead, differences: Iterable[_Difference]) -> None:
    """Build on ``newest``, with what differs here as edits on top of it."""
    stream = iter(differences)
    with session.state.transaction(durable=True):
        session.table.put(replace(row, base=None) for row in session.table.conflicts())
        while batch := list(islice(stream, _BATCH)):
            rows = session.table.get_many([found.key for found in batch])
            session.table.put(_claimed(session, batch, rows))
        session.build_on(newest)
        session.state.forget_attempts()
    session.writer.follow_numbers()


def _claimed(session: WriteSession, batch: Iterable[_Difference], rows: dict[str, Row]) -> Iterator[Row]:
    moment = microseconds(None)
    for found in batch:
        row = rows.get(found.key)
        if row is not None and row.edited:
            continue
        session.state.last_edit += 1
        edit = session.state.last_edit
        if found.version is None:
            yield Row(found.key, Status.DELETED, moment, 0, 0, bytes(8), edit, None)
        elif row is not None and row.held:
            yield replace(row, status=Status.EDITED, edit=edit, base=None)


def plan_follow(session: Session) -> WayOut:
    """What `follow` would do here."""
    newest = elsewhere(session)
    with session.lock:
        session.flush()
        differences = _differences(session, newest)
        dropped = [found for found in differences if not found.edited]
        return _sorted_out(differences, _lost(session, _to_fetch(dropped)), outward=False)


def follow(session: WriteSession, progress: Progress) -> WayOut:
    """Move to the remote's newest commit; what is here and not there is kept aside first, in a booklet beside the file.

    Unpushed edits stay; those that meet what the remote has become conflicts. Raises LocalFileError when it cannot be kept.
    """
    newest = elsewhere(session)
    with session.lock:
        progress.begin("comparing")
        spell_out(session)
        session.flush()
        differences = _differences(session, newest)
        dropped = [found for found in differences if not found.edited and found.version is not None]
        lost = _bring_here(session, _to_fetch(dropped), progress)
        aside = _keep_aside(session, [found.key for found in dropped if found.key not in lost])
        session.remember_seen(newest)
        pull(session, progress)
        found = _sorted_out(differences, lost, outward=False)
        return WayOut(found.added, found.changed, found.removed, found.missing, aside)


def _keep_aside(session: WriteSession, keys: list[str]) -> Path | None:
    """Write values of the working copy into a new booklet beside it, whose path is the answer; None where there are none."""
    if not keys:
        return None
    path = aside_of(session.copy.path, "dropped")
    header = session.writer.data.header
    DataFile.create(path, header.fresh(buckets_for(len(keys))))
    data = DataFile(path, writable=True)
    try:
        for start in range(0, len(keys), _BATCH):
            rows = session.table.get_many(keys[start : start + _BATCH])
            values = [(row, value) for row in rows.values() if (value := session.local_bytes(row)) is not None]
            batch = data.append([Record(block_key(row.key), row.timestamp, value) for row, value in values])
            data.link(batch, count_keys(row.key for row, _ in values))
        data.flush()
    finally:
        data.close()
    return path


def aside_of(path: Path, why: str) -> Path:
    """A name of its own beside a file for what is kept aside of it."""
    stem = f"{path.name}.{why}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = chain((stem,), (f"{stem}-{number}" for number in count(2)))
    return next(candidate for name in names if not (candidate := path.with_name(name)).exists())
