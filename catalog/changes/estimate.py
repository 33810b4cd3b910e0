"""Estimating: what a push would send, planned as the push plans it and sent nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.changes.pack_plan import plan_entries
from catalog.changes.pull import spell_out
from catalog.changes.push import PushOptions, PushResult, aim_of, head_of, outgoing_values, tally_on
from catalog.format import runs as index
from catalog.format.head import encode_head
from catalog.format.pack import PlannedPack
from catalog.format.segment import EncodedSegment
from catalog.progress import Progress
from catalog.session.session import WriteSession

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


def estimate(session: WriteSession, options: PushOptions, progress: Progress) -> PushResult:
    """What a push with these options would send: the keys are exact, the bytes to a few; large values take more requests.

    Asks for the newest commit, and raises what the push would: ConflictError above all. Packs of an earlier attempt that are up
    already are counted too.
    """
    with session.lock:
        if options.keys is not None:
            spell_out(session)
        session.writer.sync()
        progress.begin("comparing")
        session.refresh()
        aim = aim_of(session, options)
        if aim.is_there:
            return PushResult(None, 0, 0, 0)
        sums, target = _Sums(), aim.target
        tally = tally_on(session, target)
        salt = target.head.salt if target is not None else 0
        entries = plan_entries(outgoing_values(session, options, aim, tally), sums.pack, salt)
        runs = target.head.runs if target is not None and not session.replacing else ()
        expected = session.table.count_edited()
        keys_each = index.keys_per_segment((target.head.keys if target else 0) + expected)
        new_runs = index.extend(runs, entries, expected, keys_each, session.remote.load_segment, sums.segment, salt)
        head = encode_head(head_of(session, options, target, new_runs, tally))
        return PushResult(None, tally.pushed, sums.size + _HEADS * len(head.body), sums.objects + _HEADS)
