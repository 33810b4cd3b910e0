"""The head: the one small document that names everything else of a remote; each commit keeps a copy of it.

Two lines of UTF-8: a JSON object, and the BLAKE2b digest (16 bytes, hex) of that first line. The digest is the id of the
commit. A random ``write_id`` inside makes it unique, so a head that carries our id is our write.
"""

from __future__ import annotations

import base64
import uuid as uuid_module
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Annotated

import msgspec

from catalog.errors import IntegrityError, InvalidInputError, UnsupportedFormatError
from catalog.format.checksum import checksum
from catalog.format.segment import Entry

FORMAT = 100
"""Above ebooklet's 3, so that ebooklet refuses our remotes with its own message."""

MOST_BYTES = 16 << 20
_UUID_AT = slice(49, 65)
"""Where a booklet's header has the file's uuid."""
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
_Hex = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
_Text = Annotated[str, msgspec.Meta(max_length=10_000)]

DELETED = "deleted"
KINDS = {"database": "CatalogDatabase", "group": "CatalogGroup", DELETED: "CatalogDeleted"}
"""What a remote can be, and the type it shows to other programs. One that is deleted is being taken away."""


class SegmentRef(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """One segment of a run: no key before ``first`` and, but for the last of its run, none from the next one's ``first``."""

    id: _Hex
    first: Annotated[str, msgspec.Meta(max_length=70_000)]
    keys: _Count
    bytes: _Count


class Parent(msgspec.Struct, frozen=True):
    """The commit before."""

    number: _Count
    id: _Hex


class Tag(msgspec.Struct, frozen=True):
    """A name of a commit, which keeps it from garbage collection."""

    name: Annotated[str, msgspec.Meta(max_length=100)]
    number: _Count
    id: _Hex


class Metadata(msgspec.Struct, frozen=True):
    """What the user wrote about the database, as JSON."""

    timestamp: Annotated[int, msgspec.Meta(ge=0, lt=1 << 56)]
    value: msgspec.Raw


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One state of a remote. ``runs`` are the runs of segments, newest first; within a run key ranges are disjoint.

    ``oldest`` is the number of the oldest commit that garbage collection left; no parent is looked for before it.
    ``salt`` goes into the names of new packs and segments. Each collection changes it, so that what a push brings up after it
    never has the name of something that it deletes.
    """

    format: int = FORMAT
    uuid: _Hex
    type: str
    booklet_header: str
    number: _Count
    parent: Parent | None
    time: _Count
    author: _Text
    message: _Text
    write_id: _Hex
    keys: _Count
    value_bytes: _Count
    metadata: Metadata | None = None
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=1000)] = ()
    oldest: _Count = 1
    salt: _Count = 0
    runs: Annotated[tuple[tuple[SegmentRef, ...], ...], msgspec.Meta(max_length=100)] = ()

    @property
    def from_ebooklet(self) -> bool:
        """Whether ebooklet made this state, in its own format: commits of ours are numbered from 1."""
        return self.number == 0

    @property
    def header(self) -> bytes:
        """The first bytes of the local booklet file, from which one can be made."""
        return base64.b64decode(self.booklet_header)

    @property
    def database_uuid(self) -> uuid_module.UUID:
        """The identity of the database."""
        return uuid_module.UUID(hex=self.uuid)


@dataclass(frozen=True, slots=True)
class Commit:
    """Who made which state of a remote, and when."""

    id: str
    number: int
    parent: tuple[int, str] | None
    time: datetime
    author: str
    message: str
    keys: int = 0
    value_bytes: int = 0

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


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head as it lies in a store: the document, its bytes, its id, and the tag to swap it by."""

    head: Head
    body: bytes
    commit_id: str
    etag: str

    @property
    def commit(self) -> Commit:
        """Who made it, and when."""
        head = self.head
        parent = (head.parent.number, head.parent.id) if head.parent else None
        when = datetime.fromtimestamp(head.time / 1_000_000, UTC)
        return Commit(self.commit_id, head.number, parent, when, head.author, head.message, head.keys, head.value_bytes)

    @property
    def metadata(self) -> Entry | None:
        """The user's metadata as an entry, whose bytes are at hand; None where there are none."""
        kept = self.head.metadata
        if kept is None:
            return None
        value = bytes(kept.value)
        return Entry(kept.timestamp, b"", 0, len(value), checksum(value), value)

    @property
    def object_metadata(self) -> Mapping[str, str]:
        """What other programs see from a HEAD request (S3 user metadata)."""
        return {
            "uuid": self.head.uuid,
            "type": KINDS[self.head.type],
            "timestamp": str(self.head.time),
            "format_version": str(FORMAT),
            "write_id": self.head.write_id,
        }


class _Probe(msgspec.Struct):
    format: int


_decoder = msgspec.json.Decoder(Head)
_probe = msgspec.json.Decoder(_Probe)


def encode_head(head: Head) -> StoredHead:
    """Encode a head and name it; its tag is known once it is written."""
    if head.header[_UUID_AT] != head.database_uuid.bytes:
        raise InvalidInputError(f"A head of {head.uuid} cannot have the file header of another database.")
    line = msgspec.json.encode(head)
    commit_id = blake2b(line, digest_size=16).hexdigest()
    return StoredHead(head, line + b"\n" + commit_id.encode() + b"\n", commit_id, "")


def decode_head(body: bytes, etag: str, what: str) -> StoredHead:
    """Decode and check a head.

    Raises UnsupportedFormatError for a newer or a foreign format, IntegrityError for a damaged or hostile one.
    """
    line, _, rest = body.partition(b"\n")
    try:
        found = _probe.decode(line).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnsupportedFormatError(
            f"{what} is not a booklet-catalog database, or its head is damaged.",
            hint="Check the address.",
        ) from None
    if found != FORMAT:
        raise UnsupportedFormatError(f"{what} has format {found}; this program reads {FORMAT}.", hint="Upgrade booklet-catalog.")
    digest = blake2b(line, digest_size=16).hexdigest()
    if rest.strip() != digest.encode():
        raise IntegrityError(
            f"{what}: the head is damaged or cut off; its checksum does not match.",
            hint="Earlier states are kept as commits; 'catalog doctor' can find them.",
        )
    try:
        head = _decoder.decode(line)
        header = head.header
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise IntegrityError(f"{what}: the head cannot be used: {error}.") from None
    if head.type not in KINDS or len(header) != 200:
        raise IntegrityError(f"{what}: the head cannot be used: it describes no database.")
    _check_runs(head.runs, what)
    return StoredHead(head, body, digest, etag)


def _check_runs(runs: Sequence[Sequence[SegmentRef]], what: str) -> None:
    for run in runs:
        if not run or any(left.first >= right.first for left, right in pairwise(run)):
            raise IntegrityError(f"{what}: the head cannot be used: a run of its index is not sorted.")
