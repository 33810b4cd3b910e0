"""Reconciling: finding out what happened to the data file while no writer of ours had it.

Plain booklet may have added, changed and deleted keys; a writer of ours may have been killed between two steps. The blocks of
the file are compared with the rows of the sidecar; what differs becomes an edit, and what a kill left half done is finished.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from catalog.errors import LocalFileError, UnsupportedFormatError
from catalog.format.checksum import checksum
from catalog.format.version import METADATA, Version
from catalog.local.compact import compact, remove_leftovers, resume_compaction
from catalog.local.data_file import METADATA_KEY, RESERVED_KEYS, Block, DataFile, TornBlockError
from catalog.local.state import Restored, State
from catalog.local.table import UNKNOWN_BASE, Row, Status, block_key
from catalog.progress import Progress

_INSERT = 5_000
_NOT_COUNTED = (1 << 32) - 1
"""What booklet writes as the number of keys when it was not closed."""


@dataclass(slots=True)
class _Found:
    """What a scan of the blocks found out besides the blocks themselves."""

    keys: int = 0
    repeated: bool = False
    torn_at: int | None = None
    reserved: dict[bytes, Block] = field(default_factory=dict)

    def complete(self, counted: int) -> bool:
        """Whether the file surely lost nothing but what was deleted: whole, and with as many keys as its header says."""
        return self.torn_at is None and counted in (self.keys, _NOT_COUNTED)


def reconcile(data: DataFile, state: State, progress: Progress) -> bool:
    """Bring the sidecar into agreement with the data file; whether anything had happened. Needs the write lock.

    Of a data file that is open for reading only the sidecar, which is a copy then, is changed: nothing is finished or removed.
    """
    if data.writable:
        resume_compaction(data, state)
    elif state.compacting:
        raise LocalFileError(
            f"{data.path} was being rewritten when its writer was killed, and cannot be written here.",
            path=str(data.path),
            hint="Open it once where it can be written, which finishes that, or read the remote through another file_path.",
        )
    dirty = state.dirty
    if not dirty and state.fingerprint == data.fingerprint():
        return False
    progress.begin(f"comparing {data.path.name} with what was known of it")
    state.dirty = True
    found = _collect(data, state)
    earlier = state.earlier_base(data.header.mark)
    with state.transaction():
        if earlier is not None:
            _restore(data, state, earlier)
        else:
            _adopt(data, state, half_done=dirty)
            _miss(data, state, found)
        state.table.remove([row.key for row in state.table.leaving()])
    state.sidecar.run("DROP TABLE temp.found")
    if not data.writable:
        return True
    if dirty:
        remove_leftovers(data.path)
    if dirty or found.torn_at is not None or found.repeated or data.header.n_keys != found.keys:
        compact(data, state, found.reserved.values(), progress)
    return True


def _collect(data: DataFile, state: State) -> _Found:
    """Put the last living block of each key into a temporary table."""
    found, sidecar, alive = _Found(), state.sidecar, 0
    sidecar.run("DROP TABLE IF EXISTS temp.found")
    sidecar.run("CREATE TEMP TABLE found (key TEXT PRIMARY KEY, timestamp INTEGER, offset INTEGER, length INTEGER) WITHOUT ROWID")
    batch: list[tuple[str, int, int, int]] = []
    insert = "INSERT OR REPLACE INTO temp.found VALUES (?, ?, ?, ?)"
    try:
        for block in data.scan():
            if not block.alive:
                continue
            if block.key in RESERVED_KEYS and block.key != METADATA_KEY:
                found.reserved[block.key] = block
            else:
                batch.append((_text(block.key, data), block.timestamp, block.offset, block.length))
                alive += 1
                if len(batch) >= _INSERT:
                    sidecar.run_many(insert, batch)
                    batch = []
    except TornBlockError as torn:
        found.torn_at = torn.at
    sidecar.run_many(insert, batch)
    row = sidecar.row("SELECT COUNT(*), COUNT(NULLIF(key, '')) FROM temp.found")
    distinct, found.keys = row or (0, 0)
    found.repeated = alive != distinct
    return found


def _text(key: bytes, data: DataFile) -> str:
    if key == METADATA_KEY:
        return METADATA
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise UnsupportedFormatError(
            f"{data.path} holds a key that is no text: {key[:40]!r}.",
            hint="Keys must be strings: make the booklet with key_serializer='str'.",
        ) from None


def _adopt(data: DataFile, state: State, *, half_done: bool) -> None:
    """Take what the file holds and the table does not know; finish removals that a kill left ``half_done``."""
    # without timestamps, another value of the same length at the same place shows in its bytes only
    sidecar, table = state.sidecar, state.table
    differing = sidecar.rows(
        "SELECT found.key, found.timestamp, found.offset, found.length FROM temp.found AS found LEFT JOIN local USING (key) "
        "WHERE ? OR local.key IS NULL OR local.status IN (2, 3) OR local.offset <> found.offset "
        "OR local.length <> found.length OR local.timestamp <> found.timestamp",
        (not data.header.has_timestamps,),
    )
    edit = state.last_edit
    rows = []
    for start in range(0, len(differing), _INSERT):
        some = differing[start : start + _INSERT]
        known = table.get_many([values[0] for values in some])
        for key, timestamp, offset, length in some:
            row = known.get(key)
            value_checksum = checksum(data.read(offset, length))
            if half_done and row is not None and _unfinished(row, offset, value_checksum):
                if data.writable:
                    data.remove([(block_key(key), offset)], 0)
                sidecar.run("DELETE FROM temp.found WHERE key = ?", (key,))
                continue
            if row is not None and row.held and row.version == Version(timestamp, length, value_checksum):
                rows.append(replace(row, offset=offset))
                continue
            edit += 1
            base = row.base if row is not None else None
            rows.append(Row(key, Status.EDITED, timestamp, offset, length, value_checksum, edit, base))
    table.put(rows)
    state.last_edit = edit


def _restore(data: DataFile, state: State, base: tuple[int | None, str | None]) -> None:
    """Take over a file of an earlier sync: what it holds otherwise than is known is to be compared with what it was based on.

    What is not in it says nothing. Edits that only the file had which it replaced are lost, and their keys noted.
    """
    sidecar, table = state.sidecar, state.table
    first = edit = state.last_edit
    lost: list[str] = []
    deleted: list[str] = []
    blocks = sidecar.rows("SELECT key, timestamp, offset, length FROM temp.found")
    for start in range(0, len(blocks), _INSERT):
        some = blocks[start : start + _INSERT]
        known = table.get_many([values[0] for values in some])
        rows = []
        for key, timestamp, offset, length in some:
            row = known.get(key)
            version = Version(timestamp, length, checksum(data.read(offset, length)))
            if row is not None and row.held and row.version == version:
                rows.append(replace(row, offset=offset))
                continue
            if row is not None and row.status == Status.EDITED:
                lost.append(key)
            elif row is not None and row.status == Status.DELETED:
                deleted.append(key)
            edit += 1
            rows.append(Row(key, Status.EDITED, timestamp, offset, length, version.checksum, edit, UNKNOWN_BASE))
        table.put(rows)
    missing = "FROM local WHERE key NOT IN (SELECT key FROM temp.found)"
    lost += [key for (key,) in sidecar.rows(f"SELECT key {missing} AND status = 1")]
    sidecar.change(f"DELETE {missing} AND status <> 2")
    sidecar.change(f"UPDATE local SET offset = 0 WHERE status = 2 AND key IN (SELECT key {missing})")  # noqa: S608
    state.last_edit = edit
    state.restored = Restored(*base, first, edit, deleted)
    state.note_lost_edits(lost)


def _unfinished(row: Row, offset: int, value_checksum: bytes) -> bool:
    """Whether a block is one that a killed writer was about to remove."""
    if row.status == Status.DELETED:
        return (row.offset, row.checksum) == (offset, value_checksum)
    return row.status == Status.LEAVING and row.checksum == value_checksum


def _miss(data: DataFile, state: State, found: _Found) -> None:
    """Keys that the table knows and the file has no more were deleted there, unless the file is not all there."""
    sidecar, table, edit = state.sidecar, state.table, state.last_edit
    complete = found.complete(data.header.n_keys)
    rows, lost = [], []
    for key, status, offset, timestamp in sidecar.rows(
        "SELECT local.key, local.status, local.offset, local.timestamp FROM local LEFT JOIN temp.found AS found USING (key) "
        "WHERE found.key IS NULL AND local.status IN (0, 1) AND local.offset > 0"
    ):
        if not complete and not data.was_deleted(block_key(key), offset):
            if status == Status.COPY:
                lost.append(key)
            continue
        edit += 1
        rows.append(Row(key, Status.DELETED, timestamp, 0, 0, bytes(8), edit, None))
    known = table.get_many([row.key for row in rows])
    table.put(replace(row, base=known[row.key].base) for row in rows)
    table.remove(lost)
    state.last_edit = edit
