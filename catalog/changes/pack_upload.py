"""Uploading packs: values are read from the local file, each compared with its checksum, and streamed where they are large."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BufferedReader

from catalog.errors import IntegrityError
from catalog.format.checksum import checksum
from catalog.format.door import check_readable
from catalog.format.pack import LARGE_VALUE, BlockSums, PlannedPack, PlannedValue, check_pack
from catalog.local.region import RegionStream, check_region
from catalog.local.table import Row, Status
from catalog.remote.upload import STREAM_ABOVE, Uploads
from catalog.session.session import WriteSession
from catalog.store.interface import Source

_GAP = 4 << 10
_MOST_AT_ONCE = 2 << 20
_NOTED_ABOVE = 1 << 20
"""Smaller packs are sent again by a push that goes on where another stopped."""


class PackUploads:
    """Brings packs up, but those that ``uploaded`` names."""

    def __init__(self, session: WriteSession, uploads: Uploads, uploaded: set[bytes]) -> None:
        self._session, self._uploads, self._uploaded = session, uploads, uploaded

    def put(self, pack: PlannedPack) -> None:
        """Bring a pack up, unless it is there."""
        if pack.pack_id in self._uploaded:
            return
        check_readable("This pack of values", lambda: check_pack(pack))
        self._uploaded.add(pack.pack_id)
        name = self._session.remote.names.pack(pack.pack_id)

        def note() -> None:
            self._session.state.note_uploaded(pack.pack_id)

        if len(pack.values) == 1 and pack.size > STREAM_ABOVE:
            self._uploads.put_large(name, _stream(self._session, pack), note)
        else:
            noted = note if pack.size > _NOTED_ABOVE else None
            self._uploads.put(name, lambda: _body(self._session, pack), pack.size, noted)


def with_blocks(session: WriteSession, value: PlannedValue) -> PlannedValue:
    """A value with the checksums of its blocks, where it is so large that it has them; reads it then."""
    if value.length <= LARGE_VALUE:
        return value
    sums, fd = BlockSums(), session.writer.data.fd
    for at in range(value.offset, value.offset + value.length, _MOST_AT_ONCE):
        sums.update(os.pread(fd, min(_MOST_AT_ONCE, value.offset + value.length - at), at))
    return PlannedValue(value.key, value.timestamp, value.offset, value.length, value.checksum, None, sums.digest())


def value_bytes(session: WriteSession, value: PlannedValue) -> bytes:
    """The bytes of a small value; IntegrityError when they are not those that were planned."""
    if value.inline is not None:
        return value.inline
    found = session.copy.data.read(value.offset, value.length)
    return found if len(found) == value.length and checksum(found) == value.checksum else _moved(session, value)


def _body(session: WriteSession, pack: PlannedPack) -> bytearray:
    """The bytes of a pack: its values, read in long stretches and each compared with its checksum, and its footer."""
    body, end = bytearray(pack.size), 0
    data = session.copy.data
    region, start = memoryview(b""), 0
    for position, value in enumerate(pack.values):
        offset, length = value.offset, value.length
        if value.inline is not None:
            body[end : end + length] = value.inline
            end += length
            continue
        if not start <= offset <= offset + length <= start + len(region):
            start = offset
            region = memoryview(data.read(start, _stretch(pack.values, position)))
        found: bytes | memoryview = region[offset - start : offset - start + length]
        if len(found) != length or checksum(found) != value.checksum:
            found = _moved(session, value)
        body[end : end + length] = found
        end += length
    body[end:] = pack.footer
    return body


def _moved(session: WriteSession, value: PlannedValue) -> bytes:
    """A value that is not where it was when the pack was planned."""
    row = Row(value.key, Status.EDITED, value.timestamp, value.offset, value.length, value.checksum, 0, None)
    found = session.local_bytes(row)
    if found is None or len(found) != value.length:
        raise IntegrityError(
            f"{value.key!r} was changed while it was being pushed. Nothing was pushed.",
            key=value.key,
            hint="Push again.",
        )
    return found


def _stretch(values: Sequence[PlannedValue], position: int) -> int:
    """How many bytes to read at once from a value on: as far as the next ones follow it closely in the file."""
    start = values[position].offset
    end = start + values[position].length
    for following in range(position + 1, len(values)):
        value = values[following]
        if (
            value.inline is not None
            or not end <= value.offset <= end + _GAP
            or value.offset + value.length - start > _MOST_AT_ONCE
        ):
            break
        end = value.offset + value.length
    return end - start


def _stream(session: WriteSession, pack: PlannedPack) -> Source:
    value = pack.values[0]
    fd = session.writer.data.fd
    check_region(fd, value.offset, value.length, value.checksum, f"The local value of {value.key!r}")
    return Source(pack.size, lambda: BufferedReader(RegionStream(fd, value.offset, value.length, pack.footer)))
