"""Copying a remote to another place: inside the service where it can, else streamed through here with bounded memory."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import msgspec

from catalog.errors import (
    FormatError,
    GoneError,
    IntegrityError,
    InvalidInputError,
    ObjectMissingError,
    PreconditionFailedError,
)
from catalog.format.head import Head, StoredHead, encode_head, of_database
from catalog.format.pack import TARGET_BYTES
from catalog.progress import Progress
from catalog.remote.commit import Beaten, create_under_lease, read_head
from catalog.remote.commit_time import commit_time
from catalog.remote.next_commit import follow
from catalog.remote.object_stream import ObjectStream
from catalog.remote.objects import list_objects
from catalog.remote.place import Place
from catalog.remote.reach import kept_commits, reach
from catalog.remote.remote import Remote
from catalog.remote.upload import Uploads
from catalog.remote.verify import verify_object
from catalog.store.interface import Source

_STREAM_ABOVE = TARGET_BYTES + (1 << 20)
"""Objects of more bytes than an ordinary pack's are copied in parts, one object at a time."""
_MOST_MESSAGE = 1_000
_AT_ONCE = 2
"""Smaller objects on their way at a time; each is held in memory."""


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What a copy did: objects copied, those that an earlier attempt had copied already, and how many went server-side."""

    copied: int
    found: int
    server_side: int
    total_bytes: int


def already_copied(target: Place, stored: StoredHead) -> CopyResult | None:
    """What there is to say of a copy that was complete before; None where there is no database yet.

    Raises InvalidInputError when there is another one.
    """
    there = read_head(target)
    if there is None:
        return None
    if there.head.copied_from == stored.origin:
        return CopyResult(0, 1, 0, 0)
    raise InvalidInputError(f"{target}: there is a database already.", hint="Choose another db_key, or delete that one first.")


def copy_remote(source: Remote, stored: StoredHead, target: Place, progress: Progress, author: str = "") -> CopyResult:
    """Copy a database with its history; the target is complete in itself, and visible only when all of it is there.

    It is a database of its own: on top of the history comes a commit, signed by ``author``, with a uuid of its own.

    The caller holds the target's lease. What the head, the history and the tags reach is copied, whatever a listing shows.
    Repeated after a failure, the copy goes on where it stopped. What went through here is read back and verified value by value;
    what the service copied, by its sizes, indexes and directories. Raises InvalidInputError when there is another database at the
    target, GoneError when an object of the source is not there, IntegrityError when a copy is not what was copied.
    """
    if (done := already_copied(target, stored)) is not None:
        return done
    wanted = _wanted(source, stored, progress)
    present = {found.name: found.size for found in list_objects(target)}
    missing = {name: size for name, size in wanted.items() if present.get(target.names.folder + name) != size}
    progress.begin("copying", sum(missing.values()), len(missing))
    server_side = 0
    with Uploads(target.store, min(source.threads, _AT_ONCE), progress) as uploads:
        for name, size in missing.items():
            if source.store.copy(source.names.folder + name, target.store, target.names.folder + name):
                server_side += 1
                progress.advance(size, 1)
            else:
                _stream(source.place, target, name, size, uploads, progress)
    streamed = server_side < len(missing) or not missing
    progress.begin("verifying", sum(wanted.values()) if streamed else 0, len(wanted))
    _verify(target, wanted, min(source.threads, _AT_ONCE), progress, values=streamed)
    outcome = create_under_lease(target, _on_top(source, stored, target, author))
    if isinstance(outcome, Beaten):
        raise PreconditionFailedError(target.store.where, target.names.head)
    return CopyResult(len(missing), len(wanted) - len(missing), server_side, sum(missing.values()))


def _on_top(source: Remote, stored: StoredHead, target: Place, author: str) -> StoredHead:
    """The commit that makes a copy a database of its own; what it names is up then."""
    identity = uuid.uuid4()
    put = target.store.put
    head: Head = msgspec.structs.replace(
        stored.head,
        **follow(stored, source.log, target.names, put),
        uuid=identity.bytes,
        header=of_database(stored.head.header, identity.bytes),
        time=commit_time(target.store),
        author=author,
        message=f"Copied from {source.where}"[:_MOST_MESSAGE],
        set=0,
        deleted=0,
        copied_from=stored.origin,
        continues=None,
    )
    made = encode_head(head, source.tables_of(stored))
    put(target.names.commit(head.number, made.commit_id), made.commit_body)
    return made


def _wanted(source: Remote, stored: StoredHead, progress: Progress) -> dict[str, int]:
    """What a database consists of, by names below its prefix, with sizes; GoneError where something of it is not there."""
    found = reach(source, stored, kept_commits(source, stored, progress), progress)
    start = len(source.names.folder)
    progress.begin("looking for what is to be copied", 0, len(found.objects))

    def size_of(item: tuple[str, int | None]) -> tuple[str, int]:
        progress.advance(0, 1)
        name, said = item
        try:
            size = source.store.head(name).size
        except ObjectMissingError:
            raise _lost(source, name, "is gone") from None
        if said is not None and size != said:
            raise _lost(source, name, f"has {size:,} bytes instead of {said:,}")
        return name[start:], size

    with ThreadPoolExecutor(source.threads, thread_name_prefix="sizes") as pool:
        sizes = dict(pool.map(size_of, found.objects.items()))
    # what refers to others comes after them
    return dict(sorted(sizes.items(), key=lambda item: item[0].startswith(("commits/", "log/"))))


def _lost(source: Remote, name: str, problem: str) -> GoneError:
    return GoneError(
        f"{source.where}: {name!r} {problem}, so that a copy would not be whole. Nothing can be read at the target.",
        hint="Restore it from another copy of the bucket; 'catalog doctor' says what else is missing.",
    )


def _stream(source: Place, target: Place, name: str, size: int, uploads: Uploads, progress: Progress) -> None:
    """Bring an object over; a large one alone, because its parts fill the memory and the line by themselves."""
    from_name, to_name = source.names.folder + name, target.names.folder + name
    if size <= _STREAM_ABOVE:
        uploads.put(to_name, lambda: source.store.get(from_name, most=size).body, size)
        return
    uploads.finish()
    body = Source(size, lambda: io.BufferedReader(ObjectStream(source.store, from_name, size)))
    target.store.put_large(to_name, body, advance=lambda count: progress.advance(count, 0))


def _verify(target: Place, wanted: Mapping[str, int], threads: int, progress: Progress, *, values: bool) -> None:
    """Check the copied objects; a damaged one is deleted, so that copying again replaces it."""

    def check(item: tuple[str, int]) -> int:
        progress.check()
        try:
            verify_object(target, *item, values=values)
        except FormatError as error:
            target.store.delete(target.names.folder + item[0])
            raise IntegrityError(
                f"The copy is no good: {error.message}",
                key=error.key if isinstance(error, IntegrityError) else None,
                hint="It was removed: copy again. If that does not help, the original is damaged.",
            ) from None
        return item[1]

    by_itself = {name: size for name, size in wanted.items() if values and name.startswith("packs/")}
    together = {name: size for name, size in wanted.items() if name not in by_itself}
    pool = ThreadPoolExecutor(threads, thread_name_prefix="verify")
    try:
        # Packs that are read whole, one by one: they fill the line by themselves, and each thread would keep memory of its own.
        for size in chain(pool.map(check, together.items()), map(check, by_itself.items())):
            progress.advance(size if values else 0, 1)
    finally:
        pool.shutdown(cancel_futures=True)
