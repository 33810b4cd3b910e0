"""Estimating: what a push would send, planned as the push plans it and sent nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.changes.pack_plan import plan_entries
from catalog.changes.pull import spell_out
from catalog.changes.push import PushOptions, PushResult, Tally, chosen_edits, head_of, metadata_of, outgoing_values, target_of
from catalog.format import runs as index
from catalog.format.head import encode_head
from catalog.format.pack import PlannedPack
from catalog.format.segment import EncodedSegment
from catalog.local.writer import Writer
from catalog.progress import Progress
from catalog.session.session import Session

_HEADS = 2
"""The commit, and the head that names it."""


@dataclass(slots=True)
class _Sums:
    """What would go up."""

    objects: int = 0
    size: int = 0
    packs: set[bytes] = field(default_factory=set)

    def pack(self, pack: PlannedPack) -> None:
        """Count a pack; one that is there twice goes up once."""
        if pack.pack_id not in self.packs:
            self.packs.add(pack.pack_id)
            self.objects += 1
            self.size += pack.size

    def segment(self, segment: EncodedSegment) -> None:
        """Count a segment."""
        self.objects += 1
        self.size += len(segment.body)


def estimate(session: Session, writer: Writer, options: PushOptions, progress: Progress) -> PushResult:
    """What a push with these options would send: the keys are exact, the bytes to a few; large values take more requests.

    Asks for the newest commit, and raises what the push would: ConflictError above all. Packs of an earlier attempt that are up
    already are counted too.
    """
    with session.lock:
        if options.keys is not None:
            spell_out(session, writer)
        writer.sync()
        progress.begin("comparing")
        session.refresh()
        target, arriving = target_of(session, options)
        metadata, metadata_pushed = metadata_of(session, options, target)
        new_head = target is None or (session.replacing and target.commit_id == session.base_id)
        if not (metadata_pushed or new_head) and all(row.key in arriving for row, _, _ in chosen_edits(session, options)):
            return PushResult(None, 0, 0, 0)
        sums = _Sums()
        tally = Tally(target.head.keys if target else 0, target.head.value_bytes if target else 0)
        salt = target.head.salt if target is not None else 0
        entries = plan_entries(outgoing_values(session, options, target, arriving, tally), sums.pack, salt)
        runs = target.head.runs if target is not None and not session.replacing else ()
        expected = session.table.count_edited()
        keys_each = index.keys_per_segment((target.head.keys if target else 0) + expected)
        new_runs = index.extend(runs, entries, expected, keys_each, session.remote.load_segment, sums.segment, salt)
        head = encode_head(head_of(session, writer, options, target, new_runs, tally, metadata))
        return PushResult(None, tally.pushed, sums.size + _HEADS * len(head.body), sums.objects + _HEADS)
