"""Versions: earlier states of a remote, found by number, id, time or tag, and made the newest again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice, takewhile
from typing import Any

import msgspec

from catalog.changes.options import HeldLease, PushOptions
from catalog.errors import EntryMissingError, InvalidInputError, PreconditionFailedError, UnseenCommitsError
from catalog.format.content import compress, content_id
from catalog.format.door import check_readable
from catalog.format.head import Commit, Head, StoredHead, Table, Tag, TagsRef, decode_tags, encode_head, encode_tags, of_database
from catalog.locking.head_writer import HeadWriter
from catalog.progress import Progress
from catalog.remote.commit import Beaten
from catalog.remote.commit_time import commit_time
from catalog.remote.remote import Remote
from catalog.session.session import Session

Version = int | str | datetime | Commit
"""A commit, its number, the beginning of its id, a tag, or a time (a text of one too): the state at that moment."""

_MOST_TAGS = 1000
_SHORTEST_ID = 4
_MOST_NAMED = 5


def history(remote: Remote, newest: StoredHead | None, before: Commit | None = None) -> Iterator[Commit]:
    """The commits of a remote that are still kept, newest first; only those before one, if it is given."""
    if newest is not None:
        yield from remote.kept(newest, before.number if before is not None else None)


def check_seen(remote: Remote, newest: StoredHead, seen: Commit | None) -> None:
    """Raise UnseenCommitsError when ``newest`` is another commit than the one that was ``seen``, with those in between.

    Sends no request when it is the same.
    """
    if seen is not None and newest.commit_id == seen.id:
        return
    last = seen.number if seen is not None else 0
    between = [newest.commit]
    between.extend(
        takewhile(lambda commit: commit.number > last, islice(remote.history(newest, newest.head.number), _MOST_NAMED - 1))
    )
    raise UnseenCommitsError(remote.where, between, max(newest.head.number - last, 1))


def find_version(remote: Remote, newest: StoredHead | None, version: Version) -> StoredHead:
    """The commit that ``version`` names; EntryMissingError when there is none, InvalidInputError when it is ambiguous."""
    if isinstance(version, Commit):
        return remote.state_of(newest, version.number, version.id)
    _check(version)
    tags = remote.tags(newest) if newest is not None else ()
    for tag in tags:
        if tag.name == version:
            return remote.state_of(newest, tag.number, tag.id.hex())
    if isinstance(version, str) and version.isdecimal() and (newest is None or int(version) <= newest.head.number):
        version = int(version)
    elif isinstance(version, str) and (moment := _moment(version)) is not None:
        version = moment
    found = {commit.id: commit.number for commit in islice(_matching(remote, newest, version), 2)}
    if not isinstance(version, datetime):
        # A tagged commit is kept though the history may not reach back to it any more.
        found.update((tag.id.hex(), tag.number) for tag in tags if _names(version, tag.number, tag.id.hex()))
    if not found:
        raise EntryMissingError(
            f"{remote.where} has no version {str(version)!r}.", hint="See history(); garbage collection may have removed it."
        )
    if len(found) > 1:
        raise InvalidInputError(f"Several commits of {remote.where} begin with {version!r}.", hint="Give more of the id.")
    ((commit_id, number),) = found.items()
    return remote.state_of(newest, number, commit_id)


def _check(version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, int | str | datetime):
        raise InvalidInputError(f"A version is a commit, a number, an id, a tag or a time, not {version!r}.")
    if isinstance(version, datetime) and version.tzinfo is None:
        raise InvalidInputError(f"The time {version} needs a time zone.", hint="Add one, such as datetime.UTC.")


def _moment(text: str) -> datetime | None:
    """The time that a text is, if it is one; without a zone it is local time."""
    try:
        return datetime.fromisoformat(text).astimezone() if "-" in text else None
    except ValueError:
        return None


def _matching(remote: Remote, newest: StoredHead | None, version: int | str | datetime) -> Iterator[Commit]:
    """The commits of the history that a version can mean; the first, where there can be but one."""
    if newest is None:
        return
    if isinstance(version, int):
        found = remote.log.at(newest, version) if version >= newest.head.oldest else None
        if found is not None:
            yield remote.log.commit(newest, found)
        return
    for commit in history(remote, newest):
        if isinstance(version, datetime):
            if commit.time <= version:
                yield commit
                return
        elif _names(version, commit.number, commit.id):
            yield commit
            if len(version) == len(commit.id):
                return


def _names(version: int | str, number: int, commit_id: str) -> bool:
    if isinstance(version, int):
        return number == version
    return len(version) >= _SHORTEST_ID and commit_id.startswith(version.lower())


def before_last_change(remote: Remote, newest: StoredHead) -> StoredHead | None:
    """The newest commit whose content is another than that of ``newest``; None when none is kept."""
    content = remote.snapshot(newest)
    for commit in history(remote, newest, newest.commit):
        stored = remote.commit(commit.number, commit.id)
        if next(remote.snapshot(stored).differing(content), None) is not None:
            return stored
    return None


def revert(
    session: Session, newest: StoredHead, to: StoredHead, options: PushOptions, lease: HeldLease | None, progress: Progress
) -> StoredHead:
    """Make an earlier state the newest, as a new commit that refers to the same objects.

    Raises PreconditionFailedError when someone committed after ``newest``: look at theirs first.
    """
    remote = session.remote
    new, old = remote.snapshot(newest), remote.snapshot(to)
    counts = {"set": 0, "deleted": 0}
    for key, _, after in new.differing(old):
        counts["deleted" if after is None else "set"] += bool(key)
    return commit_over(
        session,
        newest,
        options.author,
        lease,
        progress,
        message=options.message or f"Revert to commit {to.head.number}",
        header=of_database(to.head.header, newest.head.uuid),
        keys=to.head.keys,
        value_bytes=to.head.value_bytes,
        metadata=to.head.metadata,
        changes=to.head.changes,
        runs=to.head.runs,
        tables=remote.tables_of(to),
        **counts,
    )


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
    remote = session.remote
    known = remote.tags(newest)
    tags = tuple(kept for kept in known if kept.name != name)
    if version is None:
        if len(tags) == len(known):
            raise EntryMissingError(f"{remote.where} has no tag {name!r}.")
        message = f"Remove tag {name}"
    else:
        if len(tags) != len(known):
            raise InvalidInputError(f"{remote.where} has a tag {name!r} already.", hint="Remove it first.")
        if len(tags) >= _MOST_TAGS:
            raise InvalidInputError(f"{remote.where} has {_MOST_TAGS:,} tags; more are not accepted.")
        tags = (*tags, Tag(name, version.head.number, bytes.fromhex(version.commit_id)))
        message = f"Tag commit {version.head.number} as {name}"
    kept = _write_tags(remote, tags, newest.head.salt)
    return commit_over(session, newest, options.author, lease, progress, message=options.message or message, tags=kept)


def _write_tags(remote: Remote, tags: tuple[Tag, ...], salt: int) -> TagsRef | None:
    if not tags:
        return None
    content = encode_tags(tags, salt)
    check_readable("This list of tags", lambda: decode_tags(content, "It"))
    body = compress(content)
    remote.store.put(remote.names.tags(content_id(content)), body)
    return TagsRef(content_id(content), len(body))


def commit_over(
    session: Session,
    over: StoredHead,
    author: str,
    lease: HeldLease | None,
    progress: Progress,
    *,
    tables: dict[bytes, Table] | None = None,
    **changes: Any,
) -> StoredHead:
    """Commit a head that has some members other than ``over``, all of whose objects are up; it sets no key unless it says so.

    Raises PreconditionFailedError when ``over`` is not the newest any more.
    """
    remote = session.remote
    put = remote.store.put
    members: dict[str, Any] = {"set": 0, "deleted": 0, "author": author, "time": commit_time(remote.store), **changes}
    head: Head = msgspec.structs.replace(over.head, **remote.follow(over, put), **members)
    draft = encode_head(head, remote.tables_of(over) if tables is None else tables)
    session.state.made = draft.commit_id
    put(remote.names.commit(head.number, draft.commit_id), draft.commit_body)
    with HeadWriter(remote.place, lease, progress) as heads:
        outcome = heads.commit(draft, over)
    if isinstance(outcome, Beaten):
        raise PreconditionFailedError(remote.where, remote.names.head)
    return outcome
