"""Making a database: pushed and known to its group, or not there at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

import catalog
from catalog import (
    Catalog,
    CatalogError,
    Database,
    EntryMissingError,
    GroupRecord,
    InvalidInputError,
    NewDatabase,
    RemoteMissingError,
    S3Connection,
    State,
    create_database,
    place_beside,
)


@pytest.fixture
def mine(tmp_path: Path) -> Catalog:
    """A catalog with one group."""
    made = Catalog(tmp_path / "catalog")
    made.add_group("field")
    return made


def wanted(remote: S3Connection, group: str = "field") -> NewDatabase:
    return NewDatabase(group, "Rain", remote, description="of a year", tags=("wet",), message="First days")


def fill(database: Database) -> None:
    database.update({"a": 1, "b": {"mm": 2}})


def test_created(mine: Catalog, remote: S3Connection, tmp_path: Path) -> None:
    """A new database is pushed, described in its group, and here without being fetched again."""
    entry = create_database(mine, wanted(remote), fill)

    assert mine.entries("field") == [entry]
    assert (entry.name, entry.description, entry.tags, entry.keys) == ("Rain", "of a year", ("wet",), 2)
    status = mine.status(replace(entry, connection=remote))
    assert (status.state, status.keys, status.commit and status.commit.message) == (State.IN_STEP, 2, "First days")
    with mine.open(replace(entry, connection=remote), "w", lock="commit", offline=True) as database:
        assert dict(database) == {"a": 1, "b": {"mm": 2}}
    with catalog.open(remote, tmp_path / "other.blt") as other:
        assert dict(other) == {"a": 1, "b": {"mm": 2}}
    assert [file.name for file in mine.file_of(entry).parent.iterdir() if file.name.startswith(".")] == []


def test_empty(mine: Catalog, folder_connection: S3Connection) -> None:
    """A database without keys can be made too, to be filled later."""
    entry = create_database(mine, wanted(folder_connection), lambda _: None)

    assert (entry.keys, mine.status(entry).state) == (0, State.IN_STEP)


def _is_clean(mine: Catalog) -> bool:
    folder = mine.folder / "databases"
    return mine.entries("field") == [] and (not folder.exists() or list(folder.iterdir()) == [])


def test_filling_fails(mine: Catalog, folder_connection: S3Connection, tmp_path: Path) -> None:
    """What fails while keys are set leaves nothing, here or there."""

    def fail(database: Database) -> None:
        fill(database)
        raise InvalidInputError("a bad row")

    with pytest.raises(InvalidInputError, match="bad row"):
        create_database(mine, wanted(folder_connection), fail)

    assert _is_clean(mine)
    with pytest.raises(RemoteMissingError):
        catalog.open(folder_connection, tmp_path / "none.blt")


def test_what_was_left_behind(mine: Catalog, folder_connection: S3Connection) -> None:
    """Files that a killed program left long ago are removed; those of one that may be running stay."""
    folder = mine.folder / "databases"
    folder.mkdir(parents=True)
    old, new = folder / ".new-old.blt", folder / ".new-now.blt"
    for file in (old, new):
        file.touch()
    os.utime(old, (0, 0))
    create_database(mine, wanted(folder_connection), fill)

    assert (old.exists(), new.exists()) == (False, True)


def test_a_place_that_is_taken(mine: Catalog, folder_connection: S3Connection, tmp_path: Path) -> None:
    """Where there is a database, none is made, and that one stays as it was."""
    with catalog.open(folder_connection, tmp_path / "theirs.blt", "c", "orjson", lock="commit") as theirs:
        theirs["x"] = 1
        theirs.changes().push()
    with pytest.raises(InvalidInputError, match="a database already"):
        create_database(mine, wanted(folder_connection), fill)

    assert _is_clean(mine)
    with catalog.open(folder_connection, tmp_path / "again.blt") as again:
        assert dict(again) == {"x": 1}


def test_a_name_that_is_taken(mine: Catalog, folder_connection: S3Connection, tmp_path: Path) -> None:
    """Where the group has a database of this name, none is made."""
    create_database(mine, wanted(folder_connection), fill)
    elsewhere = folder_connection.model_copy(update={"db_key": "elsewhere"})
    with pytest.raises(InvalidInputError, match="'Rain' in field already"):
        create_database(mine, wanted(elsewhere), fill)

    with pytest.raises(RemoteMissingError):
        catalog.open(elsewhere, tmp_path / "none.blt")


def test_no_such_group(mine: Catalog, folder_connection: S3Connection, tmp_path: Path) -> None:
    """Without the group nothing is begun."""
    with pytest.raises(EntryMissingError):
        create_database(mine, wanted(folder_connection, "nowhere"), fill)
    with pytest.raises(RemoteMissingError):
        catalog.open(folder_connection, tmp_path / "none.blt")


def test_adding_fails(mine: Catalog, folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When only the group cannot be written, the pushed database stays, and the error says where it is."""

    def refuse(*_: object, **__: object) -> None:
        raise CatalogError("The group is locked.")

    monkeypatch.setattr(Catalog, "add", refuse)
    with pytest.raises(CatalogError, match=r"was pushed to .* add it from there"):
        create_database(mine, wanted(folder_connection), fill)
    with catalog.open(folder_connection, tmp_path / "there.blt") as there:
        assert len(there) == 2


@pytest.mark.parametrize(
    ("home", "name", "place"),
    [
        (S3Connection(db_key="w/field.group", bucket="data", profile="lab"), "Rain, daily", "aws/data/w/Rain-daily"),
        (S3Connection(db_key="field", endpoint_url="file:///shared"), "..rain", "file:///shared/rain"),
        (S3Connection(db_key="field", endpoint_url="file:///shared"), "雨", ""),
        (S3Connection(db_url="https://data.example.org/field"), "rain", ""),
    ],
)
def test_place_beside(home: S3Connection, name: str, place: str) -> None:
    """A new database is suggested beside its group, with the same keys, where both the name and the group allow it."""
    found = place_beside(GroupRecord("field", Path("field.blt"), home), name)

    assert (str(found) if found else "") == place
    assert found is None or found.profile == home.profile
