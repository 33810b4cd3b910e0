"""The tests that every kind of object store must pass; a test class inherits them and supplies a stand."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from catalog.errors import (
    CancelledError,
    CatalogError,
    IntegrityError,
    ObjectMissingError,
    PreconditionFailedError,
    ReadOnlyError,
    StoreError,
)
from catalog.store.interface import ByteRange, IfAbsent, IfMatch, ObjectStore, Source

ODD_NAMES = (
    "with space",
    "plus+plus",
    "per%20cent",
    "dots.in.it",
    "..two-dots",
    "ümlaut-日本",
    "tilde~(bracket)'quote'",
    "a/deep/er/name",
    "hash#mark?question&and=equal",
    "UPPER-and-lower",
    "index.html",
)


@dataclass(frozen=True)
class Stand:
    """A store to test, and ways around it.

    ``root`` begins every name of a test and is used by no other test. ``raw_put`` and ``raw_get`` (None: not there) reach
    the objects without the store, ``leftovers`` names what unfinished uploads have left.
    """

    store: ObjectStore
    root: str
    raw_put: Callable[[str, bytes], None]
    raw_get: Callable[[str], bytes | None]
    leftovers: Callable[[], list[str]] = list


class ReadingContract:
    """What can be asked of a store that only reads. Subclasses give the fixture ``stand``."""

    odd_names: tuple[str, ...] = ODD_NAMES

    @pytest.fixture
    def stand(self) -> Stand:
        """The store and its raw ways; to be overridden."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, stand: Stand) -> ObjectStore:
        """The store that is tested."""
        return stand.store

    @pytest.fixture
    def name(self, stand: Stand) -> str:
        """The name of an object that is there, with the body ``b"0123456789"``."""
        name = f"{stand.root}/packs/one"
        stand.raw_put(name, b"0123456789")
        return name

    def test_get_returns_the_bytes(self, store: ObjectStore, name: str) -> None:
        """A whole object comes as it was written."""
        assert store.get(name).body == b"0123456789"

    @pytest.mark.parametrize(
        ("start", "length", "expected"),
        [(0, 4, b"0123"), (3, 4, b"3456"), (8, 100, b"89"), (10, 5, b""), (50, 5, b""), (4, 0, b""), (0, 10, b"0123456789")],
    )
    def test_get_returns_a_range(self, store: ObjectStore, name: str, start: int, length: int, expected: bytes) -> None:
        """A range gives its bytes, as far as they exist, and the tag of the whole object or none."""
        fetched = store.get(name, ByteRange(start, length))

        assert fetched.body == expected
        assert fetched.etag in (store.get(name).etag, "")

    def test_empty_object(self, store: ObjectStore, stand: Stand) -> None:
        """An object without bytes is an object."""
        name = f"{stand.root}/empty"
        stand.raw_put(name, b"")

        assert store.get(name).body == b""
        assert store.get(name, ByteRange(0, 10)).body == b""
        assert store.head(name).size == 0

    def test_most_allows_what_fits(self, store: ObjectStore, name: str) -> None:
        """A bound that is not passed changes nothing, for a range too."""
        assert store.get(name, most=10).body == b"0123456789"
        assert store.get(name, ByteRange(2, 5), most=5).body == b"23456"

    def test_most_stops_what_is_larger(self, store: ObjectStore, stand: Stand) -> None:
        """A larger answer is refused, and is not read to its end first."""
        name = f"{stand.root}/large"
        stand.raw_put(name, bytes(30 << 20))
        store.traffic.reset()

        with pytest.raises(IntegrityError, match="large"):
            store.get(name, most=1000)

        assert store.traffic.bytes_down < 4 << 20

    def test_large_object(self, store: ObjectStore, stand: Stand) -> None:
        """Objects and ranges of several MiB come back byte for byte."""
        name, body = f"{stand.root}/packs/big", bytes(range(256)) * (5 << 12)
        stand.raw_put(name, body)

        assert store.get(name).body == body
        assert store.get(name, ByteRange(3_000_001, 1_500_000)).body == body[3_000_001:4_500_001]

    def test_tag_follows_the_bytes(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """The tag stays while the bytes stay, and changes with them."""
        before = store.get(name).etag
        again = store.get(name).etag
        stand.raw_put(name, b"something else")

        assert before == again
        assert before
        assert store.get(name).etag != before

    def test_get_if_changed(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """An unchanged object is not sent again; a changed one is, with its new tag."""
        tag = store.get(name).etag
        unchanged = store.get_if_changed(name, tag)
        stand.raw_put(name, b"changed")
        changed = store.get_if_changed(name, tag)

        assert unchanged is None
        assert changed is not None
        assert changed.body == b"changed"
        assert changed.etag == store.get(name).etag

    def test_get_if_changed_respects_most(self, store: ObjectStore, name: str) -> None:
        """A changed object that is too large is refused."""
        with pytest.raises(IntegrityError):
            store.get_if_changed(name, '"00000000000000000000000000000000"', most=5)

    def test_head_describes(self, store: ObjectStore, name: str) -> None:
        """HEAD gives the size, the tag that GET gives or none, and a time."""
        info = store.head(name)

        assert info.size == 10
        assert info.etag in (store.get(name).etag, "")
        assert info.modified is not None
        assert info.modified.tzinfo is not None

    def test_missing_objects(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """Whatever is asked of an object that is not there, the error names it."""
        missing = f"{stand.root}/packs/none"
        for ask in (
            lambda: store.get(missing),
            lambda: store.get(missing, ByteRange(0, 5)),
            lambda: store.get_if_changed(missing, '"x"'),
            lambda: store.head(missing),
            lambda: store.get(f"{name}/under-an-object"),
        ):
            with pytest.raises(ObjectMissingError) as caught:
                ask()
            assert caught.value.name.startswith(stand.root)

    def test_object_beside_objects_under_it(self, store: ObjectStore, stand: Stand) -> None:
        """``D`` and ``D/…`` are different objects that exist side by side."""
        stand.raw_put(stand.root, b"head")
        stand.raw_put(f"{stand.root}/x", b"under")

        assert store.get(stand.root).body == b"head"
        assert store.get(f"{stand.root}/x").body == b"under"

    def test_odd_names(self, store: ObjectStore, stand: Stand) -> None:
        """Names with characters that mean something elsewhere are just names."""
        for odd in self.odd_names:
            stand.raw_put(f"{stand.root}/{odd}", odd.encode())

        for odd in self.odd_names:
            assert store.get(f"{stand.root}/{odd}").body == odd.encode()

    def test_traffic_counts_fetches(self, store: ObjectStore, name: str) -> None:
        """Each fetch is one request, and its body counts as bytes down."""
        tag = store.get(name).etag
        store.traffic.reset()

        store.get(name)
        store.get(name, ByteRange(2, 3))
        store.head(name)

        assert store.traffic.requests["GET"] == 2
        assert store.traffic.requests["HEAD"] == 1
        assert 13 <= store.traffic.bytes_down <= 15
        assert store.traffic.bytes_up == 0
        assert tag

    def test_many_threads_read_at_once(self, store: ObjectStore, name: str) -> None:
        """A store may be used from many threads."""
        with ThreadPoolExecutor(8) as pool:
            bodies = list(pool.map(lambda _: store.get(name).body, range(40)))

        assert set(bodies) == {b"0123456789"}

    def test_messages_name_the_place(self, store: ObjectStore, stand: Stand) -> None:
        """An error says where it happened."""
        with pytest.raises(ObjectMissingError) as caught:
            store.get(f"{stand.root}/none")
        assert store.where in str(caught.value)


class ReadOnlyContract(ReadingContract):
    """A store that cannot write says so, and does nothing."""

    def test_writing_is_refused(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """Every way to write raises ReadOnlyError, listing StoreError, and a copy is declined."""
        source = Source(3, lambda: io.BytesIO(b"new"))
        for write in (
            lambda: store.put(name, b"new"),
            lambda: store.put_large(name, source),
            lambda: store.delete(name),
            lambda: store.delete_many([name]),
        ):
            with pytest.raises(ReadOnlyError):
                write()
        with pytest.raises(StoreError):
            list(store.list(stand.root))

        assert not store.copy(name, store, f"{name}-copy")
        assert stand.raw_get(name) == b"0123456789"
        assert not store.powers.writes


class StoreContract(ReadingContract):
    """Everything that is asked of a store that reads and writes."""

    many = 1003
    """How many objects a long listing has."""

    def test_put_writes_the_bytes(self, store: ObjectStore, stand: Stand) -> None:
        """What is put is there for everyone, and its tag is the one that readers get."""
        name = f"{stand.root}/new"
        tag = store.put(name, b"\x00body\xff")

        assert stand.raw_get(name) == b"\x00body\xff"
        assert store.head(name).etag == store.get(name).etag == tag

    def test_put_replaces(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """A second put replaces the first, also with nothing."""
        store.put(name, b"")

        assert stand.raw_get(name) == b""

    def test_metadata_is_kept_or_dropped_whole(self, store: ObjectStore, stand: Stand) -> None:
        """Metadata comes back as it was given, or not at all."""
        given = {"uuid": "a1b2", "format_version": "100"}
        store.put(stand.root, b"head", metadata=given)

        assert store.head(stand.root).metadata in (given, {})
        assert store.get(stand.root).metadata == store.head(stand.root).metadata

    def test_if_absent_creates_once(self, store: ObjectStore, stand: Stand) -> None:
        """A create works where nothing is and fails where something is."""
        name = f"{stand.root}/once"
        store.put(name, b"first", precondition=IfAbsent())

        with pytest.raises(PreconditionFailedError) as caught:
            store.put(name, b"second", precondition=IfAbsent())
        assert caught.value.name == name
        assert stand.raw_get(name) == b"first"

    def test_if_match_swaps_the_named_version_only(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """A swap works over the version that it names and over no other."""
        old = store.get(name).etag
        new = store.put(name, b"new", precondition=IfMatch(old))

        with pytest.raises(PreconditionFailedError):
            store.put(name, b"late", precondition=IfMatch(old))
        assert stand.raw_get(name) == b"new"
        assert store.get(name).etag == new

    def test_if_match_fails_where_nothing_is(self, store: ObjectStore, stand: Stand) -> None:
        """A swap of an object that was deleted meanwhile fails like any other lost swap."""
        name = f"{stand.root}/gone"
        tag = store.put(name, b"x")
        store.delete(name)

        with pytest.raises(PreconditionFailedError):
            store.put(name, b"y", precondition=IfMatch(tag))
        assert stand.raw_get(name) is None

    def test_one_of_many_creates_wins(self, store: ObjectStore, stand: Stand) -> None:
        """Of creates at the same moment exactly one succeeds, and its body stays."""
        for turn in range(2):
            name = f"{stand.root}/race-{turn}"
            winners = _race(5, lambda racer, name=name: store.put(name, b"%d" % racer, precondition=IfAbsent()))  # type: ignore[misc]

            assert len(winners) == 1
            assert stand.raw_get(name) == b"%d" % winners[0]

    def test_swaps_lose_no_update(self, store: ObjectStore, stand: Stand) -> None:
        """A counter that many increase by compare-and-swap counts each of them."""
        name = f"{stand.root}/counter"
        store.put(name, b"0")

        def increase(_: int) -> None:
            while True:
                now = store.get(name)
                try:
                    store.put(name, b"%d" % (int(now.body) + 1), precondition=IfMatch(now.etag))
                except PreconditionFailedError:
                    continue
                return

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(increase, range(6)))

        assert stand.raw_get(name) == b"6"

    def test_list_is_exact(self, store: ObjectStore, stand: Stand) -> None:
        """A listing has the objects whose names begin with the prefix, no others, with their sizes."""
        root = stand.root
        for name, size in {"a": 1, "a/x": 2, "a/x/y": 3, "ab/x": 4, "a.b": 5, "b/x": 6}.items():
            stand.raw_put(f"{root}/{name}", bytes(size))

        def found(prefix: str) -> dict[str, int]:
            return {item.name.removeprefix(f"{root}/"): item.size for item in store.list(f"{root}/{prefix}")}

        assert found("a/") == {"a/x": 2, "a/x/y": 3}
        assert found("a") == {"a": 1, "a/x": 2, "a/x/y": 3, "ab/x": 4, "a.b": 5}
        assert found("a/x") == {"a/x": 2, "a/x/y": 3}
        assert found("none") == {}
        assert all(item.modified is not None for item in store.list(root))

    def test_list_gives_odd_names_back(self, store: ObjectStore, stand: Stand) -> None:
        """Names come out of a listing as they went in."""
        names = {f"{stand.root}/{odd}" for odd in self.odd_names}
        for name in names:
            store.put(name, b"")

        assert {item.name for item in store.list(stand.root)} == names

    def test_many_objects(self, store: ObjectStore, stand: Stand) -> None:
        """Listing and deleting go on past the first page of a thousand."""
        names = {f"{stand.root}/many/{number:04}" for number in range(self.many)}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: store.put(name, b"1"), names))

        assert {item.name for item in store.list(f"{stand.root}/many/")} == names
        store.delete_many(sorted(names))
        assert list(store.list(f"{stand.root}/many/")) == []

    def test_delete(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """A deleted object is gone, deleting again is no error, and its neighbours stay."""
        stand.raw_put(f"{name}/under", b"stays")
        store.delete(name)
        store.delete(name)

        assert stand.raw_get(name) is None
        assert stand.raw_get(f"{name}/under") == b"stays"

    def test_delete_many(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """Some of the objects may be missing already; an empty list is fine."""
        store.put(f"{stand.root}/two", b"2")
        store.delete_many([name, f"{stand.root}/missing", f"{stand.root}/two"])
        store.delete_many([])

        assert list(store.list(stand.root)) == []

    @pytest.mark.parametrize("size", [0, 5, (20 << 20) + 7], ids=["empty", "small", "parts"])
    def test_put_large_streams(self, store: ObjectStore, stand: Stand, size: int) -> None:
        """A large object arrives whole, its progress adds up, and its source is closed."""
        name, body = f"{stand.root}/packs/large", _pattern(size)
        told: list[int] = []
        stream = io.BytesIO(body)
        store.put_large(name, Source(size, lambda: stream), advance=told.append)

        assert stand.raw_get(name) == body
        assert sum(told) == size
        assert stream.closed
        assert stand.leftovers() == []

    def test_put_large_shows_nothing_half_done(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """Until the last part is done, the old object is there."""
        body, seen = _pattern(20 << 20), []
        store.put_large(name, Source(len(body), lambda: io.BytesIO(body)), advance=lambda _: seen.append(stand.raw_get(name)))

        assert len(seen) == 3
        assert set(seen) == {b"0123456789"}
        assert stand.raw_get(name) == body

    def test_put_large_can_be_cancelled(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """A cancel passes through, leaves the old object, and leaves no parts behind."""
        body = _pattern(30 << 20)

        def cancel(_: int) -> None:
            raise CancelledError("The upload")

        with pytest.raises(CancelledError):
            store.put_large(name, Source(len(body), lambda: io.BytesIO(body)), advance=cancel)

        assert stand.raw_get(name) == b"0123456789"
        assert stand.leftovers() == []

    @pytest.mark.parametrize("size", [100, 20 << 20])
    def test_put_large_notices_a_short_source(self, store: ObjectStore, stand: Stand, name: str, size: int) -> None:
        """A source that ends early is an error, and nothing of it is kept."""
        body = _pattern(size)

        with pytest.raises(CatalogError, match="changed"):
            store.put_large(name, Source(size + 1, lambda: io.BytesIO(body)))

        assert stand.raw_get(name) == b"0123456789"
        assert stand.leftovers() == []

    def test_copy_within_the_store(self, store: ObjectStore, stand: Stand, name: str) -> None:
        """A copy has the bytes and is independent; nothing passes through here."""
        target = f"{stand.root}/copy of+one%"
        store.traffic.reset()

        assert store.copy(name, store, target)
        assert store.traffic.bytes_up == 0
        store.put(name, b"changed")
        assert stand.raw_get(target) == b"0123456789"

    def test_copy_of_odd_names(self, store: ObjectStore, stand: Stand) -> None:
        """Source and target of a copy may have any name."""
        for odd in self.odd_names:
            stand.raw_put(f"{stand.root}/{odd}", odd.encode())
            assert store.copy(f"{stand.root}/{odd}", store, f"{stand.root}/to/{odd}")
            assert stand.raw_get(f"{stand.root}/to/{odd}") == odd.encode()

    def test_copy_of_a_missing_object(self, store: ObjectStore, stand: Stand) -> None:
        """There is nothing to copy."""
        with pytest.raises(ObjectMissingError):
            store.copy(f"{stand.root}/none", store, f"{stand.root}/copy")

    def test_traffic_counts_writes(self, store: ObjectStore, stand: Stand) -> None:
        """Each write is one request, and its body counts as bytes up."""
        store.put(stand.root, b"")
        store.traffic.reset()

        store.put(f"{stand.root}/one", bytes(1000))
        list(store.list(stand.root))
        store.delete(f"{stand.root}/one")

        assert store.traffic.requests == {"PUT": 1, "LIST": 1, "DELETE": 1}
        assert store.traffic.bytes_up == 1000


def _race(racers: int, act: Callable[[int], object]) -> list[int]:
    """Let threads act at the same moment; return those that did not lose."""
    start = threading.Barrier(racers)

    def one(racer: int) -> int | None:
        start.wait()
        try:
            act(racer)
        except PreconditionFailedError:
            return None
        return racer

    with ThreadPoolExecutor(racers) as pool:
        return [racer for racer in pool.map(one, range(racers)) if racer is not None]


def _pattern(size: int) -> bytes:
    block = bytes(range(251))
    return (block * (size // len(block) + 1))[:size]
