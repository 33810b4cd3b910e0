"""What a copy of ebooklet's remote without user metadata leaves to be found out: tools that copy through folders drop them.

Identity and time of the commit are then those of the index. How values are kept shows in the index and in the objects beside it;
what kind they are of does not, so that they are read as bytes, but for the entries of a group, which show themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import orjson

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.group_object import decode_group, header_bytes, read_header
from catalog.ebooklet_format.identity import GROUP_HEADER, Identity
from catalog.ebooklet_format.names import RESERVED_KEYS, EbookletNames, hash_group
from catalog.errors import CatalogError, ObjectMissingError, UnsupportedFormatError
from catalog.remote.place import Place
from catalog.store.interface import ByteRange

_TRIED = 20_000
"""How many numbers of groups above the least possible are tried."""
_COMPARED = 3
_MOST_GROUP = 1 << 30
_MOST_ENTRY = 1 << 20

Sample = Sequence[tuple[str, IndexEntry]]


def complete(place: Place, identity: Identity, sample: Sample, manifest: Mapping[int, str] | None, width: int) -> Identity:
    """An identity with what can be found out; ``sample`` are some keys of the index, whose entries are ``width`` bytes each.

    Raises UnsupportedFormatError where the values could not be found.
    """
    keys = [(key, entry) for key, entry in sample if key not in RESERVED_KEYS]
    if not keys:
        return identity
    names = EbookletNames(place.names.db_key)
    groups = None
    if width < 19 and not _is_alone(place, names, keys, manifest, width):
        groups = _find_number(place, names, keys, manifest, width)
    (key, entry), *_ = keys
    group = entry.group if entry.group is not None or groups is None else hash_group(key, groups)
    first = _value(place, names, key, group, manifest)
    if not _is_entry(first):
        return replace(identity, num_groups=groups)
    return replace(identity, num_groups=groups, type="group", booklet_header=GROUP_HEADER)


def _is_alone(place: Place, names: EbookletNames, keys: Sample, manifest: Mapping[int, str] | None, width: int) -> bool:
    """Whether each value has an object of its own."""
    if manifest is not None:
        return not manifest
    if width > 7:
        return not any(entry.offset for _, entry in keys)
    try:
        place.store.head(names.value(keys[0][0]))
    except ObjectMissingError:
        return False
    return True


def _find_number(place: Place, names: EbookletNames, keys: Sample, manifest: Mapping[int, str] | None, width: int) -> int:
    """How many groups there are: the least number by which keys are in groups that exist, and are found there."""
    there = set(manifest if manifest is not None else _listed_groups(place))
    least = max(there, default=0) + 1
    for number in range(least, least + _TRIED):
        groups = [hash_group(key, number) for key, _ in keys]
        if there.issuperset(groups) and all(
            _is_in(place, names, key, entry if width > 7 else None, group, manifest)
            for (key, entry), group in list(zip(keys, groups, strict=True))[:_COMPARED]
        ):
            return number
    raise UnsupportedFormatError(
        f"{place} was copied without its user metadata, and how its values are kept cannot be found out.",
        hint="Copy it again with a tool that keeps them, such as rclone with --metadata.",
    )


def _listed_groups(place: Place) -> Iterator[int]:
    below = f"{place.names.db_key}/"
    for found in place.store.list(below) if place.store.powers.lists else ():
        name = found.name[len(below) :]
        if name.isascii() and name.isdigit() and len(name) < 10:
            yield int(name)


def _is_in(
    place: Place, names: EbookletNames, key: str, entry: IndexEntry | None, group: int, manifest: Mapping[int, str] | None
) -> bool:
    """Whether a group holds a key; the entry says where, if it is given."""
    name = names.group(group, None if manifest is None else manifest[group])
    if entry is None:
        return key in decode_group(place.store.get(name, most=_MOST_GROUP).body, f"{place.store.where}: {name}")
    length = header_bytes(key)
    if entry.offset < length:
        return False
    piece = ByteRange(entry.offset - length, length)
    return read_header(place.store.get(name, piece, most=length).body, key) is not None


def _value(place: Place, names: EbookletNames, key: str, group: int | None, manifest: Mapping[int, str] | None) -> bytes:
    """A value; none where it cannot be had."""
    try:
        if group is None:
            return place.store.get(names.value(key), most=_MOST_ENTRY).body
        body = place.store.get(names.group(group, None if manifest is None else manifest.get(group, "")), most=_MOST_GROUP).body
        member = decode_group(body, str(place)).get(key)
    except CatalogError:
        return b""
    return body[member.offset : member.offset + member.length] if member is not None else b""


def _is_entry(value: bytes) -> bool:
    """Whether a value is an entry of a group."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and isinstance(found.get("remote_conn"), dict)
