"""The head: the one small object that names everything else of a remote; each commit keeps a copy of it without its attachments.

A line of JSON says what it is: format, type, uuid, number and id, and how long the parts are that follow. The first part is the
commit, compressed MessagePack; its hash is the commit's id. Further parts are tables that the commit names, as a head has them
while they are small. A random ``write_id`` makes each commit unique, so a head that carries our id is our write.
"""

from __future__ import annotations

import uuid as uuid_module
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated

import msgspec

from catalog.errors import IntegrityError, InvalidInputError, UnsupportedFormatError
from catalog.format.checksum import checksum
from catalog.format.content import check_version, compress, content_id, decode, decompress, encode
from catalog.format.door import check_readable
from catalog.format.log import Bundle, Count, Id, Summary, Text, decode_log
from catalog.format.segment import DELETED as DELETED_KEY
from catalog.format.segment import Entry, Segment, decode_entries, decode_keys, encode_contents
from catalog.format.table import Run, SegmentRef, decode_table, encode_table

FORMAT = 101
"""Above ebooklet's 3, so that ebooklet refuses our remotes with its own message. 102 is kept for encrypted databases."""

PREVIEW = 100
MOST_BYTES = 16 << 20
CHECKSUM = "blake2b-8"
"""The checksum of values that this program reads and writes."""

MOST_SMALL_SEGMENTS = 64
"""A run of more segments than these has a table of its own."""

MOST_ATTACHED_SEGMENTS = 512
"""A head repeats tables of so many segments together; larger ones are fetched."""

_MOST_METADATA = 4 << 20
MOST_INLINE_METADATA = 1 << 10
_MOST_ENVELOPE = 64 << 10
_MOST_SIZE = 1 << 50
_HEADER_BYTES = 200
_UUID_AT = slice(49, 65)
"""Where a booklet's header has the file's uuid."""

DELETED = "deleted"
KINDS = {"database": "CatalogDatabase", "group": "CatalogGroup", DELETED: "CatalogDeleted"}
"""What a remote can be, and the type it shows to other programs. One that is deleted is being taken away."""


class Parent(msgspec.Struct, array_like=True, frozen=True):
    """A commit before: its number and id."""

    number: Count
    id: Id

    @property
    def hex(self) -> str:
        """The id as names have it."""
        return self.id.hex()


class Tag(msgspec.Struct, array_like=True, frozen=True):
    """A name of a commit, which keeps it from garbage collection."""

    name: Annotated[str, msgspec.Meta(max_length=100)]
    number: Count
    id: Id


class TagsRef(msgspec.Struct, array_like=True, frozen=True):
    """The object that holds the tags: its id and size."""

    id: Id
    size: Count


class _Tags(msgspec.Struct, array_like=True):
    version: int
    tags: Annotated[list[Tag], msgspec.Meta(max_length=1000)]


class RunRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run of the index: how large it is, and its segments, here or in a table of ``size`` bytes."""

    segments: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
    keys: Count
    refs: bytes | None = None
    table: Id | None = None
    size: Count = 0


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the user wrote about the database, as JSON: here, or at ``offset`` of a pack."""

    timestamp: Annotated[int, msgspec.Meta(ge=0, lt=1 << 56)]
    length: Annotated[int, msgspec.Meta(ge=0, le=_MOST_METADATA)]
    checksum: Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
    inline: bytes | None = None
    pack: Id | None = None
    offset: Count = 0
    pack_size: Count = 0

    @property
    def entry(self) -> Entry:
        """Where they lie, as the index says it of a key."""
        return Entry(
            self.timestamp, self.pack or DELETED_KEY, self.offset, self.length, self.checksum, self.inline, self.pack_size
        )

    @classmethod
    def held(cls, timestamp: int, value: bytes) -> Metadata:
        """Metadata that the head holds itself."""
        return cls(timestamp, len(value), checksum(value), value)

    @classmethod
    def of(cls, entry: Entry) -> Metadata:
        """What a head says of metadata that lie where ``entry`` says."""
        pack = None if entry.inline is not None else entry.pack
        return cls(entry.timestamp, entry.length, entry.checksum, entry.inline, pack, entry.offset, entry.pack_size)


Table = tuple[Run, bytes]
"""The segments of a run, and the table of them as it is stored."""


class Origin(msgspec.Struct, frozen=True):
    """The commit of another database from which this one was made."""

    uuid: Id
    number: Count
    id: Id


class Changes(msgspec.Struct, array_like=True, frozen=True):
    """The newest small changes: a segment whose values are here too, as far as they are small."""

    keys: bytes
    entries: bytes
    values: bytes


class Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One state of a remote. ``changes`` come before the ``runs`` of segments, which are newest first.

    ``oldest`` is the number of the oldest commit whose state can still be read. ``salt`` goes into the names of new objects: each
    collection changes it, so that what a push brings up after it never has the name of something that it deletes.
    """

    uuid: Id
    type: str
    header: Annotated[bytes, msgspec.Meta(min_length=_HEADER_BYTES, max_length=_HEADER_BYTES)]
    number: Count
    parents: Annotated[tuple[Parent, ...], msgspec.Meta(max_length=2)]
    time: Count
    author: Text
    message: Text
    write_id: Id
    keys: Count
    value_bytes: Count
    set: Count
    deleted: Count
    checksum: str
    runs: Annotated[tuple[RunRef, ...], msgspec.Meta(max_length=100)]
    changes: Changes | None
    log: bytes
    bundles: Annotated[tuple[Bundle, ...], msgspec.Meta(max_length=4096)]
    metadata: Metadata | None = None
    tags: TagsRef | None = None
    oldest: Count = 1
    salt: Count = 0
    copied_from: Origin | None = None
    continues: Origin | None = None
    branch: Annotated[str, msgspec.Meta(max_length=100)] = ""
    reader_features: tuple[str, ...] = ()
    writer_features: tuple[str, ...] = ()

    @property
    def from_ebooklet(self) -> bool:
        """Whether ebooklet made this state, in its own format: commits of ours are numbered from 1."""
        return self.number == 0

    @property
    def parent(self) -> Parent | None:
        """The commit before; the first has none."""
        return self.parents[0] if self.parents else None

    @property
    def database_uuid(self) -> uuid_module.UUID:
        """The identity of the database."""
        return uuid_module.UUID(bytes=self.uuid)


class _Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    format: int
    type: str
    uuid: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    number: Count
    id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    parts: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1, le=MOST_BYTES)], ...], msgspec.Meta(min_length=1, max_length=100)]
    mirror: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """Who made which state of a remote, and when. ``set`` and ``deleted`` count the keys it changed."""

    id: str
    number: int
    parent: tuple[int, str] | None
    time: datetime
    author: str
    message: str
    keys: int = 0
    value_bytes: int = 0
    set: int = 0
    deleted: int = 0

    @property
    def from_ebooklet(self) -> bool:
        """Whether ebooklet made it, which numbers and signs no commits."""
        return self.number == 0

    @property
    def title(self) -> str:
        """What to call it: ``commit 7 by ada@engine``."""
        return "written by ebooklet" if self.from_ebooklet else f"commit {self.number} by {self.author}"

    @property
    def size(self) -> int | None:
        """How many bytes all values take as stored; None where nobody knows, as of ebooklet's with an object per value."""
        return None if self.from_ebooklet and not self.value_bytes and self.keys else self.value_bytes


@dataclass(frozen=True)
class StoredHead:
    """A head as it lies in a store: the commit, its bytes with and without attachments, its id, and the tag to swap it by.

    ``tables`` are the attached ones by their ids, each decoded and as stored. ``mirror`` says of a mirror what it follows.
    """

    head: Head
    body: bytes
    commit_id: str
    etag: str
    part: bytes
    tables: Mapping[bytes, Table] = field(default_factory=dict)
    mirror: str = ""

    @property
    def commit_body(self) -> bytes:
        """The object that keeps the commit: the head without its attachments."""
        return _seal(self.head, self.commit_id, [self.part], "")

    @cached_property
    def changes(self) -> Segment | None:
        """The changes that the commit holds itself."""
        return decode_changes(self.head.changes, self._what) if self.head.changes is not None else None

    @cached_property
    def log(self) -> tuple[Summary, ...]:
        """The summaries of the commits before, since the last bundle."""
        return decode_log(self.head.log, self._what)

    @property
    def _what(self) -> str:
        return f"commit {self.head.number} ({self.commit_id[:8]}…)"

    @property
    def origin(self) -> Origin:
        """How another database says that it comes from this commit."""
        return Origin(self.head.uuid, self.head.number, bytes.fromhex(self.commit_id))

    def continues(self, deleted: StoredHead) -> bool:
        """Whether this database was made in the place of another one, that was deleted at this very commit."""
        return self.head.continues == deleted.origin

    @property
    def commit(self) -> Commit:
        """Who made it, and when."""
        head = self.head
        parent = (head.parent.number, head.parent.hex) if head.parent else None
        return commit_of(self.summary, parent)

    @property
    def metadata(self) -> Entry | None:
        """The user's metadata as an entry; None where there are none."""
        return self.head.metadata.entry if self.head.metadata is not None else None

    @property
    def summary(self) -> Summary:
        """What the log of the next commits says of it."""
        head = self.head
        return Summary(
            head.number,
            bytes.fromhex(self.commit_id),
            head.time,
            head.author,
            head.message,
            head.write_id,
            head.keys,
            head.value_bytes,
            head.set,
            head.deleted,
        )

    @property
    def object_metadata(self) -> Mapping[str, str]:
        """What other programs see from a HEAD request (S3 user metadata)."""
        return {
            "uuid": self.head.uuid.hex(),
            "type": KINDS[self.head.type],
            "timestamp": str(self.head.time),
            "format_version": str(FORMAT),
            "write_id": self.head.write_id.hex(),
        }


def commit_of(summary: Summary, parent: tuple[int, str] | None) -> Commit:
    """A commit as users see it."""
    return Commit(
        summary.id.hex(),
        summary.number,
        parent,
        datetime.fromtimestamp(summary.time / 1_000_000, UTC),
        summary.author,
        summary.message,
        summary.keys,
        summary.value_bytes,
        summary.set,
        summary.deleted,
    )


def of_database(header: bytes, uuid: bytes) -> bytes:
    """The header of a booklet file, as one of another database."""
    return header[: _UUID_AT.start] + uuid + header[_UUID_AT.stop :]


class _Probe(msgspec.Struct):
    format: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)
_tags = msgspec.msgpack.Decoder(_Tags)
_probe = msgspec.json.Decoder(_Probe)
_envelope = msgspec.json.Decoder(_Envelope)


def encode_tags(tags: Iterable[Tag], salt: int = 0) -> bytes:
    """The content of a list of tags."""
    return encode([list(tags)], salt)


def decode_tags(content: bytes, what: str) -> tuple[Tag, ...]:
    """Undo `encode_tags`; IntegrityError names ``what``."""
    found = decode(_tags, content, what)
    check_version(found.version, what)
    return tuple(found.tags)


def encode_changes(items: Iterable[tuple[str, Entry]]) -> Changes:
    """What a commit holds of sorted small changes."""
    contents = encode_contents(items)
    return Changes(contents.keys, contents.entries, contents.inline)


def decode_changes(changes: Changes, what: str) -> Segment:
    """Undo `encode_changes`; IntegrityError names ``what``."""
    keys = decode_keys(changes.keys, what)
    if content_id(changes.entries) != keys.entries_id:
        raise IntegrityError(f"{what} is damaged: its changes do not belong together.")
    return decode_entries(changes.entries, keys, what, changes.values)


def run_of(refs: Run) -> RunRef:
    """How a commit refers to a small run."""
    return RunRef(len(refs), sum(ref.keys for ref in refs), encode_table(refs))


def following_log(before: StoredHead | None) -> tuple[tuple[Summary, ...], int]:
    """The summaries that the next commit has to repeat or to bundle, and the number of the first of them."""
    if before is None:
        return (), 1
    summaries = (*before.log, before.summary)
    return summaries, summaries[0].number


def encode_head(head: Head, tables: Mapping[bytes, Table] | None = None, mirror: str = "") -> StoredHead:
    """Encode a head, attach those of the ``tables`` that it names that are small enough, and name it.

    What no reader would accept is an InvalidInputError, before it goes anywhere. Its tag is known once it is written.
    """
    if head.header[_UUID_AT] != head.uuid:
        raise InvalidInputError(f"A head of {head.uuid.hex()} cannot have the file header of another database.")
    content = _encoder.encode(head)
    commit_id, part = content_id(content).hex(), compress(content)
    named = {run.table for run in head.runs}
    attached = _small_enough({id_: table for id_, table in (tables or {}).items() if id_ in named})
    body = _seal(head, commit_id, [part, *(stored for _, stored in attached.values())], mirror)
    made = StoredHead(head, body, commit_id, "", part, attached, mirror)
    check_readable("This commit", lambda: decode_head(body, "", "The new head"))
    return made


def _small_enough(tables: Mapping[bytes, Table]) -> dict[bytes, Table]:
    left = MOST_ATTACHED_SEGMENTS
    attached = {}
    for id_, (run, body) in tables.items():
        if len(run) <= left:
            left -= len(run)
            attached[id_] = (run, body)
    return attached


def _seal(head: Head, commit_id: str, parts: Sequence[bytes], mirror: str) -> bytes:
    envelope = _Envelope(FORMAT, head.type, head.uuid.hex(), head.number, commit_id, tuple(map(len, parts)), mirror)
    return b"".join([msgspec.json.encode(envelope), b"\n", *parts])


def decode_head(body: bytes, etag: str, what: str) -> StoredHead:
    """Decode and check a head or the copy of one.

    Raises UnsupportedFormatError for a newer or a foreign format, IntegrityError for a damaged or hostile one.
    """
    line, found, _ = body[:_MOST_ENVELOPE].partition(b"\n")
    _check_format(line, what)
    try:
        envelope = _envelope.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{what}: the head cannot be used: {error}.") from None
    start = len(line) + len(found)
    if len(body) != start + sum(envelope.parts):
        raise IntegrityError(
            f"{what}: the head is damaged or cut off.", hint="Earlier states are kept as commits; 'catalog doctor' can find them."
        )
    parts = []
    for size in envelope.parts:
        parts.append(body[start : start + size])
        start += size
    head = _decode_commit(parts[0], envelope, what)
    stored = StoredHead(head, body, envelope.id, etag, parts[0], _attached(head, parts[1:], what), envelope.mirror)
    _check_inside(stored, what)
    return stored


def _check_format(line: bytes, what: str) -> None:
    try:
        found = _probe.decode(line).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnsupportedFormatError(
            f"{what} is not a booklet-catalog database, or its head is damaged.",
            hint="Check the address.",
        ) from None
    if found == PREVIEW:
        raise UnsupportedFormatError(
            f"{what} was made by a preview of this program (format {PREVIEW}), which no release reads.",
            hint="Export it with the preview that made it, and import that here.",
        )
    if found != FORMAT:
        raise UnsupportedFormatError(f"{what} has format {found}; this program reads {FORMAT}.", hint="Upgrade booklet-catalog.")


def _decode_commit(part: bytes, envelope: _Envelope, what: str) -> Head:
    content = decompress(part, f"{what}: the head", MOST_BYTES)
    if content_id(content).hex() != envelope.id:
        raise IntegrityError(
            f"{what}: the head is damaged; its checksum does not match.",
            hint="Earlier states are kept as commits; 'catalog doctor' can find them.",
        )
    try:
        head = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise IntegrityError(f"{what}: the head cannot be used: {error}.") from None
    if head.reader_features or head.checksum != CHECKSUM:
        needed = ", ".join(head.reader_features) or f"checksums by {head.checksum}"
        raise UnsupportedFormatError(
            f"{what} needs what this program does not know: {needed:.100}.", hint="Upgrade booklet-catalog."
        )
    if (head.uuid.hex(), head.number, head.type) != (envelope.uuid, envelope.number, envelope.type) or head.type not in KINDS:
        raise IntegrityError(f"{what}: the head cannot be used: it describes no database.")
    return head


def _attached(head: Head, parts: Sequence[bytes], what: str) -> dict[bytes, Table]:
    named = {run.table: run for run in head.runs if run.table is not None}
    tables: dict[bytes, Table] = {}
    for part in parts:
        content = decompress(part, f"{what}: a table of its index", MOST_BYTES)
        run = named.get(id_ := content_id(content))
        if run is None:
            raise IntegrityError(f"{what}: the head cannot be used: it carries a table that its commit does not name.")
        tables[id_] = (checked_run(run, decode_table(content, what), what), part)
    return tables


def checked_run(run: RunRef, refs: Sequence[SegmentRef], what: str) -> Run:
    """The segments of a run, if they are as many as it says; IntegrityError names ``what``."""
    if (len(refs), sum(ref.keys for ref in refs)) != (run.segments, run.keys):
        raise IntegrityError(f"{what} is damaged: a run of its index is not what it says.")
    return refs


def _check_inside(stored: StoredHead, what: str) -> None:
    """Check what is nested in a commit: its log reaches from the last bundle to its parent, its runs are sorted."""
    head = stored.head
    for run in head.runs:
        if (run.refs is None) == (run.table is None):
            raise IntegrityError(f"{what}: the head cannot be used: a run of its index is nowhere.")
        if run.refs is not None:
            checked_run(run, decode_table(run.refs, what), what)
    if head.metadata is not None and (head.metadata.inline is None) == (head.metadata.pack is None):
        raise IntegrityError(f"{what}: the head cannot be used: its metadata are nowhere.")
    kept = stored.metadata
    if kept is not None and kept.inline is not None and (len(kept.inline), checksum(kept.inline)) != (kept.length, kept.checksum):
        raise IntegrityError(f"{what}: the head is damaged: its metadata do not match their checksum.")
    _check_log(stored, what)
    _ = stored.changes


def _check_log(stored: StoredHead, what: str) -> None:
    head, summaries = stored.head, decode_log(stored.head.log, what)
    following = 1
    for bundle in head.bundles:
        if bundle.first != following or bundle.last < bundle.first:
            raise IntegrityError(f"{what}: the head cannot be used: its log has gaps.")
        following = bundle.last + 1
    numbers = [summary.number for summary in summaries]
    complete = following <= max(head.number, 1) and numbers == list(range(following, head.number))
    if not complete or (head.number > 1) != bool(head.parents):
        raise IntegrityError(f"{what}: the head cannot be used: its log has gaps.")
    if head.parent is not None and (head.parent.number != head.number - 1 or (summaries and summaries[-1].id != head.parent.id)):
        raise IntegrityError(f"{what}: the head cannot be used: its log is of other commits.")
