"""Whatever is wrong: a typed error that says what and what next; the working copy keeps its edit, and pushes it once mended."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import booklet
import msgspec
import pytest

import catalog
from catalog import (
    AccessDeniedError,
    BucketMissingError,
    CatalogError,
    CredentialsError,
    Database,
    ForkedError,
    IntegrityError,
    LocalFileError,
    LockTimeoutError,
    S3Connection,
    UnreachableError,
    UnsupportedFormatError,
)
from catalog.database.options import Flag
from catalog.format.content import compress, content_id
from catalog.format.head import FORMAT, Head, encode_head, run_of
from catalog.format.names import ObjectNames
from catalog.format.table import SegmentRef
from catalog.remote.commit import read_head
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.access import connect_store
from catalog.testing.seaweed import Seaweed


def opened(connection: S3Connection, file: Path, flag: Flag = "w", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, lock="commit", **more)
    return database


def edited(connection: S3Connection, path: Path) -> Path:
    """Make a working copy of a pushed database, with an edit that was not pushed."""
    with opened(connection, path, "c") as database:
        database.update({f"k{number}": b"old" for number in range(100)})
        database.changes().push()
        database["mine"] = b"not pushed"
    return path


@pytest.fixture
def file(remote: S3Connection, tmp_path: Path) -> Path:
    """A working copy with an edit."""
    return edited(remote, tmp_path / "mine.blt")


def fails(error: type[CatalogError] | tuple[type[CatalogError], ...], act: Callable[[], Any]) -> CatalogError:
    """Check that an act fails with words that can be shown, and return its error."""
    with pytest.raises(error) as caught:
        act()
    assert caught.value.message
    assert str(caught.value).isprintable()
    return caught.value


def opened_and_pushed(connection: S3Connection, file: Path) -> None:
    with opened(connection, file) as database:
        database.changes().push()


def still_pushes(connection: S3Connection, file: Path, folder: Path) -> None:
    """Check that nothing was lost: the edit is there, is pushed, and is seen by others."""
    with opened(connection, file) as database:
        assert database["mine"] == b"not pushed"
        assert len(database) == 101
        assert [change.key for change in database.changes().all()] == ["mine"]
        assert database.changes().push().keys == 1
    with opened(connection, folder / "reader.blt", "r") as reader:
        assert len(dict(reader.items())) == 101
        assert reader["mine"] == b"not pushed"


# The store


@pytest.fixture
def bucket_file(bucket_connection: S3Connection, tmp_path: Path) -> Path:
    """The same in a bucket."""
    return edited(bucket_connection, tmp_path / "mine.blt")


def test_what_a_server_refuses(
    seaweed: Seaweed, bucket_connection: S3Connection, bucket_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong keys, no keys, no bucket, no right to write, nobody there: each has its own error, with what to do."""
    keys = bucket_connection.access_keys
    assert keys is not None
    pair = (keys.access_key_id, keys.secret_access_key)
    place = (bucket_connection.db_key, bucket_connection.bucket)
    wrong: list[tuple[type[CatalogError], S3Connection]] = [
        (AccessDeniedError, S3Connection(keys.access_key_id, "wrong", *place, seaweed.endpoint_url)),
        (AccessDeniedError, S3Connection("AKUNKNOWN", "wrong", *place, seaweed.endpoint_url)),
        (CredentialsError, S3Connection(None, None, *place, seaweed.endpoint_url, profile="nobody")),
        (BucketMissingError, S3Connection(*pair, bucket_connection.db_key, "no-such-bucket", seaweed.endpoint_url)),
        (UnreachableError, S3Connection(*pair, *place, "http://127.0.0.1:9", retries=0)),
        (AccessDeniedError, seaweed.connection(str(bucket_connection.db_key), keys="ro")),
    ]
    for error, connection in wrong:
        for lock in ("session", "commit"):

            def act(connection: S3Connection = connection, lock: Any = lock) -> None:
                with catalog.open(connection, bucket_file, "w", lock=lock) as database:
                    database.changes().push()

            said = fails(error, act)
            assert said.hint
            assert keys.secret_access_key not in str(said)
    still_pushes(bucket_connection, bucket_file, tmp_path)


def test_a_server_that_goes_away_during_work(bucket_connection: S3Connection, bucket_file: Path, tmp_path: Path) -> None:
    """When the server stops answering while a database is open, local reads go on, and the push works once it answers again."""
    with opened(bucket_connection, bucket_file) as database:
        store = database._session.remote.store
        kept = {name: getattr(store, name) for name in ("get", "get_if_changed", "put", "head")}
        for name in kept:

            def gone(*_: Any, **__: Any) -> Any:
                raise UnreachableError("no answer", hint="Try again.")

            setattr(store, name, gone)
        fails(UnreachableError, database.changes().push)
        fails(UnreachableError, database.changes().pull)
        assert database["mine"] == b"not pushed"
        assert database["k1"] == b"old"
        for name, plain in kept.items():
            setattr(store, name, plain)
        assert database.changes().push().keys == 1


def test_a_folder_that_cannot_be_written(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A file where the folder of a remote should be is a LocalFileError that names it."""
    (tmp_path / "remote").write_text("in the way")
    with opened(folder_connection, tmp_path / "mine.blt", "c", offline=True) as database:
        database["mine"] = b"not pushed"
    fails(LocalFileError, lambda: opened_and_pushed(folder_connection, tmp_path / "mine.blt"))
    (tmp_path / "remote").unlink()
    with opened(folder_connection, tmp_path / "mine.blt") as database:
        assert database.changes().push().keys == 1


# What lies in the store


def _line(**changes: Any) -> Callable[[Head], bytes]:
    """A head whose first line says what no line of ours says."""

    def make(head: Head) -> bytes:
        line, _, rest = encode_head(head).body.partition(b"\n")
        return msgspec.json.encode({**msgspec.json.decode(line), **changes}) + b"\n" + rest

    return make


def _raw(**changes: Any) -> Callable[[Head], bytes]:
    """A head with a right id, whose commit says what no commit of ours says."""

    def make(head: Head) -> bytes:
        content = msgspec.msgpack.encode({**msgspec.msgpack.decode(msgspec.msgpack.encode(head)), **changes})
        return _line(id=content_id(content).hex(), parts=[len(compress(content))])(head).partition(b"\n")[0] + (
            b"\n" + compress(content)
        )

    return make


HOSTILE: dict[str, tuple[type[CatalogError], Callable[[Head], bytes]]] = {
    "empty": (UnsupportedFormatError, lambda _: b""),
    "not ours": (UnsupportedFormatError, lambda _: b"<html>not found</html>"),
    "newer": (UnsupportedFormatError, _line(format=FORMAT + 1)),
    "a preview's": (UnsupportedFormatError, _line(format=100)),
    "ebooklet's": (UnsupportedFormatError, _line(format=3)),
    "deep": (UnsupportedFormatError, lambda _: b"[" * 100_000),
    "large": (IntegrityError, lambda head: encode_head(head).body + b" " * (17 << 20)),
    "damaged": (IntegrityError, _line(id="0" * 32)),
    "negative count": (IntegrityError, _raw(keys=-1)),
    "wild count": (IntegrityError, _raw(keys=1 << 60)),
    "parent in a name": (IntegrityError, _raw(parents=[[1, b"../../../../etc/passwd"]])),
    "path in a name": (IntegrityError, _line(id="../" * 10 + "ab")),
    "a table of a path": (IntegrityError, _raw(runs=[{"segments": 1, "keys": 1, "table": b"../../../etc/passwd", "size": 1}])),
    "too many runs": (IntegrityError, _raw(runs=[{"segments": 1, "keys": 1, "table": bytes(16), "size": 1}] * 5000)),
    "another type": (IntegrityError, _raw(type="virus")),
    "no header": (IntegrityError, _raw(header=b"")),
    "a header that is none": (UnsupportedFormatError, _raw(header=bytes(200))),
    "of another line": (ForkedError, _raw(message="another")),
    "an unknown serializer": (CatalogError, _line(uuid="zz")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_head(folder_connection: S3Connection, tmp_path: Path, name: str) -> None:
    """A head that is damaged, newer or made to do harm is refused, also by who never saw the database."""
    mine = tmp_path / "mine.blt"
    with opened(folder_connection, mine, "c") as database:
        database.update({f"k{number}": b"old" for number in range(100)})
        database.changes().push()
        database["mine"] = b"not pushed"
    store, names = connect_store(folder_connection, writing=True), ObjectNames(str(folder_connection.db_key))
    stored = read_head(Place(store, names))
    assert stored is not None
    error, make = HOSTILE[name]
    store.put(names.head, make(stored.head))

    if error is not ForkedError:
        fails(error, lambda: opened(folder_connection, tmp_path / "new.blt", "r"))
    # Whoever knows an earlier commit may see first that this one does not come after it.
    fails((error, ForkedError), lambda: opened_and_pushed(folder_connection, mine))
    with opened(folder_connection, mine, offline=True) as database:
        assert database["mine"] == b"not pushed"
        assert database["k1"] == b"old"
    store.put(names.head, stored.body)
    still_pushes(folder_connection, mine, tmp_path)


def test_head_that_names_what_is_not_there(remote: S3Connection, file: Path, tmp_path: Path) -> None:
    """A head whose index is missing, or claims wild sizes, opens, and each look for a key is a typed error."""
    store, names = connect_store(remote, writing=True), ObjectNames(str(remote.db_key))
    stored = read_head(Place(store, names))
    assert stored is not None
    ref = SegmentRef(b"f" * 16, "", 100, b"g" * 16, 0, 100, 100, 100)
    for number, wild in enumerate((ref, msgspec.structs.replace(ref, keys=1 << 50), msgspec.structs.replace(ref, keys_size=1))):
        made = encode_head(msgspec.structs.replace(stored.head, changes=None, runs=(run_of([wild]),)))
        store.put(names.head, made.body)
        with opened(remote, tmp_path / f"{number}.blt", "r") as database:
            fails(IntegrityError, lambda database=database: database["k1"])  # type: ignore[misc]
            fails(IntegrityError, lambda database=database: list(database))  # type: ignore[misc]
    store.put(names.head, stored.body)
    still_pushes(remote, file, tmp_path)


@pytest.mark.usefixtures("nothing_inline")
def test_pull_of_damage_changes_nothing(remote: S3Connection, file: Path, tmp_path: Path) -> None:
    """A commit whose index cannot be read is not pulled: the working copy stays on its own, whole, and pulls once mended."""
    with opened(remote, tmp_path / "theirs.blt") as colleague:
        colleague["k5"] = b"theirs"
        colleague.changes().push()
    store = connect_store(remote, writing=True)
    head = read_head(Place(store, ObjectNames(str(remote.db_key))))
    assert head is not None
    names = ObjectNames(str(remote.db_key))
    refs = Remote(Place(store, names), NoCache(), 2).snapshot(head).all_refs()
    damaged = {names.index_file(ref.file) for ref in refs}
    assert damaged
    whole = {name: store.get(name).body for name in damaged}
    for name, body in whole.items():
        store.put(name, body[: len(body) // 2])
    fails(IntegrityError, lambda: opened(remote, file))
    with opened(remote, file, pull=False) as database:
        fails(IntegrityError, database.changes().pull)
        fails(IntegrityError, database.changes().push)
        assert database["k5"] == b"old"
        assert database["mine"] == b"not pushed"
    for name, body in whole.items():
        store.put(name, body)
    still_pushes(remote, file, tmp_path)


# This machine


def test_full_disk(remote: S3Connection, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, writing says so; what was synced is safe, reading goes on, and with room again all is pushed."""

    def no_space(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with opened(remote, file) as database:
        database["later"] = b"in memory"
        with monkeypatch.context() as full:
            full.setattr("catalog.local.data_file.os.pwrite", no_space)
            said = fails(LocalFileError, database.sync)
            assert "full" in said.message
            fails(LocalFileError, database.changes().push)
            assert database["later"] == b"in memory"
            assert database["mine"] == b"not pushed"
        del database["later"]
        database.sync()
    still_pushes(remote, file, tmp_path)


def test_full_disk_of_the_sidecar(remote: S3Connection, file: Path, tmp_path: Path) -> None:
    """When the sidecar cannot grow, edits are refused with LocalFileError and reads go on."""
    with opened(remote, file) as database:
        sidecar = database._session.state.sidecar
        pages = sidecar.row("PRAGMA page_count")
        assert pages is not None
        sidecar.row(f"PRAGMA max_page_count = {pages[0]}")
        for number in range(500):
            database[f"more/{number}/{'x' * 500}"] = b"more"
        assert "full" in fails(LocalFileError, database.sync).message
        assert database["mine"] == b"not pushed"
        assert database["k1"] == b"old"
        sidecar.row("PRAGMA max_page_count = 1000000")
        database.sync()
        assert database.changes().discard([key for key in database if key.startswith("more/")]) == 500
    still_pushes(remote, file, tmp_path)


_LIMITED = """
    import resource, signal, sys, catalog
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    connection = catalog.S3Connection(db_key=sys.argv[1], endpoint_url=sys.argv[2])
    database = catalog.open(connection, sys.argv[3], "w", lock="commit")
    database["acknowledged"] = b"a"
    database.sync()
    size = database.file_path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, size + 5000))
    try:
        for number in range(100):
            database[f"more/{number}"] = bytes(1000)
            database.sync()
    except catalog.LocalFileError as error:
        print(type(error).__name__, number)
    try:
        database.close()
    except catalog.LocalFileError:
        print("not closed")
"""


def test_a_disk_that_really_has_no_room(folder_connection: S3Connection, tmp_path: Path) -> None:
    """With a real limit of the system, what was synced before it is there afterwards, and only that."""
    file = tmp_path / "mine.blt"
    with opened(folder_connection, file, "c") as database:
        database["k"] = b"old"
        database.changes().push()
    process = subprocess.run(
        [
            *(sys.executable, "-c", textwrap.dedent(_LIMITED)),
            *(str(folder_connection.db_key), str(folder_connection.endpoint_url), str(file)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    words = process.stdout.split()
    assert words[0] == "LocalFileError"
    with opened(folder_connection, file) as database:
        expected = {"k": b"old", "acknowledged": b"a", **{f"more/{number}": bytes(1000) for number in range(int(words[1]))}}
        found = dict(database.items())
        assert found.items() >= expected.items()
        assert found.keys() - expected.keys() <= {f"more/{words[1]}"}
        database.changes().push()


def test_a_file_that_someone_else_writes(remote: S3Connection, file: Path, tmp_path: Path) -> None:
    """A working copy that is open elsewhere, in our program or plain booklet's, is waited for and then refused by name."""
    with opened(remote, file):
        said = fails(LockTimeoutError, lambda: opened(remote, file, lock_timeout=0.05))
        assert f"process {os.getpid()}" in str(said)
        with opened(remote, file, "r") as reader:
            assert reader["mine"] == b"not pushed"
    plain = booklet.open(file, "w")
    said = fails(LockTimeoutError, lambda: opened(remote, file, lock_timeout=0.05))
    assert "booklet" in str(said)
    plain.close()
    still_pushes(remote, file, tmp_path)


def test_files_that_cannot_be_opened(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A path with a zero byte, or one that is too long, is a typed error."""
    for name in ("a\x00b.blt", "x" * 300):
        with pytest.raises(CatalogError):
            opened(folder_connection, tmp_path / name, "c")


def test_a_cut_off_booklet(remote: S3Connection, file: Path, tmp_path: Path) -> None:
    """A booklet that lost its end to a crash of the machine: what is whole is kept, and no key counts as deleted."""
    with file.open("r+b") as raw:
        raw.truncate(file.stat().st_size - 3)
    with opened(remote, file) as database:
        found = {change.key: str(change.kind) for change in database.changes().all()}
        assert "deleted" not in found.values()
        assert {key: database[key] for key in database if key != "mine"} == {f"k{number}": b"old" for number in range(100)}
        if "mine" in database:
            fails(IntegrityError, lambda: database["mine"])
            fails(IntegrityError, database.changes().push)
            database.changes().discard(["mine"])
        database["mine"] = b"not pushed"
    still_pushes(remote, file, tmp_path)
