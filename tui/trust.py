"""Where keys may sign requests: a place that a group only suggests is asked about first."""

from __future__ import annotations

from typing import TypedDict

from catalog import Entry, S3Connection


class Vouching(TypedDict):
    """What the library is told about the origin of a connection."""

    origin: str
    trust_connection: bool


class Trust:
    """The places that the user has vouched for in this session; the library knows those approved for good."""

    def __init__(self) -> None:
        self._places: set[tuple[str | None, str | None, str | None]] = set()

    def add(self, connection: S3Connection) -> None:
        """Vouch for the endpoint, bucket and profile of a connection."""
        self._places.add((connection.endpoint_url, connection.bucket, connection.profile))

    def vouching(self, group: str, entry: Entry) -> Vouching:
        """Say which group an entry is from, and whether the user has vouched for its place."""
        connection = entry.connection
        place = (connection.endpoint_url, connection.bucket, connection.profile)
        return Vouching(origin=group, trust_connection=place in self._places)
