"""What a database can do with its history: read it, compare, go back, name, tidy up, and forget."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from catalog.changes.change import Change, Direction
from catalog.changes.collect import Collected, check_grace, collect
from catalog.changes.options import HeldLease, PushOptions
from catalog.changes.pull import fast_forward, spell_out
from catalog.changes.purge import Purged, purge, purge_local
from catalog.changes.versions import Version, before_last_change, check_seen, find_version, history, revert, tag
from catalog.errors import EntryMissingError, RemoteMissingError
from catalog.format.head import Commit, StoredHead
from catalog.progress import Progress
from catalog.remote.garbage import GRACE, Keep
from catalog.session.keys import check_key
from catalog.session.session import Session, WriteSession


class Versioned(ABC):
    """The history of the remote that a session works on. ``author`` signs the commits.

    What makes a commit goes on top of the one that this working copy builds on. When others committed since, it raises
    UnseenCommitsError, which names them, and does nothing, unless their newest commit is given as ``over``.
    """

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
        return islice(history(session.remote, session.look(), before), limit)

    def commit_at(self, version: Version) -> Commit:
        """The commit that a version names; EntryMissingError when there is none."""
        session = self._open()
        return find_version(session.remote, session.look(), version).commit

    def diff(self, a: Version | None, b: Version) -> Iterator[Change]:
        """What led from version ``a`` to ``b``, metadata first: each change with ``base`` as in ``a`` and ``remote`` as in ``b``.

        A version is a commit, its number, id, tag or time; None for ``a`` is the emptiness before the first. Read the values with
        ``changes().value(change, side)``.
        """
        session = self._open()
        newest = session.look()
        new = session.remote.snapshot(find_version(session.remote, newest, b))
        old = None if a is None else session.remote.snapshot(find_version(session.remote, newest, a))
        found = old.differing(new) if old is not None else ((key, None, entry) for key, entry in new.everything())
        for key, before, after in found:
            yield Change.between(key, Direction.INCOMING, before, before.version if before is not None else None, after)

    def before_last_change(self) -> Commit | None:
        """The commit that `undo` goes back to: the newest whose content is another than the newest's; None when none is kept."""
        before = before_last_change(self._open().remote, self._newest())
        return before.commit if before is not None else None

    def revert(self, to: Version, *, message: str = "", over: Commit | None = None, progress: Progress | None = None) -> Commit:
        """Make an earlier version the newest, as a new commit; nothing in the history changes.

        Unpushed changes stay; those that meet the reverted keys become conflicts. Raises UnseenCommitsError when others committed
        after the commit that this working copy builds on, or after ``over``; PreconditionFailedError when someone does just now.
        """
        self._writing()
        newest = self._seen(over)
        return self._reverted(find_version(self._session.remote, newest, to), newest, message, progress)

    def undo(self, *, message: str = "", over: Commit | None = None, progress: Progress | None = None) -> Commit:
        """Take the last change of content back, by a revert to the state before it; undoing an undo brings it back again.

        Raises as `revert`: the commit of someone else that was not seen here is not taken back.
        """
        self._writing()
        newest = self._seen(over)
        before = before_last_change(self._session.remote, newest)
        if before is None:
            raise EntryMissingError(f"{self._session.remote.where} has no earlier state to go back to.")
        return self._reverted(before, newest, message or f"Undo: back to commit {before.head.number}", progress)

    def tag(
        self, name: str, version: Version | None = None, *, over: Commit | None = None, progress: Progress | None = None
    ) -> Commit:
        """Name a version (default: the newest), so that it opens by name and garbage collection keeps it. Raises as `revert`."""
        self._writing()
        newest = self._seen(over)
        chosen = newest if version is None else find_version(self._session.remote, newest, version)
        return self._tagged(name, chosen, newest, progress)

    def untag(self, name: str, *, over: Commit | None = None, progress: Progress | None = None) -> Commit:
        """Remove a tag; the version that it named stays until garbage collection. Raises as `revert`."""
        self._writing()
        return self._tagged(name, None, self._seen(over), progress)

    def tags(self) -> dict[str, int]:
        """The tags of the remote, with the numbers of their commits."""
        newest = self._open().look()
        return {tag.name: tag.number for tag in self._session.remote.tags(newest)} if newest is not None else {}

    def collect_garbage(
        self,
        keep_days: float = 30,
        keep_commits: int = 10,
        dry_run: bool = True,
        *,
        grace: timedelta = GRACE,
        over: Commit | None = None,
        progress: Progress | None = None,
    ) -> Collected:
        """Free what no commit needs that is kept: the newest ``keep_commits``, those of the last ``keep_days``, tagged ones.

        With ``dry_run`` (the default) nothing is changed, and the answer says what would be. Packs of which little is needed
        any more are written anew. No object younger than ``grace`` (at least 25 hours) is deleted. Raises as `revert`.
        """
        check_grace(grace)
        keep = Keep(keep_days, max(keep_commits, 1))
        return self._collect(keep, grace, progress or Progress(), dry_run=dry_run, over=over)

    def _collect(
        self, keep: Keep, grace: timedelta, progress: Progress, *, dry_run: bool, over: Commit | None = None
    ) -> Collected:
        session = self._open() if dry_run else self._writing()
        with session.lock:
            newest = self._newest() if dry_run else self._seen(over)
            if isinstance(session, WriteSession) and not dry_run:
                # What is collected may be the index that says what a clear() has cleared.
                spell_out(session)
            found, after = collect(session, newest, keep, grace, self.author, self._lease, progress, dry_run=dry_run)
            if not dry_run:
                self._followed(after, progress)
            return found

    def forget(self, keys: Iterable[str], *, over: Commit | None = None, progress: Progress | None = None) -> Purged:
        """Remove every version of ``keys`` from the remote for good: a private value that was pushed by mistake.

        The local file and its caches are written anew without them. The history before is given up. Copies that others fetched
        stay with them. Unpushed changes stay. One that was cut short is finished by repeating it. Raises as `revert`, and
        EntryMissingError when no version in the remote holds any of the keys.
        """
        session, watched = self._writing(), progress or Progress()
        with session.lock:
            wanted = {check_key(key) for key in keys}
            spell_out(session)
            try:
                found, after = purge(session, self._seen(over), wanted, self.author, self._lease, watched)
            except EntryMissingError:
                # What an earlier attempt removed there may still be here.
                purge_local(session, wanted, watched)
                raise
            self._followed(after, watched)
            purge_local(session, wanted, watched)
            return found

    def _reverted(self, to: StoredHead, newest: StoredHead, message: str, progress: Progress | None) -> Commit:
        session, watched = self._session, progress or Progress()
        with session.lock:
            made = revert(session, newest, to, PushOptions(self.author, message), self._lease, watched)
            return self._followed(made, watched)

    def _tagged(self, name: str, version: StoredHead | None, newest: StoredHead, progress: Progress | None) -> Commit:
        session, watched = self._session, progress or Progress()
        with session.lock:
            made = tag(session, newest, name, version, PushOptions(self.author), self._lease, watched)
            return self._followed(made, watched)

    def _followed(self, made: StoredHead, progress: Progress) -> Commit:
        """Build on a commit that was just made."""
        session = self._writing()
        session.remember_seen(made)
        fast_forward(session, progress)
        return made.commit

    def _seen(self, over: Commit | None) -> StoredHead:
        """The newest commit, on which a command may build: it was seen here, or is ``over``. Raises UnseenCommitsError."""
        newest = self._newest()
        if over is not None or not self._session.has_seen(newest.commit_id):
            check_seen(self._session.remote, newest, over or self._session.built_on)
        return newest

    def _newest(self) -> StoredHead:
        newest = self._open().refresh()
        if newest is None:
            raise RemoteMissingError(f"{self._session.remote.where}: there is no database yet.", hint="Push it first.")
        return newest
