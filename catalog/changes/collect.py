"""Collecting garbage: old commits are given up, objects that nothing needs any more are deleted, thin packs written anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from catalog.changes.options import HeldLease
from catalog.changes.rewrite import new_salt, rewrite
from catalog.changes.versions import commit_over
from catalog.errors import InvalidInputError
from catalog.format.head import StoredHead
from catalog.format.names import ObjectNames
from catalog.format.pack import TARGET_BYTES
from catalog.progress import Progress
from catalog.remote.garbage import Garbage, Keep, Kept, choose_commits, find_garbage
from catalog.remote.reach import Reach, packs_of, reach, read_commits
from catalog.remote.remote import Remote
from catalog.remote.repack import value_bytes
from catalog.session.session import Session

_THIN = 0.3
"""The share of a pack that must still be needed, below which its values move to a new one."""

_BATCH = 1000
_RESOLUTION = timedelta(seconds=1)
"""By which a store's times may be cut off."""
_SHORTEST_GRACE = timedelta(hours=25)
"""Readers of an old commit have a day to notice a newer one."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a garbage collection found, or did: commits kept and given up, objects and bytes freed, objects too young to
    touch, and packs written anew, which the commits before still need.
    """

    dry_run: bool
    commits_kept: int
    commits_given_up: int
    packs: int
    segments: int
    commits: int
    bytes_freed: int
    too_young: int
    packs_rewritten: int
    uploads: int
    """Uploads in parts that nobody finished; how many bytes they take is not known."""

    def __bool__(self) -> bool:
        found = (self.commits_given_up, self.packs, self.segments, self.commits, self.packs_rewritten, self.uploads)
        return any(found)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a collection is to do."""

    kept: Kept
    given_up: int
    thin: frozenset[bytes]
    garbage: Garbage


def check_grace(grace: timedelta) -> None:
    """Raise InvalidInputError for a grace period that would endanger readers."""
    if grace < _SHORTEST_GRACE:
        raise InvalidInputError(f"A grace period of {grace} would endanger readers.", hint=f"Give at least {_SHORTEST_GRACE}.")


def collect(
    session: Session,
    newest: StoredHead,
    keep: Keep,
    grace: timedelta,
    author: str,
    lease: HeldLease | None,
    progress: Progress,
    *,
    dry_run: bool,
) -> tuple[Collected, StoredHead]:
    """Free what no kept commit needs, and the newest head after it. With ``dry_run`` only say what would be freed.

    What is to be deleted is chosen first. Then a commit shortens the history and changes the salt: nobody can build on what was
    chosen from then on, and nothing new can have its name. Then it is deleted. A collection that was cut short is finished by
    repeating it.
    """
    remote = session.remote
    plan = _plan(remote, newest, keep, grace, progress)
    report = _report(remote.names, plan, plan.garbage, dry_run=dry_run)
    if dry_run or not report:
        return report, newest
    current = _shorten(session, newest, plan, author, lease, progress)
    garbage = _surely_old(remote, current, plan.garbage, grace)
    _delete(remote, garbage, progress)
    return _report(remote.names, plan, garbage, dry_run=False), current


def _surely_old(remote: Remote, made: StoredHead, garbage: Garbage, grace: timedelta) -> Garbage:
    """What is old by the store's own clock too, which said when the commit was made: this machine's may be days ahead."""
    now = remote.store.head(remote.names.commit(made.head.number, made.commit_id)).modified
    return garbage.before(now + _RESOLUTION - grace) if now is not None else garbage


def _plan(remote: Remote, newest: StoredHead, keep: Keep, grace: timedelta, progress: Progress) -> _Plan:
    kept = choose_commits(remote, newest, keep)
    tagged = {commit.number for commit in kept.tagged}
    given_up = sum(number not in tagged for number in range(newest.head.oldest, kept.oldest))
    found = reach(remote, newest, read_commits(remote, newest, kept.all, progress), progress)
    progress.begin("looking for what nobody needs")
    return _Plan(kept, given_up, _thin_packs(remote, newest, found), find_garbage(remote, found.objects, grace))


def _thin_packs(remote: Remote, newest: StoredHead, found: Reach) -> frozenset[bytes]:
    """Packs that the newest commit names, but of which all kept commits together need little."""
    small = {pack: size for pack, size in found.pack_sizes.items() if found.needed_bytes(pack) < min(size, TARGET_BYTES) * _THIN}
    named = packs_of(remote, newest) if small else set()
    return frozenset(
        pack for pack in named & set(small) if found.needed_bytes(pack) < value_bytes(remote, pack, small[pack]) * _THIN
    )


def _shorten(
    session: Session, newest: StoredHead, plan: _Plan, author: str, lease: HeldLease | None, progress: Progress
) -> StoredHead:
    salt, changed = new_salt(), dict[str, Any]()
    if plan.thin:
        index, metadata = rewrite(session, newest, plan.thin, (), salt, progress)
        changed = {"changes": index.changes, "runs": index.runs, "tables": dict(index.tables), "metadata": metadata}
    return commit_over(
        session,
        newest,
        author,
        lease,
        progress,
        oldest=max(plan.kept.oldest, newest.head.oldest),
        salt=salt,
        message=f"Collect garbage: keep the history from commit {plan.kept.oldest} on",
        **changed,
    )


def _delete(remote: Remote, garbage: Garbage, progress: Progress) -> None:
    names = [found.name for found in garbage.objects]
    progress.begin("deleting", 0, len(names) + len(garbage.uploads))
    for upload in garbage.uploads:
        remote.store.end_upload(upload)
        progress.advance(0, 1)
    for start in range(0, len(names), _BATCH):
        delete_together(remote, names[start : start + _BATCH])
        progress.advance(0, len(names[start : start + _BATCH]))


def delete_together(remote: Remote, names: Collection[str]) -> None:
    """Delete objects; none is no request."""
    if names:
        remote.store.delete_many(list(names))


def _report(names: ObjectNames, plan: _Plan, garbage: Garbage, *, dry_run: bool) -> Collected:
    def count(prefix: str) -> int:
        return sum(found.name.startswith(prefix) for found in garbage.objects)

    return Collected(
        dry_run=dry_run,
        commits_kept=len(plan.kept.all),
        commits_given_up=plan.given_up,
        packs=count(names.packs),
        segments=count(names.index) + count(names.tables),
        commits=count(names.commits) + count(names.log),
        bytes_freed=garbage.size,
        too_young=garbage.young,
        packs_rewritten=len(plan.thin),
        uploads=len(garbage.uploads),
    )
