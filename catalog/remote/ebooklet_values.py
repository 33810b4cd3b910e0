"""Values of ebooklet's remotes: where each lies, and how many of them are fetched together and told from one another.

ebooklet keeps no checksums. What comes before a value in a group (its key and length) is compared instead; where they differ,
the whole group is read. An object that was written again meanwhile has a newer value than the index says: that one is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from itertools import islice

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.group_object import Member, decode_group, header_bytes, read_header
from catalog.ebooklet_format.names import EbookletNames
from catalog.errors import CatalogError, GoneError, IntegrityError, ObjectMissingError
from catalog.format.segment import PACK_ID_BYTES, UNKNOWN_LENGTH, Entry
from catalog.format.version import UNKNOWN_CHECKSUM
from catalog.progress import Progress
from catalog.remote.fetch import Failure, Fetched, Results, fetch_in_parallel, join_spans
from catalog.remote.place import Place
from catalog.store.interface import ByteRange, FetchedObject

_LARGEST = (1 << 32) - 1
_WINDOW = 100_000
"""Keys that are looked at together: neighbours in the order of keys lie in any group."""
_TIMESTAMP = "timestamp"


class Kept(Enum):
    """How ebooklet keeps a value, as the first byte of the pack of its entry says."""

    ALONE = b"k"
    """In an object of its own, named by its key."""
    IN_GENERATION = b"g"
    """In a group that is never written over: pack has its number and generation."""
    IN_PLACE = b"h"
    """In a group that is written over: pack has its number, and what tells this version of the value from others."""
    SOMEWHERE_IN_PLACE = b"s"
    """As before, where the index does not say where in the group."""


def entry_alone(key: str, found: IndexEntry) -> Entry:
    """The entry of a value in an object of its own."""
    return _unsized(Kept.ALONE.value + _digest(key, found, PACK_ID_BYTES - 1), found)


def entry_in_group(key: str, found: IndexEntry, group: int, generation: str | None, *, located: bool) -> Entry:
    """The entry of a value in a group; ``located`` says that the index knows where in it."""
    number = group.to_bytes(4, "big")
    if generation is not None:
        pack = Kept.IN_GENERATION.value + number + bytes.fromhex(f"{generation:0>22}")
    else:
        kept = Kept.IN_PLACE if located else Kept.SOMEWHERE_IN_PLACE
        pack = kept.value + number + _digest(key, found, PACK_ID_BYTES - 5)
    if not located:
        return _unsized(pack, found)
    return Entry(found.timestamp, pack, found.offset, found.length, UNKNOWN_CHECKSUM)


def _unsized(pack: bytes, found: IndexEntry) -> Entry:
    return Entry(found.timestamp, pack, 0, UNKNOWN_LENGTH, UNKNOWN_CHECKSUM)


def _digest(key: str, found: IndexEntry, size: int) -> bytes:
    """What tells one version of a value from every other, as its object's name does not."""
    return blake2b(found.timestamp.to_bytes(8, "little") + key.encode(), digest_size=size).digest()


def object_of(names: EbookletNames, key: str, pack: bytes) -> str:
    """The name of the object that holds the value of a key whose entry has this pack."""
    kind = Kept(pack[:1])
    if kind is Kept.ALONE:
        return names.value(key)
    return names.group(int.from_bytes(pack[1:5], "big"), pack.hex()[-13:] if kind is Kept.IN_GENERATION else None)


@dataclass(frozen=True, slots=True)
class _Request:
    """One request: a piece of an object (None: all of it), and the values in it."""

    name: str
    piece: ByteRange | None
    wanted: Sequence[tuple[str, Entry]]


def fetch_ebooklet_value(place: Place, key: str, entry: Entry) -> bytes:
    """Fetch one value."""
    [[asked]] = _plan(EbookletNames(place.names.db_key), [(key, entry)])
    found = _fetch(place, asked)[0]
    if isinstance(found, Failure):
        raise found.error
    return found[0][2]


def fetch_ebooklet_values(
    place: Place, wanted: Iterable[tuple[str, Entry]], threads: int, progress: Progress
) -> Iterator[Fetched | Failure]:
    """Fetch many values, those of a group in few large requests. Each comes with an entry that has its length and checksum."""
    return fetch_in_parallel(
        _plan(EbookletNames(place.names.db_key), wanted), lambda asked: _fetch(place, asked), threads, progress
    )


def _plan(names: EbookletNames, wanted: Iterable[tuple[str, Entry]]) -> Iterator[Sequence[_Request]]:
    """The requests for some thousand values at a time."""
    stream = iter(wanted)
    while window := list(islice(stream, _WINDOW)):
        located: dict[str, list[tuple[str, Entry]]] = {}
        whole: dict[str, list[tuple[str, Entry]]] = {}
        for key, entry in window:
            into = whole if entry.size is None else located
            into.setdefault(object_of(names, key, entry.pack), []).append((key, entry))
        asked = [_Request(name, None, items) for name, items in whole.items()]
        asked += [_Request(name, *span) for name, items in located.items() for span in _spans(items)]
        yield asked


def _spans(items: Sequence[tuple[str, Entry]]) -> Iterator[tuple[ByteRange, Sequence[tuple[str, Entry]]]]:
    """Values of one group that lie close together, each with what comes before it."""
    reached = sorted((max(_begin(item), 0), item[1].offset + item[1].length, item) for item in items)
    for start, end, some in join_spans(reached):
        yield ByteRange(start, end - start), some


def _begin(item: tuple[str, Entry]) -> int:
    return item[1].offset - header_bytes(item[0])


def _fetch(place: Place, asked: _Request) -> Results:
    if not {".", ".."}.isdisjoint(asked.name.split("/")):
        return [Failure((key,), _nameless(place, key)) for key, _ in asked.wanted]
    try:
        if asked.piece is None:
            fetched = place.store.get(asked.name, most=_LARGEST)
            return _gathered(_from_whole(place, asked.name, item, fetched) for item in asked.wanted)
        fetched = place.store.get(asked.name, asked.piece, most=asked.piece.length)
    except ObjectMissingError:
        return [Failure((key,), _gone(place, asked.name, key)) for key, _ in asked.wanted]
    except CatalogError as error:
        return [Failure(tuple(key for key, _ in asked.wanted), error)]
    found = [_from_piece(place, asked.piece.start, item, fetched.body) for item in asked.wanted]
    moved = [item for item, one in zip(asked.wanted, found, strict=True) if one is None]
    rest = _fetch(place, _Request(asked.name, None, moved)) if moved else []
    return [*_gathered(one for one in found if one is not None), *rest]


_One = tuple[str, Entry, bytes] | Failure


def _gathered(found: Iterable[_One]) -> Results:
    values: list[tuple[str, Entry, bytes]] = []
    failures: list[Failure] = []
    for one in found:
        if isinstance(one, Failure):
            failures.append(one)
        else:
            values.append(one)
    return [values, *failures] if values else failures


def _from_piece(place: Place, start: int, item: tuple[str, Entry], body: bytes) -> _One | None:
    """A value of a piece of a group; None when what comes before it is not of its key."""
    key, entry = item
    at = entry.offset - start
    value = body[at : at + entry.length]
    header = read_header(body[max(at - header_bytes(key), 0) : at], key)
    if header is None or header[1] != entry.length or len(value) != entry.length:
        return None
    return _checked(place, key, entry, header[0], value)


def _from_whole(place: Place, name: str, item: tuple[str, Entry], fetched: FetchedObject) -> _One:
    """A value of an object of its own, or of a whole group."""
    key, entry = item
    if Kept(entry.pack[:1]) is Kept.ALONE:
        said = fetched.metadata.get(_TIMESTAMP, "")
        timestamp = int(said) if said.isascii() and said.isdigit() and len(said) < 18 else entry.timestamp
        return _checked(place, key, entry, timestamp, fetched.body)
    try:
        member: Member | None = decode_group(fetched.body, f"{place.store.where}: {name}").get(key)
    except IntegrityError as error:
        return Failure((key,), error)
    if member is None:
        return Failure((key,), _lost(place, name, key))
    value = fetched.body[member.offset : member.offset + member.length]
    return _checked(place, key, entry, member.timestamp, value)


def _checked(place: Place, key: str, entry: Entry, timestamp: int, value: bytes) -> _One:
    """A value that is as new as the index says, or newer: its object was written before the index."""
    if timestamp < entry.timestamp:
        return Failure((key,), _outdated(place, key))
    return key, entry.once_read(value), value


def _nameless(place: Place, key: str) -> IntegrityError:
    return IntegrityError(f"{place.store.where}: {key!r} can be no part of an object's name; its value is not read.", key=key)


def _gone(place: Place, name: str, key: str) -> GoneError:
    return GoneError(
        f"{place.store.where}: {name!r}, which holds the value of {key!r}, is gone.",
        key=key,
        hint="If a colleague pushed with ebooklet meanwhile, pull. Otherwise that value is lost: ask its owner to push it again.",
    )


def _lost(place: Place, name: str, key: str) -> GoneError:
    return GoneError(
        f"{place.store.where}: the index says that {key!r} exists, and {name!r} does not hold it.",
        key=key,
        hint="ebooklet before 0.8.4 lost such values when it pushed. Ask its owner to push this key again, or go on without it.",
    )


def _outdated(place: Place, key: str) -> IntegrityError:
    return IntegrityError(
        f"{place.store.where}: the stored value of {key!r} is older than the index says.",
        key=key,
        hint="A cache on the way may still have the old one: try again later.",
    )
