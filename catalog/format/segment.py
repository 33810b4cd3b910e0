"""A segment: an immutable, sorted piece of the index, in two frames (docs/design/0001-remote-format.md).

The frame of keys says which keys there are, of when their values are and how long; the frame of entries says where these lie. Who
only counts or lists reads the first. The segment's id is that of its frame of keys, which names the frame of entries.

A pack's directory is encoded the same way, and so are the changes that a commit holds itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from operator import add, lt, ne, sub
from typing import Annotated, Protocol

import msgspec

from catalog.errors import IntegrityError, UnsupportedFormatError
from catalog.format.checksum import CHECKSUM_BYTES, checksum
from catalog.format.content import ID_BYTES, check_version, compress, content_id, decode, encode, named_content
from catalog.format.strings import MOST_STRINGS, FrontCoded, front_code, spell_out
from catalog.format.version import UNKNOWN_CHECKSUM, Version

PACK_ID_BYTES = ID_BYTES
DELETED = b""
"""The pack of an entry that says: this key was deleted."""

LONGEST_KEY = 65_535
_MOST_OFFSET = 1 << 50
_LONGEST_VALUE = (1 << 32) - 1
_MOST_TIME = 1 << 56
_MOST_KEYS = MOST_STRINGS
_NO_PACK, _INLINE = -1, -2
_GONE = -1
_AS_IS = 0
"""The only compression of packs that there is: none."""

_RESERVED = ("7c40d2ea915b4f3a8e6d201", "adb01ebc1ba3433eb043527", "f19a5c3d7e2b48069ab34c5")
"""Keys that booklet keeps for itself: a database that named one would write over its own metadata."""

_Numbers = Annotated[list[int], msgspec.Meta(max_length=_MOST_KEYS)]
_Id = Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
_Ids = Annotated[list[_Id], msgspec.Meta(max_length=_MOST_KEYS)]


UNKNOWN_LENGTH = _LONGEST_VALUE
"""The length of a value without a checksum where the index does not say it either."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Where the value of one key lies: ``length`` bytes at ``offset`` of ``pack``, written at ``timestamp`` (µs).

    ``inline`` are the bytes themselves, where a commit holds them. ``pack_size`` is that of the pack's object in bytes.
    """

    timestamp: int
    pack: bytes
    offset: int
    length: int
    checksum: bytes
    inline: bytes | None = None
    pack_size: int = 0

    @property
    def version(self) -> Version:
        """The version of the value."""
        return Version(self.timestamp, self.length, self.checksum)

    @property
    def deleted(self) -> bool:
        """Whether this entry says that the key was deleted."""
        return self.pack == DELETED and self.inline is None

    @property
    def verifiable(self) -> bool:
        """Whether there is a checksum to verify the value by."""
        return self.checksum != UNKNOWN_CHECKSUM

    @property
    def size(self) -> int | None:
        """How many bytes the value takes as stored; None when it is not known."""
        return None if self.length == UNKNOWN_LENGTH and not self.verifiable else self.length

    def once_read(self, value: bytes) -> Entry:
        """The entry once its value was read: length and checksum are known in any case."""
        return self if self.verifiable else msgspec.structs.replace(self, length=len(value), checksum=checksum(value))


class Outline(msgspec.Struct, frozen=True, gc=False):
    """What a frame of keys says of one key: of when its value is, and its length, -1 where the key was deleted."""

    timestamp: int
    length: int

    @property
    def deleted(self) -> bool:
        """Whether this says that the key was deleted."""
        return self.length == _GONE


class _KeyColumns(msgspec.Struct, array_like=True):
    version: int
    entries_id: _Id
    keys: FrontCoded
    timestamps: _Numbers
    """Each minus the one before."""
    lengths: _Numbers
    """-1 where the key was deleted."""


class _EntryColumns(msgspec.Struct, array_like=True):
    version: int
    packs: _Ids
    pack_sizes: _Numbers
    compressions: _Numbers
    pack_numbers: _Numbers
    """Position in ``packs``, -1 where the key was deleted, -2 where the value is inline."""
    offsets: _Numbers
    """Each minus the end of the value before it."""
    checksums: bytes
    blocks: Annotated[list[tuple[int, bytes]], msgspec.Meta(max_length=_MOST_KEYS)] = []
    """Positions of large values, each with the checksums of its blocks; only in directories."""


_decode_keys = msgspec.msgpack.Decoder(_KeyColumns)
_decode_entries = msgspec.msgpack.Decoder(_EntryColumns)


@dataclass(frozen=True, slots=True)
class Keys:
    """A decoded frame of keys: the keys, sorted, with timestamps and the lengths of their values; -1 for a deleted one."""

    entries_id: bytes
    keys: Sequence[str]
    timestamps: Sequence[int]
    lengths: Sequence[int]

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, key: str) -> Outline | None:
        """What is said of ``key``, or None."""
        position = bisect_left(self.keys, key)
        if position < len(self.keys) and self.keys[position] == key:
            return Outline(self.timestamps[position], self.lengths[position])
        return None


class IndexPart(Protocol):
    """A piece of the index, sorted by key."""

    @property
    def packs(self) -> Sequence[bytes]:
        """The packs that it names."""

    @property
    def keys(self) -> Sequence[str]:
        """Its keys."""

    def __len__(self) -> int: ...

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, or None."""

    def items(self, start: str = "") -> Iterator[tuple[str, Entry]]:
        """All keys from ``start`` on with their entries, sorted."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A decoded segment: parallel columns sorted by key. ``inline`` are the values that a commit holds itself."""

    packs: Sequence[bytes]
    pack_sizes: Sequence[int]
    keys: Sequence[str]
    timestamps: Sequence[int]
    pack_numbers: Sequence[int]
    offsets: Sequence[int]
    lengths: Sequence[int]
    checksums: bytes
    inline: bytes = b""
    blocks: Sequence[tuple[int, bytes]] = ()

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def is_plain(self) -> bool:
        """Whether each of its keys has a value in a pack, of a known length, and a checksum: its columns say all of it."""
        return min(self.pack_numbers, default=0) >= 0 and UNKNOWN_CHECKSUM not in self.checksums

    def entry_at(self, position: int) -> Entry:
        """The entry of the key at ``position``."""
        number, offset, length = self.pack_numbers[position], self.offsets[position], self.lengths[position]
        sums = self.checksums[position * CHECKSUM_BYTES : (position + 1) * CHECKSUM_BYTES]
        timestamp = self.timestamps[position]
        if number == _INLINE:
            return Entry(timestamp, DELETED, 0, length, sums, self.inline[offset : offset + length])
        if number == _NO_PACK:
            return Entry(timestamp, DELETED, offset, length, sums)
        return Entry(timestamp, self.packs[number], offset, length, sums, None, self.pack_sizes[number])

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, or None."""
        position = bisect_left(self.keys, key)
        if position < len(self.keys) and self.keys[position] == key:
            return self.entry_at(position)
        return None

    def items(self, start: str = "") -> Iterator[tuple[str, Entry]]:
        """All keys from ``start`` on with their entries, sorted."""
        first = bisect_left(self.keys, start) if start else 0
        if _INLINE in self.pack_numbers:
            return ((self.keys[at], self.entry_at(at)) for at in range(first, len(self.keys)))
        packs, sizes, sums, size = [*self.packs, DELETED], [*self.pack_sizes, 0], self.checksums, CHECKSUM_BYTES
        numbers = self.pack_numbers[first:] if first else self.pack_numbers
        return zip(
            islice(self.keys, first, None),
            map(
                Entry,
                islice(self.timestamps, first, None),
                [packs[number] for number in numbers],
                islice(self.offsets, first, None),
                islice(self.lengths, first, None),
                [sums[at : at + size] for at in range(first * size, len(sums), size)],
                [None] * len(numbers),
                [sizes[number] for number in numbers],
            ),
            strict=True,
        )


EMPTY_SEGMENT = Segment((), (), (), (), (), (), (), b"")


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """The two frames of a segment as stored, and their ids; ``segment_id`` is that of the frame of keys."""

    segment_id: bytes
    entries_id: bytes
    first: str
    keys: int
    keys_body: bytes
    entries_body: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """A segment before it is compressed: both contents, and the values that are to be held inline."""

    keys: bytes
    entries: bytes
    inline: bytes


def encode_contents(items: Iterable[tuple[str, Entry]], salt: int = 0) -> Contents:
    """Encode sorted keys and entries, uncompressed."""
    keys: list[str] = []
    entries: list[Entry] = []
    for key, entry in items:
        keys.append(key)
        entries.append(entry)
    sizes = {entry.pack: entry.pack_size for entry in entries if entry.pack != DELETED}
    numbers = {pack: number for number, pack in enumerate(sizes)} | {DELETED: _NO_PACK}
    pack_numbers = [numbers[entry.pack] for entry in entries]
    offsets = [entry.offset for entry in entries]
    lengths = [entry.length for entry in entries]
    stated = lengths
    inline = b""
    if _NO_PACK in pack_numbers:
        inline = _place_inline(entries, pack_numbers, offsets)
        stated = [_GONE if number == _NO_PACK else length for number, length in zip(pack_numbers, lengths, strict=True)]
    content = encode(
        [
            list(sizes),
            list(sizes.values()),
            [_AS_IS] * len(sizes),
            pack_numbers,
            list(map(sub, offsets, chain((0,), map(add, offsets, lengths)))),
            b"".join([entry.checksum for entry in entries]),
        ]
    )
    timestamps = _steps([entry.timestamp for entry in entries])
    return Contents(encode([content_id(content), front_code(keys), timestamps, stated], salt), content, inline)


def _place_inline(entries: Sequence[Entry], pack_numbers: list[int], offsets: list[int]) -> bytes:
    """Give inline values their places one after another; the values."""
    values: list[bytes] = []
    end = 0
    for position, entry in enumerate(entries):
        if entry.inline is not None:
            pack_numbers[position], offsets[position] = _INLINE, end
            values.append(entry.inline)
            end += entry.length
    return b"".join(values)


def encode_directory(
    keys: list[str], timestamps: list[int], lengths: list[int], checksums: bytes, blocks: Mapping[int, bytes], salt: int = 0
) -> Contents:
    """Encode what `encode_contents` would for values that lie one after another in one pack, which cannot name itself."""
    nought = [0] * len(keys)
    columns = [[bytes(ID_BYTES)], [0], [_AS_IS], nought, nought, checksums]
    content = encode([*columns, sorted(blocks.items())] if blocks else columns)
    return Contents(encode([content_id(content), front_code(keys), _steps(timestamps), lengths], salt), content, b"")


def _steps(timestamps: Sequence[int]) -> list[int]:
    return list(map(sub, timestamps, chain((0,), timestamps)))


def encode_segment(items: Sequence[tuple[str, Entry]], salt: int = 0) -> EncodedSegment:
    """Encode sorted keys and entries, none of them inline, as a segment of the index."""
    contents = encode_contents(items, salt)
    if contents.inline:
        raise ValueError("A segment holds no values.")
    return EncodedSegment(
        content_id(contents.keys),
        content_id(contents.entries),
        items[0][0],
        len(items),
        compress(contents.keys),
        compress(contents.entries),
    )


def decode_keys(content: bytes, what: str) -> Keys:
    """Decode and check the content of a frame of keys; IntegrityError names ``what``."""
    columns = decode(_decode_keys, content, what)
    check_version(columns.version, what)
    keys = spell_out(columns.keys, what)
    if not len(keys) == len(columns.lengths) == len(columns.timestamps):
        raise IntegrityError(f"{what} is damaged: its columns differ in length.")
    _check_keys(keys, what)
    timestamps = list(accumulate(columns.timestamps))
    if keys and not (_within(columns.lengths, _GONE, _LONGEST_VALUE) and _within(timestamps, 0, _MOST_TIME - 1)):
        raise IntegrityError(f"{what} is damaged: it holds numbers out of range.")
    return Keys(columns.entries_id, keys, timestamps, columns.lengths)


def decode_entries(content: bytes, keys: Keys, what: str, inline: bytes | None = None) -> Segment:
    """Decode and check the content of the frame of entries that belongs to ``keys``; IntegrityError names ``what``.

    ``inline`` are the values of a commit's own changes; elsewhere no value can be inline.
    """
    columns = decode(_decode_entries, content, what)
    check_version(columns.version, what)
    count = len(keys)
    if not len(columns.pack_numbers) == len(columns.offsets) == count or len(columns.checksums) != count * CHECKSUM_BYTES:
        raise IntegrityError(f"{what} is damaged: its columns differ in length.")
    if not len(columns.packs) == len(columns.pack_sizes) == len(columns.compressions):
        raise IntegrityError(f"{what} is damaged: its columns differ in length.")
    if any(columns.compressions):
        raise UnsupportedFormatError(f"{what} names a pack that is compressed in a newer way.", hint="Upgrade booklet-catalog.")
    lengths = keys.lengths
    if count and min(lengths) < 0:
        lengths = [max(length, 0) for length in lengths]
    gone = map((0).__gt__, keys.lengths)
    if (_NO_PACK in columns.pack_numbers or lengths is not keys.lengths) and any(
        map(ne, map(_NO_PACK.__eq__, columns.pack_numbers), gone)
    ):
        raise IntegrityError(f"{what} is damaged: its frames differ in what was deleted.")
    offsets = list(accumulate(map(add, columns.offsets, chain((0,), lengths))))
    least = _NO_PACK if inline is None else _INLINE
    if count and not (
        _within(columns.pack_numbers, least, len(columns.packs) - 1)
        and _within(offsets, 0, _MOST_OFFSET)
        and (not columns.pack_sizes or _within(columns.pack_sizes, 0, _MOST_OFFSET))
    ):
        raise IntegrityError(f"{what} is damaged: it holds numbers out of range.")
    segment = Segment(
        columns.packs,
        columns.pack_sizes,
        keys.keys,
        keys.timestamps,
        columns.pack_numbers,
        offsets,
        lengths,
        columns.checksums,
        inline or b"",
        columns.blocks,
    )
    if inline is not None:
        _check_inline(segment, what)
    return segment


def _check_inline(segment: Segment, what: str) -> None:
    for key, entry in segment.items():
        if entry.inline is not None and (len(entry.inline) != entry.length or checksum(entry.inline) != entry.checksum):
            raise IntegrityError(f"{what} is damaged: the value of {key!r} does not match its checksum.", key=key)


def _within(numbers: Sequence[int], least: int, most: int) -> bool:
    return min(numbers) >= least and max(numbers) <= most


def _check_keys(keys: Sequence[str], what: str) -> None:
    if not all(map(lt, keys, islice(keys, 1, None))):
        raise IntegrityError(f"{what} is damaged: its keys are not sorted.")
    # at most four bytes a character: only long keys need counting
    longest = max(map(len, keys), default=0)
    if longest > LONGEST_KEY // 4 and any(len(key.encode()) > LONGEST_KEY for key in keys):
        raise IntegrityError(f"{what} is damaged: it holds a key that is too long.")
    for key in _RESERVED:
        position = bisect_left(keys, key)
        if position < len(keys) and keys[position] == key:
            raise IntegrityError(f"{what} is damaged: it holds a key that booklet reserves for itself.")


def decode_segment(keys_body: bytes, entries_body: bytes, segment_id: bytes, what: str) -> Segment:
    """Decode both frames of a segment, checking that they have the ids they are named by."""
    keys = decode_keys(named_content(keys_body, segment_id, what), what)
    return decode_entries(named_content(entries_body, keys.entries_id, what), keys, what)
