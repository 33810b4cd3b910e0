"""A session on an earlier commit: read only, and blind to what was changed here since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile

from catalog.errors import IntegrityError
from catalog.format.head import StoredHead
from catalog.format.segment import Entry
from catalog.local.table import Row
from catalog.local.working_copy import WorkingCopy
from catalog.remote.remote import Remote
from catalog.remote.snapshot import Snapshot
from catalog.session.key_info import KeyInfo, KeyState, of_entry
from catalog.session.session import Session, StoredValue, portions


class PastSession(Session):
    """One commit of a remote. Values come from the local file where it still holds the same version, else from the remote."""

    def __init__(self, copy: WorkingCopy, remote: Remote, stored: StoredHead) -> None:
        super().__init__(copy, remote)
        self._past = remote.snapshot(stored)
        self.base, self.seen = self._past, stored

    @property
    def replacing(self) -> bool:
        """No: this is not the working copy's state."""
        return False

    @property
    def generation(self) -> int:
        """Always the same: what was opened never changes."""
        return 0

    def refresh(self) -> StoredHead | None:
        """The commit that was opened, which never changes."""
        return self.seen

    def visible_base(self) -> Snapshot | None:
        """The commit that was opened."""
        return self._past

    def find(self, key: str) -> StoredValue | None:
        """The value of a key at this commit, verified."""
        entry = self._past.find(key)
        return None if entry is None else self._held(key, entry)

    def _held(self, key: str, entry: Entry) -> StoredValue:
        row = self.table.get(key)
        if row is not None and row.held and (row.checksum == entry.checksum or row.version == entry.version):
            try:
                if (value := self.local_bytes(row)) is not None:
                    return StoredValue(value, entry.timestamp)
            except IntegrityError:
                pass
        return StoredValue(self.remote_value(key, entry), entry.timestamp)

    def timestamp_of(self, key: str) -> int | None:
        """The timestamp of a key at this commit."""
        entry = self._past.find(key)
        return entry.timestamp if entry is not None else None

    def contents(self, keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Lengths and checksums of the values of those of some keys that this commit has."""
        return {key: entry.version.content for key, entry in self._past.find_many(keys)}

    def stored_items(
        self, prefix: str = "", bring: Callable[[Sequence[str]], None] | None = None
    ) -> Iterator[tuple[str, StoredValue]]:
        """All keys of this commit that begin with ``prefix`` with their values, sorted."""
        items = takewhile(lambda item: item[0].startswith(prefix), self._past.items(prefix))
        for some in portions((key, entry, None) for key, entry in items):
            if bring is not None:
                bring([key for key, _, _ in some])
            for key, entry, _ in some:
                if entry is not None:
                    yield key, self._held(key, entry)

    def key_infos(self, start: str = "", *, with_deleted: bool = False) -> Iterator[KeyInfo]:  # noqa: ARG002
        """All keys of this commit from ``start`` on, sorted."""
        for key, entry in self._past.items(start):
            yield of_entry(key, entry, KeyState.REMOTE)

    def edited_rows(self) -> Iterator[Row]:
        """None: what was changed here is not seen."""
        return iter(())

    def rows_of(self, keys: Sequence[str]) -> Mapping[str, Row]:  # noqa: ARG002
        """None: what is here is not seen."""
        return {}

    def added_keys(self) -> list[str]:
        """None: what was changed here is not seen."""
        return []

    def count(self) -> int:
        """How many keys there were."""
        return self._past.count

    def value_bytes(self) -> int:
        """How many bytes all values took."""
        return self._past.stored.head.value_bytes
