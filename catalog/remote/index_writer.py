"""Writing the index of a commit: small changes into the commit itself, others as a run of segments on top of the older ones."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.format import runs as index
from catalog.format.content import compress, content_id
from catalog.format.door import check_readable
from catalog.format.head import (
    MOST_ATTACHED_SEGMENTS,
    MOST_SMALL_SEGMENTS,
    Changes,
    RunRef,
    StoredHead,
    Table,
    encode_changes,
    run_of,
)
from catalog.format.names import ObjectNames
from catalog.format.segment import Entry
from catalog.format.table import IndexFile, SegmentRef, check_file, decode_table, encode_table
from catalog.remote.segment_reader import SegmentReader

MOST_INLINE_VALUE = 512
"""A longer value goes into a pack, however few there are."""

MOST_CHANGES = 64
_MOST_CHANGE_BYTES = 3 << 10
_ENTRY_BYTES = 24
"""What an entry takes beside its key and an inline value, about."""

_MOST_RUNS = 40
"""Runs beyond these are merged: a reader accepts no more than a hundred."""

Put = Callable[[str, bytes], object]


@dataclass(frozen=True, slots=True)
class Index:
    """What reads the keys of a commit: its own changes and its runs, with those tables that its head may attach."""

    changes: Changes | None = None
    runs: tuple[RunRef, ...] = ()
    tables: Mapping[bytes, Table] = field(default_factory=dict)


def fits_inline(items: Sequence[tuple[str, Entry]]) -> bool:
    """Whether a commit can hold these changes itself."""
    size = sum(len(key.encode()) + len(entry.inline or b"") + _ENTRY_BYTES for key, entry in items)
    return len(items) <= MOST_CHANGES and size <= _MOST_CHANGE_BYTES


class IndexWriter:
    """Makes the index of the next commit; what it consists of goes to ``put``. Nothing refers to it until a head does."""

    def __init__(self, reader: SegmentReader, names: ObjectNames, put: Put, salt: int) -> None:
        self._reader, self._names, self._put, self._salt = reader, names, put, salt

    def hold(self, base: StoredHead | None, items: Sequence[tuple[str, Entry]]) -> Index | None:
        """The index of ``base`` with a few sorted changes, which the commit holds itself; None where these are too many."""
        held = base.changes.items() if base is not None and base.changes is not None else iter(())
        merged = list(index.newest([items, held]))
        if base is None or not base.head.runs:
            merged = list(index.live(merged))
        if not fits_inline(merged):
            return None
        changes = encode_changes(merged) if merged else None
        return self._with(base, changes, base.head.runs) if base is not None else Index(changes)

    def extend(
        self,
        base: StoredHead | None,
        entries: Iterable[tuple[str, Entry]],
        expected: int,
        total: int,
        without_files: Collection[bytes] = (),
    ) -> Index:
        """The index of ``base`` with about ``expected`` sorted entries as a new run, merged with as many as is worth it.

        ``entries`` have the changes that ``base`` held itself among them, since none is held any more. ``total`` is about
        how many keys there will be. Of merged runs no segment stays that lies in one of the index files ``without_files``.
        """
        runs = base.head.runs if base is not None else ()
        keys_each = index.keys_per_segment(total)

        def resolve(run: RunRef) -> Sequence[SegmentRef]:
            assert base is not None
            return self._reader.run(run, base)

        if len(runs) > _MOST_RUNS:
            expected = max(expected, total)
        access = index.SegmentAccess(resolve, self._reader.load, self._put_file, self._salt, without_files)
        refs, older = index.extend(runs, entries, expected, keys_each, access)
        return self._on_top(base, refs, older, None)

    def write_run(self, entries: Iterable[tuple[str, Entry]], total: int) -> list[SegmentRef]:
        """Sorted entries as a run of their own, which can be put on top of any commit with the same salt."""
        return index.write_run(entries, index.keys_per_segment(total), self._put_file, self._salt)

    def read_run(self, refs: Sequence[SegmentRef]) -> Iterator[tuple[str, Entry]]:
        """The entries of a run, as `write_run` made it."""
        return index.run_items(refs, self._reader.load)

    def put_on_top(self, base: StoredHead, refs: Sequence[SegmentRef]) -> Index:
        """The index of ``base``, which has runs, with another on top; what ``base`` held itself of its keys is given up."""
        held = list(base.changes.items()) if base.changes is not None else []
        left = [(key, entry) for key, entry in held if not self._says_something_of(refs, key)]
        return self._on_top(base, refs, base.head.runs, encode_changes(left) if left else None)

    def _says_something_of(self, refs: Sequence[SegmentRef], key: str) -> bool:
        after = bisect_right(refs, key, key=lambda ref: ref.first)
        return after > 0 and self._reader.outline(refs[after - 1], key) is not None

    def _on_top(
        self, base: StoredHead | None, refs: Sequence[SegmentRef], older: tuple[RunRef, ...], changes: Changes | None
    ) -> Index:
        if not refs:
            return self._with(base, changes, older) if base is not None else Index(changes)
        if len(refs) <= MOST_SMALL_SEGMENTS:
            return self._with(base, changes, (run_of(refs), *older))
        content = encode_table(refs, self._salt)
        check_readable("This table of the index", lambda: decode_table(content, "It"))
        table_id, body = content_id(content), compress(content)
        self._put(self._names.table(table_id), body)
        run = RunRef(len(refs), sum(ref.keys for ref in refs), None, table_id, len(body))
        made = self._with(base, changes, older)
        return Index(changes, (run, *older), {table_id: (tuple(refs), body), **made.tables})

    def _with(self, base: StoredHead | None, changes: Changes | None, runs: tuple[RunRef, ...]) -> Index:
        """An index of runs of ``base``, with those of its tables that are small enough to be attached again."""
        tables = {}
        for run in runs:
            if run.table is not None and base is not None and run.segments <= MOST_ATTACHED_SEGMENTS:
                tables[run.table] = self._reader.table(run, base)
        return Index(changes, runs, tables)

    def _put_file(self, file: IndexFile) -> None:
        check_readable("This piece of the index", lambda: check_file(file))
        self._reader.keep(file)
        self._put(self._names.index_file(file.file_id), file.body)
