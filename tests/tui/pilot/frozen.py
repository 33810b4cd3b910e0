"""The shelf as snapshots see it: the same real databases, described as if they had always lived at one place."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog, Changes, Commit, ConflictError, Database, Entry, PushResult, S3Connection, Status
from tui.changes import library as changes
from tui.changes.library import PushEstimate

from .shelf import Flag

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOME = Path("/home/ada/.local/share/catalog")


def freeze(patch: pytest.MonkeyPatch) -> None:
    """Give the file, the commits and the cost of a push of every database the same looks in every run."""
    patch.setattr(Database, "file_path", property(lambda database: HOME / f"{database.uuid.version}.blt"))
    history, commit_at, before = Database.history, Database.commit_at, Database.before_last_change
    commits_of = Changes.commits_of
    patch.setattr(Database, "history", lambda *given, **more: map(_dated, history(*given, **more)))
    patch.setattr(Database, "commit_at", lambda *given: _dated(commit_at(*given)))
    patch.setattr(Database, "before_last_change", lambda database: (found := before(database)) and _dated(found))
    patch.setattr(Changes, "commits_of", lambda *given: {key: _dated(made) for key, made in commits_of(*given).items()})

    def estimate(_: Catalog, entry: Entry, *__: object) -> PushEstimate:
        return PushEstimate(PushResult(None, 3, 1_834, 6), ("1791",) if entry.name == "messages" else ())

    patch.setattr(changes, "estimate_push", estimate)


def _dated(commit: Commit) -> Commit:
    return dataclasses.replace(commit, time=WHEN + timedelta(days=commit.number))


def _frozen(commit: Commit | None) -> Commit | None:
    return commit and dataclasses.replace(commit, id=f"{commit.number:08x}" * 4, time=WHEN, parent=None)


class FrozenCatalog(Catalog):
    """Real databases whose identities, addresses and times are the same in every run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._real: dict[str, Entry] = {}

    def entries(self, group_name: str) -> list[Entry]:
        """The entries, with a fixed key and address each."""
        shown = []
        for entry in super().entries(group_name):
            key = (entry.name.encode().hex() * 16)[:32]
            place = S3Connection(
                db_key=f"climate/{entry.name}", bucket="open-data", endpoint_url="https://s3.example.org", profile="lab"
            )
            self._real[key] = entry
            shown.append(dataclasses.replace(entry, key=key, connection=place))
        return shown

    def file_of(self, entry: Entry) -> Path:
        """Where the copy really is."""
        return super().file_of(self._real.get(entry.key, entry))

    def open(self, entry: Entry, flag: Flag = "r", **more: Any) -> Database:
        """Open the real database for reading; a write meets a conflict, so that the shelf stays as it is."""
        if flag != "r":
            raise ConflictError(["1791"], f"open-data/climate/{entry.name}")
        return super().open(self._real.get(entry.key, entry), flag, **more)

    def status(self, entry: Entry, **more: Any) -> Status:
        """How the real database stands, with commits of fixed times."""
        status = super().status(self._real.get(entry.key, entry), **more)
        return dataclasses.replace(status, commit=_frozen(status.commit), remote_commit=_frozen(status.remote_commit), problem="")
