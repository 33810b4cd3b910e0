"""What a database can do when its remote parted from the working copy: went back, or took another line."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.changes.keep import keep_as, plan_keep
from catalog.changes.options import HeldLease, PushOptions
from catalog.changes.parting import WayOut, follow, plan_follow, plan_on_top, put_on_top
from catalog.connection import S3Connection
from catalog.errors import LineageError
from catalog.progress import Progress
from catalog.session.session import Session, WriteSession


class Parting(ABC):
    """The ways out of a parting. Each shows first, as ``dry_run`` is the default, which keys it would add, change and remove.

    All raise InvalidInputError where the remote is in line with the working copy.
    """

    author: str
    _session: Session
    _lease: HeldLease | None
    _type: str

    @abstractmethod
    def _open(self) -> Session:
        """The session; InvalidInputError when it was closed."""

    @abstractmethod
    def _writing(self) -> WriteSession:
        """The session, which may write; ReadOnlyError when it may not."""

    @property
    def parted(self) -> LineageError | None:
        """How the remote parted from the commit that is built on here, as of the last look; None where it comes after it."""
        return self._open().parted

    @property
    def notices(self) -> tuple[str, ...]:
        """What the opening found out about the local file and the remote that one should know, in plain words."""
        return tuple(self._open().notices)

    def notice(self, what: str) -> None:
        """Add to what the opening found out."""
        self._open().notices.append(what)

    def put_on_top(self, *, message: str = "", dry_run: bool = True, progress: Progress | None = None) -> WayOut:
        """Put what is here on top of the remote's newest commit, as one commit; unpushed changes too.

        What only the remote's newest commit has is removed there, and stays in its history. Raises as a push, after which
        what differs is unpushed changes of an ordinary working copy.
        """
        if dry_run:
            return plan_on_top(self._open())
        options = PushOptions(self.author, message or "Put back what was lost", None, self._type)
        return put_on_top(self._writing(), options, self._lease, progress or Progress())

    def follow(self, *, dry_run: bool = True, progress: Progress | None = None) -> WayOut:
        """Follow the remote to its newest commit. What would be dropped is kept aside in a plain booklet, which is named.

        Unpushed edits stay; those that meet what the remote has become conflicts.
        """
        if dry_run:
            return plan_follow(self._open())
        return follow(self._writing(), progress or Progress())

    def keep_as(
        self,
        remote_conn: S3Connection | Mapping[str, Any],
        file_path: str | os.PathLike[str],
        *,
        message: str = "",
        dry_run: bool = True,
        progress: Progress | None = None,
    ) -> WayOut:
        """Keep what is here as a new database at another place, whose working copy is ``file_path``. This one stays as it is."""
        if dry_run:
            return plan_keep(self._open())
        session = self._writing()
        base = session.base
        origin = base.stored.origin if base is not None else None
        options = PushOptions(self.author, message or "Keep what was lost elsewhere", None, self._type, origin)
        path = Path(file_path).expanduser().absolute()
        return keep_as(session, S3Connection.of(remote_conn), path, options, progress or Progress())
