"""The keys of an opened database as lists to look at: by their row, by folders, by size and by time; never all in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

import msgspec

from catalog.errors import InvalidInputError
from catalog.format.fence_pointers import FencePointers
from catalog.format.segment import EMPTY_SEGMENT, Entry, IndexPart, Segment
from catalog.local.sorted_keys import Columns, Listed, Order, SortedKeys
from catalog.local.table import Row, Status
from catalog.session.key_info import KeyInfo, KeyState, describe_key, while_prefixed
from catalog.session.session import Session

_APART = 4_096
"""How many rows the fence pointers of a working copy without a base are apart."""
_WALKED = 2_000
"""How many keys of a group are counted one by one before the rows of its ends are asked for."""
_LAST_CHARACTER = 0x10FFFF
_MOST_APART = 20_000
"""Edited keys that are described one by one beside those of the base; of more all keys are."""


class KeyGroup(msgspec.Struct, frozen=True, gc=False):
    """The keys of a folder that go on in the same way: those that begin with ``prefix``, and how many they are."""

    prefix: str
    keys: int


@dataclass(frozen=True, slots=True)
class _Marked:
    """FencePointers, and of what: the generation and the base commit."""

    of: tuple[int, str | None]
    fence_pointers: FencePointers


def after_prefix(prefix: str) -> str | None:
    """The least text that comes after everything that begins with ``prefix``; None when nothing does."""
    for length in range(len(prefix), 0, -1):
        following = ord(prefix[length - 1]) + 1
        if following <= _LAST_CHARACTER:
            # Halves of characters are no text.
            return prefix[: length - 1] + chr(0xE000 if 0xD800 <= following < 0xE000 else following)
    return None


class Listing:
    """The sorted list of a session's keys, those that were deleted here included."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._marked: _Marked | None = None

    def page_at(self, row: int, limit: int, prefix: str) -> list[KeyInfo]:
        """Some keys in their order, from a row of the list of all that begin with ``prefix``."""
        key, passed = self._fence_pointers().at(row + self.row_of(prefix))
        infos = islice(self._session.key_infos(key, with_deleted=True), passed, None)
        return list(islice(while_prefixed(infos, prefix), limit))

    def rows(self, prefix: str) -> int:
        """How many keys begin with ``prefix``."""
        after = after_prefix(prefix)
        end = self._fence_pointers().total if after is None else self.row_of(after)
        return end - self.row_of(prefix)

    def folder(self, prefix: str, separator: str, after: KeyInfo | KeyGroup | None, limit: int) -> list[KeyInfo | KeyGroup]:
        """Keys and groups of one folder, in the order of the keys."""
        if not separator:
            raise InvalidInputError("A separator has at least one character.")
        start: str | None = prefix
        if isinstance(after, KeyGroup):
            start = after_prefix(after.prefix)
        elif after is not None:
            start = after.key + "\0"
        found: list[KeyInfo | KeyGroup] = []
        while start is not None and len(found) < limit:
            start = self._more_of_folder(prefix, separator, start, limit, found)
        return found

    def _more_of_folder(self, prefix: str, separator: str, start: str, limit: int, found: list[KeyInfo | KeyGroup]) -> str | None:
        """Walk on through a folder, until it is full or a group is too large to walk through; gives where to go on, if at all."""
        infos = while_prefixed(self._session.key_infos(start, with_deleted=True), prefix)
        info = next(infos, None)
        while info is not None and len(found) < limit:
            end = info.key.find(separator, len(prefix))
            if end < 0:
                found.append(info)
                info = next(infos, None)
                continue
            group = info.key[: end + len(separator)]
            keys = 1
            while (info := next(infos, None)) is not None and keys < _WALKED and info.key.startswith(group):
                keys += 1
            if info is None or not info.key.startswith(group):
                found.append(KeyGroup(group, keys))
            else:
                found.append(KeyGroup(group, self.rows(group)))
                return after_prefix(group)
        return None

    def sorted_keys(self, order: Order, prefix: str) -> SortedKeys[KeyInfo]:
        """The keys that begin with ``prefix`` in another order."""
        return SortedKeys(lambda: self._columns(prefix), order, self._infos)

    def _columns(self, prefix: str) -> Iterator[Columns]:
        """What is listed of the keys that begin with ``prefix``, in their order: where that is possible, whole columns."""
        session = self._session
        session.flush()
        base, after = session.visible_base(), after_prefix(prefix) if prefix else None
        rows = {row.key: row for row in islice(session.edited_rows(), _MOST_APART + 1)}
        if base is None or len(rows) > _MOST_APART:
            infos = while_prefixed(session.key_infos(prefix, with_deleted=True), prefix)
            while some := list(islice(infos, _APART)):
                yield Columns(*zip(*((info.key, info.timestamp, info.size, info.verified) for info in some), strict=True))
            return
        mine = sorted(rows)
        at = bisect_left(mine, prefix)
        for piece, newer in base.pieces(prefix):
            last = max(piece.keys[-1] if piece.keys else "", max(newer, default=""))
            end = bisect_right(mine, last)
            yield from _columns(piece, newer, {key: rows[key] for key in mine[at:end]}, prefix, after)
            at = end
            if after is not None and last >= after:
                break
        yield from _columns(EMPTY_SEGMENT, {}, {key: rows[key] for key in mine[at:]}, prefix, after)

    def _infos(self, found: Sequence[Listed]) -> list[KeyInfo]:
        """What to say of the keys of a page, with the states that they have now."""
        rows = self._session.rows_of([one.key for one in found])
        return [self._info(one, rows.get(one.key)) for one in found]

    def _info(self, listed: Listed, row: Row | None) -> KeyInfo:
        key, timestamp, size, verified = listed
        if row is None or row.status == Status.LEAVING:
            return KeyInfo(key, timestamp, size, KeyState.REMOTE, verified)
        if row.status == Status.COPY:
            return KeyInfo(key, timestamp, row.length if size is None else size, KeyState.LOCAL, verified)
        base = self._session.visible_base()
        outline = base.outline(key) if base is not None else None
        if outline is not None and row.may_say(outline):
            assert base is not None
            return describe_key(key, base.find(key), row, has_base=True) or KeyInfo(key, timestamp, size, KeyState.DELETED)
        if row.base is not None:
            return KeyInfo(key, row.timestamp, row.length, KeyState.CONFLICT)
        if row.status == Status.DELETED:
            return KeyInfo(key, timestamp, size, KeyState.DELETED, verified)
        return KeyInfo(key, row.timestamp, row.length, KeyState.ADDED if outline is None else KeyState.MODIFIED)

    def row_of(self, key: str) -> int:
        """How many keys come before ``key``."""
        row, start = self._fence_pointers().before(key)
        if start == key:
            return row
        return row + sum(1 for _ in takewhile(lambda info: info.key < key, self._session.key_infos(start, with_deleted=True)))

    def _fence_pointers(self) -> FencePointers:
        session = self._session
        of = (session.generation, session.base_id)
        if self._marked is None or self._marked.of != of:
            base = session.visible_base()
            fence_pointers = self._of_table() if base is None else base.fence_pointers().with_more(session.added_keys())
            self._marked = _Marked(of, fence_pointers)
        return self._marked.fence_pointers

    def _of_table(self) -> FencePointers:
        """Of a working copy without a base: every few thousand rows of the table."""
        found, total = self._session.table.every(_APART)
        return FencePointers([row for row, _ in found], [key for _, key in found], total)


def _columns(
    piece: IndexPart, newer: Mapping[str, Entry], rows: Mapping[str, Row], prefix: str, after: str | None
) -> Iterator[Columns]:
    """What is listed of the keys of one piece of the index, under what newer ones and the table say of some."""
    first, end = bisect_left(piece.keys, prefix), len(piece.keys) if after is None else bisect_left(piece.keys, after)
    if isinstance(piece, Segment) and piece.is_plain and not newer and not rows:
        if first < end:
            yield Columns(piece.keys[first:end], piece.timestamps[first:end], piece.lengths[first:end], [True] * (end - first))
        return
    entries = {**dict(islice(piece.items(), first, end)), **newer}
    described = []
    for key in sorted(entries.keys() | rows.keys()):
        entry = entries.get(key)
        known = entry if entry is not None and not entry.deleted else None
        info = describe_key(key, known, rows.get(key), has_base=True)
        if info is not None and key.startswith(prefix):
            described.append((key, info.timestamp, info.size, info.verified))
    if described:
        yield Columns(*zip(*described, strict=True))
