"""A commit of ebooklet, translated: its one object, with the whole index in it, becomes a head and pieces of an index as ours.

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
from typing import BinaryIO, TypeVar

import msgspec
from msgspec.structs import replace as replace_fields

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.identity import Identity, local_header
from catalog.ebooklet_format.image import HEADER_BYTES, ImageHeader, ImageReader
from catalog.ebooklet_format.names import METADATA_KEY, RESERVED_KEYS, EbookletNames
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
from catalog.errors import GoneError, ObjectMissingError
from catalog.format.head import CHECKSUM, MOST_BYTES, Head, Metadata, StoredHead, encode_head, run_of
from catalog.format.log import encode_log
from catalog.format.runs import keys_per_segment, write_run
from catalog.format.table import IndexFile, SegmentRef
from catalog.remote.ebooklet_guess import complete
from catalog.remote.ebooklet_image import ImagePart, Keeping, checked, keeping_of, newest_of
from catalog.remote.ebooklet_values import entry_alone
from catalog.remote.place import Place
from catalog.store.interface import ByteRange, FetchedObject

_PIECE = 8 << 20
_SORTED_TOGETHER = 100_000
_SPOOLED_TOGETHER = 5_000
_TRIES = 5
_LEAST_BLOCK = 29
"""The fewest bytes that a key takes in an index."""
_SAMPLE = 1_000
_LOOKED_UP = 8 << 20
"""An index of at most so many bytes is kept as it is."""

T = TypeVar("T")
Put = Callable[[IndexFile], object]
_key: Callable[[tuple[str, IndexEntry]], str] = itemgetter(0)


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

    @property
    def image(self) -> bytes | None:
        """The image of the index, if it is at hand and small enough to be looked up as it is."""
        held = self.source.held
        return None if held is None or len(held) - self.index_at > _LOOKED_UP else held[self.index_at :]

    @cached_property
    def image_header(self) -> ImageHeader:
        """What the image of the index says of itself."""
        return ImageHeader.parse(self.source.part(self.index_at, HEADER_BYTES), self.what)

    @property
    def keeping(self) -> Keeping:
        """How its values are kept."""
        return keeping_of(self.identity.num_groups, self.manifest, self.image_header.width)

    def index(self) -> Iterator[tuple[str, IndexEntry]]:
        """Every key of the index, in no order."""
        return ImageReader(self.source.pieces(self.index_at), self.what).entries()

    def metadata(self, entry: IndexEntry | None) -> Metadata | None:
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

    def head(self, keys: int, value_bytes: int, refs: tuple[SegmentRef, ...], metadata: Metadata | None) -> StoredHead:
        """The head that says the same. Where the time of the commit was lost, it is that of the newest value."""
        identity = self.identity
        time = identity.timestamp if identity.timestamp is not None else max(newest_of(self.index()), self.image_header.timestamp)
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
            runs=(run_of(refs),) if keys and refs else (),
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


def describe(place: Place, fetched: FetchedObject | None) -> tuple[StoredHead, ImagePart | None]:
    """What `translate` says of a commit, with its index if that is kept as it is; a large one is not translated."""

    def act(commit: EbookletCommit) -> tuple[StoredHead, ImagePart | None]:
        if commit.image is not None:
            return _as_one_part(commit, commit.image)
        metadata = commit.metadata(IndexEntry(0) if commit.manifest is None else None)
        claimed = commit.image_header.keys or 0
        head = commit.head(max(claimed - (commit.manifest is None and metadata is not None), 0), 0, (), metadata)
        return head, None

    return _of_one_version(place, fetched, act)


def unmanifested_groups(place: Place, fetched: FetchedObject | None) -> list[int]:
    """The groups that the index of a commit names and its manifest does not have, which cannot be read."""
    commit = EbookletCommit.read(_Source.of(place, fetched), str(place))
    entries = ImageReader(commit.source.pieces(commit.index_at), commit.what).entries()
    named = {entry.group for _, entry in entries if entry.group is not None}
    return sorted(named - (commit.manifest or {}).keys())


def _of_one_version(place: Place, fetched: FetchedObject | None, act: Callable[[EbookletCommit], T]) -> T:
    what = str(place)
    for _ in range(_TRIES):
        try:
            return act(EbookletCommit.read(_Source.of(place, fetched), what))
        except _ChangedError:
            fetched = None
    raise GoneError(f"{what} was written again each time that its index was read.", hint="Try again when its writers are done.")


def _translate(commit: EbookletCommit, put: Put) -> StoredHead:
    if commit.image is not None:
        head, part = _as_one_part(commit, commit.image)
        put(part.file)
        return head
    with tempfile.TemporaryFile() as spool:
        sorting = _Sorting(commit.index(), spool, commit.what, keeps_metadata=commit.manifest is None)
        keeping, width = commit.keeping, commit.image_header.width
        items = ((key, keeping.entry(key, found, width, commit.what)) for key, found in sorting.items())
        most_keys = commit.source.size // _LEAST_BLOCK
        refs = write_run(items, keys_per_segment(min(commit.image_header.keys or most_keys, most_keys)), put)
        metadata = commit.metadata(sorting.metadata)
        return commit.head(sorting.keys, sorting.value_bytes, tuple(refs), metadata)


def _as_one_part(commit: EbookletCommit, image: bytes) -> tuple[StoredHead, ImagePart]:
    """The head of a commit whose index is looked up as it is, and that."""
    part = ImagePart(image, commit.keeping, commit.what)
    (ref,) = part.file.refs
    return commit.head(ref.keys, 0, (ref,), commit.metadata(part.metadata)), part


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
        sorting = _Sorting(image.entries(), spool, what, keeps_metadata=True)
        items = ((key, entry_alone(key, found)) for key, found in sorting.items())
        refs = write_run(items, keys_per_segment(min(image.header.keys or 0, path.stat().st_size // _LEAST_BLOCK)), put)
    return KeptIndex(tuple(refs), sorting.keys, sorting.metadata.timestamp if sorting.metadata else None)


class _Sorting:
    """The keys of an index sorted with bounded memory, and what is known of all of them once they were gone through."""

    def __init__(self, entries: Iterator[tuple[str, IndexEntry]], spool: BinaryIO, what: str, *, keeps_metadata: bool) -> None:
        self._entries, self._spool, self._what, self._keeps_metadata = entries, spool, what, keeps_metadata
        self.keys = 0
        self.value_bytes = 0
        self.metadata: IndexEntry | None = None

    def items(self) -> Iterator[tuple[str, IndexEntry]]:
        """The user's keys, sorted; IntegrityError for one that is there twice or can be none."""
        for key, found in checked(self._sorted(), self._what):
            self.keys += 1
            self.value_bytes += found.length
            yield key, found

    def _sorted(self) -> Iterator[tuple[str, IndexEntry]]:
        entries = self._but_metadata()
        runs: list[list[tuple[int, int]]] = []
        while some := sorted(islice(entries, _SORTED_TOGETHER), key=_key):
            if not runs and len(some) < _SORTED_TOGETHER:
                return iter(some)
            runs.append(self._put_aside(some))
        return heap_merge(*map(self._take_back, runs), key=_key)

    def _but_metadata(self) -> Iterator[tuple[str, IndexEntry]]:
        """All keys but that of the metadata, which format 1 has in its index."""
        for key, found in self._entries:
            if key == METADATA_KEY and self._keeps_metadata:
                self.metadata = found
            else:
                yield key, found

    def _put_aside(self, items: list[tuple[str, IndexEntry]]) -> list[tuple[int, int]]:
        places = []
        for at in range(0, len(items), _SPOOLED_TOGETHER):
            body = msgspec.msgpack.encode(items[at : at + _SPOOLED_TOGETHER])
            places.append((self._spool.seek(0, SEEK_END), len(body)))
            self._spool.write(body)
        return places

    def _take_back(self, places: list[tuple[int, int]]) -> Iterator[tuple[str, IndexEntry]]:
        for at, length in places:
            self._spool.seek(at)
            yield from _decode_items(self._spool.read(length))


_decode_items = msgspec.msgpack.Decoder(list[tuple[str, IndexEntry]]).decode
