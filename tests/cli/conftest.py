"""A catalog to run commands on: two small groups whose remotes are folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from credentials.conftest import bus, home, memory, secret_service, use_keyring

import catalog
from catalog import Catalog, S3Connection
from catalog.cli import cli

Run = Callable[..., Result]

__all__ = ["bus", "home", "memory", "secret_service", "use_keyring"]


def remote(folder: Path, db_key: str) -> S3Connection:
    """A place for a database below ``folder``."""
    return S3Connection(db_key=db_key, endpoint_url=(folder / "remotes").as_uri())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog of the groups `field` (rain, notes) and `lab` (rain), all in step but `field/rain`, which is ahead."""
    for db_key, serializer, values in (
        ("field/rain", "orjson", {"a/1": {"mm": 1}, "a/2": {"mm": 2}, "b/1": {"mm": 3}}),
        ("field/notes", "str", {"evil\x1b[2Jkey": "text\x1b]0;owned\x07", "plain": "two\nlines"}),
        ("lab/rain", None, {"raw": b"\x00\xff"}),
    ):
        path = tmp_path / "made" / f"{db_key.replace('/', '-')}.blt"
        path.parent.mkdir(exist_ok=True)
        with catalog.open(remote(tmp_path, db_key), path, "n", serializer, lock="commit") as opened:
            opened.update(values)
            opened.changes().push(message="first")
    here = Catalog(tmp_path / "catalog")
    for group, names in (("field", ("rain", "notes")), ("lab", ("rain",))):
        here.add_group(group, remote(tmp_path, f"groups/{group}"))
        with here.open_group(group, "c", lock="commit") as opened_group:
            for name in names:
                opened_group.add(remote(tmp_path, f"{group}/{name}"), name=name, description=f"{name} of {group}", tags=("t",))
            opened_group.changes().push()
    for entry in here.entries("field"):
        with here.open(entry, "w", lock="commit") as opened:
            if entry.name == "rain":
                opened["a/1"] = {"mm": 1.5}
                opened["c/1"] = {"mm": 4}
                del opened["b/1"]
    return tmp_path / "catalog"


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command on that catalog, in this process."""
    return lambda *arguments: CliRunner().invoke(cli, ["--catalog", str(folder), *arguments])
