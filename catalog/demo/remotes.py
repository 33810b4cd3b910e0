"""Where the demo's remotes are: a folder of this machine, or a bucket of an S3 server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.connection import S3Connection

PROFILE = "demo"
"""The name of the credentials for a server; the environment or the keyring has them."""


@dataclass(frozen=True, slots=True)
class Remotes:
    """One place for all remotes of the demo."""

    endpoint_url: str
    bucket: str | None = None

    @classmethod
    def in_folder(cls, folder: Path) -> Remotes:
        """Remotes as plain files below ``folder``."""
        return cls(folder.absolute().as_uri())

    def connection(self, db_key: str) -> S3Connection:
        """The connection to the remote called ``db_key``; it holds no keys."""
        profile = None if self.bucket is None else PROFILE
        return S3Connection(db_key=db_key, bucket=self.bucket, endpoint_url=self.endpoint_url, profile=profile)
