"""The libraries that are compared: how each connects and opens. What is done with a database is the same code for both."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol

THREADS = 8
"""How many requests at once, for each contestant."""

Flag = Literal["r", "w", "c"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database lies, with the keys of a throw-away server."""

    access_key_id: str
    secret_access_key: str
    bucket: str
    endpoint_url: str
    db_key: str


class Contestant(Protocol):
    """A library under test. A database that it opens has the mapping interface and ``sync close changes load_items``."""

    title: str

    def open(self, place: Place, file: Path, flag: Flag, n_buckets: int) -> Any:
        """Open a database whose values are bytes, with the library's own defaults but for threads and buckets."""


class Catalog:
    """booklet-catalog."""

    def __init__(self) -> None:
        import catalog  # noqa: PLC0415 - a process imports only the library that it measures

        self._library = catalog
        self.title = f"catalog {version('booklet-catalog')}" if _installed("booklet-catalog") else "catalog"

    def open(self, place: Place, file: Path, flag: Flag, n_buckets: int) -> Any:
        """Open a database."""
        connection = self._library.S3Connection(
            place.access_key_id, place.secret_access_key, place.db_key, place.bucket, place.endpoint_url, threads=THREADS
        )
        return self._library.open(connection, file, flag, n_buckets=n_buckets)


class Ebooklet:
    """ebooklet, as its README says: ``open_ebooklet`` with grouped storage, which is its default."""

    def __init__(self) -> None:
        warnings.simplefilter("ignore")
        import ebooklet  # noqa: PLC0415

        self._library = ebooklet
        self.title = f"ebooklet {version('ebooklet')}"

    def open(self, place: Place, file: Path, flag: Flag, n_buckets: int) -> Any:
        """Open a database."""
        connection = self._library.S3Connection(
            place.access_key_id, place.secret_access_key, place.db_key, place.bucket, place.endpoint_url, threads=THREADS
        )
        return self._library.open_ebooklet(connection, file, flag, n_buckets=n_buckets)


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except ModuleNotFoundError:
        return False
    return True


NAMES = ("ebooklet", "catalog")


def contestant(name: str) -> Contestant:
    """Import a library and return it as a contestant."""
    return Ebooklet() if name == "ebooklet" else Catalog()
