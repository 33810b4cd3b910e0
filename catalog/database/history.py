"""What a database can do with its history: read it, compare, go back, name, tidy up, and forget."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from catalog.changes.change import Change, Direction
from catalog.changes.collect import Collected, check_grace, collect
from catalog.changes.options import HeldLease, PushOptions
from catalog.changes.pull import fast_forward
from catalog.changes.purge import Expunged, expunge
from catalog.changes.versions import Version, before_last_change, find_version, history, revert, tag
from catalog.errors import EntryMissingError, PreconditionFailedError, RemoteMissingError
from catalog.format.head import Commit, StoredHead
from catalog.progress import Progress
from catalog.remote.garbage import GRACE, Keep
from catalog.session.keys import check_key
from catalog.session.session import Session, WriteSession


class Versioned(ABC):
    """The history of the remote that a session works on. ``author`` signs the commits."""

    author: str
    _session: Session
    _lease: HeldLease | None

    @abstractmethod
    def _open(self) -> Session:
        """The session; InvalidInputError when it was closed."""

    @abstractmethod
    def _writing(self) -> WriteSession:
        """The session, which may write; ReadOnlyError when it may not."""

    def history(self, limit: int | None = None, *, before: Commit | None = None) -> Iterator[Commit]:
        """The commits of the remote that are kept, newest first; asks once for the newest, then once for each before it.

        With ``before`` only what came before that commit: a long history can be read in pages.
        """
        session = self._open()
        return islice(history(session.remote, session.refresh(), before), limit)

    def commit_at(self, version: Version) -> Commit:
        """The commit that a version names; EntryMissingError when there is none."""
        session = self._open()
        return find_version(session.remote, session.refresh(), version).commit

    def diff(self, a: Version | None, b: Version) -> Iterator[Change]:
        """What led from version ``a`` to ``b``, metadata first: each change with ``base`` as in ``a`` and ``remote`` as in ``b``.

        A version is a commit, its number, id, tag or time; None for ``a`` is the emptiness before the first. Read the values with
        ``changes().value(change, side)``.
        """
        session = self._open()
        newest = session.refresh()
        new = session.remote.snapshot(find_version(session.remote, newest, b))
        old = None if a is None else session.remote.snapshot(find_version(session.remote, newest, a))
        found = old.differing(new) if old is not None else ((key, None, entry) for key, entry in new.everything())
        for key, before, after in found:
            yield Change.between(key, Direction.INCOMING, before, before.version if before is not None else None, after)

    def before_last_change(self) -> Commit | None:
        """The commit that `undo` goes back to: the newest whose content is another than the newest's; None when none is kept."""
        before = before_last_change(self._open().remote, self._newest())
        return before.commit if before is not None else None

    def revert(self, to: Version, *, message: str = "", over: Commit | None = None) -> Commit:
        """Make an earlier version the newest, as a new commit; nothing in the history changes.

        Unpushed changes stay; those that meet the reverted keys become conflicts. Raises PreconditionFailedError when someone
        commits at the same moment, or when ``over`` is given and is not the newest any more.
        """
        session = self._writing()
        with session.lock:
            newest = self._newest()
            if over is not None and over.id != newest.commit_id:
                raise PreconditionFailedError(session.remote.where, session.remote.names.head)
            version = find_version(session.remote, newest, to)
            made = revert(session.remote, newest, version, PushOptions(self.author, message), self._lease)
            session.remember_seen(made)
            fast_forward(session, Progress())
            return made.commit

    def undo(self, *, message: str = "") -> Commit:
        """Take the last change of content back, by a revert to the state before it; undoing an undo brings it back again."""
        session, newest = self._open(), self._newest()
        before = before_last_change(session.remote, newest)
        if before is None:
            raise EntryMissingError(f"{session.remote.where} has no earlier state to go back to.")
        return self.revert(before.head.number, message=message or f"Undo: back to commit {before.head.number}")

    def tag(self, name: str, version: Version | None = None) -> Commit:
        """Name a version (default: the newest), so that it opens by name and garbage collection keeps it."""
        session, newest = self._open(), self._newest()
        chosen = newest if version is None else find_version(session.remote, newest, version)
        return self._tagged(name, chosen, newest)

    def untag(self, name: str) -> Commit:
        """Remove a tag; the version that it named stays until garbage collection."""
        return self._tagged(name, None, self._newest())

    def tags(self) -> dict[str, int]:
        """The tags of the remote, with the numbers of their commits."""
        newest = self._open().refresh()
        return {tag.name: tag.number for tag in self._session.remote.tags(newest)} if newest is not None else {}

    def collect_garbage(
        self,
        keep_days: float = 30,
        keep_commits: int = 10,
        dry_run: bool = True,
        *,
        grace: timedelta = GRACE,
        progress: Progress | None = None,
    ) -> Collected:
        """Free what no commit needs that is kept: the newest ``keep_commits``, those of the last ``keep_days``, tagged ones.

        With ``dry_run`` (the default) nothing is changed, and the answer says what would be. Packs of which little is needed
        any more are written anew. No object younger than ``grace`` (at least 25 hours) is deleted.
        """
        check_grace(grace)
        return self._collect(Keep(keep_days, max(keep_commits, 1)), grace, progress or Progress(), dry_run=dry_run)

    def _collect(self, keep: Keep, grace: timedelta, progress: Progress, *, dry_run: bool) -> Collected:
        session = self._open() if dry_run else self._writing()
        with session.lock:
            newest = self._newest()
            found, after = collect(session, newest, keep, grace, self.author, self._lease, progress, dry_run=dry_run)
            if isinstance(session, WriteSession) and not dry_run:
                session.remember_seen(after)
                fast_forward(session, progress)
            return found

    def forget(self, keys: Iterable[str], *, progress: Progress | None = None) -> Expunged:
        """Remove every version of ``keys`` from the remote for good: a private value that was pushed by mistake.

        The history before is given up. Copies that others fetched stay with them. Unpushed changes stay.
        """
        session = self._writing()
        with session.lock:
            found, after = expunge(
                session, self._newest(), {check_key(key) for key in keys}, self.author, self._lease, progress or Progress()
            )
            session.remember_seen(after)
            fast_forward(session, progress or Progress())
            session.cache.forget_values()
            return found

    def _tagged(self, name: str, version: StoredHead | None, newest: StoredHead) -> Commit:
        session = self._writing()
        with session.lock:
            made = tag(session.remote, newest, name, version, PushOptions(self.author), self._lease)
            session.remember_seen(made)
            fast_forward(session, Progress())
            return made.commit

    def _newest(self) -> StoredHead:
        newest = self._open().refresh()
        if newest is None:
            raise RemoteMissingError(f"{self._session.remote.where}: there is no database yet.", hint="Push it first.")
        return newest
