"""ebooklet's whole index as one piece of ours: a key is looked up where it lies, and all are sorted only when they are asked for.

What is kept of it is one body: how its values are stored, and the image as it was.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter

import msgspec

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.image import ImageTable
from catalog.ebooklet_format.names import METADATA_KEY, RESERVED_KEYS, hash_group
from catalog.errors import IntegrityError
from catalog.format.content import content_id
from catalog.format.segment import Entry
from catalog.format.table import IndexFile, SegmentRef
from catalog.remote.ebooklet_values import entry_alone, entry_in_group

_MAGIC = b"ebooklet-image\0"


class Keeping(msgspec.Struct, frozen=True, array_like=True):
    """How a remote of ebooklet keeps its values: in how many groups by hash, and which generation each group has, if any."""

    num_groups: int | None
    manifest: dict[int, str] | None

    def entry(self, key: str, found: IndexEntry, width: int, what: str) -> Entry:
        """What the index says of a key, as an entry of ours; IntegrityError where its group does not exist."""
        if found.group is not None:
            group = found.group
        elif self.num_groups is not None:
            group = hash_group(key, self.num_groups)
        else:
            return entry_alone(key, found)
        generation = self.manifest.get(group) if self.manifest is not None else None
        if generation is None and self.manifest is not None:
            raise IntegrityError(f"{what} is damaged: its index names group {group}, which its manifest does not have.")
        return entry_in_group(key, found, group, generation, located=width > 7)


class _Stored(msgspec.Struct, array_like=True):
    keeping: Keeping
    image: bytes


_decode = msgspec.msgpack.Decoder(_Stored).decode


def checked(items: Iterable[tuple[str, IndexEntry]], what: str) -> Iterator[tuple[str, IndexEntry]]:
    """Sorted keys, when they can be a user's; IntegrityError for one that is there twice or that no user can have."""
    last = ""
    for key, entry in items:
        if key <= last or key in RESERVED_KEYS:
            raise damaged(what, "its index has a key twice, one without a name, or one that booklet reserves for itself")
        last = key
        yield key, entry


def damaged(what: str, why: str) -> IntegrityError:
    """Say what is wrong with a commit of ebooklet."""
    return IntegrityError(f"{what} is damaged: {why}.", hint="Ask its owner to push again.")


def is_image(body: bytes) -> bool:
    """Whether the body of a piece of the index is an image of ebooklet's."""
    return body.startswith(_MAGIC)


def decode_image_part(body: bytes, segment_id: bytes, what: str) -> ImagePart:
    """Undo `ImagePart.file`; IntegrityError where that is not what it is."""
    if content_id(body) != segment_id:
        raise IntegrityError(f"{what} is damaged: its content does not match its name.")
    try:
        stored = _decode(body[len(_MAGIC) :])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{what} is damaged: {error}.") from None
    return ImagePart(stored.image, stored.keeping, what)


class ImagePart:
    """The index of a commit, as `IndexPart`."""

    def __init__(self, image: bytes, keeping: Keeping, what: str) -> None:
        self._image, self._keeping, self._what = image, keeping, what
        self._table = ImageTable(image, what)

    @cached_property
    def file(self) -> IndexFile:
        """What is kept of it: as an index file of one segment, in one frame."""
        body = _MAGIC + msgspec.msgpack.encode(_Stored(self._keeping, self._image))
        part_id = content_id(body)
        return IndexFile(part_id, body, [SegmentRef(part_id, "", len(self), part_id, 0, len(body), len(body), 0)])

    @cached_property
    def metadata(self) -> IndexEntry | None:
        """The entry of the user's metadata, which format 1 has in its index."""
        return self._table.find(METADATA_KEY) if self._keeping.manifest is None else None

    def __len__(self) -> int:
        claimed = self._table.header.keys
        counted = claimed if claimed is not None else sum(1 for _ in self._table.entries())
        return max(counted - (self.metadata is not None), 0)

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, or None."""
        found = self._table.find(key) if key not in RESERVED_KEYS else None
        return None if found is None else self._entry(key, found)

    def items(self, start: str = "") -> Iterator[tuple[str, Entry]]:
        """All keys from ``start`` on with their entries, sorted."""
        first = bisect_left(self.keys, start) if start else 0
        return ((key, self._entry(key, found)) for key, found in self._sorted[first:])

    @property
    def keys(self) -> Sequence[str]:
        """All keys, sorted."""
        return self._keys

    @property
    def packs(self) -> Sequence[bytes]:
        """What the entries name as their packs."""
        return list({entry.pack for _, entry in self.items()})

    @cached_property
    def _keys(self) -> list[str]:
        return [key for key, _ in self._sorted]

    @cached_property
    def _sorted(self) -> list[tuple[str, IndexEntry]]:
        hidden = {METADATA_KEY} if self._keeping.manifest is None else set()
        found = sorted((item for item in self._table.entries() if item[0] not in hidden), key=itemgetter(0))
        if len(found) != len(self):
            raise damaged(self._what, f"its index holds {len(found):,} keys where its header says {len(self):,}")
        return list(checked(found, self._what))

    def _entry(self, key: str, found: IndexEntry) -> Entry:
        return self._keeping.entry(key, found, self._table.header.width, self._what)


def newest_of(items: Iterable[tuple[str, IndexEntry]]) -> int:
    """The time of the newest value."""
    return max((found.timestamp for _, found in items), default=0)


def keeping_of(num_groups: int | None, manifest: Mapping[int, str] | None, width: int) -> Keeping:
    """How values are kept, as the index's width, the identity and the manifest say."""
    return Keeping(num_groups if width < 19 else None, dict(manifest) if manifest is not None else None)
