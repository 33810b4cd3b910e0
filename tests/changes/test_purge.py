"""Forgetting a key leaves nothing of it in the store, and everything else as it was."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

import catalog
from catalog import (
    Database,
    EntryMissingError,
    PreconditionFailedError,
    ReadOnlyError,
    S3Connection,
    StoreError,
    UnreachableError,
)
from catalog.changes import purge as expunging
from catalog.changes import stage
from catalog.remote.objects import list_objects
from catalog.remote.place import Place
from catalog.testing.faults import Fault, FaultKind, FaultPlan

FRAME = b"\x28\xb5\x2f\xfd"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
SECRET_KEY = "patient/Ada-Lovelace"
SECRETS = [b"diagnosis-one", b"diagnosis-two", b"diagnosis-three"]


def open_writer(connection: S3Connection, path: Path) -> Database:
    """A working copy that takes no lease."""
    opened: Database = catalog.open(connection, path, "c", value_serializer="str", lock="commit")
    return opened


def push(database: Database, **values: Any) -> None:
    """Set some keys and push them."""
    database.update({name.replace("secret", SECRET_KEY): value for name, value in values.items()})
    database.changes().push()


def everything(database: Database) -> bytes:
    """All bytes of all objects of the remote, those of compressed parts decompressed too."""
    remote = database._session.remote
    names = [*(found.name for found in list_objects(Place(remote.store, remote.names))), remote.names.head]
    return b"\x00".join(with_frames(remote.store.get(name).body) for name in names)


def with_frames(body: bytes) -> bytes:
    """Some bytes, and after them the content of each compressed frame in them."""
    pieces = [body]
    start = body.find(FRAME)
    while start >= 0:
        with contextlib.suppress(zstandard.ZstdError):
            pieces.append(zstandard.ZstdDecompressor().decompressobj().decompress(body[start:]))
        start = body.find(FRAME, start + 1)
    return b"\x00".join(pieces)


def fill(database: Database) -> dict[str, str]:
    """Push a history in which the secret key comes, changes, goes and comes again; what else there is at the end."""
    database.set_metadata({"title": "patients"})
    push(database, a="1", b="1", secret="diagnosis-one")
    push(database, c="1", secret="diagnosis-two")
    del database[SECRET_KEY]
    push(database, a="2")
    push(database, secret="diagnosis-three", d="1")
    return {"a": "2", "b": "1", "c": "1", "d": "1"}


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: many syncs would only make a disk slow."""
    folder = Path(tempfile.mkdtemp(prefix="purge", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("inline", [True, False])
def test_nothing_of_the_key_is_left(inline: bool, remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its name nor any of its values is in any object, decompressed or not; other values and metadata are intact."""
    if not inline:
        monkeypatch.setattr(stage, "MOST_CHANGES", -1)
    with open_writer(remote, tmp_path / "mine.blt") as mine:
        others = fill(mine)
        before = everything(mine)
        assert all(trace in before for trace in [SECRET_KEY.encode(), *SECRETS])

        found = mine.forget([SECRET_KEY])

        after = everything(mine)
        assert not [trace for trace in [SECRET_KEY.encode(), *SECRETS] if trace in after]
        assert (found.keys, found.versions, found.commits_given_up, found.tags) == (1, 3, 4, ())
        assert dict(mine.items()) == others
        assert len(mine) == 4
    with catalog.open(remote, tmp_path / "fresh.blt") as fresh:
        assert dict(fresh.items()) == others
        assert fresh.value_bytes == 4
        assert fresh.get_metadata() == {"title": "patients"}
        assert [commit.number for commit in fresh.history()] == [5]


def local_bytes(path: Path) -> bytes:
    """All bytes of a booklet and of what lies beside it, those of compressed parts decompressed too."""
    return b"\x00".join(with_frames(found.read_bytes()) for found in path.parent.glob(f"*{path.name}*"))


@pytest.mark.parametrize("inline", [True, False])
def test_nothing_of_it_is_left_here(
    inline: bool, folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local file and its caches hold no value of it and not its name, neither before they are closed nor after."""
    if not inline:
        monkeypatch.setattr(stage, "MOST_CHANGES", -1)
    here = tmp_path / "here"
    here.mkdir()
    with open_writer(folder_connection, here / "mine.blt") as mine:
        others = fill(mine)
        mine["b"] = "unpushed"
        assert [bytes(trace) for trace in [SECRET_KEY.encode(), *SECRETS] if trace in local_bytes(here / "mine.blt")]
        mine.forget([SECRET_KEY])
        assert not [trace for trace in [SECRET_KEY.encode(), *SECRETS] if trace in local_bytes(here / "mine.blt")]
        assert dict(mine.items()) == others | {"b": "unpushed"}
    assert not [trace for trace in [SECRET_KEY.encode(), *SECRETS] if trace in local_bytes(here / "mine.blt")]


def test_what_was_removed_there_can_still_be_removed_here(
    folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short between both, the same again says that the remote has none of it, and removes it here."""
    here = tmp_path / "here"
    here.mkdir()
    with open_writer(folder_connection, here / "mine.blt") as mine:
        fill(mine)
        with monkeypatch.context() as patch:
            patch.setattr("catalog.database.history.purge_local", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                mine.forget([SECRET_KEY])
        assert b"diagnosis" in local_bytes(here / "mine.blt")
        with pytest.raises(EntryMissingError):
            mine.forget([SECRET_KEY])
        assert b"diagnosis" not in local_bytes(here / "mine.blt")


def test_a_key_deleted_long_ago_is_forgotten_too(remote: S3Connection, tmp_path: Path) -> None:
    """What only the history holds goes as well, and the newest state stays as it is."""
    with open_writer(remote, tmp_path / "mine.blt") as mine:
        push(mine, a="1", secret="diagnosis-one")
        del mine[SECRET_KEY]
        push(mine, b="1")

        found = mine.forget([SECRET_KEY])

        assert (found.keys, found.versions) == (0, 1)
        assert SECRET_KEY.encode() not in everything(mine)
        assert dict(mine.items()) == {"a": "1", "b": "1"}


def test_the_only_key_can_be_forgotten(folder_connection: S3Connection, tmp_path: Path) -> None:
    """The database is then empty, and goes on."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        push(mine, secret="diagnosis-one")
        mine.forget([SECRET_KEY])
        assert SECRET_KEY.encode() not in everything(mine)
        assert len(mine) == 0
        push(mine, a="1")
    with catalog.open(folder_connection, tmp_path / "fresh.blt") as fresh:
        assert dict(fresh.items()) == {"a": "1"}


@pytest.mark.parametrize("inline", [True, False])
def test_what_was_pushed_and_never_committed_is_searched(
    inline: bool, folder_connection: S3Connection, tmp_path: Path, faults: FaultPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that went up and was never committed is removed too, from a pack as from a commit that nobody made the head."""
    if not inline:
        monkeypatch.setattr(stage, "MOST_CHANGES", -1)
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        push(mine, a="1", secret="diagnosis-one")
        with open_writer(folder_connection, tmp_path / "theirs.blt") as theirs:
            theirs[SECRET_KEY] = "diagnosis-two"
            faults.add(Fault(FaultKind.FAIL_BEFORE, verb="put", number=2, name_part="data/rain.blt"))
            with pytest.raises(UnreachableError):
                theirs.changes().push()
            theirs.changes().discard()
        assert b"diagnosis-two" in everything(mine)

        mine.forget([SECRET_KEY])

        assert b"diagnosis" not in everything(mine)


def test_a_key_that_nobody_has_changes_nothing(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A typing error does not cost the history."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        push(mine, a="1")
        push(mine, a="2")
        with pytest.raises(EntryMissingError, match="Nothing was changed"):
            mine.forget(["pateint"])
        assert len(list(mine.history())) == 2


def test_tags_that_go_are_named(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A tag of a state that held the key cannot stay; the answer says so."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        fill(mine)
        mine.tag("published", 1)
        assert mine.forget([SECRET_KEY]).tags == ("published",)
        assert mine.tags() == {}


def test_an_unpushed_edit_stays(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Other keys' edits stay; one of the forgotten key itself becomes a conflict, not lost."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        fill(mine)
        mine["a"] = "edited"
        mine[SECRET_KEY] = "edited"
        mine.forget([SECRET_KEY])
        assert mine["a"] == mine[SECRET_KEY] == "edited"
        assert [change.key for change in mine.changes().conflicts()] == [SECRET_KEY]


def test_a_colleague_catches_up_and_keeps_working(remote: S3Connection, tmp_path: Path) -> None:
    """A working copy from before pulls, loses the key, and pushes on top."""
    with open_writer(remote, tmp_path / "mine.blt") as mine:
        fill(mine)
        with open_writer(remote, tmp_path / "theirs.blt") as theirs:
            assert theirs[SECRET_KEY] == "diagnosis-three"
        mine.forget([SECRET_KEY])
    with open_writer(remote, tmp_path / "theirs.blt") as theirs:
        assert SECRET_KEY not in theirs
        push(theirs, e="1")
    with catalog.open(remote, tmp_path / "fresh.blt") as fresh:
        assert dict(fresh.items()) == {"a": "2", "b": "1", "c": "1", "d": "1", "e": "1"}


def test_a_push_at_the_same_moment_is_safe(
    folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that comes between stops it before anything is deleted; it can be repeated."""
    with (
        open_writer(folder_connection, tmp_path / "mine.blt") as mine,
        open_writer(folder_connection, tmp_path / "theirs.blt") as theirs,
    ):
        fill(mine)
        newest = mine._newest()
        theirs.changes().pull()
        push(theirs, e="1")
        monkeypatch.setattr(mine, "_newest", lambda: newest)
        with pytest.raises(PreconditionFailedError):
            mine.forget([SECRET_KEY])
        monkeypatch.undo()
        assert len(list(mine.history())) == 5
        mine.changes().pull()
        mine.forget([SECRET_KEY])
        assert SECRET_KEY.encode() not in everything(mine)
        assert mine["e"] == "1"


@pytest.mark.parametrize("kind", ["packs", "commits"])
def test_what_is_served_after_it_was_deleted_is_told(
    kind: str, folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that says that it has deleted an object, and still gives it out, is no success."""
    monkeypatch.setattr(stage, "MOST_CHANGES", -1)
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        fill(mine)
        store = mine._session.remote.store
        delete = store.delete_many
        monkeypatch.setattr(store, "delete_many", lambda names: delete([name for name in names if f"/{kind}/" not in name]))
        with pytest.raises(StoreError, match=r"was deleted and is still served"):
            mine.forget([SECRET_KEY])


def test_only_a_writer_forgets(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A database that is open for reading refuses."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        fill(mine)
    with catalog.open(folder_connection, tmp_path / "mine.blt") as reader, pytest.raises(ReadOnlyError):
        reader.forget([SECRET_KEY])


@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY])
def test_cut_short_anywhere_it_can_be_repeated(memory: Path, faults: FaultPlan, kind: FaultKind) -> None:
    """After a failure of any one request everything else is readable, and a repetition removes all that is left."""
    number, finished = 0, False
    while not finished:
        number += 1
        folder = memory / str(number)
        folder.mkdir()
        connection = S3Connection(db_key="db", endpoint_url=(folder / "store").as_uri())
        with open_writer(connection, folder / "mine.blt") as mine:
            others = fill(mine)
            faults.add(Fault(kind, number=number))
            with contextlib.suppress(UnreachableError):
                mine.forget([SECRET_KEY])
            finished = not faults.fired
            faults.clear()
            faults.fired.clear()
            with catalog.open(connection, folder / "fresh.blt") as fresh:
                assert {key: value for key, value in fresh.items() if key != SECRET_KEY} == others
            with contextlib.suppress(EntryMissingError):
                mine.forget([SECRET_KEY])
            mine.changes().pull()
            assert not [trace for trace in [SECRET_KEY.encode(), *SECRETS] if trace in everything(mine)]
            assert dict(mine.items()) == others
    assert number > 10


_FORGET_AND_DIE = """
    import os, signal, sys, catalog
    from catalog.store.directory.store import DirectoryStore
    left = int(sys.argv[3])

    def dying(act):
        def ask(*arguments, **more):
            global left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*arguments, **more)
        return ask

    for name in ("put", "delete", "delete_many"):
        setattr(DirectoryStore, name, dying(getattr(DirectoryStore, name)))
    with catalog.open(catalog.S3Connection(db_key="data/d.blt", endpoint_url=sys.argv[1]), sys.argv[2], "w", lock="commit") as db:
        db.forget([sys.argv[4]])
"""


def test_killed_anywhere_it_can_be_repeated(memory: Path) -> None:
    """A process killed before any of its writes leaves a remote that reads as before or after; forgetting again finishes it."""
    remote = S3Connection(db_key="data/d.blt", endpoint_url=(memory / "remote").as_uri())
    with open_writer(remote, memory / "first.blt") as db:
        content = fill(db)
    shutil.copytree(memory / "remote", memory / "kept")
    for count in range(50):
        shutil.rmtree(memory / "remote")
        shutil.copytree(memory / "kept", memory / "remote")
        file = memory / f"{count}.blt"
        ended = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(_FORGET_AND_DIE), str(remote.endpoint_url), str(file), str(count), SECRET_KEY],
            check=False,
            timeout=100,
        ).returncode
        assert ended in (0, -signal.SIGKILL)
        with open_writer(remote, file) as db:
            assert dict(db.items()) in (content, content | {SECRET_KEY: "diagnosis-three"})
            with contextlib.suppress(EntryMissingError):
                db.forget([SECRET_KEY])
            left = everything(db)
            assert not any(secret in left for secret in SECRETS)
            assert dict(db.items()) == content
        if ended == 0:
            break
    assert count > 4


def test_a_push_between_the_commit_and_the_deletion_is_safe(
    folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a colleague brings up while the old objects are deleted stays."""
    with (
        open_writer(folder_connection, tmp_path / "mine.blt") as mine,
        open_writer(folder_connection, tmp_path / "theirs.blt") as theirs,
    ):
        others = fill(mine)
        delete = expunging._delete

        def push_first(*arguments: Any) -> None:
            theirs.changes().pull()
            push(theirs, e="1")
            delete(*arguments)

        monkeypatch.setattr(expunging, "_delete", push_first)
        mine.forget([SECRET_KEY])
        assert SECRET_KEY.encode() not in everything(mine)
    with catalog.open(folder_connection, tmp_path / "fresh.blt") as fresh:
        assert dict(fresh.items()) == {**others, "e": "1"}


def test_large_values_that_a_commit_names_itself_stay(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Of few keys the commit itself says where their values are: those in packs that are not written anew are still found."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as db:
        push(db, secret="diagnosis", **{f"large{number}": str(number) * 3_000 for number in range(3)})
        push(db, small="1")
        expected = {key: value for key, value in db.items() if key != SECRET_KEY}
        db.forget([SECRET_KEY])
        assert dict(db.items()) == expected
    with catalog.open(folder_connection, tmp_path / "fresh.blt") as reader:
        assert dict(reader.items()) == expected
        assert len(reader) == len(expected)
        assert reader.value_bytes == sum(map(len, expected.values()))
