"""A remote of any number of keys, written as a first push would write it, without a working copy."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from catalog.changes.pack_plan import plan_entries
from catalog.format.checksum import checksum
from catalog.format.head import CHECKSUM, Head, StoredHead, encode_head
from catalog.format.pack import PlannedPack, PlannedValue
from catalog.local.booklet_header import new_header
from catalog.remote.commit import create_under_lease
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.interface import ObjectStore

MOMENT = 1_700_000_000_000_000
VALUE_BYTES = 10


def value_of(number: int) -> bytes:
    """The value of the ``number``-th key."""
    return number.to_bytes(VALUE_BYTES, "big")


def _dice(number: int) -> int:
    return crc32(number.to_bytes(8, "big"))


def scattered(number: int) -> int:
    """A time for a key as if each value had been set at another moment of a quarter of an hour."""
    return MOMENT + _dice(number) % 10**9


def in_a_row(number: int) -> int:
    """A time for a key as if all values had been set one after another, every ten microseconds or so."""
    return MOMENT + number * 10 + _dice(number) % 10


def build_remote(
    store: ObjectStore,
    db_key: str,
    keys: int,
    key_of: Callable[[int], str],
    time_of: Callable[[int], int] = scattered,
) -> StoredHead:
    """Write a remote of ``keys`` keys in one commit; ``key_of`` gives each key by its number, sorted. Memory stays bounded."""
    place = Place.at(store, db_key)
    planned = (
        PlannedValue(key_of(number), time_of(number), number, VALUE_BYTES, checksum(value_of(number))) for number in range(keys)
    )

    def put_pack(pack: PlannedPack) -> None:
        store.put(place.names.pack(pack.pack_id), b"".join(value_of(value.offset) for value in pack.values) + pack.footer)

    remote = Remote(place, NoCache(), 2)
    index = remote.index_writer(store.put, 0).extend(None, plan_entries(planned, put_pack), keys, keys)
    header = new_header(None, 12_007)
    head = encode_head(
        Head(
            uuid=header.uuid.bytes,
            type="database",
            header=header.portable,
            time=MOMENT,
            author="me",
            message="",
            keys=keys,
            value_bytes=keys * VALUE_BYTES,
            set=keys,
            deleted=0,
            checksum=CHECKSUM,
            changes=None,
            runs=index.runs,
            **remote.follow(None, store.put),
        ),
        index.tables,
    )
    store.put(place.names.commit(1, head.commit_id), head.commit_body)
    create_under_lease(place, head)
    return head
