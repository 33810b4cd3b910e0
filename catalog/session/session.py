"""A session: one opening of a working copy, with the commit it is based on and the way to its remote."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, takewhile

from typing_extensions import override

from catalog.errors import IntegrityError, LineageError, ReadOnlyError, WrongProcessError
from catalog.format.checksum import checksum
from catalog.format.head import Commit, StoredHead
from catalog.format.segment import Entry
from catalog.format.version import METADATA
from catalog.local.data_file import verified
from catalog.local.table import Row, Status
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.processes.fork import OfOneProcess
from catalog.progress import Progress
from catalog.remote.remote import Remote
from catalog.remote.snapshot import Snapshot
from catalog.session.key_info import KeyInfo, describe_key, join_rows, while_prefixed
from catalog.session.lineage import parting

_FIRST_PAGE = 256
_PAGE = 2_000
_PORTION, _PORTION_BYTES = 1_000, 64 << 20
_NO_CONTENT = (Status.LEAVING, (0, b""))
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character: strings of Python can have it, text cannot."""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A stored value with its timestamp."""

    value: bytes
    timestamp: int


Joined = tuple[str, Entry | None, Row | None]


def portions(joined: Iterable[Joined]) -> Iterator[list[Joined]]:
    """Keys some at a time, whose values fit into memory and into one go."""
    some: list[Joined] = []
    size = 0
    for key, entry, row in joined:
        some.append((key, entry, row))
        size += row.length if row is not None else entry.size or 0 if entry is not None else 0
        if len(some) >= _PORTION or size > _PORTION_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _as_text(start: str) -> str:
    """The least text that does not come before this string, which can be cut through a character."""
    if (half := _HALF.search(start)) is None:
        return start
    return start[: half.start()] + "\ue000"


def _is_usable(row: Row | None, entry: Entry | None) -> bool:
    """Whether the file has the value of a key.

    A writer in another process may move the working copy on meanwhile: what it holds then is no longer of our base.
    """
    if row is None or row.status != Status.COPY:
        return row is not None and row.status == Status.EDITED
    return entry is not None and row.is_copy_of(entry)


@dataclass(frozen=True, slots=True)
class _Counted:
    """How many keys there are and how many bytes they take, as of a generation and a base."""

    generation: int
    base_id: str
    keys: int
    value_bytes: int


class Session(OfOneProcess):
    """What one opened database consists of. Reads are safe from many threads; one that writes is a `WriteSession`.

    ``base`` is the commit that the working copy builds on, ``seen`` the newest one known. While ``replacing``, the working
    copy stands for the whole database: the next push puts its keys in the place of all that were there. ``parted`` says how the
    remote's newest commit, which is ``elsewhere`` then, parted from the base; ``notices`` what an opening found out.
    """

    def __init__(self, copy: WorkingCopy, remote: Remote, writer: Writer | None = None) -> None:
        self._own_writer = writer
        self.copy = copy
        self.state = copy.state
        self.table = copy.state.table
        self.cache = copy.cache
        self.remote = remote
        self.lock = threading.RLock()
        self.base: Snapshot | None = None
        self.seen: StoredHead | None = None
        self.parted: LineageError | None = None
        self.elsewhere: StoredHead | None = None
        self.notices: list[str] = []
        self._counted: _Counted | None = None
        self.load_heads()
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._own_writer, self.lock = None, threading.RLock()

    @property
    def writable(self) -> bool:
        """Whether this process may change the working copy through it."""
        return self._own_writer is not None

    def for_writing(self) -> WriteSession:
        """The session, if it may write; ReadOnlyError when it was opened for reading, WrongProcessError in a forked child."""
        raise ReadOnlyError(f"{self.copy.path} is open for reading.", hint="Open it with flag='w'.")

    @property
    def writer(self) -> Writer:
        """The writer of the working copy; raises what `for_writing` raises."""
        return self.for_writing().writer

    def load_heads(self) -> None:
        """Read from the sidecar which commits the working copy knows."""
        base, self.seen = self.state.heads()
        self._read_from(base)

    def _read_from(self, stored: StoredHead | None) -> None:
        """Read from a commit, whose index stays here."""
        self.base = self.remote.snapshot(stored) if stored is not None else None
        self.cache.keep_segments(self.base.cached_names if self.base is not None else set)

    @property
    def base_id(self) -> str | None:
        """The id of the base commit."""
        return self.base.commit_id if self.base is not None else None

    @property
    def built_on(self) -> Commit | None:
        """The commit that was seen here: the one that the working copy builds on."""
        return self.base.stored.commit if self.base is not None else None

    def has_seen(self, commit_id: str) -> bool:
        """Whether a commit is the one that the working copy builds on, or the last that a command has made here."""
        return commit_id == self.state.made or (self.built_on is not None and commit_id == self.built_on.id)

    @property
    def replacing(self) -> bool:
        """Whether the working copy stands for the whole database."""
        return self.state.replacing

    @property
    def generation(self) -> int:
        """A number that is another whenever what is known of keys or commits was changed; buffered edits count too."""
        self.flush()
        return self.state.generation

    def remember_seen(self, stored: StoredHead | None) -> None:
        """Note the newest commit known."""
        self.seen = stored
        self.state.see(stored)

    def refresh(self) -> StoredHead | None:
        """Ask the remote for its newest commit, in one small request; raises as `see_newest`."""
        known = self.seen
        newest = self.remote.newest(known)
        self.check_lineage(newest)
        if newest is not known:
            with self.state.transaction():
                if self.seen is known:
                    self.remember_seen(newest)
        return self.seen

    def see_newest(self, newest: StoredHead | None) -> None:
        """Note the newest commit of the remote; LineageError, and nothing noted, where it does not come after the base."""
        self.check_lineage(newest)
        self.remember_seen(newest)

    def check_lineage(self, newest: StoredHead | None) -> None:
        """Raise LineageError where a head of the remote does not come after the base: whoever followed it would lose values."""
        found = self._parting(newest)
        if found is not None and self.state.base_id != self.base_id:
            # Another process moved the working copy meanwhile.
            self.load_heads()
            found = self._parting(newest)
        self.parted, self.elsewhere = found, newest if found is not None else None
        if found is not None:
            raise found

    def _parting(self, newest: StoredHead | None) -> LineageError | None:
        if newest is None or self.base is None:
            return None
        return parting(self.remote, self.base.stored, newest)

    def look(self) -> StoredHead | None:
        """The newest commit of the remote, even one that does not come after the base: to be read, not to be built on."""
        try:
            return self.refresh()
        except LineageError:
            return self.elsewhere

    @contextmanager
    def writing(self, progress: Progress) -> Iterator[WriteSession | None]:
        """A session that writes, for the moment; None where somebody else writes or the file cannot be written."""
        writer = Writer.try_open(self.copy, progress)
        if writer is None:
            yield None
            return
        try:
            session = WriteSession(self.copy, self.remote, writer)
            session.base, session.seen = self.base, self.seen
            session.parted, session.elsewhere = self.parted, self.elsewhere
            yield session
            self.base, self.seen = session.base, session.seen
            self.parted, self.elsewhere = session.parted, session.elsewhere
        finally:
            writer.close()
            self.copy.data.reload()

    def known_entries(self, keys: Sequence[str]) -> dict[str, Entry | None]:
        """What the base commit has of those of some keys of which this is known without asking the remote; None: nothing."""
        base = self.base
        if base is None:
            return dict.fromkeys(keys)
        found: dict[str, Entry | None] = {}
        for key in keys:
            is_known, entry = base.find_in_memory(key)
            if is_known:
                found[key] = entry
        return found

    def base_entry(self, key: str) -> Entry | None:
        """What the base commit says of a key."""
        return self.base.find(key) if self.base is not None else None

    def visible_base(self) -> Snapshot | None:
        """The base commit, unless the working copy stands for the whole database."""
        return None if self.base is None or self.replacing else self.base

    def _base_of(self, key: str) -> Snapshot | None:
        """The commit that says what a key is where the working copy does not: of the metadata the base, which nothing hides."""
        return self.base if key == METADATA else self.visible_base()

    def flush(self) -> None:
        """Bring buffered edits into the table."""
        if self._own_writer is not None:
            self._own_writer.flush()

    def find(self, key: str) -> StoredValue | None:
        """The value of a key as this session sees it, verified; None when there is none."""
        if self._own_writer is not None and (change := self._own_writer.buffered(key)) is not None:
            return None if change.value is None else StoredValue(change.value, change.timestamp)
        row, base_id = self.table.get_with_base(key)
        if row is not None and row.status != Status.LEAVING:
            if row.status == Status.DELETED:
                return None
            if row.status == Status.EDITED or base_id == self.base_id or self._is_base_value(row):
                held = self._local_value(row)
                if held is not None:
                    return held
        base = self._base_of(key)
        entry = base.find(key) if base is not None else None
        return None if entry is None else StoredValue(self.remote_value(key, entry), entry.timestamp)

    def remote_value(self, key: str, entry: Entry) -> bytes:
        """The value of an entry, from the cache or the remote; a writer keeps it in the data file."""
        if entry.inline is not None:
            return entry.inline
        value = self.cached_value(entry)
        if value is None:
            value = self.remote.value(key, entry)
            self.cache.put_values([(entry.pack, entry.offset, value)])
        return value

    def cached_value(self, entry: Entry) -> bytes | None:
        """The value of an entry, if the cache has it, verified as everything that can be."""
        value = self.cache.get_value(entry.pack, entry.offset)
        if value is None or not entry.verifiable:
            return value
        return value if (len(value), checksum(value)) == (entry.length, entry.checksum) else None

    def local_bytes(self, row: Row) -> bytes | None:
        """The value that a row names in the data file."""
        return self.copy.value_of(row, lambda: self._row_in_file(row.key), time.sleep)

    def _row_in_file(self, key: str) -> Row | None:
        row = self.table.get(key)
        return row if row is not None and row.held else None

    def _local_value(self, row: Row) -> StoredValue | None:
        try:
            value = self.local_bytes(row)
        except IntegrityError:
            if row.status == Status.EDITED:
                raise
            if self._own_writer is not None:
                self._own_writer.drop([row.key])
            return None
        return None if value is None else StoredValue(value, row.timestamp)

    def _is_base_value(self, row: Row) -> bool:
        """Whether a copy is of this session's base, though another process moved the working copy on."""
        entry = self.base_entry(row.key)
        return entry is not None and entry.version == row.version

    def holds(self, key: str) -> bool:
        """Whether a key exists as this session sees it; fetches no value."""
        if self._own_writer is not None and (change := self._own_writer.buffered(key)) is not None:
            return change.value is not None
        return self.timestamp_of(key) is not None

    def timestamp_of(self, key: str) -> int | None:
        """The timestamp of a key as this session sees it; fetches no value."""
        if self._own_writer is not None and (change := self._own_writer.buffered(key)) is not None:
            if not change.by_content:
                return None if change.value is None else change.timestamp
            # Whether it is a change at all, and so has this timestamp, is seen when it is written.
            self.flush()
        row = self.table.get(key)
        if row is not None and row.edited:
            return row.timestamp if row.status == Status.EDITED else None
        base = self.visible_base()
        if base is None:
            return row.timestamp if row is not None and row.status == Status.COPY else None
        entry = base.find(key)
        return entry.timestamp if entry is not None else None

    def compare(self, values: Mapping[str, bytes]) -> dict[str, bool]:
        """Of those of some keys that there are, whether they have these bytes: by length and checksum, fetching no value."""
        self.flush()
        contents = self.contents(list(values))
        return {key: contents[key] == (len(value), checksum(value)) for key, value in values.items() if key in contents}

    def contents(self, keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Lengths and checksums of the values of those of some keys that there are."""
        rows = self.table.contents(keys)
        base = self.visible_base()
        # Read after the rows: another process may have moved the working copy on, whose copies are of another base then.
        is_of_base = base is None or self.state.base_id == self.base_id
        found: dict[str, tuple[int, bytes]] = {}
        others = []
        for key in keys:
            status, content = rows.get(key, _NO_CONTENT)
            if status == Status.LEAVING or (status == Status.COPY and not is_of_base):
                others.append(key)
            elif status != Status.DELETED:
                found[key] = content
        if base is not None and others:
            found.update((key, entry.version.content) for key, entry in base.find_many(others))
        return found

    def rows_from(self, start: str) -> Iterator[Row]:
        """Rows of the table from a key on, sorted, in pages; a small one first, which often is enough. Not the metadata."""
        start, size = _as_text(start), _FIRST_PAGE
        page = self.table.page(start, size, after=start == METADATA)
        while page:
            yield from page
            page, size = self.table.page(page[-1].key, _PAGE, after=True) if len(page) == size else [], _PAGE

    def key_infos(self, start: str = "", *, with_deleted: bool = False) -> Iterator[KeyInfo]:
        """All keys from ``start`` on, sorted; ``with_deleted`` shows what was deleted here too. Fetches no value."""
        self.flush()
        base = self.visible_base()
        entries: Iterator[tuple[str, Entry]] = base.items(start) if base is not None else iter(())
        for key, entry, row in join_rows(entries, self.rows_from(start)):
            deleted = row is not None and row.status == Status.DELETED
            info = describe_key(key, entry, row, has_base=base is not None)
            if info is not None and (with_deleted or not deleted):
                yield info

    def stored_items(
        self, prefix: str = "", bring: Callable[[Sequence[str]], None] | None = None
    ) -> Iterator[tuple[str, StoredValue]]:
        """All keys that begin with ``prefix`` with their values, sorted.

        ``bring`` is called with keys whose values are not in the file, some at a time, before they are reached; what is not there
        after it is fetched one by one.
        """
        self.flush()
        base = self.visible_base()
        entries: Iterator[tuple[str, Entry]] = base.items(prefix) if base is not None else iter(())
        for some in portions(takewhile(lambda each: each[0].startswith(prefix), join_rows(entries, self.rows_from(prefix)))):
            there = [(key, entry, row, _is_usable(row, entry)) for key, entry, row in some if row is None or not row.deleted]
            if bring is not None and (missing := [key for key, _, _, usable in there if not usable]):
                bring(missing)
            for key, entry, row, usable in there:
                value = verified(self.copy.data, row.offset, row.length, row.checksum) if row is not None and usable else None
                if value is not None and row is not None:
                    says_more = row.status == Status.COPY or entry is None or not row.says(entry)
                    yield key, StoredValue(value, row.timestamp if says_more or entry is None else entry.timestamp)
                elif (held := self.find(key)) is not None:
                    yield key, held

    def page(self, after: str | None, limit: int, prefix: str) -> list[KeyInfo]:
        """Some keys in their order: after a key, beginning with ``prefix``; deleted ones too."""
        start = max(after or "", prefix)
        infos = self.key_infos(start, with_deleted=True)
        chosen = (info for info in infos if after is None or info.key > after)
        return list(islice(while_prefixed(chosen, prefix), limit))

    def edited_rows(self) -> Iterator[Row]:
        """What the table says of keys that were edited here."""
        return self.table.edited_keys()

    def rows_of(self, keys: Sequence[str]) -> Mapping[str, Row]:
        """What the table says of those of some keys that it knows."""
        return self.table.get_many(keys)

    def added_keys(self) -> list[str]:
        """The keys that are listed though the base does not have them, sorted."""
        base = self.visible_base()
        return [
            row.key
            for row in self.table.edited_keys()
            if (row.status == Status.EDITED or row.base is not None) and (base is None or base.outline(row.key) is None)
        ]

    def count(self) -> int:
        """How many keys there are; needs the index only for keys that were edited here."""
        return self._totals()[0]

    def value_bytes(self) -> int:
        """How many bytes all values take as stored."""
        return self._totals()[1]

    def _totals(self) -> tuple[int, int]:
        generation = self.generation
        base = self.visible_base()
        if base is None:
            return self.table.held_size()
        if self._counted is None or (self._counted.generation, self._counted.base_id) != (generation, base.commit_id):
            keys, size = base.count, base.stored.head.value_bytes
            for row in self.table.edited_keys():
                there = base.outline(row.key)
                keys += (row.status == Status.EDITED) - (there is not None)
                size += row.length - (there.length if there is not None else 0)
            self._counted = _Counted(generation, base.commit_id, keys, size)
        return self._counted.keys, self._counted.value_bytes

    def metadata(self) -> StoredValue | None:
        """The user's metadata as this session sees it, as JSON."""
        return self.find(METADATA)

    def close(self) -> None:
        """Close files and connections; a writer syncs first."""
        try:
            if self._own_writer is not None:
                self._own_writer.close()
        finally:
            self.copy.close()
            self.remote.close()


class WriteSession(Session):
    """A session that may change the working copy, which it alone does, in the process that opened it."""

    def __init__(self, copy: WorkingCopy, remote: Remote, writer: Writer) -> None:
        super().__init__(copy, remote, writer)
        writer.known_entries = self.known_entries

    @property
    @override
    def writer(self) -> Writer:
        """The writer of the working copy; WrongProcessError in a forked child."""
        if self._own_writer is None:
            raise WrongProcessError(str(self.copy.path))
        return self._own_writer

    @override
    def for_writing(self) -> WriteSession:
        assert self.writer is not None
        return self

    @contextmanager
    @override
    def writing(self, progress: Progress) -> Iterator[WriteSession | None]:
        """The session itself; None in a forked child, whose parent writes."""
        yield self if self.writable else None

    def build_on(self, stored: StoredHead | None) -> None:
        """Build on another commit from now on; within the caller's transaction."""
        self.state.build_on(stored)
        self.follow_base(stored)

    def follow_base(self, stored: StoredHead | None) -> None:
        """Read from a commit that the state builds on by now."""
        self.seen = stored
        self.parted = self.elsewhere = None
        self._read_from(stored)
