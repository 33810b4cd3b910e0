"""A remote's index in memory: index files by id, and commits made as pushes make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from catalog.format import runs as index
from catalog.format.content import compress, content_id
from catalog.format.head import RunRef, StoredHead, encode_changes, encode_head, run_of
from catalog.format.names import ObjectNames
from catalog.format.segment import Entry, Segment, decode_segment
from catalog.format.table import IndexFile, Run, SegmentRef, encode_table
from catalog.remote.index_writer import Index, IndexWriter
from catalog.remote.place import Place
from catalog.remote.segment_reader import SegmentReader
from catalog.remote.snapshot import Snapshot
from catalog.store.directory.store import DirectoryStore

from .entries import make_head

Items = list[tuple[str, Entry]]


class Bucket:
    """Index files in memory; it is its own cache, so that a reader never asks the store."""

    def __init__(self) -> None:
        self.frames: dict[str, bytes] = {}
        self.files: dict[bytes, bytes] = {}
        self.loaded: list[bytes] = []
        self.reader = SegmentReader(Place(DirectoryStore(Path("nowhere")), ObjectNames("db")), self, 2)
        self.writer = IndexWriter(self.reader, ObjectNames("db"), self.put_object, 0)

    def get_segment(self, object_id: str) -> bytes | None:
        return self.frames.get(object_id)

    def put_segment(self, object_id: str, body: bytes) -> None:
        self.frames[object_id] = body

    def put_object(self, name: str, body: bytes) -> None:
        if "/index/" in name:
            self.files[bytes.fromhex(name.rpartition("/")[2])] = body
        else:
            self.frames[name.rpartition("/")[2]] = body

    def put(self, file: IndexFile) -> None:
        self.reader.keep(file)
        self.files[file.file_id] = file.body

    def load(self, ref: SegmentRef) -> Segment:
        self.loaded.append(ref.id)
        body = self.files[ref.file]
        keys = body[ref.keys_at : ref.keys_at + ref.keys_size]
        entries = body[ref.entries_at : ref.entries_at + ref.entries_size]
        segment = decode_segment(keys, entries, ref.id, "a segment")
        assert len(segment) == ref.keys
        return segment

    def write_run(self, items: Iterable[tuple[str, Entry]], keys_each: int) -> Run:
        return tuple(index.write_run(items, keys_each, self.put))

    def commit(self, index_: Index) -> StoredHead:
        return encode_head(make_head(changes=index_.changes, runs=index_.runs), index_.tables)

    def push(self, base: StoredHead | None, items: Items) -> StoredHead:
        """The commit after a push of sorted ``items``: small ones are held, others become a run with what was held."""
        found = self.writer.hold(base, items)
        if found is None:
            held = list(base.changes.items()) if base is not None and base.changes is not None else []
            found = self.writer.extend(base, index.newest([items, held]), len(items) + len(held), 1)
        return self.commit(found)

    def state(self, runs: Sequence[Run], changes: Items | None = None) -> StoredHead:
        """A commit of these runs, whose tables are apart where they are large."""
        refs = []
        for run in runs:
            if len(run) % 2:
                refs.append(run_of(run))
            else:
                content = encode_table(run)
                self.frames[content_id(content).hex()] = compress(content)
                refs.append(RunRef(len(run), sum(r.keys for r in run), None, content_id(content), len(compress(content))))
        return encode_head(make_head(runs=tuple(refs), changes=encode_changes(changes) if changes else None))

    def snapshot(self, stored: StoredHead) -> Snapshot:
        return Snapshot(stored, self.reader)
