"""Versions: earlier states of a remote, found by number, id, time or tag, and made the newest again."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import msgspec

from catalog.changes.push import HeldLease, PushOptions
from catalog.errors import EntryMissingError, GoneError, InvalidInputError, PreconditionFailedError, UnseenCommitsError
from catalog.format.head import Commit, Head, Parent, StoredHead, Tag, encode_head
from catalog.locking.head_writer import HeadWriter
from catalog.progress import Progress
from catalog.remote.commit import Beaten
from catalog.remote.remote import Remote
from catalog.session.session import Session

Version = int | str | datetime | Commit
"""A commit, its number, the beginning of its id, a tag, or a time (a text of one too): the state at that moment."""

_MOST_TAGS = 1000
_SHORTEST_ID = 4
_MOST_NAMED = 5


def history(remote: Remote, newest: StoredHead | None, before: Commit | None = None) -> Iterator[StoredHead]:
    """The commits of a remote that are still kept, newest first; only those before one, if it is given."""
    if newest is None:
        return
    if before is None:
        yield newest
    current = before or newest.commit
    while current.parent is not None and current.parent[0] >= newest.head.oldest:
        stored = remote.commit(*current.parent)
        yield stored
        current = stored.commit


def check_seen(remote: Remote, newest: StoredHead, seen: Commit | None) -> None:
    """Raise UnseenCommitsError when ``newest`` is another commit than the one that was ``seen``, with those in between.

    Sends no request when it is the same.
    """
    if seen is not None and newest.commit_id == seen.id:
        return
    last = seen.number if seen is not None else 0
    between = [newest.commit]
    with contextlib.suppress(GoneError):
        for stored in islice(history(remote, newest, newest.commit), _MOST_NAMED - 1):
            if stored.head.number <= last:
                break
            between.append(stored.commit)
    raise UnseenCommitsError(remote.where, between, max(newest.head.number - last, 1))


def find_version(remote: Remote, newest: StoredHead | None, version: Version) -> StoredHead:
    """The commit that ``version`` names; EntryMissingError when there is none, InvalidInputError when it is ambiguous."""
    if isinstance(version, Commit):
        return _stored(remote, newest, version)
    _check(version)
    tags = newest.head.tags if newest is not None else ()
    for tag in tags:
        if tag.name == version:
            return remote.commit(tag.number, tag.id)
    if isinstance(version, str) and version.isdecimal() and (newest is None or int(version) <= newest.head.number):
        version = int(version)
    elif isinstance(version, str) and (moment := _moment(version)) is not None:
        version = moment
    found = {stored.commit_id: stored for stored in islice(_matching(remote, newest, version), 2)}
    if not isinstance(version, datetime):
        # A tagged commit is kept though the history may not reach back to it any more.
        named = [tag for tag in tags if tag.id not in found and _names(version, tag.number, tag.id)]
        found.update((tag.id, remote.commit(tag.number, tag.id)) for tag in named)
    if not found:
        raise EntryMissingError(
            f"{remote.where} has no version {str(version)!r}.", hint="See history(); garbage collection may have removed it."
        )
    if len(found) > 1:
        raise InvalidInputError(f"Several commits of {remote.where} begin with {version!r}.", hint="Give more of the id.")
    return next(iter(found.values()))


def _check(version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, int | str | datetime):
        raise InvalidInputError(f"A version is a commit, a number, an id, a tag or a time, not {version!r}.")
    if isinstance(version, datetime) and version.tzinfo is None:
        raise InvalidInputError(f"The time {version} needs a time zone.", hint="Add one, such as datetime.UTC.")


def _stored(remote: Remote, newest: StoredHead | None, commit: Commit) -> StoredHead:
    """A commit whose id is known, in one request at most."""
    if newest is not None and newest.commit_id == commit.id:
        return newest
    return remote.commit(commit.number, commit.id)


def _moment(text: str) -> datetime | None:
    """The time that a text is, if it is one; without a zone it is local time."""
    try:
        return datetime.fromisoformat(text).astimezone() if "-" in text else None
    except ValueError:
        return None


def _matching(remote: Remote, newest: StoredHead | None, version: int | str | datetime) -> Iterator[StoredHead]:
    """The commits of the history that a version can mean; the first, where there can be but one."""
    for stored in history(remote, newest):
        if isinstance(version, datetime):
            if stored.commit.time <= version:
                yield stored
                return
        elif _names(version, stored.head.number, stored.commit_id):
            yield stored
            if not isinstance(version, str) or len(version) == len(stored.commit_id):
                return
        if isinstance(version, int) and stored.head.number < version:
            return


def _names(version: int | str, number: int, commit_id: str) -> bool:
    if isinstance(version, int):
        return number == version
    return len(version) >= _SHORTEST_ID and commit_id.startswith(version.lower())


def before_last_change(remote: Remote, newest: StoredHead) -> StoredHead | None:
    """The newest commit whose content is another than that of ``newest``; None when none is kept."""
    content = remote.snapshot(newest)
    for stored in remote.history(newest):
        if next(remote.snapshot(stored).differing(content), None) is not None:
            return stored
    return None


def revert(
    session: Session, newest: StoredHead, to: StoredHead, options: PushOptions, lease: HeldLease | None, progress: Progress
) -> StoredHead:
    """Make an earlier state the newest, as a new commit that refers to the same objects.

    Raises PreconditionFailedError when someone committed after ``newest``: look at theirs first.
    """
    reverted = msgspec.structs.replace(
        to.head,
        message=options.message or f"Revert to commit {to.head.number}",
        tags=newest.head.tags,
        oldest=newest.head.oldest,
        salt=newest.head.salt,
        **following(newest.head, newest.commit_id, options.author),
    )
    return commit_over(session, reverted, newest, lease, progress)


def tag(
    session: Session,
    newest: StoredHead,
    name: str,
    version: StoredHead | None,
    options: PushOptions,
    lease: HeldLease | None,
    progress: Progress,
) -> StoredHead:
    """Give a commit a name, which keeps it from garbage collection; ``version`` None removes the name.

    Raises InvalidInputError when the name cannot be one or is taken, EntryMissingError when there is none to remove.
    """
    if not name or len(name) > 100 or not name.isprintable() or name.isdecimal():
        raise InvalidInputError(f"{name!a} is no name for a tag.", hint="Use up to 100 printable characters, not a number.")
    others = tuple(kept for kept in newest.head.tags if kept.name != name)
    if version is None:
        if len(others) == len(newest.head.tags):
            raise EntryMissingError(f"{session.remote.where} has no tag {name!r}.")
        tags, message = others, f"Remove tag {name}"
    else:
        if len(others) != len(newest.head.tags):
            raise InvalidInputError(f"{session.remote.where} has a tag {name!r} already.", hint="Remove it first.")
        if len(others) >= _MOST_TAGS:
            raise InvalidInputError(f"{session.remote.where} has {_MOST_TAGS:,} tags; more are not accepted.")
        tags = (*others, Tag(name, version.head.number, version.commit_id))
        message = f"Tag commit {version.head.number} as {name}"
    changed = msgspec.structs.replace(
        newest.head,
        tags=tags,
        message=options.message or message,
        **following(newest.head, newest.commit_id, options.author),
    )
    return commit_over(session, changed, newest, lease, progress)


def following(newest: Head, newest_id: str, author: str) -> dict[str, object]:
    """The fields of a head that make it the next one after ``newest``."""
    return {
        "number": newest.number + 1,
        "parent": Parent(newest.number, newest_id),
        "time": max(time.time_ns() // 1000, newest.time + 1),
        "author": author,
        "write_id": uuid.uuid4().hex,
    }


def commit_over(session: Session, head: Head, over: StoredHead, lease: HeldLease | None, progress: Progress) -> StoredHead:
    """Make a head, all of whose objects are up, the newest one; PreconditionFailedError when ``over`` is not that any more."""
    remote, draft = session.remote, encode_head(head)
    session.state.made = draft.commit_id
    remote.store.put(remote.names.commit(head.number, draft.commit_id), draft.body)
    with HeadWriter(remote.place, lease, progress) as heads:
        outcome = heads.commit(draft, over)
    if isinstance(outcome, Beaten):
        raise PreconditionFailedError(remote.where, remote.names.head)
    return outcome
