"""Tables: which segments a run of the index consists of, and where each lies.

A run is a sorted list of segments with disjoint ranges of keys. Segments that were written together lie in one object, the index
file: first their frames of keys, then their frames of entries, so that the keys of many segments are one range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Annotated

import msgspec

from catalog.errors import IntegrityError
from catalog.format.content import ID_BYTES, check_version, content_id, cut_frame, decode, encode
from catalog.format.segment import EncodedSegment, decode_segment
from catalog.format.strings import Counts, FrontCoded, front_code, spell_out

SEGMENTS_PER_FILE = 8
_LONGEST_BOUND = 70_000
_MOST = 1 << 50
_MOST_SEGMENTS = 1 << 20


class SegmentRef(msgspec.Struct, frozen=True, gc=False):
    """One segment of a run: no key before ``first`` and, but for the last of its run, none from the next one's ``first``.

    Its frames lie in the index file ``file``: that of its ``keys`` keys has ``keys_size`` bytes at ``keys_at``, that of the
    entries likewise.
    """

    id: bytes
    first: str
    keys: int
    file: bytes
    keys_at: int
    keys_size: int
    entries_at: int
    entries_size: int

    @property
    def size(self) -> int:
        """The size of both frames."""
        return self.keys_size + self.entries_size


Run = Sequence[SegmentRef]


@dataclass(frozen=True, slots=True)
class IndexFile:
    """Some segments as one object, and what refers to each."""

    file_id: bytes
    body: bytes
    refs: Sequence[SegmentRef]


def pack_segments(segments: Sequence[tuple[EncodedSegment, str]]) -> IndexFile:
    """Put segments, each with its bound, into one object, whose id derives from theirs."""
    file_id = content_id(b"".join(segment.segment_id for segment, _ in segments))
    frames = [segment.keys_body for segment, _ in segments] + [segment.entries_body for segment, _ in segments]
    starts = list(accumulate(map(len, frames), initial=0))
    count = len(segments)
    refs = [
        SegmentRef(
            segment.segment_id,
            first,
            segment.keys,
            file_id,
            starts[place],
            len(segment.keys_body),
            starts[count + place],
            len(segment.entries_body),
        )
        for place, (segment, first) in enumerate(segments)
    ]
    return IndexFile(file_id, b"".join(frames), refs)


def split_file(body: bytes, what: str) -> list[tuple[bytes, bytes]]:
    """The frames of keys and entries of each segment of an index file, told by nothing but its bytes."""
    frames: list[bytes] = []
    rest = body
    while rest:
        frame, rest = cut_frame(rest, what)
        frames.append(frame)
    half, odd = divmod(len(frames), 2)
    if odd or not frames:
        raise IntegrityError(f"{what} is damaged or cut off: its frames are not in pairs.")
    return list(zip(frames[:half], frames[half:], strict=True))


def check_file(file: IndexFile) -> None:
    """Raise IntegrityError where a reader could not use a file of segments that was just made."""
    for ref in file.refs:
        keys_body = file.body[ref.keys_at : ref.keys_at + ref.keys_size]
        entries_body = file.body[ref.entries_at : ref.entries_at + ref.entries_size]
        if len(decode_segment(keys_body, entries_body, ref.id, "It")) != ref.keys:
            raise IntegrityError("It holds other keys than it says.")


class _Columns(msgspec.Struct, array_like=True):
    version: int
    files: Annotated[list[bytes], msgspec.Meta(max_length=_MOST_SEGMENTS)]
    file_numbers: Counts
    ids: bytes
    firsts: FrontCoded
    keys: Counts
    keys_at: Counts
    """Each minus the end of the frame of keys before it in the same file; 0 is the end before the first of a file."""
    keys_sizes: Counts
    entries_at: Counts
    """Likewise."""
    entries_sizes: Counts


_decoder = msgspec.msgpack.Decoder(_Columns)


def encode_table(run: Run, salt: int = 0) -> bytes:
    """The content of a table."""
    files = list(dict.fromkeys(ref.file for ref in run))
    numbers = {file: number for number, file in enumerate(files)}
    keys_sizes, entries_sizes = [ref.keys_size for ref in run], [ref.entries_size for ref in run]
    file_numbers = [numbers[ref.file] for ref in run]
    return encode(
        [
            files,
            file_numbers,
            b"".join([ref.id for ref in run]),
            front_code([ref.first for ref in run]),
            [ref.keys for ref in run],
            _gaps(file_numbers, [ref.keys_at for ref in run], keys_sizes),
            keys_sizes,
            _gaps(file_numbers, [ref.entries_at for ref in run], entries_sizes),
            entries_sizes,
        ],
        salt,
    )


def decode_table(content: bytes, what: str) -> tuple[SegmentRef, ...]:
    """Decode and check the content of a table; IntegrityError names ``what``."""
    columns = decode(_decoder, content, what)
    check_version(columns.version, what)
    count = len(columns.keys)
    numbers = (columns.file_numbers, columns.keys_at, columns.keys_sizes, columns.entries_at, columns.entries_sizes)
    if not count or any(len(column) != count for column in numbers) or len(columns.ids) != count * ID_BYTES:
        raise IntegrityError(f"{what} is damaged: its columns differ in length.")
    if any(len(file) != ID_BYTES for file in columns.files) or not _within(columns.file_numbers, len(columns.files) - 1):
        raise IntegrityError(f"{what} is damaged: it names a file that is none.")
    firsts = spell_out(columns.firsts, what)
    if (
        len(firsts) != count
        or any(left >= right for left, right in pairwise(firsts))
        or len(max(firsts, key=len)) > _LONGEST_BOUND
    ):
        raise IntegrityError(f"{what} is damaged: its bounds are not sorted.")
    keys_at = _places(columns.file_numbers, columns.keys_at, columns.keys_sizes)
    entries_at = _places(columns.file_numbers, columns.entries_at, columns.entries_sizes)
    ranges = (columns.keys, keys_at, columns.keys_sizes, entries_at, columns.entries_sizes)
    if not all(_within(column, _MOST) for column in ranges):
        raise IntegrityError(f"{what} is damaged: it holds numbers out of range.")
    ids = [columns.ids[at : at + ID_BYTES] for at in range(0, len(columns.ids), ID_BYTES)]
    files = [columns.files[number] for number in columns.file_numbers]
    return tuple(
        map(SegmentRef, ids, firsts, columns.keys, files, keys_at, columns.keys_sizes, entries_at, columns.entries_sizes)
    )


def _gaps(file_numbers: Sequence[int], starts: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """The starts, each minus the end of the frame before it in its file."""
    ends: dict[int, int] = {}
    gaps = []
    for file, start, size in zip(file_numbers, starts, sizes, strict=True):
        gaps.append(start - ends.get(file, 0))
        ends[file] = start + size
    return gaps


def _places(file_numbers: Sequence[int], gaps: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """Undo `_gaps`."""
    ends: dict[int, int] = {}
    starts = []
    for file, gap, size in zip(file_numbers, gaps, sizes, strict=True):
        start = ends.get(file, 0) + gap
        starts.append(start)
        ends[file] = start + size
    return starts


def _within(numbers: Sequence[int], most: int) -> bool:
    return min(numbers) >= 0 and max(numbers) <= most
