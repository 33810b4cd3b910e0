"""Drafts are brought up apart and committed together, or refused as a whole."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import (
    ConflictError,
    Database,
    DatabaseMismatchError,
    Draft,
    GoneError,
    InvalidInputError,
    RemoteMissingError,
    S3Connection,
)
from catalog.progress import Progress
from catalog.remote.garbage import Keep


def opened(connection: S3Connection, path: Path, **more: Any) -> Database:
    """A working copy that takes no lease."""
    database: Database = catalog.open(connection, path, "c", lock="commit", **more)
    return database


def content(connection: S3Connection, path: Path) -> dict[str, bytes]:
    """What a fresh working copy reads."""
    with catalog.open(connection, path, "r") as database:
        return dict(database.items())


@pytest.fixture
def base(folder_connection: S3Connection, tmp_path: Path) -> dict[str, bytes]:
    """A database of three hundred keys, and what it has."""
    values = {f"k{number:03d}": b"%d" % number * 9 for number in range(300)}
    with opened(folder_connection, tmp_path / "main.blt") as database:
        database.update(values)
        database.changes().push()
    return values


def drafted(connection: S3Connection, path: Path, values: dict[str, bytes], deleted: tuple[str, ...] = ()) -> Draft:
    """A draft made by a worker with a file of its own, as it comes out of a pickle."""
    with opened(connection, path) as worker:
        worker.update(values)
        for key in deleted:
            del worker[key]
        draft: Draft = pickle.loads(pickle.dumps(worker.changes().prepare()))
    return draft


def test_drafts_of_many_workers_are_one_commit(folder_connection: S3Connection, base: dict[str, bytes], tmp_path: Path) -> None:
    """Small and large ones, with deletions, made at once, become one commit that has all of them; nobody saw them before."""
    parts = [{f"w{worker:02d}/{number:03d}": b"v" * (number % 40) for number in range(3 + worker * 40)} for worker in range(12)]

    def work(number: int) -> Draft:
        return drafted(folder_connection, tmp_path / f"w{number}.blt", parts[number], (f"k{number:03d}",))

    with ThreadPoolExecutor(4) as pool:
        drafts = list(pool.map(work, range(12)))
    assert content(folder_connection, tmp_path / "before.blt") == base
    assert max(len(pickle.dumps(draft)) for draft in drafts) < 8 << 10
    with opened(folder_connection, tmp_path / "main.blt") as main:
        pushed = main.changes().push(drafts=drafts, message="All of them")
        assert pushed.keys == sum(map(len, parts)) + 12
        commits = list(main.history())

    expected = {key: value for key, value in base.items() if key >= "k012"} | {k: v for part in parts for k, v in part.items()}
    assert content(folder_connection, tmp_path / "after.blt") == expected
    assert [commit.message for commit in commits] == ["All of them", ""]
    assert (commits[0].set, commits[0].deleted, commits[0].keys) == (sum(map(len, parts)), 12, len(expected))


def test_drafts_of_processes_are_one_commit(folder_connection: S3Connection, base: dict[str, bytes], tmp_path: Path) -> None:
    """Forty drafts that two other processes made come back as pickles, and all of them are in one commit."""
    work = partial(draft_of_a_process, folder_connection, tmp_path)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        drafts = list(pool.map(work, range(40)))
    with opened(folder_connection, tmp_path / "main.blt") as main:
        assert main.changes().push(drafts=drafts).keys == 40 * 3
        assert len(list(main.history())) == 2

    added = {f"w{number:02d}/{key}": b"%d" % number for number in range(40) for key in range(3)}
    assert content(folder_connection, tmp_path / "after.blt") == base | added


def draft_of_a_process(connection: S3Connection, folder: Path, number: int) -> Draft:
    """What one worker makes, in a process of its own."""
    values = {f"w{number:02d}/{key}": b"%d" % number for key in range(3)}
    return drafted(connection, folder / f"w{number}.blt", values)


def test_small_drafts_are_held_by_the_commit(folder_connection: S3Connection, base: dict[str, bytes], tmp_path: Path) -> None:
    """A few small changes are brought up with the commit alone, and the worker's own copy agrees with them after a pull."""
    with opened(folder_connection, tmp_path / "w.blt") as worker, opened(folder_connection, tmp_path / "main.blt") as main:
        worker["a"] = b"1"
        requests = worker.requests
        draft = worker.changes().prepare()
        assert worker.requests == requests
        main.changes().push(drafts=[draft])
        worker.changes().pull()
        assert worker.changes().all() == []
        assert worker["a"] == b"1"


def test_a_key_in_two_drafts_is_an_error(folder_connection: S3Connection, base: dict[str, bytes], tmp_path: Path) -> None:
    """Nobody can say which of them is meant; nothing is pushed."""
    drafts = [drafted(folder_connection, tmp_path / f"{n}.blt", {"same": b"%d" % n, f"other{n}": b""}) for n in range(2)]
    with opened(folder_connection, tmp_path / "main.blt") as main, pytest.raises(InvalidInputError, match="same"):
        main.changes().push(drafts=drafts)

    assert content(folder_connection, tmp_path / "after.blt") == base


def test_drafts_meet_what_others_committed_since(folder_connection: S3Connection, base: dict[str, bytes], tmp_path: Path) -> None:
    """Other keys go on top of theirs; the same key is a conflict, and nothing is pushed."""
    draft = drafted(folder_connection, tmp_path / "w.blt", {"mine": b"1", "k005": b"mine"})
    with opened(folder_connection, tmp_path / "main.blt") as main:
        main["theirs"] = b"2"
        main.changes().push()
        other = drafted(folder_connection, tmp_path / "x.blt", {"later": b"3"})
        main["k005"] = b"theirs"
        main.changes().push()
        with pytest.raises(ConflictError, match="k005"):
            main.changes().push(drafts=[draft, other])
        main.changes().push(drafts=[other])
        assert (main["later"], main["k005"]) == (b"3", b"theirs")


def test_drafts_after_a_collection(folder_connection: S3Connection, base: dict[str, bytes], tmp_path: Path) -> None:
    """What a collection left is committed all the same; what it took is told, and nothing is pushed."""
    large = {f"n{number:03d}": b"v" * 20 for number in range(200)}
    kept = drafted(folder_connection, tmp_path / "kept.blt", large)
    with opened(folder_connection, tmp_path / "main.blt") as main:
        main["k000"] = b"changed"
        main.changes().push()
        main._collect(Keep(0, 1), timedelta(days=7), Progress(), dry_run=False)
        lost = drafted(folder_connection, tmp_path / "lost.blt", {f"m{n:03d}": b"w" * 20 for n in range(200)})
        main.changes().push(drafts=[kept])
        main._collect(Keep(0, 1), timedelta(0), Progress(), dry_run=False)
        with pytest.raises(GoneError, match="Prepare the draft again"):
            main.changes().push(drafts=[lost])

    assert content(folder_connection, tmp_path / "after.blt") == base | large | {"k000": b"changed"}


def test_what_is_no_draft_of_this_is_refused(folder_connection: S3Connection, base: dict[str, bytes], tmp_path: Path) -> None:
    """Nothing to bring up, another database, no database yet, and drafts beside other wishes."""
    elsewhere = S3Connection(db_key="other.blt", endpoint_url=folder_connection.endpoint_url)
    with opened(elsewhere, tmp_path / "other.blt") as other:
        other["a"] = b"1"
        with pytest.raises(RemoteMissingError):
            other.changes().prepare()
        other.changes().push()
        other["a"] = b"2"
        foreign = other.changes().prepare()
    with opened(folder_connection, tmp_path / "main.blt") as main:
        with pytest.raises(InvalidInputError, match="no changes"):
            main.changes().prepare()
        with pytest.raises(DatabaseMismatchError):
            main.changes().push(drafts=[foreign])
        with pytest.raises(InvalidInputError, match="by themselves"):
            main.changes().push(drafts=[foreign], dry_run=True)
        main.set_metadata({"a": 1})
        with pytest.raises(InvalidInputError, match="metadata"):
            main.changes().prepare()
