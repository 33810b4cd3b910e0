"""What standard tools copy is a database: a backup, a seed or a mirror, between buckets, folders and web servers."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest
from static_web import StaticWeb

import catalog
from catalog import S3Connection
from catalog.doctor import examine
from catalog.store.access import connect_store
from catalog.testing.seaweed import Seaweed
from catalog.testing.server_process import find_program

NAME = "rain.blt"
METADATA = {"about": "x" * 2_000}
VALUES = {f"k{number:03d}": f"value {number} " * 20 for number in range(100)}


def in_folder(folder: Path) -> S3Connection:
    """The database in a folder."""
    return S3Connection(db_key=NAME, endpoint_url=folder.as_uri())


def publish(connection: S3Connection, file: Path) -> None:
    """A database with all kinds of objects: packs, index files, tags, metadata in a pack, and a log long enough for a bundle."""
    with catalog.open(connection, file, "n", "str", lock="commit") as database:
        database.update(VALUES)
        database.set_metadata(METADATA)
        database.changes().push(message="all")
        database.tag("published", 1)
        for number in range(34):
            database["often"] = str(number)
            database.changes().push()


def check(connection: S3Connection | str, file: Path, often: str = "33") -> None:
    """What is there is the database of `publish`, with its history."""
    with catalog.open(connection, file, "r") as database:
        assert dict(database.items()) == VALUES | {"often": often}
        assert database.get_metadata() == METADATA
        assert [commit.number for commit in database.history()] == list(range(int(often) + 3, 0, -1))
        assert database.tags() == {"published": 1}
    with catalog.open(connection, file.with_suffix(".old"), "r", version="published") as database:
        assert dict(database.items()) == VALUES


def objects(connection: S3Connection) -> dict[str, bytes]:
    """All objects of the database, by their names from its key on."""
    store, key = connect_store(connection, writing=True), connection.db_key or ""
    start = len(key) - len(NAME)
    return {found.name[start:]: store.get(found.name).body for found in store.list(key)}


def run(*command: str | Path, **environment: str) -> None:
    """Run a tool to its end."""
    ran = subprocess.run(command, env={**os.environ, **environment}, text=True, capture_output=True, check=False, timeout=100)
    assert ran.returncode == 0, ran.stderr


class Rclone:
    """The program rclone, which knows a server as ``there:``."""

    def __init__(self, seaweed: Seaweed, folder: Path) -> None:
        self._program = find_program("rclone")
        self._environment = {
            "RCLONE_CONFIG": str(folder / "none.conf"),
            "RCLONE_CONFIG_THERE_TYPE": "s3",
            "RCLONE_CONFIG_THERE_PROVIDER": "Other",
            "RCLONE_CONFIG_THERE_ENDPOINT": seaweed.endpoint_url,
            "RCLONE_CONFIG_THERE_ACCESS_KEY_ID": seaweed.rw.access_key_id,
            "RCLONE_CONFIG_THERE_SECRET_ACCESS_KEY": seaweed.rw.secret_access_key,
            "RCLONE_S3_NO_CHECK_BUCKET": "true",
        }

    def __call__(self, *arguments: str | Path) -> None:
        run(self._program, *arguments, **self._environment)


@pytest.fixture
def rclone(seaweed: Seaweed, tmp_path: Path) -> Rclone:
    """The program rclone."""
    return Rclone(seaweed, tmp_path)


def test_rclone_in_a_circle(seaweed: Seaweed, rclone: Rclone, tmp_path: Path) -> None:
    """From a bucket to a folder and on to another bucket: the same names and bytes, and what is pushed there goes back."""
    prefix, file = secrets.token_hex(6), tmp_path / "mine.blt"
    first, second = seaweed.connection(f"{prefix}/{NAME}"), seaweed.connection(f"{prefix}/{NAME}", bucket="pub")
    folder = tmp_path / "stick"
    publish(first, file)

    rclone("sync", f"there:priv/{prefix}", folder)
    rclone("sync", folder, f"there:pub/{prefix}")

    assert objects(first) == objects(in_folder(folder)) == objects(second)
    assert {name.partition("/")[2].partition("/")[0] for name in objects(second)} == {
        "",
        "commits",
        "index",
        "log",
        "packs",
        "tags",
    }
    check(in_folder(folder), tmp_path / "folder.blt")
    check(second, tmp_path / "second.blt")
    with catalog.open(second, tmp_path / "writer.blt", "w", lock="commit") as database:
        database["often"] = "34"
        database.changes().push()
    rclone("sync", f"there:pub/{prefix}", f"there:priv/{prefix}")
    with catalog.open(first, file, "w", lock="commit") as database:
        assert database["often"] == "34"
        assert not database.changes().all()
    check(first, tmp_path / "first.blt", "34")


def test_a_copied_folder_and_a_web_server(tmp_path: Path) -> None:
    """What ``cp -r`` copied can be pushed to by itself, and a static web server over the copy is a mirror that anyone reads."""
    publish(in_folder(tmp_path / "one"), tmp_path / "mine.blt")

    run("cp", "-r", tmp_path / "one", tmp_path / "other")

    assert objects(in_folder(tmp_path / "one")) == objects(in_folder(tmp_path / "other"))
    check(in_folder(tmp_path / "other"), tmp_path / "copied.blt")
    with StaticWeb(tmp_path / "other") as web:
        check(f"{web.url}/{NAME}", tmp_path / "web.blt")
    with catalog.open(in_folder(tmp_path / "other"), tmp_path / "writer.blt", "w") as database:
        database["often"] = "34"
        database.changes().push()
    check(in_folder(tmp_path / "one"), tmp_path / "first.blt")
    check(in_folder(tmp_path / "other"), tmp_path / "changed.blt", "34")


@pytest.mark.parametrize("way", ["rclone", "cp"])
def test_a_copy_while_somebody_pushes(way: str, seaweed: Seaweed, rclone: Rclone, tmp_path: Path) -> None:
    """The folder, then the head, then the folder again: what is pushed between any two steps leaves the copy whole."""
    source, target = tmp_path / "source", tmp_path / "target"
    target.mkdir()

    def copy_folder() -> None:
        if way == "rclone":
            rclone("copy", source / f"{NAME}.d", target / f"{NAME}.d")
        else:
            run("cp", "-r", source / f"{NAME}.d", target)

    def copy_head() -> None:
        if way == "rclone":
            rclone("copyto", source / NAME, target / NAME)
        else:
            run("cp", source / NAME, target / NAME)

    def push(database: Any, often: str) -> None:
        database["often"] = often
        database.changes().push()

    publish(in_folder(source), tmp_path / "mine.blt")
    with catalog.open(in_folder(source), tmp_path / "mine.blt", "w", lock="commit") as database:
        copy_folder()
        push(database, "34")
        copy_head()
        push(database, "35")
        copy_folder()

    check(in_folder(target), tmp_path / "copied.blt", "34")
    assert examine(in_folder(target), deep=True).healthy
    check(in_folder(source), tmp_path / "original.blt", "35")


def test_a_lost_head_is_put_back_from_its_commits(tmp_path: Path) -> None:
    """The newest object under ``commits/`` is the head without attachments: copied in its place, all is there again."""
    place = tmp_path / "place"
    publish(in_folder(place), tmp_path / "mine.blt")
    (place / NAME).unlink()

    run("cp", max((place / f"{NAME}.d" / "commits").iterdir()), place / NAME)

    check(in_folder(place), tmp_path / "fresh.blt")
    with catalog.open(in_folder(place), tmp_path / "mine.blt", "w") as database:
        assert not database.changes().all()
        database["often"] = "34"
        database.changes().push()
    check(in_folder(place), tmp_path / "again.blt", "34")


def test_what_others_made_under_an_odd_name_is_read(seaweed: Seaweed, tmp_path: Path) -> None:
    """No database is made under a key that is not the same name everywhere; one that lies there is read, and pushed to."""
    plain = seaweed.connection(f"{secrets.token_hex(6)}/{NAME}")
    publish(plain, tmp_path / "plain.blt")
    made = objects(plain)
    for number, name in enumerate(("Rain.blt", "what?.blt", "con.blt", "old.d/rain.blt")):
        key = f"{secrets.token_hex(6)}/{name}"
        odd, file = seaweed.connection(key), tmp_path / f"{number}.blt"
        with pytest.raises(catalog.InvalidInputError, match="No database can be made"):
            catalog.open(odd, file, "c", lock="commit")
        store = connect_store(odd, writing=True)
        for below, body in made.items():
            store.put(below.replace(NAME, key, 1), body)
        with catalog.open(odd, file, "w", lock="commit") as database:
            database["often"] = "34"
            assert database.changes().push()
        check(odd, tmp_path / f"{number}-read.blt", "34")
