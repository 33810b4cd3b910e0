"""Applying a function to values in parallel: in processes, on an executor of the caller's, and on a Dask cluster."""

from __future__ import annotations

import os
import pickle
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

import catalog
from catalog import Database, InvalidKeyError, InvalidValueError, ReadOnlyError, S3Connection
from catalog.testing.seaweed import Seaweed

NUMBERS = {f"n{number:03}": number for number in range(150)}


def square(key: str, value: int) -> tuple[str, int]:
    """The square of a number, under a key of its own."""
    return f"{key}/square", value * value


def where(key: str, value: int) -> tuple[str, int]:
    """The process that this ran in."""
    return f"{key}/process", os.getpid()


def odd_only(key: str, value: int) -> tuple[str, int] | None:
    """Doubles odd numbers in place; nothing for even ones."""
    return (key, value * 2) if value % 2 else None


def fails_at_100(key: str, value: int) -> tuple[str, int]:
    """Breaks once."""
    if value == 100:
        raise ZeroDivisionError("at 100")
    return square(key, value)


def nonsense(key: str, value: int) -> tuple[str, Any]:
    """What orjson cannot store."""
    return key, object()


def bad_key(key: str, value: int) -> tuple[Any, int]:
    """What is no key."""
    return 7, value


def with_connection(connection: S3Connection, key: str, value: int) -> tuple[str, Any]:
    """What a connection has to tell in a worker."""
    return f"{key}/told", [connection.db_key, str(connection.__getstate__())]


@pytest.fixture
def numbers(folder_connection: S3Connection, tmp_path: Path) -> Iterator[Database]:
    """A database of numbers, open for writing, whose values are in the remote, but for some edits that were not pushed."""
    with catalog.open(folder_connection, tmp_path / "made.blt", "n", "orjson") as made:
        made.update({key: value for key, value in NUMBERS.items() if value < 120})
        made["n000"] = -1
        made["gone"] = 1
        made.changes().push()
    with catalog.open(folder_connection, tmp_path / "numbers.blt", "w") as db:
        db.update({key: value for key, value in NUMBERS.items() if value >= 120 or value == 0})
        del db["gone"]
        yield db


class InThisThread(Executor):
    """Pickles what it is given, as any executor with other processes does, keeps the bytes, and runs what they say."""

    def __init__(self) -> None:
        self.pickled: list[bytes] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        self.pickled.append(pickle.dumps((fn, args, more)))
        found, given, named = pickle.loads(self.pickled[-1])
        future: Future[Any] = Future()
        try:
            future.set_result(found(*given, **named))
        except Exception as error:
            future.set_exception(error)
        return future


def test_processes(numbers: Database) -> None:
    """By default it runs in other processes, over every key, local, remote and edited, and the results are written."""
    assert numbers.map(where, n_workers=2) == 150

    results = {key: value for key, value in numbers.items() if key.endswith("/process")}
    assert len(results) == 150
    assert os.getpid() not in results.values()


def test_some_keys(numbers: Database) -> None:
    """With keys only those are worked on; missing ones are left out; nothing is pushed."""
    pool = InThisThread()

    assert numbers.map(square, keys=iter(["n003", "n000", "missing", "gone"]), executor=pool) == 2

    assert numbers["n003/square"] == 9
    assert numbers["n000/square"] == 0
    assert len(numbers) == 152
    assert {change.key for change in numbers.changes().outgoing()} >= {"n003/square", "n000/square"}


def test_results_may_replace_and_may_be_none(numbers: Database) -> None:
    """A result goes to the key that the function names, which may be the one it came from; None writes nothing."""
    assert numbers.map(odd_only, executor=InThisThread()) == 75

    assert dict(numbers.items()) == {key: value * 2 if value % 2 else value for key, value in NUMBERS.items()}


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor(numbers: Database, kind: str) -> None:
    """An executor of the caller's is used, and stays open for the caller."""
    made: Executor = ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    with made as pool:
        assert numbers.map(square, executor=pool) == 150
        assert pool.submit(len, "abc").result() == 3

    assert sorted(value for key, value in numbers.items() if key.endswith("/square")) == [n * n for n in range(150)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A real Dask cluster on this machine: a scheduler and two worker processes."""
    scratch = str(tmp_path_factory.mktemp("dask"))
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", local_directory=scratch
        ) as made,
        Client(made) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


def test_dask(numbers: Database, cluster: Client) -> None:
    """On a Dask cluster the work runs in its workers, and what they give is written here and can be pushed."""
    workers = set(cluster.run(os.getpid).values())
    assert len(workers - {os.getpid()}) == 2

    with cluster.get_executor() as pool:  # type: ignore[no-untyped-call]
        assert numbers.map(where, executor=pool) == 150

    results = {value for key, value in numbers.items() if key.endswith("/process")}
    assert results
    assert results <= workers
    assert numbers.changes().push()


def test_dask_tells_of_errors(numbers: Database, cluster: Client) -> None:
    """An error in a worker of the cluster is raised here."""
    with (
        cluster.get_executor() as pool,  # type: ignore[no-untyped-call]
        pytest.raises(ZeroDivisionError, match="at 100"),
    ):
        numbers.map(fails_at_100, executor=pool)


def test_an_error_is_raised_and_what_was_done_stays(numbers: Database) -> None:
    """An error of the function is raised; results from before it are written, and the database goes on working."""
    with pytest.raises(ZeroDivisionError, match="at 100"):
        numbers.map(fails_at_100, executor=InThisThread())

    assert 0 < sum(key.endswith("/square") for key in numbers) < 150
    assert numbers.map(square, executor=InThisThread()) > 150


def test_results_are_checked_like_any_value(numbers: Database) -> None:
    """A key that is none, or a value that the serializer refuses, is the error that set would raise."""
    with pytest.raises(InvalidValueError):
        numbers.map(nonsense, executor=InThisThread())
    with pytest.raises(InvalidKeyError):
        numbers.map(bad_key, executor=InThisThread())


def test_a_reader_may_not(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Results are written, so the database must be open for writing."""
    with catalog.open(folder_connection, tmp_path / "made.blt", "n", "orjson") as db:
        db["a"] = 1
        db.changes().push()
    with catalog.open(folder_connection, tmp_path / "reader.blt") as db, pytest.raises(ReadOnlyError):
        db.map(square)


def test_other_threads_write_meanwhile(numbers: Database) -> None:
    """While it runs, other threads write; nothing of theirs is lost."""
    done = threading.Event()

    def write() -> None:
        for number in range(500):
            numbers[f"other/{number}"] = number
        done.set()

    with ThreadPoolExecutor(2) as pool, ThreadPoolExecutor(1) as side:
        writing = side.submit(write)
        numbers.map(square, keys=NUMBERS, executor=pool)
        writing.result()

    assert done.is_set()
    assert sum(key.startswith("other/") for key in numbers) == 500
    assert sum(key.endswith("/square") for key in numbers) == 150


def test_batches_are_bounded(numbers: Database) -> None:
    """Values are given out in batches as there is room, not all at once."""
    pool = InThisThread()

    numbers.map(square, executor=pool, n_workers=1)

    assert len(pool.pickled) > 2


def test_workers_get_no_secrets(seaweed: Seaweed, tmp_path: Path) -> None:
    """Workers get the function, keys and values: no secret, address or path; nor the secret of a connection that goes along."""
    connection = seaweed.connection(f"data/{secrets.token_hex(6)}.blt")
    pool = InThisThread()
    with catalog.open(connection, tmp_path / "numbers.blt", "n", "orjson") as db:
        db.update(NUMBERS)
        db.changes().push()
        db.map(square, executor=pool)
        for pickled in pool.pickled:
            for told in (seaweed.rw.secret_access_key, seaweed.rw.access_key_id, seaweed.endpoint_url, str(tmp_path)):
                assert told.encode() not in pickled

        db.map(partial(with_connection, connection), keys=["n001"], executor=pool)

        assert db["n001/told"][0] == connection.db_key
        for told in (seaweed.rw.secret_access_key, seaweed.rw.access_key_id):
            assert told.encode() not in pool.pickled[-1]
            assert told not in db["n001/told"][1]


def test_an_open_database_does_not_travel(numbers: Database) -> None:
    """A function that takes the database along is refused before anything is sent, with what to do instead."""
    with pytest.raises(TypeError, match="pass its connection"):
        numbers.map(partial(with_connection, numbers), executor=InThisThread())  # type: ignore[arg-type]
