"""What a catalog lists."""

from __future__ import annotations

from dataclasses import dataclass

from catalog import Entry, S3Connection


@dataclass(frozen=True)
class GroupListing:
    """One group with its entries, or why they could not be read."""

    name: str
    entries: tuple[Entry, ...]
    problem: str = ""
    connection: S3Connection | None = None
