"""Estimating: what a push would send, planned as the push plans it and sent nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.changes.options import PushOptions, PushResult
from catalog.changes.pull import spell_out
from catalog.changes.push import aim_of
from catalog.changes.stage import Sink, Tally, first_index, head_of, outgoing_values
from catalog.format.head import encode_head
from catalog.format.pack import PlannedPack
from catalog.progress import Progress
from catalog.session.session import WriteSession


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

    def put(self, _name: str, body: bytes) -> None:
        """Count another object."""
        self.objects += 1
        self.size += len(body)


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
        sums, tally, target = _Sums(), Tally(), aim.target
        sink = Sink(sums.put, sums.pack)
        outgoing = outgoing_values(session, options, target, aim.arriving, tally, sink)
        index, _ = first_index(session, outgoing, target, sink, session.table.count_edited())
        head = encode_head(head_of(session, options, target, index, tally, sums.put), index.tables)
        for body in (head.commit_body, head.body):
            sums.put("", body)
        return PushResult(None, tally.pushed, sums.size, sums.objects)
