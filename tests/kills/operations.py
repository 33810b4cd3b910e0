"""What is killed in the middle: each prepares something, and does it, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import booklet

from catalog import import_file
from catalog.cli import cli

from .scene import Scene

Step = Callable[[Scene], object]


@dataclass(frozen=True)
class Operation:
    """Something to be killed: how to prepare for it, and how to do it."""

    name: str
    act: Step
    prepare: Step = lambda _: None


def _edits(scene: Scene) -> None:
    with scene.open() as db:
        db["k02"], db["new"], db["big9"] = "mine", 1, "9" * 3_000
        del db["k03"]


def _conflict(scene: Scene) -> None:
    with scene.open() as db:
        db["k04"] = "mine"
    scene.commit_of_colleague({"k04": "theirs", "k05": "theirs"})


def _behind(scene: Scene) -> None:
    scene.commit_of_colleague({"k04": "theirs", "k05": "theirs", "big8": "8" * 3_000})


def _parted(scene: Scene) -> None:
    _edits(scene)
    scene.put_back()


def _aged(scene: Scene) -> None:
    folder = scene.folder / "store"
    for found in folder.rglob("*"):
        if found.is_file():
            os.utime(found, (10**9, 10**9))


def _plain(scene: Scene) -> None:
    with booklet.open(str(scene.mine), "w") as plain:
        plain["k06"], plain["plain"] = "edited", 1
        del plain["k07"]


def _file(scene: Scene) -> None:
    rows = [{"key": f"imported{number}", "value": number} for number in range(30)]
    (scene.folder / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
        yield


def _command(*words: str) -> Step:
    def act(scene: Scene) -> None:
        with _quiet(), contextlib.suppress(SystemExit):
            cli.main(["--catalog", str(scene.folder / "catalog"), *words], prog_name="catalog")

    return act


def _listed(scene: Scene) -> None:
    scene.catalog()
    _edits(scene)


def _do(step: Callable[..., object]) -> Step:
    def act(scene: Scene) -> None:
        with scene.open() as db:
            step(db)

    return act


def _both(first: Step, second: Step) -> Step:
    def act(scene: Scene) -> None:
        first(scene)
        second(scene)

    return act


OPERATIONS = [
    Operation("edit", _edits),
    Operation("delete keys", _do(lambda db: [db.pop(key) for key in ("k01", "k02", "big0")])),
    Operation("clear", _do(lambda db: db.clear())),
    Operation("push", _do(lambda db: db.changes().push()), _edits),
    Operation("push of some keys", _do(lambda db: db.changes().push(keys=["k02", "big9"])), _edits),
    Operation("push after a clear", _do(lambda db: db.changes().push()), _do(lambda db: (db.clear(), db.update({"only": 1})))),
    Operation("push of metadata", _do(lambda db: (db.set_metadata({"of": "mine"}), db.changes().push()))),
    Operation("push over a colleague's", _do(lambda db: db.changes().push()), _both(_edits, _behind)),
    Operation("pull", _do(lambda db: db.changes().pull()), _behind),
    Operation("pull of a conflict", _do(lambda db: db.changes().pull()), _conflict),
    Operation("resolve", _do(lambda db: (db.changes().resolve(["k04"], "theirs"), db.changes().push())), _conflict),
    Operation("discard", _do(lambda db: db.changes().discard()), _edits),
    Operation("revert", _do(lambda db: db.revert(1))),
    Operation("undo", _do(lambda db: db.undo())),
    Operation("tag", _do(lambda db: db.tag("one", 1))),
    Operation("collect garbage", _do(lambda db: db.collect_garbage(0, 1, False, grace=timedelta(hours=25))), _aged),
    Operation("forget", _do(lambda db: db.forget(["k01"]))),
    Operation("delete the remote", _do(lambda db: db.delete_remote())),
    Operation("copy the remote", lambda scene: _do(lambda db: db.copy_remote(scene.elsewhere("copy")))(scene)),
    Operation("prune", _do(lambda db: db.prune()), _edits),
    Operation("load", _do(lambda db: db.load_items()), _behind),
    Operation("import", lambda scene: _do(lambda db: import_file(db, scene.folder / "in.jsonl"))(scene), _file),
    Operation("open after plain booklet", lambda scene: scene.here(), _plain),
    Operation("put on top", _do(lambda db: db.put_on_top(dry_run=False)), _parted),
    Operation("follow", _do(lambda db: db.follow(dry_run=False)), _parted),
    Operation(
        "keep as another",
        lambda scene: _do(lambda db: db.keep_as(scene.elsewhere("kept"), scene.folder / "kept.blt", dry_run=False))(scene),
        _parted,
    ),
    Operation("the command push", _command("push", "g/db", "-m", "from a command"), _listed),
    Operation("the command pull", _command("pull", "g/db"), _both(lambda scene: scene.catalog(), _behind)),
]
