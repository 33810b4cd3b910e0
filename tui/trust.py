"""Where keys may sign requests: a place that a group only suggests is asked about first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypedDict

from catalog import Entry, S3Connection

from .listing import GroupListing


class Vouching(TypedDict):
    """What the library is told about the origin of a connection."""

    origin: str
    trust_connection: bool


class Trust:
    """Which group names each database, and the places that the user has vouched for in this session.

    The library knows those that were approved for good. What was not listed yet is taken for the group that is ``selected``.
    """

    def __init__(self, selected: Callable[[], str]) -> None:
        self._selected = selected
        self._origins: Mapping[str, str] = {}
        self._places: set[tuple[str | None, str | None, str | None]] = set()

    def note_origins(self, listings: Iterable[GroupListing]) -> None:
        """Note which databases the groups name now."""
        self._origins = {entry.key: listing.name for listing in listings for entry in listing.entries}

    def origin(self, entry: Entry) -> str:
        """The group that names a database."""
        return self._origins.get(entry.key) or self._selected()

    def add(self, connection: S3Connection) -> None:
        """Vouch for the endpoint, bucket and profile of a connection."""
        self._places.add(_place(connection))

    def vouching(self, entry: Entry) -> Vouching:
        """Say which group an entry is from, and whether the user has vouched for its place."""
        return Vouching(origin=self.origin(entry), trust_connection=_place(entry.connection) in self._places)


def _place(connection: S3Connection) -> tuple[str | None, str | None, str | None]:
    return connection.endpoint_url, connection.bucket, connection.profile
