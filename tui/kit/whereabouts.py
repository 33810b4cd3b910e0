"""Where a database lives, in words."""

from __future__ import annotations

from textual.content import Content

from catalog import S3Connection

from .columns import Fact
from .plain import plain


def place_facts(name: str, connection: S3Connection) -> list[Fact]:
    """Say where a database lives, as facts under ``name``."""
    if connection.is_folder or connection.is_address_only:
        return [(name, Content(plain(str(connection))))]
    place = Content(plain(f"{connection.bucket}/{connection.db_key}"))
    return [(name, place), ("", Content(plain(f"at {connection.endpoint_url or 'AWS'}")))]
