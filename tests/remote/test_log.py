"""History and lineage take few requests however long they are, and outlive the commits' objects."""

from __future__ import annotations

import pytest
from format.entries import make_head

from catalog.errors import IntegrityError
from catalog.format.content import compress
from catalog.format.head import StoredHead, encode_head
from catalog.format.names import ObjectNames
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.directory.store import DirectoryStore


class Kept(dict[str, bytes]):
    """A cache."""

    def get_segment(self, object_id: str) -> bytes | None:
        return self.get(object_id)

    def put_segment(self, object_id: str, body: bytes) -> None:
        self[object_id] = body


def grow(store: DirectoryStore, names: ObjectNames, counts: list[int]) -> dict[int, StoredHead]:
    """The heads of a history after some numbers of commits; nothing but its log is written."""
    remote = Remote(Place(store, names), Kept(), 2)
    current: StoredHead | None = None
    found: dict[int, StoredHead] = {}
    for number in range(1, max(counts) + 1):
        following = remote.follow(current, store.put)
        head = make_head(**{**following, "message": f"commit {number}", "time": number, "keys": number})
        current = encode_head(head)
        if number in counts:
            found[number] = current
    return found


def test_history_at_every_count_takes_four_requests(store: DirectoryStore, names: ObjectNames) -> None:
    """Cold, history is the head and at most three bundles, 64 KiB; again, in this session or a later one, nothing more."""
    heads = grow(store, names, list(range(990, 1_131)))
    for count, newest in heads.items():
        cache = Kept()
        store.traffic.reset()
        commits = list(Remote(Place(store, names), cache, 2).history(newest))

        assert [commit.number for commit in commits] == list(range(count, 0, -1))
        assert store.traffic.total_requests <= 3
        assert store.traffic.bytes_down + len(newest.body) <= 64 << 10
        store.traffic.reset()
        assert len(list(Remote(Place(store, names), cache, 2).history(newest))) == count
        assert store.traffic.total_requests == 0


def test_every_commit_is_told_of_as_it_was(store: DirectoryStore, names: ObjectNames) -> None:
    """The parents in the history are those of the commits, to the first, and each is found by its number."""
    heads = grow(store, names, list(range(1, 101)))
    remote = Remote(Place(store, names), Kept(), 2)
    commits = list(remote.history(heads[100]))

    assert commits == [heads[number].commit for number in range(100, 0, -1)]
    assert list(remote.history(heads[100], before=40)) == commits[61:]
    for number in (1, 31, 32, 33, 64, 96, 97, 100):
        assert remote.log.at(heads[100], number) == heads[number].summary
        assert remote.log.has(heads[100], number, heads[number].commit_id)
        assert not remote.log.has(heads[100], number, "0" * 32)
    assert remote.log.at(heads[100], 0) is None
    assert remote.log.at(heads[50], 51) is None


def test_an_ancestor_far_back_takes_one_request(store: DirectoryStore, names: ObjectNames) -> None:
    """A commit is found by its number in one bundle, and the parent in none."""
    newest = grow(store, names, [1_000])[1_000]
    for number, requests in ((999, 0), (993, 0), (970, 1), (500, 1), (1, 1)):
        store.traffic.reset()
        found = Remote(Place(store, names), NoCache(), 2).log.at(newest, number)
        assert found is not None
        assert found.number == number
        assert store.traffic.total_requests == requests


def test_a_bundle_that_is_gone_or_lies_is_damage(store: DirectoryStore, names: ObjectNames) -> None:
    """A missing bundle, a damaged one, and one of other commits are IntegrityErrors, and are not kept."""
    newest = grow(store, names, [40])[40]
    bundle = newest.head.bundles[0]
    name = names.bundle(bundle.last, bundle.id)
    good = store.get(name).body
    for body in (good[:-1], compress(b"other"), None):
        store.delete(name)
        if body is not None:
            store.put(name, body)
        cache = Kept()
        with pytest.raises(IntegrityError):
            list(Remote(Place(store, names), cache, 2).history(newest))
        assert not cache
