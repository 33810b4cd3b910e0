"""Several working copies of one database in a folder, and a fresh reader that judges them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import catalog
from catalog import Database, S3Connection
from catalog.database.options import Flag


class Team:
    """Working copies of one database, by name, and what a fresh reader sees of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = S3Connection(db_key="rain.blt", endpoint_url=(folder / "store").as_uri())
        self._opened: dict[str, Database] = {}
        self._readers = 0

    def open(self, name: str, flag: Flag = "c", **more: Any) -> Database:
        self.close(name)
        more = {"lock": "commit", **more}
        database: Database = catalog.open(self.connection, self.folder / f"{name}.blt", flag, "orjson", **more)
        self._opened[name] = database
        return database

    def close(self, name: str) -> None:
        if name in self._opened:
            self._opened.pop(name).close()

    def close_all(self) -> None:
        for name in list(self._opened):
            self.close(name)

    def seen(self) -> dict[str, Any]:
        """What a fresh reader sees; its totals agree with what it lists."""
        self._readers += 1
        with catalog.open(self.connection, self.folder / f"reader {self._readers}.blt") as reader:
            found = dict(reader.items())
            assert len(reader) == len(found)
            assert reader.value_bytes == sum(len(reader.get_bytes(key)) for key in found)
            return found | ({"(metadata)": reader.get_metadata()} if reader.get_metadata() is not None else {})
