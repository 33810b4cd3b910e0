"""What users do with ebooklet's databases and groups: look at them, list them, copy them into our format, add them to groups."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import catalog
from catalog import GoneError, S3Connection
from catalog.cli import cli
from catalog.doctor import Verdict, examine
from catalog.ebooklet_format.names import EbookletNames
from catalog.testing.seaweed import Seaweed

from .fixtures import OF_EACH_KIND, Fixture
from .made import Made, names_below, some_values
from .places import BUCKET, Places

of_each_kind = pytest.mark.parametrize("fixture", OF_EACH_KIND, ids=lambda fixture: fixture.name)


@pytest.fixture
def place(seaweed: Seaweed) -> S3Connection:
    """A place that no other test uses."""
    return seaweed.connection(f"ebooklet/{secrets.token_hex(6)}", BUCKET)


@pytest.fixture
def made(seaweed: Seaweed, place: S3Connection) -> Made:
    """What writes there as ebooklet does."""
    assert place.db_key is not None
    return Made(seaweed.store(BUCKET), place.db_key)


@of_each_kind
def test_it_is_copied_into_our_format(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """Keys, values, times, metadata, type and identity are in the copy, verified; the original stays as it is."""
    places.put(fixture)
    for expected in fixture.databases:
        is_group = expected.type == "RemoteConnGroup"
        target = S3Connection(db_key=f"copies/{expected.db_key}", endpoint_url=(tmp_path / "remote").as_uri())
        file = tmp_path / f"{secrets.token_hex(4)}.blt"
        with catalog.open(places.with_keys(expected.db_key), file, remote_conn_group=is_group) as db:
            db.copy_remote(target)
        with catalog.open(target, tmp_path / f"{secrets.token_hex(4)}.blt", remote_conn_group=is_group) as copy:
            assert {key: copy.get_bytes(key) for key in copy} == {key: value for key, (_, value) in expected.values.items()}
            assert dict(copy.timestamps()) == {key: time for key, (time, _) in expected.values.items()}
            assert copy.get_metadata(include_timestamp=True) == (expected.metadata, expected.metadata_timestamp)
            assert (copy.uuid.hex, copy.serializer) == (expected.uuid, expected.serializer)
            assert all(info.verified for info in copy.page())
            assert [commit.number for commit in copy.history()] == [1]
    assert not list(tmp_path.glob(".converting-*"))


def test_a_copy_that_would_lack_values_is_none(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """Where the source lost values, the copy says which, and nothing is visible at the target."""
    made.put(some_values(4), 1000, grouped=False)
    made.store.delete(EbookletNames(made.db_key).value("key 001"))
    made.store.delete(EbookletNames(made.db_key).value("key 002"))
    target = S3Connection(db_key="copy", endpoint_url=(tmp_path / "remote").as_uri())
    with catalog.open(place, tmp_path / "a.blt") as db, pytest.raises(GoneError, match=r"2 values cannot be had.*key 001"):
        db.copy_remote(target)

    assert catalog.read_remote(target) is None


@of_each_kind
def test_the_entries_of_a_group_are_understood(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """The members of a group are listed with where they are and what was said of them, of whatever version they are."""
    places.put(fixture)
    [databases, group] = fixture.databases[:2], fixture.databases[2]
    with catalog.open(places.with_keys(group.db_key), tmp_path / "group.blt", remote_conn_group=True) as opened:
        entries = opened.entries()
        assert opened.problems() == {}

    assert {entry.connection.db_key for entry in entries} == {expected.db_key for expected in databases}
    assert all(entry.type == "EVariableLengthValue" and entry.timestamp for entry in entries)


def test_it_becomes_an_entry_of_a_group(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """A group of ours takes a database of ebooklet as it is: its entry says so to ebooklet's readers."""
    made.put(some_values(4), 1_700_000_000_000_000)
    home = S3Connection(db_key="group.rcg", endpoint_url=(tmp_path / "remote").as_uri())
    with catalog.open(home, tmp_path / "group.blt", "c", remote_conn_group=True) as group:
        key = group.add(place, name="old rain")
        assert key == f"{5:032x}"
        stored, entry = group[key], group.entry(key)

    assert stored["remote_conn"]["db_key"] == place.db_key
    assert stored["type"] == "EVariableLengthValue"
    assert (stored["timestamp"], stored["remote_meta"]) == (1_700_000_000_000_000, {"a": 1})
    assert (entry.keys, entry.name) == (4, "old rain")


def test_a_database_of_ebooklet_is_exported(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """Its values go into a file as those of any database."""
    made.put(some_values(4), 1000)
    with catalog.open(place, tmp_path / "a.blt") as db:
        catalog.export_file(db, tmp_path / "a.jsonl")

    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 4


@of_each_kind
def test_the_doctor_looks_and_writes_nothing(fixture: Fixture, places: Places) -> None:
    """The doctor finds a healthy database of ebooklet, says that there are no checksums, and writes nothing beside it."""
    places.put(fixture)
    expected = fixture.databases[0]
    before = names_below(places.store(), expected.db_key)
    found = examine(places.with_keys(expected.db_key), deep=True)

    assert found.healthy
    checks = {check.name: check for check in found.checks}
    assert "no checksums" in checks["head"].found
    assert checks["write"].verdict is Verdict.SKIPPED
    assert checks["objects"].verdict is checks["values"].verdict is Verdict.WORKS
    assert names_below(places.store(), expected.db_key) == before


def test_the_doctor_finds_what_is_lost(made: Made, place: S3Connection) -> None:
    """An object with values that is not there is damage, with its name."""
    made.put(some_values(4), 1000, grouped=False)
    made.store.delete(EbookletNames(made.db_key).value("key 001"))
    found = {check.name: check for check in examine(place).checks}

    assert found["objects"].verdict is Verdict.FAILS
    assert "key 001 is gone" in found["objects"].found


def test_its_history_is_the_commit_that_there_is(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """ebooklet keeps no history: there is one commit, without a number, and its keys are listed, searched and paged as any."""
    made.put(some_values(30), 1_700_000_000_000_000)
    with catalog.open(place, tmp_path / "a.blt") as db:
        [commit] = db.history()
        assert (commit.number, commit.author, commit.time.year) == (0, "", 2023)
        assert [info.key for info in db.page_at(10, 2)] == ["key 010", "key 011"]
        assert db.rows("key 02") == 10
        newest = db.sorted_keys("time")
        assert [(info.key, info.verified) for info in newest.page_at(0, 1)] == [("key 029", False)]
        newest.close()


def test_commands_read_it_on(
    made: Made, place: S3Connection, seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line brings what ebooklet pushed since, and says of what cannot be done which commands can."""
    made.put(some_values(4), 1_700_000_000_000_000)
    monkeypatch.setenv("CATALOG_TEAM_ACCESS_KEY_ID", seaweed.rw.access_key_id)
    monkeypatch.setenv("CATALOG_TEAM_SECRET_ACCESS_KEY", seaweed.rw.secret_access_key)
    folder = str(tmp_path / "catalog")
    where = ("--db-key", str(place.db_key), "--bucket", BUCKET, "--endpoint", str(place.endpoint_url), "--profile", "team")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["--catalog", folder, *words])

    assert run("add-group", "old").exit_code == 0
    assert run("add", "old", "rain", *where).exit_code == 0
    assert run("get", "old/rain", "key 001", "--raw").exit_code == 0
    made.put(some_values(5), 1_800_000_000_000_000)
    assert "behind" in run("status", "old/rain").stdout
    assert "; now at ebooklet's newest." in run("pull", "old/rain").stdout
    assert len(run("keys", "old/rain").stdout.splitlines()) == 5
    refused = run("set", "old/rain", "key", "1")
    assert refused.exit_code == 1
    assert "catalog copy DATABASE" in refused.stderr
