"""Without a network: reading what is local, and writing what a later push brings up, conflicts found."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

import catalog
from catalog import AccessDeniedError, ConflictError, LocalFileError, ReadOnlyError, S3Connection, UnreachableError
from catalog.database.options import Flag
from catalog.testing.seaweed import Seaweed
from catalog.testing.server_process import free_ports
from catalog.testing.tap import Tap

VALUES = {f"k{number}": {"number": number} for number in range(20)}


class Place:
    """A database on a server whose line can be cut."""

    def __init__(self, seaweed: Seaweed, folder: Path) -> None:
        self.tap: Tap | None = Tap(seaweed.port)
        self.tap.__enter__()
        key = f"data/{secrets.token_hex(6)}.blt"
        pair = (seaweed.rw.access_key_id, seaweed.rw.secret_access_key)
        self.connection = S3Connection(*pair, key, "priv", self.tap.endpoint_url, retries=0)
        self.direct = S3Connection(*pair, key, "priv", seaweed.endpoint_url)
        self.file = folder / "here.blt"

    def cut(self) -> None:
        """From now on nobody answers."""
        if self.tap is not None:
            self.tap.__exit__()
            self.tap = None


@pytest.fixture
def place(seaweed: Seaweed, tmp_path: Path) -> Iterator[Place]:
    """A pushed database, of which ten values were fetched into the file here."""
    made = Place(seaweed, tmp_path)
    with catalog.open(made.direct, tmp_path / "elsewhere.blt", "n", "orjson") as db:
        db.update(VALUES)
        db.changes().push()
    with catalog.open(made.connection, made.file) as db:
        assert db.load_items([f"k{number}" for number in range(10)]) == {}
        assert len(list(db)) == 20
    yield made
    made.cut()


@pytest.mark.parametrize("is_cut", [True, False])
def test_reading_what_is_local(place: Place, is_cut: bool) -> None:
    """Offline, values that were fetched are read, keys and length are known, and no request is sent, server or not."""
    if is_cut:
        place.cut()
    elif place.tap is not None:
        place.tap.reset()
    with catalog.open(place.connection, place.file, offline=True) as db:
        assert db["k3"] == VALUES["k3"]
        assert dict(db.get_items([f"k{number}" for number in range(10)])) == {f"k{n}": VALUES[f"k{n}"] for n in range(10)}
        assert sorted(db) == sorted(VALUES)
        assert "k15" in db
        assert db.get("none") is None
        assert db.requests == 0
    if place.tap is not None:
        assert place.tap.counts().total_requests == 0


@pytest.mark.usefixtures("nothing_inline")
def test_what_is_not_local_is_said(place: Place) -> None:
    """A value that was never fetched is an error with what to do, load_items names it, and no value is invented."""
    with catalog.open(place.connection, place.file, offline=True) as db:
        with pytest.raises(UnreachableError, match="opened offline"):
            db["k15"]
        with pytest.raises(UnreachableError):
            db.get("k15")
        with pytest.raises(UnreachableError):
            dict(db.items())
        assert db.load_items(["k3", "k15"]).keys() == {"k15"}


def test_writing_waits_for_a_push(place: Place, tmp_path: Path) -> None:
    """Edits made offline, over several openings, are there when the network is, and a push brings them up."""
    with catalog.open(place.connection, place.file, "w", offline=True) as db:
        db["k0"] = "edited"
        db["new"] = 1
    with catalog.open(place.connection, place.file, "w", offline=True) as db:
        del db["k1"]
        del db["k15"]
        db.set_metadata({"by": "train"})
        assert (db["k0"], "k1" in db, "k15" in db, len(db)) == ("edited", False, False, 19)
        assert [(change.key, str(change.kind)) for change in db.changes().iter_changes()] == [
            ("", "added"),
            ("k0", "modified"),
            ("k1", "deleted"),
            ("k15", "deleted"),
            ("new", "added"),
        ]
        with pytest.raises(UnreachableError):
            db.changes().push()

    with catalog.open(place.connection, place.file, "w") as db:
        assert db.changes().push().keys == 4
    with catalog.open(place.direct, tmp_path / "check.blt") as db:
        expected = {key: value for key, value in VALUES.items() if key not in ("k1", "k15")}
        assert dict(db.items()) == expected | {"k0": "edited", "new": 1}
        assert db.get_metadata() == {"by": "train"}


def test_conflicts_are_found_by_the_push(place: Place, tmp_path: Path) -> None:
    """What someone else changed meanwhile is not overwritten: same key, conflict; other keys, put on top."""
    with catalog.open(place.connection, place.file, "w", offline=True) as db:
        db["k0"] = "mine"
        db["k2"] = "mine"
    with catalog.open(place.direct, tmp_path / "elsewhere.blt", "w") as theirs:
        theirs["k0"] = "theirs"
        theirs["k5"] = "theirs"
        theirs.changes().push()

    with catalog.open(place.connection, place.file, "w") as db:
        with pytest.raises(ConflictError) as caught:
            db.changes().push()
        assert caught.value.keys == ("k0",)
        assert (db["k0"], db["k2"], db["k5"]) == ("mine", "mine", "theirs")
        db.changes().resolve("k0", "mine")
        assert db.changes().push()
    with catalog.open(place.direct, tmp_path / "check.blt") as db:
        assert (db["k0"], db["k2"], db["k5"]) == ("mine", "mine", "theirs")


def test_auto_with_a_network(place: Place, tmp_path: Path) -> None:
    """With 'auto' and an answer from the remote it is as if nothing was said: news arrive."""
    with catalog.open(place.direct, tmp_path / "elsewhere.blt", "w") as theirs:
        theirs["k0"] = "news"
        theirs.changes().push()
    with catalog.open(place.connection, place.file, offline="auto") as db:
        assert db["k0"] == "news"
        assert db["k15"] == VALUES["k15"]


@pytest.mark.parametrize("flag", ["r", "w", "c"])
def test_auto_without_a_network(place: Place, flag: Flag) -> None:
    """With 'auto' and no answer it works offline; without it opening is an error that says why."""
    place.cut()
    with catalog.open(place.connection, place.file, flag, offline="auto") as db:
        assert db["k3"] == VALUES["k3"]
        if flag != "r":
            db["k3"] = "offline"
    with catalog.open(place.connection, place.file, offline=True) as db:
        assert db["k3"] == ("offline" if flag != "r" else VALUES["k3"])
    with pytest.raises(UnreachableError):
        catalog.open(place.connection, place.file, flag)


def test_auto_does_not_hide_other_errors(place: Place, seaweed: Seaweed) -> None:
    """A server that refuses is no missing network: 'auto' raises as always."""
    wrong = S3Connection("AKWRONG", "wrong", place.direct.db_key, "priv", seaweed.endpoint_url)
    with pytest.raises(AccessDeniedError):
        catalog.open(wrong, place.file, offline="auto")


def test_auto_needs_a_file(tmp_path: Path) -> None:
    """Where there is neither a network nor a file there is nothing to open; no file is left behind."""
    nobody = S3Connection("AK", "secret", "a.blt", "bucket", f"http://127.0.0.1:{free_ports([0])}", retries=0)
    for flag in ("r", "w", "c"):
        with pytest.raises(UnreachableError):
            catalog.open(nobody, tmp_path / "none.blt", flag, offline="auto")
    assert not (tmp_path / "none.blt").exists()


def test_offline_needs_a_file(tmp_path: Path) -> None:
    """Offline there must be a file to read or write; the error says to open it online once."""
    nobody = S3Connection("AK", "secret", "a.blt", "bucket", "http://127.0.0.1:9")
    for flag in ("r", "w"):
        with pytest.raises(LocalFileError, match="online once"):
            catalog.open(nobody, tmp_path / "none.blt", flag, offline=True)


def test_created_offline(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A new database can be begun offline and pushed when there is a network."""
    with catalog.open(folder_connection, tmp_path / "new.blt", "c", "orjson", offline=True) as db:
        db["a"] = 1
    with catalog.open(folder_connection, tmp_path / "new.blt", "w") as db:
        assert db.changes().push()
    with catalog.open(folder_connection, tmp_path / "check.blt") as db:
        assert dict(db.items()) == {"a": 1}


def test_no_keys_are_needed(place: Place) -> None:
    """Offline no credentials are asked for: a connection without keys opens what is local."""
    without = S3Connection(**place.connection.to_dict())  # type: ignore[arg-type]
    with catalog.open(without, place.file, offline=True) as db:
        assert db["k3"] == VALUES["k3"]


def test_a_public_address_offline(seaweed: Seaweed, tmp_path: Path) -> None:
    """What was read from an address stays readable without a network, and is never written to."""
    key = f"{secrets.token_hex(6)}.blt"
    with catalog.open(seaweed.connection(key, "pub"), tmp_path / "made.blt", "n", "orjson") as db:
        db.update(VALUES)
        db.changes().push()
    with Tap(seaweed.port) as tap:
        url = f"{tap.endpoint_url}/pub/{key}"
        with catalog.open(url, tmp_path / "reader.blt") as db:
            db.load_items()
    with catalog.open(url, tmp_path / "reader.blt", offline="auto") as db:
        assert dict(db.items()) == VALUES
    with pytest.raises(ReadOnlyError):
        catalog.open(url, tmp_path / "reader.blt", "w", offline=True)


def test_copying_and_deleting_need_a_network(place: Place, tmp_path: Path) -> None:
    """What is about the remote itself is refused offline, and destroys nothing."""
    target = S3Connection(db_key="c.blt", endpoint_url=(tmp_path / "other").as_uri())
    with catalog.open(place.connection, place.file, "w", offline=True) as db:
        for act in (db.delete_remote, db.changes().pull, lambda: db.copy_remote(target)):
            with pytest.raises(UnreachableError):
                act()
        assert db["k3"] == VALUES["k3"]
