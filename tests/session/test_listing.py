"""Lists of keys: by row, by folder, by size and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import Database, InvalidInputError, KeyGroup, KeyInfo, S3Connection
from catalog.database.options import Flag
from catalog.format import runs as index
from catalog.session import listing


def opened(connection: S3Connection, file: Path, flag: Flag = "w", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, lock="commit", **more)
    return database


def check_rows(database: Database, prefixes: Iterable[str]) -> None:
    """Each row of each prefix is where a walk finds it."""
    for prefix in prefixes:
        walked = database.page(limit=10_000, prefix=prefix)
        assert database.rows(prefix) == len(walked), prefix
        for row in {0, 1, len(walked) // 2, max(len(walked) - 2, 0), len(walked)}:
            assert database.page_at(row, 3, prefix) == walked[row : row + 3], (prefix, row)
        check_sorted(database, prefix, walked)
    everything = [info.key for info in database.page(limit=10_000)]
    for key in (everything[0], everything[-1], everything[len(everything) // 2], "", "a", "k0100x"):
        assert database.row_of(key) == sum(other < key for other in everything), key


def check_sorted(database: Database, prefix: str, walked: list[KeyInfo]) -> None:
    """In any order, what is said of each key is what a walk says of it; equal ones are in the order of their keys."""
    by_size = sorted(walked, key=lambda info: -(info.size or 0))
    by_time = sorted(walked, key=lambda info: -info.timestamp)
    for order, expected in (("size", by_size), ("time", by_time)):
        found = database.sorted_keys(order, prefix)  # type: ignore[arg-type]
        assert found.page_at(0, len(walked) + 1) == expected, (order, prefix)
        found.close()


@pytest.mark.usefixtures("nothing_inline")
def test_any_row_is_reached_at_once(remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is found by its row, in a copy without a base and in one of several runs with edits, adds, deletions, conflicts."""
    monkeypatch.setattr(index, "SEGMENT_KEYS", 16)
    monkeypatch.setattr(listing, "_APART", 16)
    prefixes = ("", "k", "k01", "k0199", "z", "\U0010ffff", "m/")
    with opened(remote, tmp_path / "theirs.blt", "c") as theirs:
        theirs.update({f"k{number:04}": b"1" * (number % 7 + 1) for number in range(0, 400, 2)})
        del theirs["k0000"]
        check_rows(theirs, prefixes)
        theirs.changes().push()
        check_rows(theirs, prefixes)
    with opened(remote, tmp_path / "mine.blt") as mine:
        mine.update({"k0003": b"2", "k0004": b"2", "k0011": b"2", "m/x": b"2", "z": b"2", "\U0010ffff": b"2"})
        del mine["k0010"], mine["k0040"], mine["k0398"]
        check_rows(mine, prefixes)
        with opened(remote, tmp_path / "theirs.blt") as theirs:
            theirs.update({"k0011": b"3", "k0013": b"3", "k0201": b"3"})
            del theirs["k0004"], theirs["k0010"], theirs["k0100"], theirs["k0040"]
            theirs.changes().push()
        mine.changes().pull()
        assert mine.commit is not None
        assert len(mine._session.base.stored.head.runs) > 1  # type: ignore[union-attr]
        check_rows(mine, prefixes)
    with opened(remote, tmp_path / "mine.blt", "r", version=1) as past:
        check_rows(past, prefixes)


def walk(database: Database, prefix: str, separator: str, limit: int) -> Iterator[str]:
    """All of a folder, page by page: keys as they are, groups with their numbers."""
    last: KeyInfo | KeyGroup | None = None
    while page := database.folder(prefix, separator, last, limit):
        yield from (row.key if isinstance(row, KeyInfo) else f"{row.prefix} {row.keys}" for row in page)
        last = page[-1]


@pytest.mark.parametrize("walked", [1, 3, 2_000])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_folders(
    folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, walked: int
) -> None:
    """A folder shows its own keys, and what lies deeper as groups with the number of their keys, in pages of any size."""
    monkeypatch.setattr(listing, "_WALKED", walked)
    keys = ["a", "a/", "a/1", "a/2", "a/2/x", "a0", "b/1/1", "b/1/2", "b/1/3", "b/1/4", "b:c", "\U0010ffff/x", "\U0010ffff/y"]
    with opened(folder_connection, tmp_path / "mine.blt", "c") as database:
        database.update(dict.fromkeys(keys, b"v"))

        assert [*walk(database, "", "/", limit)] == ["a", "a/ 4", "a0", "b/ 4", "b:c", "\U0010ffff/ 2"]
        assert [*walk(database, "a/", "/", limit)] == ["a/", "a/1", "a/2", "a/2/ 1"]
        assert [*walk(database, "b/", "/", limit)] == ["b/1/ 4"]
        assert [*walk(database, "", ":", limit)][-4:] == ["b/1/4", "b: 1", "\U0010ffff/x", "\U0010ffff/y"]
        assert [*walk(database, "none/", "/", limit)] == []


def test_a_separator_is_some_text(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Nothing cannot separate."""
    with opened(folder_connection, tmp_path / "mine.blt", "c") as database, pytest.raises(InvalidInputError, match="separator"):
        database.folder(separator="")


def test_keys_by_size_and_by_time(folder_connection: S3Connection, tmp_path: Path) -> None:
    """The largest or the newest come first, equal ones in the order of their keys; only what begins with the prefix."""
    with opened(folder_connection, tmp_path / "mine.blt", "c") as database:
        for key, size, moment in (("a", 3, 5), ("b/1", 9, 1), ("b/2", 1, 9), ("b/3", 9, 7)):
            database.set(key, b"v" * size, moment)
        everything = database.page()

        for order, prefix, expected in (
            ("size", "", ["b/1", "b/3", "a", "b/2"]),
            ("time", "", ["b/2", "b/3", "a", "b/1"]),
            ("size", "b/", ["b/1", "b/3", "b/2"]),
            ("size", "x", []),
        ):
            found = database.sorted_keys(order, prefix)  # type: ignore[arg-type]
            assert [info.key for info in found.page_at(0, 10)] == expected
            assert found.page_at(1, 2) == [info for key in expected[1:3] for info in everything if info.key == key]
            assert len(found) == len(expected)
            found.close()
        with pytest.raises(InvalidInputError, match="not sorted by 'colour'"):
            database.sorted_keys("colour")  # type: ignore[arg-type]


def test_rows_follow_what_others_write(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A reader's list grows and shrinks with what a writer of the same working copy does, before and after a push."""
    with opened(folder_connection, tmp_path / "mine.blt", "c") as writer:
        writer.update({"a": b"1", "b": b"2"})
        writer.sync()
        with opened(folder_connection, tmp_path / "mine.blt", "r", pull=False) as reader:
            assert (reader.rows(), reader.row_of("b")) == (2, 1)
            writer["aa"] = b"3"
            writer.sync()
            assert (reader.rows(), reader.row_of("b")) == (3, 2)
            del writer["a"]
            writer.sync()
            assert (reader.rows(), reader.row_of("b")) == (2, 1)
        writer.changes().push()
    with opened(folder_connection, tmp_path / "mine.blt", "r") as reader:
        assert reader.rows() == 2
        with opened(folder_connection, tmp_path / "mine.blt") as writer:
            writer["c"] = b"4"
            writer.sync()
            assert (reader.rows(), [info.key for info in reader.page_at(1, 5)]) == (3, ["b", "c"])
            writer.changes().discard()
            assert reader.rows() == 2
