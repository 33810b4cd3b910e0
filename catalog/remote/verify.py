"""Whether an object of a remote is what its name says."""

from __future__ import annotations

import io
from hashlib import blake2b
from typing import BinaryIO

from catalog.errors import IntegrityError, ObjectMissingError
from catalog.format.checksum import CHECKSUM_BYTES
from catalog.format.content import content_id, decompress, named_content
from catalog.format.head import decode_tags
from catalog.format.log import decode_log
from catalog.format.pack import TRAILER_BYTES, decode_directory, directory_range
from catalog.format.segment import Entry, Segment, decode_segment
from catalog.format.table import decode_table, split_file
from catalog.remote.commit import read_commit
from catalog.remote.object_stream import WINDOW, ObjectStream
from catalog.remote.place import Place
from catalog.store.interface import ByteRange


def verify_object(place: Place, name: str, size: int, *, values: bool) -> None:
    """Check an object of ``size`` bytes, named as below the database's prefix; IntegrityError when it is not what it should be.

    All but packs are read whole. Of a pack the directory is read, and with ``values`` every value too, in little memory.
    """
    full = place.names.folder + name
    what = f"{place.store.where}: {full}"
    kind, _, identity = name.partition("/")
    try:
        if kind == "packs":
            _verify_pack(place, full, size, bytes.fromhex(identity), what, values=values)
        elif kind == "commits":
            number, _, commit_id = identity.partition("-")
            read_commit(place, int(number), commit_id)
        else:
            _verify_small(kind, place.store.get(full, most=size).body, bytes.fromhex(identity.rpartition("-")[2]), what)
    except ObjectMissingError:
        raise IntegrityError(f"{what} is not there.") from None


def _verify_small(kind: str, body: bytes, identity: bytes, what: str) -> None:
    if kind == "index":
        ids = []
        for keys_body, entries_body in split_file(body, what):
            segment_id = content_id(decompress(keys_body, what))
            decode_segment(keys_body, entries_body, segment_id, what)
            ids.append(segment_id)
        if content_id(b"".join(ids)) != identity:
            raise IntegrityError(f"{what} is damaged: its content does not match its name.")
        return
    content = named_content(body, identity, what)
    if kind == "tables":
        decode_table(content, what)
    elif kind == "log":
        decode_log(content, what)
    else:
        decode_tags(content, what)


def _verify_pack(place: Place, name: str, size: int, pack_id: bytes, what: str, *, values: bool) -> None:
    directory = read_directory(place, name, size, pack_id)
    if values:
        with io.BufferedReader(ObjectStream(place.store, name, size)) as stream:
            _check_values(stream, directory, what)


def read_directory(place: Place, name: str, size: int, pack_id: bytes) -> Segment:
    """The directory of a pack of ``size`` bytes, in two requests; IntegrityError when it is not that of its name."""
    store, what = place.store, f"{place.store.where}: {name}"
    trailer = store.get(name, ByteRange(max(size - TRAILER_BYTES, 0), TRAILER_BYTES), most=TRAILER_BYTES).body
    found = directory_range(trailer, size, what)
    body = store.get(name, ByteRange(found.start, found.length), most=found.length).body
    return decode_directory(body, found, pack_id, size, what)


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
