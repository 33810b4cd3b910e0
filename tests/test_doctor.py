"""The doctor, on real servers and a folder, with good, weak and wrong keys, and on databases that are damaged."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hiding import hiding

import catalog
from catalog import CancelledError, Progress, S3Connection
from catalog.doctor import Check, Diagnosis, Verdict, examine
from catalog.format.names import ObjectNames
from catalog.locking.capabilities import Conditions, recall
from catalog.locking.head_writer import take_lease
from catalog.progress import Report
from catalog.remote.place import Place
from catalog.store.access import connect_store
from catalog.testing.rclone import Rclone
from catalog.testing.seaweed import Seaweed
from catalog.testing.server_process import free_ports

EVERYTHING = ["credentials", "reach", "write", "ranged read", "list", "names", "clock", "conditional write", "copy"]
EVERYTHING += ["multipart", "delete", "lock", "public address"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that remembers nothing."""
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))


def verdicts(found: Diagnosis) -> dict[str, Verdict]:
    return {check.name: check.verdict for check in found.checks}


def check_of(found: Diagnosis, name: str) -> Check:
    return next(check for check in found.checks if check.name == name)


def make(connection: S3Connection, file: Path) -> None:
    """A database of a few keys in two commits."""
    with catalog.open(connection, file, "c", "str") as database:
        for number in range(20):
            database[f"k{number:02d}"] = "value " * number
        database.changes().push()
        database["k00"] = "new"
        database.changes().push()


def names_beside(connection: S3Connection) -> set[str]:
    return {found.name for found in connect_store(connection, writing=True).list(connection.db_key or "")}


class TestPlaces:
    """What is found at a place where there is no database yet."""

    def test_all_works(self, remote: S3Connection) -> None:
        """In a bucket of a real server and in a folder everything works, and nothing is left behind."""
        found = examine(remote)
        expected = dict.fromkeys(EVERYTHING, Verdict.WORKS)
        assert verdicts(found) == {**expected, "public address": Verdict.SKIPPED, "database": Verdict.SKIPPED}
        assert found.healthy
        assert names_beside(remote) == set()

    def test_race_is_remembered(self, bucket_connection: S3Connection) -> None:
        """What the doctor finds out about conditions, the next writer need not."""
        examine(bucket_connection)
        known = recall(connect_store(bucket_connection, writing=True))
        assert known is not None
        assert known.conditions is Conditions.KEPT

    def test_rclone(self, tmp_path: Path) -> None:
        """A gateway to a file system ignores conditions, which is said, and holds a database like any other store."""
        with Rclone(tmp_path) as server:
            connection = server.connection("rain.blt")
            found = examine(connection)
            assert verdicts(found)["conditional write"] is Verdict.LIMITED
            assert verdicts(found)["names"] is Verdict.WORKS
            assert found.healthy
            assert server.files() == set()

    def test_read_only_keys(self, seaweed: Seaweed) -> None:
        """Keys that may only read can pull: that is a limit, not a failure; what needs to write is not tried."""
        found = examine(seaweed.connection(f"{secrets.token_hex(6)}.blt", keys="ro"))
        assert verdicts(found)["write"] is Verdict.LIMITED
        assert check_of(found, "write").meaning == "You can pull, not push."
        assert verdicts(found)["multipart"] is Verdict.SKIPPED
        assert found.healthy

    def test_wrong_keys(self, seaweed: Seaweed) -> None:
        """Keys that the server does not know end it, with a hint and without their secret."""
        place = seaweed.connection("x.blt")
        secret = secrets.token_urlsafe(30)
        found = examine(S3Connection("AKNOBODY", secret, "x.blt", place.bucket, place.endpoint_url))
        assert verdicts(found) == {
            "credentials": Verdict.WORKS,
            "reach": Verdict.FAILS,
            "public address": Verdict.SKIPPED,
        }
        assert check_of(found, "reach").advice
        assert secret not in repr(found)

    def test_missing_bucket(self, seaweed: Seaweed) -> None:
        """A bucket that is not there is told from an object that is not there."""
        found = examine(seaweed.connection("x.blt", bucket="no-such-bucket"))
        assert "no such bucket" in check_of(found, "reach").found
        assert not found.healthy

    def test_unreachable(self) -> None:
        """A server that is not there."""
        endpoint = f"http://127.0.0.1:{free_ports([0])}"
        found = examine(S3Connection("AKX", "not-a-secret", "x.blt", "bucket", endpoint, retries=0))
        assert check_of(found, "reach").verdict is Verdict.FAILS
        assert "endpoint_url" in check_of(found, "reach").advice

    def test_no_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without credentials nothing is tried, and it is said how to get some."""
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        found = examine(S3Connection(db_key="x.blt", bucket="bucket", endpoint_url="http://127.0.0.1:9"))
        assert check_of(found, "credentials").verdict is Verdict.FAILS
        assert check_of(found, "credentials").advice
        assert "write" not in verdicts(found)

    def test_public_address(self, seaweed: Seaweed, tmp_path: Path) -> None:
        """A public address is read without keys; one where nothing is yet is a limit."""
        key = f"{secrets.token_hex(6)}.blt"
        place = seaweed.connection(key, bucket="pub")
        keys = place.access_keys
        assert keys is not None
        url = f"{seaweed.endpoint_url}/pub/{key}"
        connection = S3Connection(
            keys.access_key_id, keys.secret_access_key, key, place.bucket, place.endpoint_url, url, retries=0
        )
        assert verdicts(examine(connection))["public address"] is Verdict.LIMITED
        make(place, tmp_path / "a.blt")
        assert verdicts(examine(connection))["public address"] is Verdict.WORKS
        only = examine(S3Connection(db_url=url))
        assert verdicts(only) == dict.fromkeys(("credentials", "public address", "head", "log", "index", "packs"), Verdict.WORKS)

    def test_lock(self, folder_connection: S3Connection) -> None:
        """A lock that is held is said, with its holder, and not touched."""
        store = connect_store(folder_connection, writing=True)
        names = ObjectNames(folder_connection.db_key or "")
        held = take_lease(Place(store, names), timeout=0, force=False, progress=Progress())
        assert held.holder.owner in check_of(examine(folder_connection), "lock").found
        held.confirm()
        held.release()

    def test_cancelled(self, folder_connection: S3Connection) -> None:
        """The doctor can be stopped, and cleans up then, too."""
        progress = Progress(lambda report: progress.cancel() if "names" in report.phase else None)
        with pytest.raises(CancelledError):
            examine(folder_connection, progress=progress)
        assert names_beside(folder_connection) == set()


@pytest.mark.usefixtures("nothing_inline")
class TestDatabase:
    """What is found in a database."""

    @pytest.fixture
    def made(self, folder_connection: S3Connection, tmp_path: Path) -> S3Connection:
        """A database that is whole."""
        make(folder_connection, tmp_path / "made.blt")
        return folder_connection

    @pytest.fixture
    def objects(self, made: S3Connection) -> Iterator[dict[str, bytes]]:
        """Its objects, which the doctor must leave as they are."""
        store = connect_store(made, writing=True)
        before = {found.name: store.get(found.name).body for found in store.list("")}
        yield before
        assert {found.name for found in store.list("")} <= before.keys()

    def test_whole(self, made: S3Connection, objects: dict[str, bytes]) -> None:
        """Every part of a whole database is looked at; nothing of it changes."""
        found = examine(made, deep=True)
        assert [check.name for check in found.checks][-6:] == ["head", "log", "index", "packs", "listing", "values"]
        assert found.healthy
        assert check_of(found, "values").found == "every byte of 20 values"
        store = connect_store(made, writing=True)
        assert {name: store.get(name).body for name in objects} == objects

    @pytest.mark.parametrize(("part", "folder"), [("head", "commits"), ("index", "index"), ("packs", "packs")], ids=str)
    @pytest.mark.parametrize("gone", [True, False], ids=["gone", "flipped"])
    def test_damage(self, made: S3Connection, objects: dict[str, bytes], part: str, folder: str, gone: bool) -> None:
        """An object that is gone, or has a wrong byte near its end, is found in the part that it belongs to."""
        store = connect_store(made, writing=True)
        for name, body in objects.items():
            if f"/{folder}/" in name:
                if gone:
                    store.delete(name)
                else:
                    store.put(name, body[:-20] + bytes([body[-20] ^ 1]) + body[-19:])
        found = examine(made)
        assert check_of(found, part).verdict is Verdict.FAILS
        assert check_of(found, part).advice

    def test_flipped_value(self, made: S3Connection, objects: dict[str, bytes]) -> None:
        """A flipped bit inside a value is found by the deep look only, with the key that it belongs to."""
        store = connect_store(made, writing=True)
        name, body = max(((name, body) for name, body in objects.items() if "/packs/" in name), key=lambda item: len(item[1]))
        store.put(name, body[:100] + bytes([body[100] ^ 1]) + body[101:])
        assert examine(made).healthy
        values = check_of(examine(made, deep=True), "values")
        assert values.verdict is Verdict.FAILS
        assert "'k0" in values.found

    def test_damaged_head(self, made: S3Connection, objects: dict[str, bytes]) -> None:
        """A head that cannot be read is a failure of the database, not of the doctor."""
        connect_store(made, writing=True).put(made.db_key or "", objects[made.db_key or ""][:-5])
        assert check_of(examine(made), "database").verdict is Verdict.FAILS


def test_a_store_that_hides_objects(folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a listing leaves out what is there, that is said of the place, and of the database that lies in it."""
    make(folder_connection, tmp_path / "made.blt")
    monkeypatch.setattr("catalog.doctor.connect_store", hiding)
    found = examine(folder_connection)
    failing = {check.name: check for check in found.checks if check.verdict is Verdict.FAILS}
    assert failing.keys() == {"names", "listing"}
    assert "not listed" in failing["names"].found
    assert "hidden by the store" in failing["listing"].found
    assert all(check.advice for check in failing.values())


def test_reports(folder_connection: S3Connection) -> None:
    """Progress names each check as it comes out."""
    seen: list[Report] = []
    examine(folder_connection, progress=Progress(seen.append))
    assert "examining: multipart works" in [report.phase for report in seen]
