"""One conditional write is the commit, and its outcome is known for sure or said to be unknown."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from format.entries import make_head

from catalog.errors import (
    IntegrityError,
    OutcomeUnknownError,
    ReadOnlyError,
    StoreError,
    UnreachableError,
    UnsupportedFormatError,
)
from catalog.format.head import StoredHead, encode_head
from catalog.format.names import ObjectNames
from catalog.remote.commit import (
    Beaten,
    commit,
    commit_in_turn,
    create_under_lease,
    read_commit,
    read_head,
    read_head_if_changed,
)
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import IfMatch
from catalog.store.wrapped import WrappedStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore

ERRORS = (OutcomeUnknownError, UnreachableError)


def draft(store: DirectoryStore, names: ObjectNames, over: StoredHead | None, message: str = "", **more: Any) -> StoredHead:
    """A head over another, with its copy among the commits, as a push leaves it before the commit."""
    remote = Remote(Place(store, names), NoCache(), 2)
    fields = {**remote.follow(over, store.put), "message": message} | more
    made = encode_head(make_head(**fields))
    store.put(names.commit(made.head.number, made.commit_id), made.commit_body)
    return made


def make(store: DirectoryStore, names: ObjectNames, over: StoredHead | None, message: str) -> StoredHead:
    """A commit over another."""
    made = commit(Place(store, names), draft(store, names, over, message), over)
    assert isinstance(made, StoredHead)
    return made


def faulty(store: DirectoryStore, *faults: Fault) -> FaultyStore:
    """The store, with faults."""
    return FaultyStore(store, FaultPlan(list(faults)))


def test_commits_follow_each_other(store: DirectoryStore, names: ObjectNames) -> None:
    """A commit is the head at once, with the tag for the next one, and history walks back to the first."""
    first = make(store, names, None, "first")
    second = make(store, names, first, "second")
    third = make(store, names, second, "third")

    assert read_head(Place(store, names)) == third
    history = Remote(Place(store, names), NoCache(), 2).history(third)
    assert [found.message for found in history] == ["third", "second", "first"]
    assert read_commit(Place(store, names), 2, second.commit_id) == replace(second, etag="")


def test_no_head_is_none(store: DirectoryStore, names: ObjectNames) -> None:
    """Where nothing is, there is no head, and a head that went away is none any more."""
    assert read_head(Place(store, names)) is None
    first = make(store, names, None, "first")
    assert read_head_if_changed(Place(store, names), first) is first
    store.delete(names.head)
    assert read_head_if_changed(Place(store, names), first) is None


def test_who_is_beaten_learns_by_whom(store: DirectoryStore, names: ObjectNames) -> None:
    """A commit over an old head does nothing and gives the newest."""
    first = make(store, names, None, "first")
    theirs = make(store, names, first, "theirs")

    assert commit(Place(store, names), draft(store, names, first, "mine"), first) == Beaten(theirs)
    assert commit(Place(store, names), draft(store, names, None, "mine"), None) == Beaten(theirs)
    assert read_head(Place(store, names)) == theirs


def test_a_deleted_remote_beats_too(store: DirectoryStore, names: ObjectNames) -> None:
    """Where the remote was deleted meanwhile, the answer is that there is none."""
    first = make(store, names, None, "first")
    store.delete(names.head)

    assert commit(Place(store, names), draft(store, names, first, "mine"), first) == Beaten(None)


@pytest.mark.parametrize("have_first", [False, True])
def test_a_lost_reply_is_found_out(have_first: bool, store: DirectoryStore, names: ObjectNames) -> None:
    """When the commit was made but the reply got lost, reading back finds it, with its tag."""
    over = make(store, names, None, "first") if have_first else None
    new = draft(store, names, over, "mine")
    outcome = commit(Place(faulty(store, Fault(FaultKind.LOSE_REPLY, "put")), names), new, over)

    assert isinstance(outcome, StoredHead)
    assert outcome == read_head(Place(store, names))
    assert outcome.commit_id == new.commit_id
    assert make(store, names, outcome, "next").head.number == new.head.number + 1


@pytest.mark.parametrize("have_first", [False, True])
def test_a_request_that_never_arrived_is_an_error(have_first: bool, store: DirectoryStore, names: ObjectNames) -> None:
    """When the head is as before, the commit was not made, and the reason is raised."""
    over = make(store, names, None, "first") if have_first else None
    with pytest.raises(UnreachableError):
        commit(Place(faulty(store, Fault(FaultKind.FAIL_BEFORE, "put")), names), draft(store, names, over, "mine"), over)

    assert read_head(Place(store, names)) == over


class RetriesByItself(WrappedStore):
    """A client that sends a request again after a lost reply, so that the second one meets the first."""

    def put(self, name: str, body: bytes | bytearray, *, metadata: Any = None, precondition: Any = None) -> str:
        self.store.put(name, body, metadata=metadata, precondition=precondition)
        return self.store.put(name, body, metadata=metadata, precondition=precondition)


@pytest.mark.parametrize("have_first", [False, True])
def test_412_against_our_own_write_is_a_success(have_first: bool, store: DirectoryStore, names: ObjectNames) -> None:
    """A conflict that is only our own earlier write is none."""
    over = make(store, names, None, "first") if have_first else None
    outcome = commit(Place(RetriesByItself(store), names), draft(store, names, over, "mine"), over)

    assert isinstance(outcome, StoredHead)
    assert outcome == read_head(Place(store, names))


def test_a_lost_reply_under_later_commits_is_found_out(store: DirectoryStore, names: ObjectNames) -> None:
    """When others committed on top of ours before we could read back, ours is found among the ancestors."""
    first = make(store, names, None, "first")
    mine = draft(store, names, first, "mine")

    class OthersAreFaster(WrappedStore):
        def put(self, name: str, body: bytes | bytearray, *, metadata: Any = None, precondition: Any = None) -> str:
            etag = self.store.put(name, body, metadata=metadata, precondition=precondition)
            current = replace(mine, etag=etag)
            for number in range(5):
                current = make(store, names, current, f"other {number}")
            raise UnreachableError("no reply")

    outcome = commit(Place(OthersAreFaster(store), names), mine, first)

    assert isinstance(outcome, StoredHead)
    assert (outcome.commit_id, outcome.etag) == (mine.commit_id, "")


def test_beaten_after_a_lost_request_is_beaten(store: DirectoryStore, names: ObjectNames) -> None:
    """When ours never arrived and others committed several times, we are beaten, not unknown."""
    first = make(store, names, None, "first")
    theirs = make(store, names, make(store, names, first, "one"), "two")

    outcome = commit(Place(faulty(store, Fault(FaultKind.FAIL_BEFORE, "put")), names), draft(store, names, first, "mine"), first)

    assert outcome == Beaten(theirs)


@pytest.mark.parametrize("lost", [FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY])
def test_no_reply_and_no_read_back_is_unknown(lost: FaultKind, store: DirectoryStore, names: ObjectNames) -> None:
    """When the store cannot be asked either, the outcome is unknown, and the error carries the id to look for."""
    first = make(store, names, None, "first")
    mine = draft(store, names, first, "mine")
    with pytest.raises(OutcomeUnknownError) as caught:
        commit(Place(faulty(store, Fault(lost, "put"), Fault(FaultKind.FAIL_BEFORE, "get")), names), mine, first)

    assert caught.value.commit_id == mine.commit_id


def test_a_read_back_that_is_damaged_is_unknown(store: DirectoryStore, names: ObjectNames) -> None:
    """A head that comes back damaged tells nothing about the outcome."""
    first = make(store, names, None, "first")
    for kind in (FaultKind.FLIP_BIT, FaultKind.TRUNCATE):
        broken = faulty(store, Fault(FaultKind.FAIL_BEFORE, "put"), Fault(kind, "get"))
        with pytest.raises(OutcomeUnknownError):
            commit(Place(broken, names), draft(store, names, first, "mine"), first)


def test_commits_that_were_collected_leave_the_outcome_known(store: DirectoryStore, names: ObjectNames) -> None:
    """Ancestors are in the log: whether ours is one of them is known though every commit's object is gone."""
    first = make(store, names, None, "first")
    mine = draft(store, names, first, "mine")
    current = replace(mine, etag=store.put(names.head, mine.body))
    for number in range(70):
        current = make(store, names, current, f"other {number}")
    store.delete_many([found.name for found in store.list(names.commits)])

    outcome = commit(Place(store, names), mine, first)
    assert isinstance(outcome, StoredHead)
    assert outcome.commit_id == mine.commit_id
    assert isinstance(commit(Place(store, names), draft(store, names, first, "late"), first), Beaten)


def test_a_log_that_is_gone_leaves_the_outcome_unknown(store: DirectoryStore, names: ObjectNames) -> None:
    """Where a bundle of the log is gone, nobody can say whether ours was in it."""
    first = make(store, names, None, "first")
    current = first
    for number in range(40):
        current = make(store, names, current, f"other {number}")
    store.delete_many([found.name for found in store.list(names.log)])

    with pytest.raises(OutcomeUnknownError):
        commit(Place(store, names), draft(store, names, first, "mine"), first)


def test_what_this_program_must_not_follow_is_left_alone(store: DirectoryStore, names: ObjectNames) -> None:
    """Nothing is committed over a mirror, or over what needs a program that knows more."""
    mirror = encode_head(make_head(), mirror="s3://rain")
    newer = encode_head(make_head(writer_features=("branches",)))
    for head, error in ((mirror, ReadOnlyError), (newer, UnsupportedFormatError)):
        over = replace(head, etag=store.put(names.head, head.body))
        for way in (commit, commit_in_turn):
            with pytest.raises(error):
                way(Place(store, names), draft(store, names, over, "mine"), over)
        assert read_head(Place(store, names)) == over


def test_of_many_writers_one_wins(store: DirectoryStore, names: ObjectNames) -> None:
    """Eight writers race from the same head: one commits, seven are beaten by it."""
    first = make(store, names, None, "first")
    drafts = [draft(store, names, first, f"writer {number}") for number in range(8)]
    outcomes: list[StoredHead | Beaten] = []
    ready = threading.Barrier(8)

    def race(new: StoredHead) -> None:
        ready.wait()
        outcomes.append(commit(Place(store, names), new, first))

    threads = [threading.Thread(target=race, args=(new,)) for new in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winners = [outcome for outcome in outcomes if isinstance(outcome, StoredHead)]
    assert len(winners) == 1
    assert [outcome for outcome in outcomes if isinstance(outcome, Beaten)] == [Beaten(winners[0])] * 7
    assert read_head(Place(store, names)) == winners[0]


@pytest.mark.parametrize("kind", [FaultKind.LOSE_REPLY, FaultKind.FAIL_BEFORE])
def test_creating_under_a_lease(kind: FaultKind, store: DirectoryStore, names: ObjectNames) -> None:
    """Where the store cannot create conditionally, the first head is written, found out, or refused as well."""
    new = draft(store, names, None, "first")
    if kind is FaultKind.FAIL_BEFORE:
        with pytest.raises(UnreachableError):
            create_under_lease(Place(faulty(store, Fault(kind, "put")), names), new)
        assert read_head(Place(store, names)) is None
    else:
        made = create_under_lease(Place(faulty(store, Fault(kind, "put")), names), new)
        assert made == read_head(Place(store, names))
        assert create_under_lease(Place(store, names), draft(store, names, None, "second")) == Beaten(
            read_head(Place(store, names))
        )


def test_a_commit_that_lies_is_damage(store: DirectoryStore, names: ObjectNames) -> None:
    """A commit that is gone, or is another than its name says, is an IntegrityError."""
    first = make(store, names, None, "first")
    second = make(store, names, first, "second")
    with pytest.raises(IntegrityError, match="gone"):
        read_commit(Place(store, names), 7, first.commit_id)
    store.put(names.commit(1, first.commit_id), second.commit_body)
    with pytest.raises(IntegrityError, match="another commit"):
        read_commit(Place(store, names), 1, first.commit_id)
    store.put(names.commit(9, second.commit_id), second.commit_body)
    with pytest.raises(IntegrityError, match="another commit"):
        read_commit(Place(store, names), 9, second.commit_id)


def test_a_head_of_many_megabytes_is_not_read(store: DirectoryStore, names: ObjectNames) -> None:
    """What is much larger than any head is refused while it arrives."""
    store.put(names.head, b"{" + b" " * (17 << 20))

    with pytest.raises(IntegrityError):
        read_head(Place(store, names))


def test_readers_see_one_commit_or_the_next(store: DirectoryStore, names: ObjectNames) -> None:
    """While heads are swapped, a reader never sees anything but whole commits."""
    current = make(store, names, None, "first")
    seen: set[int] = set()
    stop = threading.Event()
    errors: list[Exception] = []

    def watch() -> None:
        try:
            while not stop.is_set():
                found = read_head(Place(store, names))
                assert found is not None
                seen.add(found.head.number)
        except Exception as error:
            errors.append(error)

    reader = threading.Thread(target=watch)
    reader.start()
    for number in range(60):
        current = make(store, names, current, str(number))
    stop.set()
    reader.join()

    assert not errors
    assert seen


def test_a_store_that_refuses_is_an_error(store: DirectoryStore, names: ObjectNames) -> None:
    """When the store refuses the write and the head is as before, its refusal is raised."""

    class Refuses(WrappedStore):
        def put(self, name: str, body: bytes | bytearray, *, metadata: Any = None, precondition: Any = None) -> str:
            raise StoreError("quota exceeded")

    first = make(store, names, None, "first")
    with pytest.raises(StoreError, match="quota"):
        commit(Place(Refuses(store), names), draft(store, names, first, "mine"), first)
    with pytest.raises(StoreError):
        store.put(names.head, b"x", precondition=IfMatch("another"))


def test_numbers_sort_as_text() -> None:
    """Names of commits sort by their numbers, so that a listing is in order."""
    names = ObjectNames("d")
    listed = [names.commit(number, "a" * 32) for number in (1, 9, 10, 99, 100, 1_000_000)]

    assert listed == sorted(listed)
