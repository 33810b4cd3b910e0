"""Compaction: the data file written again without dead blocks, so that a kill at any point loses nothing.

A whole new file is made beside the old one; then its bytes are copied over the old file, whose identity and locks stay. The
mark ``compacting`` in the sidecar makes the next opening repeat a copy that was cut short.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from catalog.errors import FormatError, LocalFileError
from catalog.local.booklet_header import HEADER_BYTES, Header, buckets_for
from catalog.local.data_file import Block, DataFile, Record, system_error
from catalog.local.state import State
from catalog.local.table import Row, block_key, count_keys
from catalog.progress import Progress

_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 20_000
_CUT_OFF = -1
"""The offset of a value that the file no longer holds whole; reading it is an error until it is discarded."""


class Pruned(int):
    """How many values were removed, as booklet counts them; ``bytes_freed`` came free on the disk."""

    bytes_freed: int = 0

    @classmethod
    def of(cls, removed: int, bytes_freed: int) -> Pruned:
        """A count and how many bytes came free."""
        made = cls(removed)
        made.bytes_freed = bytes_freed
        return made


def content_beside(path: Path) -> Path:
    """Where the new content of a booklet lies until it has taken the place of the old; derived, never read from a file."""
    return path.with_name(f".{path.name}.compacting")


def compact(data: DataFile, state: State, reserved: Iterable[Block], progress: Progress) -> None:
    """Write the file again with only what the table names, and booklet's own ``reserved`` blocks."""
    temporary = content_beside(data.path)
    moved: list[tuple[int, str]] = []
    try:
        _write_copy(data, state, [record_of(data, block) for block in reserved], temporary, moved, progress)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, LocalFileError):
            raise
        raise system_error(error, temporary, "writing") from None
    with state.transaction(durable=True):
        state.compacting = True
    data.replace_content(temporary)
    with state.transaction(durable=True):
        state.table.moved(moved)
        state.compacting = False
    with contextlib.suppress(OSError):
        temporary.unlink()


def remove_leftovers(path: Path) -> None:
    """Remove what a killed compaction left beside a file. Needs the write lock, and no compaction under way."""
    for pattern in (".{}.compacting", "..{}.compacting.*.new"):
        for found in path.parent.glob(pattern.format(glob.escape(path.name))):
            with contextlib.suppress(OSError):
                found.unlink()


def record_of(data: DataFile, block: Block) -> Record:
    """A block's content, to be written again."""
    return Record(block.key, block.timestamp, data.read(block.offset, block.length))


def resume_compaction(data: DataFile, state: State) -> None:
    """Finish the copy of a compaction that was cut short."""
    if not state.compacting:
        return
    temporary = content_beside(data.path)
    if _is_content_of(data, temporary):
        data.replace_content(temporary)
        temporary.unlink()
    state.compacting = False


def _is_content_of(data: DataFile, temporary: Path) -> bool:
    """Whether a file is new content of a booklet: anyone can have put another one there, and a mark into the sidecar."""
    try:
        with temporary.open("rb") as file:
            return Header.parse(file.read(HEADER_BYTES), str(temporary)).uuid == data.header.uuid
    except (OSError, FormatError):
        return False


def _write_copy(
    data: DataFile,
    state: State,
    reserved: Sequence[Record],
    temporary: Path,
    moved: list[tuple[int, str]],
    progress: Progress,
) -> None:
    keys, _ = state.table.held_size()
    progress.begin("compacting the local file", data.size, keys)
    temporary.unlink(missing_ok=True)
    header = data.header.fresh(max(buckets_for(keys), data.header.n_buckets))
    DataFile.create(temporary, header.marked(data.header.mark))
    copy = DataFile(temporary, writable=True)
    try:
        copy.link(copy.append(reserved), 0)
        for rows in _batches(row for row in state.table.all() if row.held):
            values = [(row, _value_of(data, row)) for row in rows]
            whole = [(row, value) for row, value in values if value is not None]
            batch = copy.append([Record(block_key(row.key), row.timestamp, value) for row, value in whole])
            copy.link(batch, count_keys(row.key for row, _ in whole))
            moved.extend(zip(batch.offsets, (row.key for row, _ in whole), strict=True))
            moved.extend((_CUT_OFF, row.key) for row, value in values if value is None)
            progress.advance(sum(row.length for row in rows), len(rows))
        os.fsync(copy.fd)
    finally:
        copy.close()


def _value_of(data: DataFile, row: Row) -> bytes | None:
    """The value of a row, damaged or not; None when something else lies where it was."""
    if row.offset <= 0:
        return None
    key = block_key(row.key)
    raw = data.read(row.offset - len(key), len(key) + row.length)
    return raw[len(key) :] if len(raw) == len(key) + row.length and raw.startswith(key) else None


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, _BATCH_ROWS)):
        batch: list[Row] = []
        size = 0
        for row in some:
            batch.append(row)
            size += row.length
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
