"""Writers who do not know each other all land, and a lost race sends nothing again but the commit and the head."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import Database, S3Connection
from catalog.changes import push as pushing
from catalog.locking.head_writer import HeadWriter


def opened(connection: S3Connection, path: Path) -> Database:
    """A working copy that takes no lease."""
    database: Database = catalog.open(connection, path, "c", lock="commit")
    return database


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that are over at once."""
    monkeypatch.setattr(pushing, "_LONGEST_PAUSE", 0.0)


@pytest.mark.usefixtures("quick")
def test_of_many_writers_all_land(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Without any pause, the worst case, writers of other keys all land, each in one commit; those who lose often queue."""
    with opened(folder_connection, tmp_path / "first.blt") as first:
        first["first"] = b"1"
        first.changes().push()
    writers = [opened(folder_connection, tmp_path / f"{number}.blt") for number in range(12)]
    for number, writer in enumerate(writers):
        writer[f"k{number:02d}"] = b"%d" % number
    start = threading.Barrier(len(writers))
    pushed: list[int] = []

    def push(writer: Database) -> None:
        start.wait()
        pushed.append(writer.changes().push().keys)

    threads = [threading.Thread(target=push, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.close()

    assert pushed == [1] * len(writers)
    with catalog.open(folder_connection, tmp_path / "fresh.blt") as fresh:
        assert dict(fresh.items()) == {"first": b"1", **{f"k{number:02d}": b"%d" % number for number in range(12)}}
        assert len(list(fresh.history())) == 13
    assert not list((tmp_path / "remote").rglob("*.lock.*"))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("keys", [3, 300])
def test_a_lost_race_sends_the_commit_and_the_head_again(
    keys: int, folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packs and segments go up once, however often somebody else is faster; what they and we changed is all there."""
    with opened(folder_connection, tmp_path / "mine.blt") as mine, opened(folder_connection, tmp_path / "theirs.blt") as theirs:
        mine.update({f"k{number:03d}": b"old" for number in range(100)})
        mine.changes().push()
        theirs.changes().pull()
        mine.update({f"k{number:03d}": b"%d" % number * 50 for number in range(keys)})
        put, sent = mine._session.remote.store.put, list[str]()
        commit, left = HeadWriter.commit, 4

        def noted(name: str, *arguments: Any, **more: Any) -> Any:
            sent.append(name)
            return put(name, *arguments, **more)

        def beaten(self: HeadWriter, *arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left > 0:
                with monkeypatch.context() as patch:
                    patch.setattr(HeadWriter, "commit", commit)
                    theirs[f"theirs{left}"] = b"1"
                    theirs.changes().push()
            return commit(self, *arguments)

        monkeypatch.setattr(mine._session.remote.store, "put", noted)
        monkeypatch.setattr(HeadWriter, "commit", beaten)
        mine.changes().push()

    packs = [name for name in sent if "/packs/" in name]
    indexes = [name for name in sent if "/index/" in name]
    assert len(packs) == len(set(packs)) <= 1 + 1
    assert len(indexes) <= 2
    assert len([name for name in sent if "/commits/" in name]) == 4
    with catalog.open(folder_connection, tmp_path / "fresh.blt") as fresh:
        expected = {f"k{number:03d}": b"old" for number in range(100)} | {f"theirs{n}": b"1" for n in (1, 2, 3)}
        assert dict(fresh.items()) == expected | {f"k{number:03d}": b"%d" % number * 50 for number in range(keys)}
        assert len(fresh) == len(dict(fresh.items()))
