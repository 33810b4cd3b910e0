"""The commit: one conditional write of the head, and the certainty about its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from catalog.ebooklet_format.identity import FIRST_BYTES, begins_as_ebooklet, is_ebooklet
from catalog.errors import (
    CatalogError,
    EbookletFormatError,
    GoneError,
    IntegrityError,
    ObjectMissingError,
    OutcomeUnknownError,
    PreconditionFailedError,
    ReadOnlyError,
    StoreError,
    UnsupportedFormatError,
)
from catalog.format.head import DELETED, MOST_BYTES, StoredHead, decode_head
from catalog.remote.again import verified
from catalog.remote.log import Log
from catalog.remote.place import Place
from catalog.remote.segment_reader import NoCache
from catalog.store.interface import ByteRange, FetchedObject, IfAbsent, IfMatch


@dataclass(frozen=True, slots=True)
class Beaten:
    """Someone else committed first: their head, to rebase on. None when they deleted the remote."""

    current: StoredHead | None


class EbookletFoundError(EbookletFormatError):
    """What lies at the place of a head is a database or group of ebooklet; ``fetched`` is that object, unless it is too large."""

    def __init__(self, what: str, fetched: FetchedObject | None = None) -> None:
        self.fetched = fetched
        super().__init__(
            f"{what} was written by ebooklet, in its own format.",
            hint="It can be read, and copied into ours: open it with flag='r', then copy_remote().",
        )


def read_head(place: Place) -> StoredHead | None:
    """The newest head of a remote, or None where there is none, or one that says that the remote is deleted.

    Raises EbookletFoundError where ebooklet keeps a database.
    """
    found = read_any_head(place)
    return _present(found) if found is not None else None


def read_any_head(place: Place) -> StoredHead | None:
    """The newest head of a remote, also one that says that it is deleted; None where there is none."""
    try:
        fetched = place.store.get(place.names.head, most=MOST_BYTES)
    except ObjectMissingError:
        return None
    except IntegrityError:
        _refuse_by_first_bytes(place)
        raise
    return _decoded(place, fetched)


def read_head_if_changed(place: Place, known: StoredHead) -> StoredHead | None:
    """The newest head, which is ``known`` itself when nothing changed; None where there is none any more."""
    try:
        fetched = place.store.get_if_changed(place.names.head, known.etag, most=MOST_BYTES)
    except ObjectMissingError:
        return None
    except IntegrityError:
        _refuse_by_first_bytes(place)
        raise
    return known if fetched is None else _present(_decoded(place, fetched))


def _decoded(place: Place, fetched: FetchedObject) -> StoredHead:
    what = str(place)
    if begins_as_ebooklet(fetched.body):
        raise EbookletFoundError(what, fetched)
    stored = decode_head(fetched.body, fetched.etag, what)
    if stored.head.from_ebooklet:
        raise IntegrityError(f"{what}: the head cannot be used: its commit has no number.")
    return stored


def _present(stored: StoredHead) -> StoredHead | None:
    return None if stored.head.type == DELETED else stored


def refuse_ebooklet(place: Place) -> None:
    """Raise EbookletFoundError where ebooklet keeps a database, before anything is written beside it; asks once or twice."""
    try:
        info = place.store.head(place.names.head)
    except ObjectMissingError:
        return
    if is_ebooklet(info.metadata):
        raise EbookletFoundError(str(place))
    if "format_version" not in info.metadata:
        _refuse_by_first_bytes(place)


def _refuse_by_first_bytes(place: Place) -> None:
    """What is too large for a head of ours, or without metadata, can be ebooklet's object, which has the whole index in it."""
    first = place.store.get(place.names.head, ByteRange(0, FIRST_BYTES), most=FIRST_BYTES).body
    if begins_as_ebooklet(first):
        raise EbookletFoundError(str(place)) from None


def check_writable(stored: StoredHead, where: object) -> None:
    """Raise for a head that no commit of this program must follow: a mirror's, or one with features that it does not know."""
    if stored.mirror:
        raise ReadOnlyError(
            f"{where} is a mirror of {stored.mirror}: only what keeps it in step writes to it.", hint="Push to the original."
        )
    if stored.head.writer_features:
        raise UnsupportedFormatError(
            f"{where} has what this program does not write: {', '.join(stored.head.writer_features):.100}.",
            hint="Upgrade booklet-catalog; reading goes on.",
        )


def read_commit(place: Place, number: int, commit_id: str) -> StoredHead:
    """An earlier commit; IntegrityError when it is damaged, GoneError when it is not there."""
    what = f"{place.store.where}: commit {number} ({commit_id[:8]}…) of {place.names.db_key!r}"

    def fetch() -> StoredHead:
        try:
            fetched = place.store.get(place.names.commit(number, commit_id), most=MOST_BYTES)
        except ObjectMissingError:
            raise GoneError(f"{what} is gone.", hint="Garbage collection may have removed it.") from None
        stored = decode_head(fetched.body, "", what)
        if (stored.commit_id, stored.head.number) != (commit_id, number):
            raise IntegrityError(f"{what} is damaged: it holds another commit.")
        return stored

    return verified(fetch)


def commit(
    place: Place, new: StoredHead, over: StoredHead | None, pause: Callable[[], object] = lambda: None
) -> StoredHead | Beaten:
    """Make ``new`` the head, if the head is still ``over`` (None: if there is none).

    What the head names must be up already, its copy under ``commits/`` too. A reply that got lost is found out by reading back;
    so is who won a race, after a ``pause``. Raises OutcomeUnknownError when that is not possible either.
    """
    if over is not None:
        check_writable(over, place)
    precondition = IfMatch(over.etag) if over else IfAbsent()
    try:
        etag = place.store.put(place.names.head, new.body, metadata=new.object_metadata, precondition=precondition)
    except PreconditionFailedError:
        pause()
        return _read_back(place, new)
    except StoreError:
        outcome = _read_back(place, new)
        if isinstance(outcome, Beaten) and _unchanged(outcome, over):
            raise
        return outcome
    return replace(new, etag=etag)


def create_under_lease(place: Place, new: StoredHead) -> StoredHead | Beaten:
    """Make ``new`` the first head in the place of one that says that the database is deleted.

    The caller holds the lease, which every writer takes for this: nobody else creates meanwhile.
    """
    current = read_head(place)
    if current is not None:
        return Beaten(current)
    try:
        etag = place.store.put(place.names.head, new.body, metadata=new.object_metadata)
    except StoreError:
        outcome = _read_back(place, new)
        if isinstance(outcome, Beaten) and outcome.current is None:
            raise
        return outcome
    return replace(new, etag=etag)


def commit_in_turn(
    place: Place, new: StoredHead, over: StoredHead | None, precondition: IfMatch | None = None
) -> StoredHead | Beaten:
    """Make ``new`` the head, if the head is still ``over``, in a store that cannot compare and swap, and read it back.

    The caller holds the election, so that nobody else writes between the look and the write. ``precondition`` is sent along
    where the store takes one. Raises OutcomeUnknownError when the head cannot be read back.
    """
    if over is not None:
        check_writable(over, place)
    before = Beaten(read_head(place))
    if not _unchanged(before, over):
        return before
    try:
        place.store.put(place.names.head, new.body, metadata=new.object_metadata, precondition=precondition)
    except StoreError:
        outcome = _read_back(place, new)
        if isinstance(outcome, Beaten) and _unchanged(outcome, over):
            raise
        return outcome
    return _read_back(place, new)


def _unchanged(outcome: Beaten, over: StoredHead | None) -> bool:
    current = outcome.current
    return (current and current.commit_id) == (over and over.commit_id)


def _read_back(place: Place, new: StoredHead) -> StoredHead | Beaten:
    """Whether our commit is the head or an ancestor of it; OutcomeUnknownError where neither can be found out."""
    try:
        current = read_head(place)
        made = current is not None and Log(place, NoCache()).has(current, new.head.number, new.commit_id)
    except CatalogError:
        raise OutcomeUnknownError(str(place), new.commit_id) from None
    if current is not None and made:
        return replace(new, etag=current.etag if current.commit_id == new.commit_id else "")
    return Beaten(current)
