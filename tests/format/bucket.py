"""A remote's index in memory: segments by id, and commits made as pushes make them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from catalog.errors import IntegrityError
from catalog.format import runs as index
from catalog.format.head import SegmentRef, StoredHead, encode_head
from catalog.format.names import ObjectNames
from catalog.format.segment import EncodedSegment, Entry, Segment, decode_segment
from catalog.remote.place import Place
from catalog.remote.segment_reader import SegmentReader
from catalog.remote.snapshot import Snapshot
from catalog.store.directory.store import DirectoryStore

from .entries import make_head

Runs = tuple[tuple[SegmentRef, ...], ...]
Items = list[tuple[str, Entry]]


class Bucket:
    """Segments in memory; it is its own cache, so that a reader never asks the store."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.loaded: list[str] = []
        self.reader = SegmentReader(Place(DirectoryStore(Path("nowhere")), ObjectNames("db")), self, 2)

    def get_segment(self, segment_id: str) -> bytes | None:
        return self.bodies.get(segment_id)

    def put_segment(self, segment_id: str, body: bytes) -> None:
        self.bodies[segment_id] = body

    def put(self, segment: EncodedSegment) -> None:
        self.bodies[segment.segment_id] = segment.body

    def load(self, ref: SegmentRef) -> Segment:
        self.loaded.append(ref.id)
        segment = decode_segment(self.bodies[ref.id], ref.id, "a segment")
        if len(segment) != ref.keys or len(self.bodies[ref.id]) != ref.bytes:
            raise IntegrityError("the reference is wrong")
        return segment

    def push(self, runs: Runs, items: Items, keys_each: int) -> Runs:
        """The runs after a push of sorted ``items``, as `catalog.changes.push` makes them."""
        if not runs:
            written = index.write_run(index.live(items), keys_each, self.put)
            return (tuple(written),) if written else ()
        count = index.runs_to_merge(runs, len(items))
        if count == len(runs):
            newer = index.newest([items, *(index.run_items(run, self.load) for run in runs[:-1])])
            written = index.apply_to_oldest(newer, runs[-1], self.load, keys_each, self.put)
            return (tuple(written),) if written else ()
        merged = index.newest([items, *(index.run_items(run, self.load) for run in runs[:count])])
        written = index.write_run(merged, keys_each, self.put)
        return (tuple(written), *runs[count:]) if written else runs

    def snapshot(self, runs: Sequence[Sequence[SegmentRef]]) -> Snapshot:
        return Snapshot(self.head(runs), self.reader)

    def head(self, runs: Sequence[Sequence[SegmentRef]]) -> StoredHead:
        return encode_head(make_head(runs=tuple(tuple(run) for run in runs)))
