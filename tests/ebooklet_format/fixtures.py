"""The remotes that real ebooklets wrote, as they are in the archives beside this, and what a reader must see in them."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

_FOLDER = Path(__file__).with_name("fixtures")
NAMES = sorted(path.stem for path in _FOLDER.glob("*.zip"))


class StoredObject(NamedTuple):
    """One object of a bucket with its user metadata."""

    body: bytes
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Expected:
    """What is to be seen of one database: values by key with their times (µs)."""

    db_key: str
    type: str
    uuid: str
    timestamp: int
    serializer: str
    metadata: Any
    metadata_timestamp: int
    values: Mapping[str, tuple[int, bytes]]


@dataclass(frozen=True)
class Fixture:
    """One remote of each kind that one version of ebooklet wrote in one mode."""

    name: str

    @cached_property
    def _files(self) -> Mapping[str, bytes]:
        with zipfile.ZipFile(_FOLDER / f"{self.name}.zip") as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    @cached_property
    def objects(self) -> Mapping[str, StoredObject]:
        """Every object of the bucket by its name."""
        found = {}
        for name, body in self._files.items():
            if name.startswith("objects/") and name.endswith(".s3.json"):
                described = json.loads(body)
                found[described["key"]] = StoredObject(self._files[name.removesuffix(".s3.json")], described["metadata"])
        return found

    @cached_property
    def databases(self) -> list[Expected]:
        """What a reader must see: two databases and a group."""
        return [
            Expected(
                db_key,
                said["type"],
                said["uuid"],
                said["remote_timestamp"],
                said["value_serializer"],
                said["metadata"],
                said["metadata_timestamp"],
                {key: (value["timestamp"], base64.b64decode(value["value_base64"])) for key, value in said["entries"].items()},
            )
            for db_key, said in json.loads(self._files["expected.json"])["databases"].items()
        ]

    @property
    def local_files(self) -> Mapping[str, Any]:
        """What is said of the first writer's local files."""
        found: Mapping[str, Any] = json.loads(self._files["expected.json"])["local_files"]
        return found

    def local(self, name: str, folder: Path) -> Path:
        """One of the first writer's local files with what lies beside it, put into a folder."""
        for file, body in self._files.items():
            if file.startswith(f"local/{name}"):
                (folder / Path(file).name).write_bytes(body)
        return folder / name


FIXTURES = [Fixture(name) for name in NAMES]
OF_EACH_KIND = [
    Fixture(name) for name in ("0.5.10-key", "0.6.3-hash", "0.9.5-hash", "0.10.5-key", "0.10.5-hash", "0.11.1-grouped")
]
"""One of each way in which a remote is kept, and of each width of index entries."""
