"""A commit of ebooklet, translated: its one object, with the whole index in it, becomes a head and segments as ours.

What was translated is read, compared and kept as any commit. It has no number, no author and no parent; its entries have no
checksums (see `Entry.verifiable`). The same object always gives the same head and segments.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from heapq import merge as heap_merge
from io import SEEK_END
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace as replace_fields

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.identity import Identity, Storage, local_header
from catalog.ebooklet_format.image import HEADER_BYTES, ImageHeader, ImageReader
from catalog.ebooklet_format.names import METADATA_KEY, RESERVED_KEYS, EbookletNames, hash_group
from catalog.ebooklet_format.payload import (
    MAGIC,
    MOST_METADATA,
    PREFIX_BYTES,
    PayloadLayout,
    UserMetadata,
    check_json,
    decode_manifest,
    decode_metadata,
)
from catalog.errors import GoneError, IntegrityError, ObjectMissingError
from catalog.format.head import CHECKSUM, MOST_BYTES, Head, Metadata, StoredHead, encode_head, run_of
from catalog.format.log import encode_log
from catalog.format.runs import keys_per_segment, write_run
from catalog.format.segment import Entry, decode_entries, decode_keys, encode_contents
from catalog.format.table import IndexFile, SegmentRef
from catalog.remote.ebooklet_guess import complete
from catalog.remote.ebooklet_values import entry_alone, entry_in_group
from catalog.remote.place import Place
from catalog.store.interface import ByteRange, FetchedObject

_PIECE = 8 << 20
_SORTED_TOGETHER = 100_000
_SPOOLED_TOGETHER = 5_000
_TRIES = 5
_LEAST_BLOCK = 29
"""The fewest bytes that a key takes in an index."""
_SAMPLE = 1_000

Put = Callable[[IndexFile], object]
_key: Callable[[tuple[str, Entry]], str] = itemgetter(0)


class _ChangedError(Exception):
    """The object was replaced while it was read."""


@dataclass(frozen=True)
class _Source:
    """ebooklet's object of a database: held whole, or read in pieces, all of the same version."""

    place: Place
    size: int
    etag: str
    user_metadata: dict[str, str]
    held: bytes | None

    @classmethod
    def of(cls, place: Place, fetched: FetchedObject | None) -> _Source:
        """The object as it was ``fetched``, or as it is now."""
        if fetched is None:
            info = place.store.head(place.names.head)
            fetched = place.store.get(place.names.head, most=MOST_BYTES) if info.size <= MOST_BYTES else None
        if fetched is not None:
            return cls(place, len(fetched.body), fetched.etag, dict(fetched.metadata), fetched.body)
        return cls(place, info.size, info.etag, dict(info.metadata), None)

    def part(self, start: int, length: int) -> bytes:
        """Some bytes of it."""
        if self.held is not None:
            return self.held[start : start + length]
        found = self.place.store.get(self.place.names.head, ByteRange(start, length), most=length)
        if found.etag != self.etag:
            raise _ChangedError
        return found.body

    def pieces(self, start: int) -> Iterator[bytes]:
        """All from a position on, in pieces of 8 MiB."""
        return (self.part(at, min(_PIECE, self.size - at)) for at in range(start, self.size, _PIECE))


@dataclass(frozen=True)
class EbookletCommit:
    """One state of a database as ebooklet keeps it. ``index_at`` is where the image of its index begins."""

    source: _Source = field(repr=False)
    what: str
    identity: Identity
    manifest: dict[int, str] | None
    own_metadata: UserMetadata | None
    index_at: int

    @classmethod
    def read(cls, source: _Source, what: str) -> EbookletCommit:
        """Understand all but the index; what user metadata would say is found out where there are none."""
        commit = cls._as_it_is(source, what)
        if commit.identity.type is not None:
            return commit
        image = ImageReader(source.pieces(commit.index_at), what)
        sample = list(islice(image.entries(), _SAMPLE))
        return replace(commit, identity=complete(source.place, commit.identity, sample, commit.manifest, image.header.width))

    @classmethod
    def _as_it_is(cls, source: _Source, what: str) -> EbookletCommit:
        identity = Identity.parse(source.user_metadata, what)
        prefix = source.part(0, min(PREFIX_BYTES, source.size))
        if not prefix.startswith(MAGIC):
            return cls(source, what, identity, None, None, 0)
        layout = PayloadLayout.parse(prefix, source.size, what)
        rest = source.part(PREFIX_BYTES, layout.manifest + layout.metadata)
        manifest = decode_manifest(rest[: layout.manifest], what)
        return cls(source, what, identity, manifest, decode_metadata(rest[layout.manifest :], what), layout.index_at)

    @cached_property
    def image_header(self) -> ImageHeader:
        """What the image of the index says of itself."""
        return ImageHeader.parse(self.source.part(self.index_at, HEADER_BYTES), self.what)

    @property
    def storage(self) -> Storage:
        """How its values are kept."""
        if self.image_header.width == 19:
            return Storage.GROUPED
        return Storage.PER_KEY if self.identity.num_groups is None else Storage.HASHED

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Every key with its entry, in no order; that of the metadata too, where the index has one."""
        found = ImageReader(self.source.pieces(self.index_at), self.what).entries()
        if self.storage is Storage.PER_KEY:
            return ((key, entry_alone(key, entry)) for key, entry in found)
        return ((key, self._in_group(key, entry)) for key, entry in found)

    def _in_group(self, key: str, found: IndexEntry) -> Entry:
        group = found.group if found.group is not None else hash_group(key, self.identity.num_groups or 1)
        if self.manifest is None:
            return entry_in_group(key, found, group, None, located=self.image_header.width > 7)
        generation = self.manifest.get(group)
        if generation is None:
            raise IntegrityError(f"{self.what} is damaged: its index names group {group}, which its manifest does not have.")
        return entry_in_group(key, found, group, generation, located=True)

    def metadata(self, entry: Entry | None) -> Metadata | None:
        """The user's metadata: those of the payload or, before there was one, of an object of their own."""
        found = self.own_metadata
        if entry is not None:
            found = self._stored_metadata(entry.timestamp)
        return None if found is None else Metadata.held(found.timestamp, found.data)

    def _stored_metadata(self, timestamp: int) -> UserMetadata | None:
        for name in EbookletNames(self.source.place.names.db_key).metadata:
            try:
                body = self.source.place.store.get(name, most=MOST_METADATA).body
            except ObjectMissingError:
                continue
            return UserMetadata(timestamp, check_json(body, self.what))
        return None

    def head(
        self, keys: int, value_bytes: int, runs: tuple[SegmentRef, ...], metadata: Metadata | None, newest: int = 0
    ) -> StoredHead:
        """The head that says the same; ``newest`` is the time of the newest value, for where that of the commit was lost."""
        identity = self.identity
        time = identity.timestamp if identity.timestamp is not None else max(newest, self.image_header.timestamp)
        uuid = identity.uuid or self.image_header.uuid
        head = Head(
            uuid=uuid.bytes,
            type=identity.type or "database",
            header=local_header(identity.booklet_header, uuid),
            number=0,
            parents=(),
            time=time,
            author="",
            message="",
            write_id=_write_id(time),
            keys=keys,
            value_bytes=value_bytes,
            set=0,
            deleted=0,
            checksum=CHECKSUM,
            metadata=metadata,
            oldest=0,
            runs=(run_of(runs),) if runs else (),
            changes=None,
            log=encode_log((), 1),
            bundles=(),
        )
        return replace(encode_head(head), etag=self.source.etag)


def _write_id(time: int) -> bytes:
    """What a commit of ebooklet has for a write id: nothing in it is random."""
    return blake2b(time.to_bytes(8, "big"), digest_size=16).digest()


def translate(place: Place, fetched: FetchedObject | None, put: Put) -> StoredHead:
    """Translate the commit that was ``fetched``, or that is there now; each segment is handed to ``put``.

    Memory: some 100,000 keys, whatever the index claims. Raises IntegrityError, UnsupportedFormatError, and ObjectMissingError
    when it is gone by now.
    """
    return _of_one_version(place, fetched, lambda commit: _translate(commit, put))


def describe(place: Place, fetched: FetchedObject | None) -> StoredHead:
    """What `translate` says of a commit besides its keys, with their number as the index claims it."""

    def act(commit: EbookletCommit) -> StoredHead:
        keys = commit.image_header.keys or 0
        in_index = Entry(0, b"", 0, 0, b"") if commit.manifest is None else None
        metadata = commit.metadata(in_index)
        counted = keys - 1 if commit.manifest is None and metadata is not None else keys
        return commit.head(max(counted, 0), 0, (), metadata)

    return _of_one_version(place, fetched, act)


def unmanifested_groups(place: Place, fetched: FetchedObject | None) -> list[int]:
    """The groups that the index of a commit names and its manifest does not have, which cannot be read."""
    commit = EbookletCommit.read(_Source.of(place, fetched), str(place))
    entries = ImageReader(commit.source.pieces(commit.index_at), commit.what).entries()
    named = {entry.group for _, entry in entries if entry.group is not None}
    return sorted(named - (commit.manifest or {}).keys())


def _of_one_version(place: Place, fetched: FetchedObject | None, act: Callable[[EbookletCommit], StoredHead]) -> StoredHead:
    what = str(place)
    for _ in range(_TRIES):
        try:
            return act(EbookletCommit.read(_Source.of(place, fetched), what))
        except _ChangedError:
            fetched = None
    raise GoneError(f"{what} was written again each time that its index was read.", hint="Try again when its writers are done.")


def _translate(commit: EbookletCommit, put: Put) -> StoredHead:
    with tempfile.TemporaryFile() as spool:
        sorting = _Sorting(commit.entries(), spool, commit.what, keeps_metadata=commit.manifest is None)
        most_keys = commit.source.size // _LEAST_BLOCK
        refs = write_run(sorting.items(), keys_per_segment(min(commit.image_header.keys or most_keys, most_keys)), put)
        metadata = commit.metadata(sorting.metadata)
        return commit.head(sorting.keys, sorting.value_bytes, tuple(refs), metadata, sorting.newest)


@dataclass(frozen=True, slots=True)
class KeptIndex:
    """The index that ebooklet kept beside a local file, translated: its segments, keys, and when the metadata were set (µs)."""

    refs: tuple[SegmentRef, ...]
    keys: int
    metadata_timestamp: int | None

    def head(self, newest: Head, timestamp: int, metadata: Metadata | None) -> StoredHead:
        """The commit that this is the index of, of the same database as a newer one."""
        return encode_head(
            replace_fields(
                newest,
                number=0,
                parents=(),
                time=timestamp,
                author="",
                message="",
                write_id=_write_id(timestamp),
                keys=self.keys,
                value_bytes=0,
                metadata=metadata,
                tags=None,
                oldest=0,
                runs=(run_of(self.refs),) if self.refs else (),
                changes=None,
                log=encode_log((), 1),
                bundles=(),
            )
        )


def kept_keys(path: Path) -> Iterator[str]:
    """The user's keys in the index that ebooklet kept in a local file, in no order."""
    with path.open("rb") as file:
        image = ImageReader(iter(lambda: file.read(_PIECE), b""), str(path))
        yield from (key for key, _ in image.entries() if key not in RESERVED_KEYS)


def translate_kept(path: Path, put: Put) -> KeptIndex:
    """Translate the index that ebooklet kept in a local file; of where the values lie it says nothing that is still true."""
    what = str(path)
    with path.open("rb") as file, tempfile.TemporaryFile() as spool:
        image = ImageReader(iter(lambda: file.read(_PIECE), b""), what)
        entries = ((key, entry_alone(key, entry)) for key, entry in image.entries())
        sorting = _Sorting(entries, spool, what, keeps_metadata=True)
        refs = write_run(sorting.items(), keys_per_segment(min(image.header.keys or 0, path.stat().st_size // _LEAST_BLOCK)), put)
    return KeptIndex(tuple(refs), sorting.keys, sorting.metadata.timestamp if sorting.metadata else None)


class _Sorting:
    """The keys of a commit sorted with bounded memory, and what is known of all of them once they were gone through."""

    def __init__(self, entries: Iterator[tuple[str, Entry]], spool: BinaryIO, what: str, *, keeps_metadata: bool) -> None:
        self._entries, self._spool, self._what, self._keeps_metadata = entries, spool, what, keeps_metadata
        self.keys = 0
        self.value_bytes = 0
        self.newest = 0
        self.metadata: Entry | None = None

    def items(self) -> Iterator[tuple[str, Entry]]:
        """The user's keys, sorted; IntegrityError for one that is there twice or can be none."""
        last = ""
        for key, entry in self._sorted():
            if key <= last:
                raise self._damaged("its index has a key twice, or one without a name")
            last = key
            self.keys += 1
            self.value_bytes += entry.size or 0
            self.newest = max(self.newest, entry.timestamp)
            yield key, entry

    def _sorted(self) -> Iterator[tuple[str, Entry]]:
        entries = self._of_users()
        runs: list[list[tuple[int, int, int]]] = []
        while some := sorted(islice(entries, _SORTED_TOGETHER), key=_key):
            if not runs and len(some) < _SORTED_TOGETHER:
                return iter(some)
            runs.append(self._put_aside(some))
        return heap_merge(*map(self._take_back, runs), key=_key)

    def _of_users(self) -> Iterator[tuple[str, Entry]]:
        """All keys but booklet's own, of which format 1 has that of the metadata."""
        for key, entry in self._entries:
            if key == METADATA_KEY and self._keeps_metadata:
                self.metadata = entry
            elif key in RESERVED_KEYS:
                raise self._damaged("its index has a key that booklet reserves for itself")
            else:
                yield key, entry

    def _put_aside(self, items: list[tuple[str, Entry]]) -> list[tuple[int, int, int]]:
        places = []
        for at in range(0, len(items), _SPOOLED_TOGETHER):
            contents = encode_contents(items[at : at + _SPOOLED_TOGETHER])
            places.append((self._spool.seek(0, SEEK_END), len(contents.keys), len(contents.entries)))
            self._spool.write(contents.keys + contents.entries)
        return places

    def _take_back(self, places: list[tuple[int, int, int]]) -> Iterator[tuple[str, Entry]]:
        for at, keys_size, entries_size in places:
            self._spool.seek(at)
            keys = decode_keys(self._spool.read(keys_size), self._what)
            yield from decode_entries(self._spool.read(entries_size), keys, self._what).items()

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError(f"{self._what} is damaged: {why}.", hint="Ask its owner to push again.")
