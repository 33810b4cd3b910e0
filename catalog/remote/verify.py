"""Whether an object of a remote is what its name says."""

from __future__ import annotations

import io
from hashlib import blake2b
from typing import BinaryIO

from catalog.errors import IntegrityError
from catalog.format.checksum import CHECKSUM_BYTES
from catalog.format.pack import TRAILER_BYTES, decode_directory, directory_range
from catalog.format.segment import Entry, Segment, decode_segment
from catalog.remote.commit import read_commit
from catalog.remote.object_stream import WINDOW, ObjectStream
from catalog.remote.place import Place
from catalog.store.interface import ByteRange, ObjectStore


def verify_object(place: Place, name: str, size: int, *, values: bool) -> None:
    """Check an object of ``size`` bytes, named as below the database's key; IntegrityError when it is not what it should be.

    Segments and commits are read whole. Of a pack the directory is read, and with ``values`` every value too, in little memory.
    """
    full, what = place.names.folder + name, f"{place.store.where}: {place.names.folder}{name}"
    kind, _, identity = name.partition("/")
    if kind == "packs":
        directory = _read_directory(place.store, full, size, bytes.fromhex(identity), what)
        if values:
            with io.BufferedReader(ObjectStream(place.store, full, size)) as stream:
                _check_values(stream, directory, what)
    elif kind == "index":
        decode_segment(place.store.get(full, most=size).body, identity, what)
    else:
        number, _, commit_id = identity.partition("-")
        read_commit(place, int(number), commit_id)


def _read_directory(store: ObjectStore, name: str, size: int, pack_id: bytes, what: str) -> Segment:
    trailer = store.get(name, ByteRange(size - TRAILER_BYTES, TRAILER_BYTES), most=TRAILER_BYTES).body
    start, length = directory_range(trailer, size, what)
    return decode_directory(store.get(name, ByteRange(start, length), most=length).body, pack_id, what)


def _check_values(stream: BinaryIO, directory: Segment, what: str) -> None:
    for key, entry in sorted(directory.items(), key=lambda item: item[1].offset):
        if _checksum_in(stream, entry) != entry.checksum:
            raise IntegrityError(f"{what} is damaged: the value of {key!r} does not match its checksum.", key=key)


def _checksum_in(stream: BinaryIO, entry: Entry) -> bytes:
    stream.seek(entry.offset)
    digest, left = blake2b(digest_size=CHECKSUM_BYTES), entry.length
    while left and (piece := stream.read(min(left, WINDOW))):
        digest.update(piece)
        left -= len(piece)
    return digest.digest()
